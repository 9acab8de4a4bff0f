"""SQLite: one real transaction for each step, whatever the driver makes of transactions.

Python's driver begins one before INSERT, UPDATE and DELETE only, so that a CREATE or an ALTER
is kept at once. Here BEGIN is sent before the first statement that writes, and left out where
env.py, or an event of the project's own, has begun already. The driver itself is left as it is.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from lback.core.messages import runs as messages
from lback.db.alembic_compat import commits_each_statement

_FIRST = re.compile(r"(?:\s|;|--[^\n]*(?:\n|$)|/\*.*?\*/)*(\w*)", re.DOTALL)
_SETS = re.compile(r"pragma\s+(?:\w+\.)?(\w+)\s*[=(]", re.IGNORECASE)
_WRITES = re.compile(r"\b(?:insert|update|delete|replace)\b", re.IGNORECASE)
_TO_SAVEPOINT = re.compile(r"\bto\b", re.IGNORECASE)
_REPLACES = re.compile(r"\breplace\b", re.IGNORECASE)
_KEPT_PRAGMAS = frozenset({"user_version", "application_id", "schema_version"})
_READS = frozenset({"SELECT", "EXPLAIN", "VALUES", "PRAGMA", ""})
_ENDS = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK"})
_OUTSIDE = frozenset({"VACUUM", "ATTACH", "DETACH"})
_CHANGES_ROWS = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"})
_RETURNS = re.compile(r"\breturning\b", re.IGNORECASE)
_LONGEST = 50_000

Violations = frozenset[tuple[Any, ...]]


class _Sent(NamedTuple):
    """A statement of the open transaction, and how many rows it has changed."""

    statement: str
    parameters: Any
    many: bool
    changed: int


class Transactions:
    """Keeps the transaction of one connection to SQLite.

    `begins` while steps are at work; the rest of env.py is as it would be without lback.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.begins = False
        self._copying = False
        self.baseline: Violations | None = None
        """The rows that referred to nothing before foreign keys were let go; else None."""
        self.go_along: list[Callable[[Connection], None]] = []
        """What writes into the transaction before it is committed: events come in no such order."""
        self._ours = False
        self._inside = False
        self._begun = False
        self._wrote = False
        self._later = ""
        """A setting of foreign keys that waits for the end of the transaction."""
        self._sent: list[_Sent] | None = None if self._driver.in_transaction else []
        self._count = self._driver.total_changes
        self._listen()

    def _listen(self) -> None:
        driver = self._driver
        if getattr(driver, "autocommit", None) is False and not self.connection.in_transaction():
            # From Python 3.12 on: this mode is always within a transaction, where no pragma acts.
            driver.rollback()
            driver.autocommit = -1
            self._sent = []
        event.listen(self.connection, "before_cursor_execute", self._before)
        event.listen(self.connection, "after_cursor_execute", self._after)
        event.listen(self.connection, "commit", self._commit)
        event.listen(self.connection, "rollback", self._rollback)

    @property
    def _driver(self) -> Any:
        return self.connection.connection.driver_connection

    @property
    def let_go(self) -> bool:
        """Tell whether foreign keys are not heeded, since a batch operation was at work."""
        return self.baseline is not None

    @property
    def open(self) -> bool:
        """Tell whether the database is in a transaction."""
        return bool(self._driver.in_transaction)

    # -- each statement

    def _before(self, connection: Connection, _cursor: Any, statement: str, *_more: Any) -> None:
        if self._ours or commits_each_statement(connection):
            return
        word = _word(statement)
        if self._later and self.begins:
            self._set_now()
        driver = self._driver
        if driver.in_transaction:
            self._inside = True
            if self._begun and not self._wrote and (word in _OUTSIDE or word == "BEGIN"):
                self._run("COMMIT")  # the driver would have begun none yet
                self._ended()
            elif driver.total_changes != self._count:
                self._settle_count()
        elif self.begins and connection.in_transaction() and _is_kept(word, statement):
            self._begin()

    def _settle_count(self) -> None:
        """Count what changed since the last statement; only one that returns rows still does."""
        more = self._driver.total_changes - self._count
        if more and self._sent and _RETURNS.search(self._sent[-1].statement):
            self._sent[-1] = self._sent[-1]._replace(changed=self._sent[-1].changed + more)
            self._count += more
        elif more:
            self._sent = None  # somebody has written past SQLAlchemy

    def _after(
        self,
        connection: Connection,
        _cursor: Any,
        statement: str,
        parameters: Any,
        _context: Any,
        many: bool,
    ) -> None:
        if self._ours or commits_each_statement(connection):
            return
        driver = self._driver
        if not driver.in_transaction:
            if self._inside:
                self._ended()
            return
        word = _word(statement)
        if (
            word == "PRAGMA"
            and self._begun
            and not self._wrote
            and _setting(statement) == "foreign_keys"
        ):
            self._later = statement  # it has done nothing within the transaction
        if not _is_kept(word, statement):
            return
        self._wrote = self._wrote or word in _CHANGES_ROWS
        changed = driver.total_changes
        if self._sent is not None:
            self._sent.append(_Sent(statement, parameters, many, changed - self._count))
            self._sent = self._sent if len(self._sent) < _LONGEST else None
        self._count = changed
        if self.baseline is not None and not self._copying:
            self._check(word, statement)

    def _check(self, word: str, statement: str) -> None:
        """Refuse what would have been done otherwise, were foreign keys still heeded."""
        if word not in _CHANGES_ROWS and word != "DROP":
            return
        broken = self.broken()
        if broken or (word != "UPDATE" and _REPLACES.search(statement)):
            raise messages.batch_let_go(broken)

    # -- the transaction

    def _begin(self) -> None:
        # A reader that comes to write later would not wait for its turn.
        self._send("BEGIN IMMEDIATE")
        self._inside = self._begun = True
        self._wrote = False
        self._sent, self._count = [], self._driver.total_changes

    def _commit(self, connection: Connection) -> None:
        if self._ours or not self.open or commits_each_statement(connection):
            return
        try:
            broken = self.broken()
            if broken:
                raise messages.batch_let_go(broken)
            for goes_along in self.go_along:
                goes_along(connection)
            if self._begun:
                self._send("COMMIT")  # the driver's own commit does nothing in some of its modes
            self._ended()
        except BaseException:
            with contextlib.suppress(Exception):
                self._raw("ROLLBACK")
            self._ended()
            raise

    def _rollback(self, _connection: Connection) -> None:
        with contextlib.suppress(Exception):
            self._later = ""
            if self._begun and self.open:
                self._raw("ROLLBACK")
            self._ended()

    def _ended(self) -> None:
        """Come to the state between two transactions."""
        if self.baseline is not None:
            self._raw("PRAGMA foreign_keys=ON")
        if self._later:
            self._raw(self._later)
        self.baseline, self._later = None, ""
        self._inside = self._begun = self._wrote = False
        self._sent, self._count = [], self._driver.total_changes

    # -- foreign keys

    @contextmanager
    def copying(self) -> Iterator[None]:
        """Leave it to a batch operation to look after the rows of others."""
        self._copying = True
        try:
            yield
        finally:
            self._copying = False

    def let_go_of_keys(self) -> bool:
        """Heed no foreign keys until the transaction ends; tell whether that could be done.

        Within a transaction SQLite does not hear of it: what was sent is taken back then, and
        sent again without them. Nothing is, where it has not the same outcome.
        """
        if self.baseline is not None:
            return True
        self._settle_count()
        if not self.open:
            self._raw("PRAGMA foreign_keys=OFF")
            self.baseline = self._violations()
            self._begin()
            return True
        return self._sent is not None and self._send_again("PRAGMA foreign_keys=OFF", held=True)

    def _set_now(self) -> None:
        """Heed a setting of foreign keys that was sent within the transaction."""
        setting, self._later = self._later, ""
        if self._sent is None or any(_word(sent.statement) == "DROP" for sent in self._sent):
            # What a DROP does hangs on the setting, so it stays done as the driver has it.
            self._later = setting
            self._run("COMMIT")
            self._ended()
        else:
            self._send_again(setting)

    def _send_again(self, setting: str, *, held: bool = False) -> bool:
        """Take the transaction back, set this, and send all again; tell whether it did the same."""
        sent, wrote = self._sent or [], self._wrote
        self._raw("ROLLBACK")
        self._raw(setting)
        self.baseline = self._violations() if held else None
        self._begin()
        for statement, parameters, many, changed in sent:
            before = self._driver.total_changes
            self._raw(statement, parameters, many=many)
            if self._driver.total_changes - before != changed:  # keys have led to other rows
                self._raw("ROLLBACK")
                self._ended()
                return False
        self._sent, self._count, self._wrote = sent, self._driver.total_changes, wrote
        return True

    def broken(self) -> list[str]:
        """Return the tables whose rows refer to nothing since foreign keys were let go."""
        if self.baseline is None:
            return []
        return sorted({str(row[0]) for row in self._violations() - self.baseline})

    def _violations(self) -> Violations:
        rows = self._raw("PRAGMA foreign_key_check")
        return frozenset((name, row, parent) for name, row, parent, _ in rows)

    # -- our own statements

    def _run(self, statement: str) -> None:
        self._ours = True
        try:
            self.connection.exec_driver_sql(statement)
        finally:
            self._ours = False

    def _send(self, statement: str) -> None:
        """Run it past SQLAlchemy's events, which take longer than the statement."""
        try:
            self._raw(statement)
        except Exception as err:
            base = self.connection.dialect.loaded_dbapi.Error
            failure: Any = DBAPIError.instance(statement, None, err, base)
            raise failure from err

    def _raw(self, statement: str, parameters: Any = (), *, many: bool = False) -> list[Any]:
        connection: Any = self.connection.connection.dbapi_connection
        cursor = connection.cursor()
        try:
            (cursor.executemany if many else cursor.execute)(statement, parameters or ())
            return list(cursor.fetchall()) if cursor.description else []
        finally:
            cursor.close()


_KNOWN: WeakKeyDictionary[Connection, Transactions] = WeakKeyDictionary()


def keep_transactions(connection: Connection) -> None:
    """Watch over the transactions of a connection, if it is one to SQLite, from here on."""
    if connection.dialect.name == "sqlite" and connection not in _KNOWN:
        driver = connection.connection.driver_connection
        if hasattr(driver, "in_transaction") and hasattr(driver, "total_changes"):
            _KNOWN[connection] = Transactions(connection)


def transactions_of(connection: object) -> Transactions | None:
    """Return what keeps the transactions of a connection; None where it commits by itself."""
    if not isinstance(connection, Connection) or commits_each_statement(connection):
        return None
    return _KNOWN.get(connection)


@contextmanager
def beginning(connection: object) -> Iterator[None]:
    """Begin a transaction on SQLite before whatever writes, while this lasts."""
    transactions = transactions_of(connection)
    if transactions is None:
        yield
        return
    transactions.begins = True
    try:
        yield
    finally:
        transactions.begins = False


@lru_cache(maxsize=8)
def _word(statement: str) -> str:
    first = _FIRST.match(statement)
    return first[1].upper() if first else ""


def _setting(statement: str) -> str:
    """Return what a statement sets, "" if it is no such pragma."""
    pragma = _SETS.match(statement.lstrip())
    return pragma[1].lower() if pragma else ""


def _is_kept(word: str, statement: str) -> bool:
    """Tell whether a statement changes what a transaction takes back."""
    if word == "ROLLBACK":
        return bool(_TO_SAVEPOINT.search(statement))
    if word == "PRAGMA":
        return _setting(statement) in _KEPT_PRAGMAS
    if word == "WITH":
        return bool(_WRITES.search(statement))
    return word not in _READS and word not in _ENDS and word not in _OUTSIDE
