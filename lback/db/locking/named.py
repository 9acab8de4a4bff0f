"""MySQL's and MariaDB's lock: GET_LOCK; names are the server's, so ours hold the database."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from lback.core.messages import locks as messages
from lback.core.messages import waits
from lback.core.record.steps import RECORD_TABLE
from lback.db.events import OnEvent
from lback.db.identity import untouched
from lback.db.locking.beside import Beside
from lback.db.locking.sessions import Lent
from lback.db.locking.watching import Blocker, Wait, Watching

_NAME = "CONCAT('lback:', SHA1(IFNULL(DATABASE(), '')))"


class NamedLock:
    """The lock of the database that the connection is in; `ours` are the sessions of this run."""

    def __init__(self, connection: Connection, ours: Collection[int]) -> None:
        self.connection = connection
        self.session: Any = None
        """The server's number of the session that has the lock."""
        self._ours = ours
        self._lent: Lent | None = None

    @property
    def released(self) -> bool:
        """Tell whether the session was given back meanwhile."""
        return self._lent is not None and self._lent.ended

    def is_ours(self) -> bool:
        """Tell whether this run has it by another session: two URLs may lead to one place."""
        return bool(self._ours) and self._scalar(f"SELECT IS_USED_LOCK({_NAME})") in self._ours

    def attempt(self) -> bool:
        """Take the lock if it is free."""
        if not self._scalar(f"SELECT GET_LOCK({_NAME}, 0)"):
            return False
        self.session = self._scalar("SELECT CONNECTION_ID()")
        self._lent = Lent(self.connection)
        # env.py may leave the session in another database than the one that is locked.
        name = str(self._scalar(f"SELECT {_NAME}"))
        self._lent.statements.append(f"SELECT RELEASE_LOCK('{name}')")
        return True

    def at_work(self) -> str:
        """Say who has it; nobody: ""."""
        return self.holder() if self._scalar(f"SELECT IS_USED_LOCK({_NAME})") else ""

    def holder(self) -> str:
        """Ask the server who has it."""
        query = (
            "SELECT id, user, host, time FROM information_schema.processlist "
            f"WHERE id = IS_USED_LOCK({_NAME})"
        )
        with untouched(self.connection):
            row = self.connection.exec_driver_sql(query).first()
        if row is None:
            return "a session that we may not see, or that has just ended"
        number, user, host, seconds = row
        who = f"server process {number} of {user} from {host}, in its statement for {seconds} s"
        return f"{who}{self._on_record()}"

    def _on_record(self) -> str:
        """Say what the record knows: a session has no name here that others could read."""
        query = (
            f"SELECT revision, command, run_by, host, process FROM {RECORD_TABLE}"
            " WHERE outcome = 'started' ORDER BY id DESC LIMIT 1"
        )
        with suppress(DBAPIError), untouched(self.connection):
            row = self.connection.exec_driver_sql(query).first()
            if row is not None:
                return messages.step_on_record(*row)
        return ""

    def release(self) -> None:
        """Give it back; harmless when it is gone already."""
        if self._lent is not None:
            self._lent.end()

    def _scalar(self, statement: str) -> Any:
        with untouched(self.connection):
            return self.connection.exec_driver_sql(statement).scalar()


class NamedWaits(Watching):
    """What a connection's statements wait for; by itself one waits for a table for a day.

    The server says that a session waits, and not for whom: any open transaction may be it.
    """

    def __init__(self, connection: Connection, on_event: OnEvent) -> None:
        super().__init__(connection, on_event)
        with untouched(connection):
            row = connection.exec_driver_sql("SELECT CONNECTION_ID()").one()
        self._number = int(row[0])
        self.listen()

    def _look(self, beside: Beside) -> Wait | None:
        own = f"SELECT state FROM information_schema.processlist WHERE id = {self._number}"
        state = str(next((row[0] for row in beside.rows(own, timeout=5)), None) or "")
        blockers: tuple[Blocker, ...] | None = None
        with suppress(Exception):  # not each user may see transactions
            transactions = beside.rows(_TRANSACTIONS, timeout=5)
            mine = [row for row in transactions if row[0] == self._number]
            if any(row[-1] == "LOCK WAIT" for row in mine):
                state = waits.A_ROW
            blockers = tuple(
                Blocker(number, user, host, _doing(command), seconds, statement)
                for number, user, host, command, seconds, statement, _ in transactions
                if number != self._number
            )
        beside.rollback()
        if state != waits.A_ROW and not _IS_WAIT.fullmatch(state):
            return None
        told = None if blockers is None else [blocker.told() for blocker in blockers[:_MOST]]
        return Wait(blockers or (), waits.perhaps(state, told))


_MOST = 3
_IS_WAIT = re.compile(r"Waiting for .*lock")
_TRANSACTIONS = (
    "SELECT p.id, p.user, p.host, p.command, p.time, p.info, t.trx_state"
    " FROM information_schema.innodb_trx t"
    " JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id"
    " WHERE p.db = DATABASE() ORDER BY t.trx_started"
)


def _doing(command: str) -> str:
    return "idle in transaction" if command == "Sleep" else ""
