"""Is there a pooler between us and PostgreSQL, and does it give the session to others?

A pooler makes up what a server tells at the start, the number of its process among it. Whether it
gives the session away between two transactions is seen by behaviour: a second session then comes
to the process that the first one had just now, or the first one comes to another.
"""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillWaiting
from typing import Any, Literal

from sqlalchemy.engine import Connection

from lback.core.messages import locks as messages
from lback.db.identity import untouched
from lback.db.locking.beside import Beside, queried

Pooling = Literal["none", "session", "transaction"]

_ROUNDS = 3
_PATIENCE, _LAST_PATIENCE = 1.0, 2.0
_PID = "SELECT pg_backend_pid()"


def is_pooled(connection: Connection) -> bool:
    """Tell whether what answers queries is another process than what was connected to."""
    return _started_as(connection) != process_of(connection)


def process_of(connection: Connection) -> int:
    """Return the number of the server's process that answers."""
    with untouched(connection):
        return int(connection.exec_driver_sql(_PID).scalar_one())


def pooling(connection: Connection, beside: Beside) -> Pooling:
    """Find out what the pooler does; `connection` is in no transaction.

    The queries of both go through one queue of the pooler. So where the second session has got no
    process while the first one was served again and again by the same, that one is its own.
    """
    for _ in range(_ROUNDS):
        first = process_of(connection)
        answer = beside.submit(lambda driver: queried(driver, _PID)[0][0])
        other = _within(answer, _PATIENCE)
        again = process_of(connection)
        if other is None:
            other = _within(answer, _LAST_PATIENCE)
            if other is None:
                return "session" if first == again == process_of(connection) else "transaction"
        if other in (first, again) or first != again:
            return "transaction"
        beside.rollback()
    return "session"


def _within(answer: Future[Any], seconds: float) -> int | None:
    try:
        return int(answer.result(seconds))
    except StillWaiting:
        return None
    except Exception as err:
        if "statement pooling" in str(err):
            raise messages.statement_pooling() from err
        raise


def _started_as(connection: Connection) -> int | None:
    """Return the number of the process that the driver was told at the start; None if unknown."""
    driver: Any = connection.connection.driver_connection
    info = getattr(driver, "info", None)
    number = getattr(info, "backend_pid", None)  # psycopg and psycopg2
    if number is None and hasattr(driver, "get_server_pid"):  # asyncpg
        number = driver.get_server_pid()
    if number is None:  # pg8000
        key = getattr(driver, "_backend_key_data", None)
        number = int.from_bytes(key[:4], "big") if isinstance(key, bytes) else None
    return number if isinstance(number, int) else None
