"""One migration at a time per database: a lock of the database's own kind.

Server locks are taken on the connection that migrates, never on one of their own: should
the process die, the server drops the lock only when that very session has ended, with
whatever statement it was still running. SQLite has a lock file, held by the process.
"""

from __future__ import annotations

import contextlib
import errno
import getpass
import hashlib
import json
import os
import socket
import time
from typing import Any, Protocol

from sqlalchemy import event
from sqlalchemy import text as sql
from sqlalchemy.engine import Connection

from lback.db.events import Event, OnEvent, ignore
from lback.db.identity import untouched
from lback.errors import LbackError, LockedError
from lback.files import FileLock

SUFFIX = ".lback-lock"
_FIRST_PAUSE, _LONGEST_PAUSE, _TELL_EVERY = 0.02, 0.4, 5.0


class LockFile(FileLock):
    """An exclusive lock on `<database>.lback-lock`, with the holder's name in it."""

    def __init__(self, database: str) -> None:
        # Two names of one file must give one lock.
        super().__init__(os.path.realpath(database) + SUFFIX)

    def attempt(self, *, wait: bool = False) -> bool:
        """Take the lock and sign it; OSError where no file can be made there."""
        if not super().attempt(wait=wait):
            return False
        owner = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "user": user_name(),
            "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
        self.sign(json.dumps(owner).encode())
        return True

    def holder(self) -> str:
        """Say who holds the lock, from the file's content."""
        try:
            with open(self.path, encoding="utf-8") as file:  # noqa: PTH123
                owner = json.load(file)
            return (
                f"process {owner['pid']} of {owner['user']} on {owner['host']}, "
                f"since {owner['since']}"
            )
        except (OSError, ValueError, KeyError, TypeError):
            return f"another process that holds {self.path}"


def user_name() -> str:
    """Return who runs this process, as the machine calls them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user without a name
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


class Lock(Protocol):
    """One way to keep others out."""

    def attempt(self) -> bool:
        """Take the lock if it is free."""

    def holder(self) -> str:
        """Say who has it."""

    def release(self) -> None:
        """Give it back; harmless when it is gone already."""


class Locks:
    """The locks of one run of env.py, which may connect to several databases."""

    def __init__(self, timeout: float | None, on_event: OnEvent = ignore) -> None:
        self._timeout = timeout
        self._on_event = on_event
        self._held: dict[str, Lock] = {}

    def take(self, connection: Connection, version_table: str, name: str = "") -> None:
        """Wait for this database's lock; LbackError names the holder after the timeout.

        `version_table` with its schema tells those apart that share a database of a server. The
        connection's transaction is left as it was. A second call for a database whose lock this
        run already holds does nothing.
        """
        lock = self._lock_for(connection, version_table)
        if lock is None:
            return
        # One file has one lock, however many version tables are in it.
        key = lock.path if isinstance(lock, LockFile) else f"{_place(connection)}|{version_table}"
        held = self._held.get(key)
        if held is not None:
            if not getattr(held, "released", False):
                return
            held.release()
        if self._has(lock):
            return
        try:
            waited = _wait(lock, name, self._timeout, self._on_event)
        except OSError as err:
            if not isinstance(lock, LockFile):
                raise
            if err.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise LbackError(
                    f"The lock file {lock.path} cannot be made: {err.strerror}.",
                    "Without it two migrations could run at once: make room for it there.",
                ) from err
            # SQLite itself needs to write beside the database; where nobody can,
            # nobody migrates, and a look at the stamp needs no lock.
            self._note(f"No lock was taken: {lock.path} cannot be made ({err.strerror}).")
            return
        self._held[key] = lock
        if waited:
            _refresh_snapshot(connection)

    def _has(self, lock: Lock) -> bool:
        """Tell whether another session of this run has a lock: two URLs may lead to one place."""
        sessions = [item.session for item in self._held.values() if isinstance(item, _SessionLock)]
        return bool(sessions) and isinstance(lock, _SessionLock) and lock.owner() in sessions

    def release(self) -> None:
        """Give back what is still held."""
        for lock in self._held.values():
            lock.release()
        self._held.clear()

    def _lock_for(self, connection: Connection, version_table: str) -> Lock | None:
        name = connection.dialect.name
        if name == "postgresql":
            return _Advisory(connection, version_table)
        if name in ("mysql", "mariadb"):
            return _Named(connection, version_table)
        if name == "sqlite":
            path = _sqlite_file(connection)
            return LockFile(path) if path else None
        self._note(f"lback knows no lock for {name}: run one migration at a time.")
        return None

    def _note(self, text: str) -> None:
        self._on_event(Event("note", text=text))


def _wait(lock: Lock, name: str, timeout: float | None, on_event: OnEvent) -> bool:
    """Poll until the lock is ours; tell whether we had to wait.

    Polling, since a session that sits in pg_advisory_lock() holds a snapshot, and the
    holder's CREATE INDEX CONCURRENTLY would wait for it for ever.
    """
    started = time.monotonic()
    pause, told = _FIRST_PAUSE, 0.0
    named = f" ({name})" if name else ""
    while not lock.attempt():
        waited = time.monotonic() - started
        if timeout is not None and waited >= timeout:
            raise LockedError(
                f"Another migration of this database{named} is running: {lock.holder()}. "
                f"It did not end within {timeout:g} s.",
                "Try again when it is done, or wait longer with --lock-timeout SECONDS.",
            )
        if not told or waited - told > _TELL_EVERY:
            text = f"Waiting for another migration of this database{named}: {lock.holder()}."
            on_event(Event("waiting", seconds=waited, text=text))
            told = max(waited, 1e-9)
        left = pause if timeout is None else min(pause, max(0.0, timeout - waited) + 0.001)
        time.sleep(left)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    return pause != _FIRST_PAUSE


class _SessionLock:
    """A lock that belongs to a server session, given back when it returns to its pool."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.released = False
        self.session: Any = None
        """The server's number of the session that has the lock."""
        self._pooled: Any = None

    def owner(self) -> Any:
        """Ask the server for the number of the session that has the lock; None for nobody."""
        raise NotImplementedError

    def _holds(self) -> None:
        """Watch for the moment after env.py's commit: a pool keeps the session open."""
        self.session = self.owner()
        self._pooled = self.connection.connection.dbapi_connection
        event.listen(self.connection.engine.pool, "checkin", self._checkin)

    def _checkin(self, dbapi_connection: Any, _record: Any) -> None:
        if self.released or dbapi_connection is not self._pooled:
            return
        self.released = True
        with contextlib.suppress(Exception):  # closing the session releases as well
            cursor = dbapi_connection.cursor()
            cursor.execute(self._unlock_sql())
            cursor.close()
            dbapi_connection.rollback()

    def _unlock_sql(self) -> str:
        raise NotImplementedError

    def release(self) -> None:
        """Stop watching; unlock on a connection that env.py has left open."""
        if self._pooled is None:
            return
        self._pooled = None
        with contextlib.suppress(Exception):
            event.remove(self.connection.engine.pool, "checkin", self._checkin)
        released, self.released = self.released, True
        with contextlib.suppress(Exception):
            if not released and not self.connection.invalidated:  # it would connect again
                with untouched(self.connection):
                    self.connection.exec_driver_sql(self._unlock_sql())


class _Advisory(_SessionLock):
    """PostgreSQL: a session advisory lock; these are per database already."""

    def __init__(self, connection: Connection, version_table: str) -> None:
        super().__init__(connection)
        digest = hashlib.sha256(f"lback migration lock|{version_table}".encode()).digest()
        self.key = int.from_bytes(digest[:8], "big", signed=True)

    def attempt(self) -> bool:
        """Take the lock if it is free."""
        query = sql("SELECT pg_try_advisory_lock(CAST(:key AS bigint))")
        with untouched(self.connection):
            taken = bool(self.connection.scalar(query, {"key": self.key}))
        if taken:
            self._holds()
        return taken

    def owner(self) -> Any:
        """Ask the server for the number of the session that has the lock; None for nobody."""
        row = self._row()
        return row[0] if row is not None else None

    def _row(self) -> Any:
        query = sql(
            "SELECT a.pid, a.usename, a.application_name, CAST(a.client_addr AS text),"
            " CAST(date_trunc('second', a.backend_start) AS text)"
            " FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
            " JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
            " AND CAST(l.classid AS bigint) = CAST(:high AS bigint)"
            " AND CAST(l.objid AS bigint) = CAST(:low AS bigint)"
        )
        unsigned = self.key % (1 << 64)
        numbers = {"high": unsigned >> 32, "low": unsigned & 0xFFFFFFFF}
        with untouched(self.connection):
            return self.connection.execute(query, numbers).first()

    def holder(self) -> str:
        """Ask the server who has it."""
        row = self._row()
        if row is None:
            return "a session that has just ended"
        pid, user, application, address, since = row
        name = f" ({application})" if application else ""
        return f"server process {pid}{name} of {user} from {address or 'this host'}, since {since}"

    def _unlock_sql(self) -> str:
        return f"SELECT pg_advisory_unlock({self.key})"


class _Named(_SessionLock):
    """MySQL and MariaDB: GET_LOCK; its names are the server's, so ours hold the database."""

    def __init__(self, connection: Connection, version_table: str) -> None:
        super().__init__(connection)
        table = hashlib.sha256(version_table.encode()).hexdigest()[:16]
        self.name = f"CONCAT('lback:', SHA1(CONCAT(IFNULL(DATABASE(), ''), '|{table}')))"

    def attempt(self) -> bool:
        """Take the lock if it is free."""
        with untouched(self.connection):
            taken = self.connection.exec_driver_sql(f"SELECT GET_LOCK({self.name}, 0)").scalar()
        if taken:
            self._holds()
        return bool(taken)

    def owner(self) -> Any:
        """Ask the server for the number of the session that has the lock; None for nobody."""
        with untouched(self.connection):
            return self.connection.exec_driver_sql(f"SELECT IS_USED_LOCK({self.name})").scalar()

    def holder(self) -> str:
        """Ask the server who has it."""
        query = (
            "SELECT id, user, host, time FROM information_schema.processlist "
            f"WHERE id = IS_USED_LOCK({self.name})"
        )
        with untouched(self.connection):
            row = self.connection.exec_driver_sql(query).first()
        if row is None:
            return "a session that we may not see, or that has just ended"
        number, user, host, seconds = row
        return f"server process {number} of {user} from {host}, in its statement for {seconds} s"

    def _unlock_sql(self) -> str:
        return f"SELECT RELEASE_LOCK({self.name})"


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
