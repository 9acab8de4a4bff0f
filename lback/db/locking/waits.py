"""How long a statement may wait in PostgreSQL's queue, and whom it waits for meanwhile.

A statement that waits for a table keeps back everybody who comes after it, readers too. So it gives
up after a while, its transaction is rolled back, and the run begins that transaction again.
"""

from __future__ import annotations

import contextlib
import re
import time
from threading import Event as Flag
from threading import Thread
from typing import Any, NamedTuple

from sqlalchemy import event
from sqlalchemy import exc as sa
from sqlalchemy.engine import Connection

from lback.core.messages import waits as messages
from lback.core.preferences import PostgresqlSettings
from lback.db.alembic_compat import commits_each_statement
from lback.db.events import Event, OnEvent
from lback.db.identity import untouched
from lback.db.locking.beside import Beside, queried
from lback.db.locking.sessions import Lent, kept

_GLANCE = 0.2
_LOOK_AFTER, _TELL_AFTER, _TELL_EVERY = 1.0, 2.0, 5.0
_NAMES = ("lock_timeout", "statement_timeout")
_TEXT = re.compile(r"'(?:[^']|'')*'?|\$(\w*)\$.*?(?:\$\1\$|\Z)", re.DOTALL)
_CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)


class Blocker(NamedTuple):
    """A session that another one waits for."""

    pid: int
    user: str | None
    application: str | None
    state: str | None
    seconds: int | None
    statement: str | None

    def told(self) -> str:
        """Say who it is and what it does, without the values in its statement."""
        return messages.blocker(
            self.pid,
            self.user or "",
            self.application or "",
            self.state or "",
            self.seconds,
            _TEXT.sub("'...'", " ".join((self.statement or "").split())),
        )


class Waits:
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
        self.connection = connection
        self.blockers: tuple[Blocker, ...] = ()
        """Those that the last statement waited for which waited long."""
        self._on_event = on_event
        self._local = local
        self._since: float | None = None
        self._over = Flag()
        self._lent = Lent(connection, self._over.set)
        self._thread: Thread | None = None
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
        self._listen()

    def end(self) -> None:
        """Stop watching, and take back what was set."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(2)
        self._lent.end()
        for name, function in self._listeners:
            with contextlib.suppress(Exception):
                event.remove(self.connection, name, function)

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

    def _listen(self) -> None:
        self._listeners: list[tuple[str, Any]] = [
            ("before_cursor_execute", self._begun),
            ("after_cursor_execute", self._done),
        ]
        if self._local:
            self._listeners.append(("begin", self._limit_transaction))
        for name, function in self._listeners:
            event.listen(self.connection, name, function)

    def _begun(self, _connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if _CONCURRENTLY.search(statement) and not self._local and "lock_timeout" in self._set:
            # It waits for transactions, and keeps nobody back; giving up leaves a broken index.
            self._set_by_driver(0)
        if self._thread is None:
            self._thread = Thread(target=self._watch, name="lback waits", daemon=True)
            self._thread.start()
        self._since = time.monotonic()

    def _done(self, _connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        self._since = None
        if _CONCURRENTLY.search(statement) and not self._local and "lock_timeout" in self._set:
            self._set_by_driver(self._set["lock_timeout"])

    def _set_by_driver(self, value: int) -> None:
        driver: Any = self.connection.connection.dbapi_connection
        queried(driver, f"SET lock_timeout = {value}")

    # -- watching ---------------------------------------------------------------------

    def _watch(self) -> None:
        beside = Beside(self.connection.engine)
        limit = self.lock_timeout / 2 if self.lock_timeout else _LOOK_AFTER
        told = (0.0, 0.0)
        try:
            while not self._over.wait(min(_GLANCE, limit / 2)):
                since = self._since
                if since is None or time.monotonic() - since < min(limit, _LOOK_AFTER):
                    continue
                blockers = self._look(beside)
                if not blockers or self._since != since:
                    continue
                self.blockers = blockers
                waited = time.monotonic() - since
                if waited >= _TELL_AFTER and (told[0] != since or waited - told[1] > _TELL_EVERY):
                    told = (since, waited)
                    text = messages.waiting([blocker.told() for blocker in blockers])
                    self._on_event(Event("waiting", seconds=waited, text=text))
        except Exception:  # what is only told may not disturb what is done
            return
        finally:
            beside.close()

    def _look(self, beside: Beside) -> tuple[Blocker, ...]:
        query = (
            "SELECT a.pid, a.usename, a.application_name, a.state,"
            " CAST(extract(epoch FROM clock_timestamp() - a.xact_start) AS int), a.query"
            f" FROM unnest(pg_blocking_pids({self._pid})) AS b (pid)"
            " JOIN pg_stat_activity a ON a.pid = b.pid ORDER BY a.xact_start"
        )
        rows = beside.rows(query, timeout=5) if self._pid else ()
        beside.rollback()
        return tuple(Blocker(*row) for row in rows)


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
