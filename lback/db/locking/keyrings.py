"""Sessions of PostgreSQL that have advisory locks: the one that migrates, or one beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy.engine import Connection

from lback.core.messages import locks as messages
from lback.db.identity import untouched
from lback.db.locking.beside import Beside, prepare_nothing
from lback.db.locking.caller import Caller
from lback.db.locking.poolers import is_pooled, pooling, process_of
from lback.db.locking.sessions import Lent, kept


class Keyring(Protocol):
    """A session that can have advisory locks."""

    connection: Connection
    """The one that migrates."""
    number: int | None
    """The server's number of it."""
    shares: bool
    """Whether the session that migrates is another one's after each transaction."""

    @property
    def gone(self) -> bool:
        """Tell whether the session was given back, and the locks with it."""

    def rows(self, statement: str) -> Sequence[Any]:
        """Return the rows of a query."""

    def take(self, key: str, *, shared: bool = False) -> bool:
        """Take a lock if it is free."""

    def give_back(self, number: int, *, idle: bool) -> None:
        """Give back the locks that were taken last; `idle` where none is left."""

    def assure(self) -> None:
        """Raise LbackError where the locks are known to be lost."""

    def close(self) -> None:
        """Give back everything."""


def keyring_for(connection: Connection, caller: Caller) -> Keyring:
    """Choose the session that can keep a lock while this connection migrates.

    LbackError where a pooler lets none keep one.
    """
    if not is_pooled(connection):
        return OwnSession(connection, caller, pooled=False)
    if connection.in_transaction():
        return OwnTransaction(connection, caller)
    beside = Beside(connection.engine)
    try:
        mode = pooling(connection, beside)
    except BaseException:
        beside.close()
        raise
    if mode == "transaction":
        return OtherTransaction(connection, caller, beside)
    beside.close()
    return OwnSession(connection, caller, pooled=True)


class OwnSession:
    """The locks of the very session that migrates.

    Should the process die, the server drops them only when that session has ended, with whatever
    statement it was still running.
    """

    shares = False

    def __init__(self, connection: Connection, caller: Caller, *, pooled: bool) -> None:
        self.connection = connection
        self._pooled = pooled
        self._taken: list[str] = []
        self._lent = Lent(connection)
        (row,) = self.rows("SELECT pg_backend_pid(), current_setting('application_name')")
        self.number: int | None = int(row[0])
        self._name_session(caller, row[1])
        self._settings = len(self._lent.statements)

    def _name_session(self, caller: Caller, own: str) -> None:
        taken = Caller.read(own) is not None  # by this run, for another schema
        with kept(self.connection):
            name = caller.application("" if taken else own)
            self.connection.exec_driver_sql(f"SET application_name = '{name}'")
        if not taken:
            quoted = own.replace("'", "''").replace("%", "_")
            self._lent.statements.append(f"SET application_name = '{quoted}'")

    @property
    def gone(self) -> bool:
        """Tell whether env.py has given the session back."""
        return self._lent.ended

    def rows(self, statement: str) -> Sequence[Any]:
        """Return the rows of a query."""
        with untouched(self.connection):
            return self.connection.exec_driver_sql(statement).all()

    def take(self, key: str, *, shared: bool = False) -> bool:
        """Take a lock if it is free."""
        way = "_shared" if shared else ""
        if not self.rows(f"SELECT pg_try_advisory_lock{way}({key})")[0][0]:
            return False
        self._taken.append(f"SELECT pg_advisory_unlock{way}({key})")
        self._note()
        return True

    def give_back(self, number: int, *, idle: bool) -> None:
        """Give back the locks that were taken last."""
        for _ in range(number):
            self.rows(self._taken.pop())
        self._note()

    def _note(self) -> None:
        self._lent.statements[self._settings :] = reversed(self._taken)

    def assure(self) -> None:
        """Look whether the pooler has kept its word."""
        if self._pooled and not self.gone and process_of(self.connection) != self.number:
            raise messages.lock_lost(messages.SESSION_CHANGED)

    def close(self) -> None:
        """Give back everything, unless the pool's return of the session has done it."""
        self._lent.end()


class _InTransaction:
    """Locks that end with a transaction, each after a savepoint, by which it is given back."""

    shares = True

    def __init__(self, connection: Connection, caller: Caller) -> None:
        prepare_nothing(connection.connection.driver_connection)
        self.connection = connection
        self.number: int | None = None
        self._name = caller.application()
        self._taken = 0

    def rows(self, statement: str) -> Sequence[Any]:
        """Return the rows of a query."""
        raise NotImplementedError

    def _run(self, statement: str) -> None:
        raise NotImplementedError

    def _begin(self) -> None:
        if self.number is not None:
            return
        query = (
            f"SELECT pg_backend_pid(), set_config('application_name', '{self._name}', true),"
            " set_config('idle_in_transaction_session_timeout', '0', true)"
        )
        self.number = 0
        self.number = int(self.rows(query)[0][0])

    def take(self, key: str, *, shared: bool = False) -> bool:
        """Take a lock if it is free."""
        self._begin()
        self._run(f"SAVEPOINT lback_lock_{self._taken}")
        way = "_shared" if shared else ""
        taken = bool(self.rows(f"SELECT pg_try_advisory_xact_lock{way}({key})")[0][0])
        self._taken += taken
        return taken

    def give_back(self, number: int, *, idle: bool) -> None:
        """Give back the locks that were taken last."""
        if number:
            self._taken -= number
            self._run(f"ROLLBACK TO SAVEPOINT lback_lock_{self._taken}")


class OwnTransaction(_InTransaction):
    """The locks of the transaction that env.py has begun itself, for all that it does."""

    def __init__(self, connection: Connection, caller: Caller) -> None:
        super().__init__(connection, caller)
        level = str(self.rows("SHOW transaction_isolation")[0][0]).lower()
        if level not in ("read committed", "read uncommitted"):
            raise messages.snapshot_behind_pooler()

    @property
    def gone(self) -> bool:
        """Tell whether the transaction has ended."""
        return self.connection.closed or not self.connection.in_transaction()

    def rows(self, statement: str) -> Sequence[Any]:
        """Return the rows of a query."""
        return self.connection.exec_driver_sql(statement).all()

    def _run(self, statement: str) -> None:
        self.connection.exec_driver_sql(statement)

    def assure(self) -> None:
        """Look whether the transaction is still the same."""
        if self.gone:
            raise messages.lock_lost(messages.TRANSACTION_ENDED)

    def close(self) -> None:
        """Leave the transaction to env.py, which ends it."""


class OtherTransaction(_InTransaction):
    """The locks of a transaction beside the one that migrates, open as long as the run.

    A pooler takes no session away in which a transaction is open, and ends the one of a client
    that is gone.
    """

    def __init__(self, connection: Connection, caller: Caller, beside: Beside) -> None:
        super().__init__(connection, caller)
        self._beside = beside
        beside.rollback()
        self._lent = Lent(connection, beside.close)

    @property
    def gone(self) -> bool:
        """Tell whether env.py has given the session back."""
        return self._lent.ended

    def rows(self, statement: str) -> Sequence[Any]:
        """Return the rows of a query."""
        self._begin()
        try:
            return self._beside.rows(statement)
        except Exception as err:
            raise messages.lock_lost(str(err).strip().splitlines()[0]) from err

    def _run(self, statement: str) -> None:
        self.rows(statement)

    def give_back(self, number: int, *, idle: bool) -> None:
        """Give back the locks that were taken last; and the session to the pooler, without any."""
        if not idle:
            super().give_back(number, idle=idle)
            return
        with contextlib.suppress(Exception):  # what has ended already needs no end
            self._beside.rollback()
        self._taken, self.number = 0, None

    def assure(self) -> None:
        """Look whether the transaction is still there."""
        if not self.gone:
            self.rows("SELECT 1")

    def close(self) -> None:
        """Give back everything."""
        self._lent.end()
