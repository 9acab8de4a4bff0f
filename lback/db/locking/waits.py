"""How long a statement may wait in PostgreSQL's queue, and whom it waits for meanwhile.

A statement that waits for a table keeps back everybody who comes after it, readers too. So it gives
up after a while, its transaction is rolled back, and the run begins that transaction again.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import exc as sa
from sqlalchemy.engine import Connection

from lback.core.messages import waits as messages
from lback.core.preferences import PostgresqlSettings
from lback.db.alembic_compat import commits_each_statement
from lback.db.events import OnEvent
from lback.db.identity import untouched
from lback.db.locking.beside import Beside, queried
from lback.db.locking.sessions import kept
from lback.db.locking.watching import Blocker, Wait, Watching

_NAMES = ("lock_timeout", "statement_timeout")
_CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)


class Waits(Watching):
    """The waits of one connection's statements, while a run has it.

    `local`: its session is another one's after each transaction, so nothing may be left set in it.
    """

    def __init__(
        self,
        connection: Connection,
        patience: PostgresqlSettings,
        on_event: OnEvent,
        *,
        local: bool,
    ) -> None:
        super().__init__(connection, on_event)
        self._local = local
        self._pid, values = self._ask()
        wished = {"lock_timeout": patience.lock_timeout or 0}
        wished["statement_timeout"] = patience.statement_timeout or 0
        self._set = {
            name: int(wished[name] * 1000)
            for name, (value, is_own) in values.items()
            if wished[name] and not is_own and not value
        }
        self.lock_timeout = self._set.get("lock_timeout", values["lock_timeout"][0]) / 1000
        self._limit()
        if local:
            self._listeners.append(("begin", self._limit_transaction))
        self.listen()

    def _ask(self) -> tuple[int, dict[str, tuple[int, bool]]]:
        """Return the session's number; and of each setting the value, and whether it is chosen."""
        query = (
            "SELECT pg_backend_pid(), name, CAST(setting AS int), source FROM pg_settings"
            " WHERE name IN ('lock_timeout', 'statement_timeout')"
        )
        with untouched(self.connection):
            rows = self.connection.exec_driver_sql(query).all()
        unchosen = ("default", "configuration file")
        return rows[0][0], {row[1]: (row[2], row[3] not in unchosen) for row in rows}

    # -- limits -----------------------------------------------------------------------

    def _limit(self) -> None:
        if self._local:
            if self.connection.in_transaction():
                self._limit_transaction()
            return
        if self._set:
            with kept(self.connection):
                for name, value in self._set.items():
                    self.connection.exec_driver_sql(f"SET {name} = {value}")
            self._lent.statements += [f"RESET {name}" for name in self._set]

    def _limit_transaction(self, *_: Any) -> None:
        """Set for this transaction alone, and learn which session has it."""
        if commits_each_statement(self.connection):
            self._pid = 0
            return
        also = "".join(
            f", set_config('{name}', '{value}', true)" for name, value in self._set.items()
        )
        driver: Any = self.connection.connection.dbapi_connection
        # By the driver: this is called while SQLAlchemy is about to begin.
        self._pid = int(queried(driver, f"SELECT pg_backend_pid(){also}")[0][0])

    # -- statements -------------------------------------------------------------------

    def _begun(self, *told: Any) -> None:
        if _CONCURRENTLY.search(told[2]) and not self._local and "lock_timeout" in self._set:
            # It waits for transactions, and keeps nobody back; giving up leaves a broken index.
            self._set_by_driver(0)
        super()._begun(*told)

    def _done(self, *told: Any) -> None:
        super()._done(*told)
        if _CONCURRENTLY.search(told[2]) and not self._local and "lock_timeout" in self._set:
            self._set_by_driver(self._set["lock_timeout"])

    def _set_by_driver(self, value: int) -> None:
        driver: Any = self.connection.connection.dbapi_connection
        queried(driver, f"SET lock_timeout = {value}")

    def _look(self, beside: Beside) -> Wait | None:
        query = (
            "SELECT a.pid, a.usename, a.application_name, a.state,"
            " CAST(extract(epoch FROM clock_timestamp() - a.xact_start) AS int), a.query"
            f" FROM unnest(pg_blocking_pids({self._pid})) AS b (pid)"
            " JOIN pg_stat_activity a ON a.pid = b.pid ORDER BY a.xact_start"
        )
        rows = beside.rows(query, timeout=5) if self._pid else ()
        beside.rollback()
        blockers = tuple(Blocker(*row) for row in rows)
        told = [blocker.told() for blocker in blockers]
        return Wait(blockers, messages.waiting(told)) if blockers else None


# Of MySQL and MariaDB: the disk or a table is full, a wait or a time is over, read-only, cut off.
_PASSING_NUMBERS = frozenset({1021, 1114, 1205, 1213, 1290, 1317, 1792, 1836, 1969, 3024})
_PASSING_STATES = ("08", "25006", "40", "53", "55P03", "57", "58")
_PASSING_ON_SQLITE = re.compile(r"locked|readonly|interrupted|disk I/O|is full")


def is_passing(err: sa.DBAPIError) -> bool:
    """Tell whether a statement failed for what has nothing to do with it, and may go away."""
    if err.connection_invalidated:
        return True
    state, first = _state(err.orig), (*getattr(err.orig, "args", ()), None)[0]
    if state is not None:
        return str(state).startswith(_PASSING_STATES)
    if isinstance(first, int):
        return first in _PASSING_NUMBERS
    return _PASSING_ON_SQLITE.search(str(err.orig)) is not None


def gave_up(err: BaseException) -> str | None:
    """Return why PostgreSQL ended a wait: lock_timeout, deadlock, statement_timeout; or None."""
    cause = getattr(err, "orig", None)
    state = _state(cause)
    if state == "57014":
        return "statement_timeout" if "statement timeout" in str(cause) else None
    return {"55P03": "lock_timeout", "40P01": "deadlock"}.get(str(state))


def _state(cause: BaseException | None) -> str | None:
    """Return the SQLSTATE of a driver's error on PostgreSQL."""
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if state is None and cause is not None:
        first: Any = (*getattr(cause, "args", ()), None)[0]
        state = first.get("C") if isinstance(first, dict) else None  # pg8000
    return state
