"""One migration at a time per database: a lock of the database's own kind."""

from __future__ import annotations

import errno
import os
import time
from typing import Any, Protocol

from sqlalchemy import text as sql
from sqlalchemy.engine import Connection

from lback.core.messages import locks as messages
from lback.core.preferences import PostgresqlSettings
from lback.db.events import Event, OnEvent, ignore
from lback.db.identity import untouched
from lback.db.locking import advisory
from lback.db.locking.advisory import AdvisoryLock
from lback.db.locking.caller import Caller
from lback.db.locking.files import LockFile
from lback.db.locking.keyrings import keyring_for
from lback.db.locking.named import NamedLock, NamedWaits
from lback.db.locking.waits import Waits
from lback.db.locking.watching import Blocker, Watching

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.4
_TELL_AFTER, _TELL_EVERY = 2.0, 5.0


class Lock(Protocol):
    """One way to keep others out."""

    @property
    def released(self) -> bool:
        """Tell whether it was given back meanwhile."""

    def attempt(self) -> bool:
        """Take the lock if it is free."""

    def holder(self) -> str:
        """Say who has it."""

    def release(self) -> None:
        """Give it back; harmless when it is gone already."""


class Locks:
    """The locks of one run of env.py, which may connect to several databases.

    `command` is what others read of this run: the lback command at work. `patience` is how long
    statements wait on PostgreSQL; None leaves that as it is.
    """

    def __init__(
        self,
        timeout: float | None,
        on_event: OnEvent = ignore,
        command: str = "",
        patience: PostgresqlSettings | None = None,
    ) -> None:
        self._timeout = timeout
        self._on_event = on_event
        self._caller = Caller.current(command)
        self._held: dict[str, Lock] = {}
        self._patience = patience
        self._waits: list[Watching] = []
        self.blockers: tuple[Blocker, ...] = ()
        """The sessions that a statement of the last run waited for, until it gave up."""

    def take(self, connection: Connection, schema: str = "", name: str = "") -> None:
        """Wait for this database's lock; LbackError names the holder after the timeout.

        `schema` is the one that plain names go to, where that is not the default one. The
        connection's transaction is left as it was. A second call for a database whose lock this
        run already holds does nothing.
        """
        lock = self._lock_for(connection, schema)
        if lock is None:
            return
        self._take(lock, connection, schema, name)
        if any(waits.connection is connection for waits in self._waits):
            return
        if isinstance(lock, AdvisoryLock) and self._patience is not None:
            waits = Waits(connection, self._patience, self._on_event, local=lock.shares)
            self._waits.append(waits)
        elif isinstance(lock, NamedLock):
            self._waits.append(NamedWaits(connection, self._on_event))

    def _take(self, lock: Any, connection: Connection, schema: str, name: str) -> None:
        # One file has one lock, however many version tables are in it.
        key = lock.path if isinstance(lock, LockFile) else f"{_place(connection)}|{schema}"
        held = self._held.get(key)
        if held is not None:
            if not held.released:
                return
            held.release()
            del self._held[key]
        try:
            if not isinstance(lock, LockFile) and lock.is_ours():
                lock.release()
                return
            waited = _wait(lock, name, self._timeout, self._on_event)
        except OSError as err:
            if not isinstance(lock, LockFile):
                raise
            if err.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise messages.no_lock_file(lock.path, str(err.strerror)) from err
            # SQLite itself needs to write beside the database; where nobody can,
            # nobody migrates, and a look at the stamp needs no lock.
            self._note(f"No lock was taken: {lock.path} cannot be made ({err.strerror}).")
            return
        except BaseException:
            lock.release()
            raise
        self._held[key] = lock
        if waited:
            _refresh_snapshot(connection)

    def assure(self) -> None:
        """Raise LbackError where a lock of this run is known to be lost."""
        for lock in self._held.values():
            if isinstance(lock, AdvisoryLock) and not lock.released:
                lock.assure()

    def release(self) -> None:
        """Give back what is still held."""
        self.blockers = ()
        for lock in self._held.values():
            lock.release()
        self._held.clear()
        for waits in self._waits:
            waits.end()
            self.blockers = waits.blockers or self.blockers
        self._waits.clear()

    def _ours(self) -> frozenset[Any]:
        """Return the numbers of the sessions by which this run has locks."""
        return frozenset(
            getattr(lock, "session", None) for lock in self._held.values() if not lock.released
        ) - {None}

    def _lock_for(
        self, connection: Connection, schema: str
    ) -> LockFile | AdvisoryLock | NamedLock | None:
        name = connection.dialect.name
        if name == "postgresql":
            return AdvisoryLock(keyring_for(connection, self._caller), schema, self._ours())
        if name in ("mysql", "mariadb"):
            return NamedLock(connection, self._ours())
        if name == "sqlite":
            path = _sqlite_file(connection)
            return LockFile(path, self._caller) if path else None
        self._note(f"lback knows no lock for {name}: run one migration at a time.")
        return None

    def _note(self, text: str) -> None:
        self._on_event(Event("note", text=text))


def at_work(connection: Connection, schema: str) -> str:
    """Say who has the lock of a database that is only looked at; nobody: ""."""
    name = connection.dialect.name
    if name == "postgresql":
        return advisory.at_work(connection, schema)
    if name in ("mysql", "mariadb"):
        return NamedLock(connection, ()).at_work()
    path = _sqlite_file(connection) if name == "sqlite" else None
    return LockFile(path).at_work() if path else ""


def _wait(lock: Lock, name: str, timeout: float | None, on_event: OnEvent) -> bool:
    """Poll until the lock is ours; tell whether we had to wait.

    Polling, since a session that sits in pg_advisory_lock() holds a snapshot, and the
    holder's CREATE INDEX CONCURRENTLY would wait for it for ever.
    """
    started = time.monotonic()
    pause, tell_at = _FIRST_PAUSE, _TELL_AFTER
    while not lock.attempt():
        waited = time.monotonic() - started
        if timeout is not None and waited >= timeout:
            raise messages.waited_too_long(name, lock.holder(), timeout)
        if waited >= tell_at:
            text = messages.waiting(name, lock.holder())
            on_event(Event("waiting", seconds=waited, text=text))
            tell_at = waited + _TELL_EVERY
        left = pause if timeout is None else min(pause, max(0.0, timeout - waited) + 0.001)
        time.sleep(left)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    return pause != _FIRST_PAUSE


def _refresh_snapshot(connection: Connection) -> None:
    """Let a transaction that env.py had begun see what the holder committed meanwhile.

    Under REPEATABLE READ (MySQL's default) it might still read the old stamp. It has
    changed nothing yet; the commit is the driver's, so SQLAlchemy's own state stays.
    """
    if not connection.in_transaction():
        return
    if connection.dialect.name == "postgresql":
        level = str(connection.scalar(sql("SHOW transaction_isolation")))
        if level.lower() in ("read committed", "read uncommitted"):
            return
    driver: Any = connection.connection.dbapi_connection
    if driver is not None:
        driver.commit()


def _place(connection: Connection) -> str:
    url = connection.engine.url
    where = url.render_as_string(hide_password=True)
    # With creator= the URL says nothing: tell engines apart instead.
    return where if url.database else f"{where}#{id(connection.engine)}"


def _sqlite_file(connection: Connection) -> str | None:
    """Return the database's file; None for one in memory."""
    with untouched(connection):
        rows = connection.exec_driver_sql("PRAGMA database_list").all()
    path = next((row[2] for row in rows if row[1] == "main"), None)
    return os.path.realpath(path) if path else None
