"""PostgreSQL's lock: advisory locks, which belong to one database of the server.

Who migrates plain names in the default schema has the database alone. Who migrates a schema of
its own, as a loop over tenants does, has that schema alone and the database together with the
others. Three keys make it so: `turn` is held by whoever has the database alone, or waits for it,
so that nobody new comes before; `schemas` is shared by those that migrate a schema; and each
schema has its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from lback.core.messages import locks as messages
from lback.db.identity import untouched
from lback.db.locking.caller import Caller
from lback.db.locking.keyrings import Keyring

_SINCE = 0x6C62616B
"""The first half of a shared lock whose second half is the second in which it was taken."""
_EPOCH = 1_600_000_000


def _key(name: str) -> int:
    digest = hashlib.sha256(f"lback migration lock|{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


TURN, SCHEMAS = _key("turn"), _key("schemas")


class AdvisoryLock:
    """The lock of a database, or of one schema of it; `ours` are the sessions of this run."""

    def __init__(self, keyring: Keyring, schema: str, ours: Collection[int]) -> None:
        self.keyring = keyring
        self.schema = schema
        self._ours = ours
        self._own_key = _key(f"schema|{schema}")
        self._has_turn = False
        self._blocked_by = TURN

    @property
    def session(self) -> int | None:
        """Return the server's number of the session that has the lock."""
        return self.keyring.number

    @property
    def released(self) -> bool:
        """Tell whether the session was given back meanwhile."""
        return self.keyring.gone

    @property
    def shares(self) -> bool:
        """Tell whether the session that migrates is another one's after each transaction."""
        return self.keyring.shares

    def assure(self) -> None:
        """Raise LbackError where the lock is known to be lost."""
        self.keyring.assure()

    def is_ours(self) -> bool:
        """Tell whether this run has it by another session: two URLs may lead to one place."""
        keys = [TURN, self._own_key] if self.schema else [TURN]
        return bool(self._ours) and any(
            row[0] in self._ours for row in self._holders(*keys, exclusive=True)
        )

    def attempt(self) -> bool:
        """Take the lock if it is free."""
        with untouched(self.keyring.connection):  # one transaction for its statements
            return self._take_schema() if self.schema else self._take_database()

    def _take_database(self) -> bool:
        if not self._has_turn:
            self._blocked_by = TURN
            self._has_turn = self.keyring.take(str(TURN))
            if not self._has_turn:
                self._refuse_circle()
                self.keyring.give_back(0, idle=True)
                return False
        self._blocked_by = SCHEMAS
        if self.keyring.take(str(SCHEMAS)):
            return self._sign()
        others = [row for row in self._holders(SCHEMAS) if row[0] not in self._ours]
        return not others and self._sign()

    def _take_schema(self) -> bool:
        keyring = self.keyring
        self._blocked_by = self._own_key
        if not keyring.take(str(self._own_key)):
            keyring.give_back(0, idle=True)
            return False
        passing = not self._has_a_schema()  # else this run is past the turn
        self._blocked_by = TURN
        if passing and not keyring.take(str(TURN), shared=True):
            keyring.give_back(1, idle=True)
            return False
        if passing:
            keyring.give_back(1, idle=False)
        self._blocked_by = SCHEMAS
        if not keyring.take(str(SCHEMAS), shared=True):
            keyring.give_back(1, idle=True)
            return False
        return self._sign()

    def _refuse_circle(self) -> None:
        """Refuse to wait for who waits for a schema that this run has.

        Who has the turn alone waits; who shares it passes through in a moment.
        """
        waiting = self._has_a_schema() and self._holders(TURN, exclusive=True)
        if waiting:
            raise messages.each_waits("", _told(waiting))

    def _has_a_schema(self) -> bool:
        return bool(self._ours) and any(row[0] in self._ours for row in self._holders(SCHEMAS))

    def _sign(self) -> bool:
        now = f"SELECT CAST(extract(epoch FROM clock_timestamp()) AS bigint) - {_EPOCH}"
        self.keyring.take(f"{_SINCE}, {int(self.keyring.rows(now)[0][0])}", shared=True)
        return True

    def holder(self) -> str:
        """Ask the server who has it."""
        rows = [row for row in self._holders(self._blocked_by) if row[0] not in self._ours]
        return _told(rows) if rows else messages.NO_HOLDER

    def _holders(self, *keys: int, exclusive: bool = False) -> Sequence[Any]:
        return self.keyring.rows(_query(*keys, exclusive=exclusive))

    def release(self) -> None:
        """Give it back; harmless when it is gone already."""
        self.keyring.close()


def at_work(connection: Connection, schema: str) -> str:
    """Say who has the lock of a database, or of one schema of it; nobody: ""."""
    key = _key(f"schema|{schema}") if schema else TURN
    with untouched(connection):
        rows = connection.exec_driver_sql(_query(key, exclusive=True)).all()
    return _told(rows) if rows else ""


def _told(rows: Sequence[Any]) -> str:
    pid, user, application, address, started, since = rows[0]
    caller = Caller.read(application or "")
    more = f"; {len(rows) - 1} more besides" if len(rows) > 1 else ""
    if caller is not None:
        return caller.told(since or started, f", server process {pid}{more}")
    name = f" ({application})" if application else ""
    where = address or "this host"
    return f"server process {pid}{name} of {user} from {where}, since {since or started}{more}"


def _query(*keys: int, exclusive: bool) -> str:
    wanted = " OR ".join(
        f"(CAST(l.classid AS bigint) = {(key >> 32) & 0xFFFFFFFF}"
        f" AND CAST(l.objid AS bigint) = {key & 0xFFFFFFFF})"
        for key in keys
    )
    mode = " AND l.mode = 'ExclusiveLock'" if exclusive else ""
    return (
        "SELECT DISTINCT a.pid, a.usename, a.application_name, CAST(a.client_addr AS text),"
        " CAST(date_trunc('second', a.backend_start) AS text),"
        " (SELECT CAST(to_timestamp(max(CAST(t.objid AS bigint)) +"
        f" {_EPOCH}) AS text) FROM pg_locks t WHERE t.pid = a.pid AND t.locktype = 'advisory'"
        f" AND t.objsubid = 2 AND CAST(t.classid AS bigint) = {_SINCE})"
        " FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
        " JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()"
        f" WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1{mode}"
        f" AND ({wanted}) ORDER BY 1"
    )
