"""Puts a backup's values back into the database."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.databases import DatabaseName
from lback.core.lossless import decode
from lback.db.alembic_compat import is_outside
from lback.db.backup import FORMAT, Kept, place, plain_session
from lback.db.command_lines import LOOK
from lback.db.events import OnEvent, ignore
from lback.db.locking.locks import Locks
from lback.db.runner import explained
from lback.errors import LbackError, UsageError

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

    from lback.db.runner import Database
    from lback.db.session import WatchedEnvironment

_CHUNK = 1000


@dataclass(slots=True)
class Restored:
    """What came of one table: rows put back, rows there already, rows without a place."""

    table: str
    columns: tuple[str, ...]
    rows: int = 0
    present: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup file that was read to its end once, so that it is known to be whole."""

    path: Path
    head: dict[str, Any]
    tables: tuple[Kept, ...]
    counts: tuple[int, ...]

    def rows(self, number: int) -> Iterator[list[Any]]:
        """Yield one table's rows, keys first."""
        for row in _lines(self.path):
            if isinstance(row, list) and row[0] == number:
                yield [decode(value) for value in row[1:]]


def open_backup(path: Path) -> Backup:
    """Read a file's head and check that its end is there; UsageError for any other file."""
    head: dict[str, Any] | None = None
    counts: dict[int, int] = {}
    end: dict[str, Any] | None = None
    try:
        for row in _lines(path):
            if head is None:
                head = row
                if not isinstance(row, dict) or "lback-backup" not in row:
                    raise ValueError
            elif isinstance(row, list):
                counts[row[0]] = counts.get(row[0], 0) + 1
            else:
                end = row
    except FileNotFoundError:
        raise UsageError(f"{path} is not there.", "Name a backup that `rollback` wrote.") from None
    except (OSError, EOFError, ValueError, zlib.error, KeyError, IndexError) as err:
        raise UsageError(
            f"{path} is not a whole backup of lback.", "Name a file that `rollback` wrote."
        ) from err
    if head is None or end is None or head["lback-backup"] != FORMAT:
        raise UsageError(
            f"{path} is not a whole backup of this version.", "Name a file that `rollback` wrote."
        )
    tables = tuple(
        Kept(row["table"], row["schema"], tuple(row["columns"]), tuple(row["keys"]), row["whole"])
        for row in head["tables"]
    )
    rows = tuple(counts.get(number, 0) for number in range(len(tables)))
    if list(rows) != end["rows"]:
        raise UsageError(f"{path} lacks rows that it says it has.", "Look for another copy of it.")
    return Backup(path, head, tables, rows)


def restore(
    database: Database,
    backup: Backup,
    lock_timeout: float | None = None,
    on_event: OnEvent = ignore,
) -> tuple[Restored, ...]:
    """Put all values back, in one transaction; LbackError where a table or column is not there.

    Of several databases only the one that the rows were saved from is written to.
    """
    done: list[Restored] = []
    target = _origin(database, backup)

    def work(_stamp: Any, context: MigrationContext) -> Sequence[Any]:
        connection = context.connection
        environment = cast("WatchedEnvironment", context.environment_context)
        if connection is not None and environment.database.key == target.key:
            done[:] = _restore(connection, backup)
            if not context.impl.transactional_ddl and not is_outside(context):
                # There begin_transaction() of env.py begins none, and commits none.
                connection.commit()
        return ()

    locks = Locks(lock_timeout, on_event, database.command)
    with database.opened(LOOK) as session, explained(session.at):
        session.run_env(work, locks=locks)
    return tuple(done)


def _origin(database: Database, backup: Backup) -> DatabaseName:
    """Return which database a backup is of: the only one, or by its key, place or name."""
    answers = database.ask(lambda view: view.stamp)
    names = [answer.database for answer in answers if answer.database is not None]
    if len(names) == 1:
        return names[0]
    head = backup.head
    for fits in (
        [database_name for database_name in names if database_name.key == head.get("at")],
        [
            database_name
            for database_name in names
            if (database_name.url, database_name.schema) == (head["database"], head.get("schema"))
        ],
        [
            database_name
            for database_name in names
            if database_name.name and database_name.name == head.get("name")
        ],
    ):
        if len(fits) == 1:
            return fits[0]
    broken = next((answer.error for answer in answers if answer.error is not None), None)
    if broken is not None:
        raise broken
    raise LbackError(
        f"{backup.path} is of {head['database']}, and env.py connects to "
        f"{', '.join(map(str, names))}.",
        "Let env.py connect to the database that it came from.",
    )


def _restore(connection: Connection, backup: Backup) -> list[Restored]:
    inspector = sa.inspect(connection)
    if connection.dialect.name != backup.head["dialect"]:
        raise LbackError(
            f"{backup.path} is of a {backup.head['dialect']} database, and this is "
            f"{connection.dialect.name}.",
            "Restore it where it came from.",
        )
    for kept in backup.tables:
        _require(inspector, kept)
    restored = []
    with plain_session(connection):
        for number in _sorted(inspector, backup.tables):
            kept = backup.tables[number]
            target = _Target(connection, inspector, kept)
            restored.append(target.put(backup.rows(number)))
    return restored


def _require(inspector: sa.Inspector, kept: Kept) -> None:
    if not inspector.has_table(kept.table, schema=kept.schema):
        raise LbackError(
            f"There is no table {kept.full_name} to put the rows back into.",
            "Bring it back first: `lback migrate`, or undo the reverting revision.",
        )
    present = {column["name"] for column in inspector.get_columns(kept.table, kept.schema)}
    lacking = [name for name in (*kept.keys, *kept.columns) if name not in present]
    if lacking:
        raise LbackError(
            f"The table {kept.full_name} has no column {lacking[0]} to put the values back into.",
            "Bring it back first: `lback migrate`, or undo the reverting revision.",
        )
    if not kept.keys and not kept.whole:
        raise LbackError(
            f"The table {kept.full_name} has no key, so that it is not known which row is which.",
            "The file holds the whole rows, one a line, for you to put back by hand (`zcat`).",
        )


def _sorted(inspector: sa.Inspector, tables: Sequence[Kept]) -> list[int]:
    """Return the numbers of the tables, those that others refer to first."""
    needs: dict[int, set[int]] = {}
    for number, kept in enumerate(tables):
        referred = {
            (key.get("referred_schema"), key["referred_table"])
            for key in inspector.get_foreign_keys(kept.table, kept.schema)
        }
        needs[number] = {
            other
            for other, table in enumerate(tables)
            if (table.schema, table.table) in referred and other != number
        }
    order: list[int] = []
    while len(order) < len(tables):
        ready = [n for n in needs if n not in order and needs[n] <= set(order)]
        order.append(ready[0] if ready else next(n for n in needs if n not in order))
    return order


class _Target:
    """One table that gets its values back."""

    def __init__(self, connection: Connection, inspector: sa.Inspector, kept: Kept) -> None:
        self.connection = connection
        self.kept = kept
        self.types = (
            _postgres_types(connection, kept) if connection.dialect.name == "postgresql" else {}
        )
        columns = inspector.get_columns(kept.table, kept.schema)
        self.identity = any(column.get("identity") for column in columns)
        self.quote = connection.dialect.identifier_preparer.quote
        self.place = place(connection, kept)
        self.names = tuple(dict.fromkeys((*kept.keys, *kept.columns)))

    def put(self, rows: Iterable[list[Any]]) -> Restored:
        """Insert what is missing of a whole table; else update the columns of each row."""
        done = Restored(self.kept.full_name, self.kept.columns)
        for chunk in _chunks(rows):
            if self.kept.whole:
                self._insert(chunk, done)
            else:
                self._update(chunk, done)
        if self.kept.whole and self.connection.dialect.name == "postgresql":
            self._move_sequences()
        return done

    def _insert(self, chunk: list[list[Any]], done: Restored) -> None:
        known = self._known(chunk)
        keys = len(self.kept.keys)
        fresh = [row for row in chunk if not keys or _key(row[:keys]) not in known]
        done.present += len(chunk) - len(fresh)
        if not fresh:
            return
        names = ", ".join(self.quote(name) for name in self.names)
        marks = ", ".join(self._mark(name, n) for n, name in enumerate(self.names))
        special = ""
        if self.identity and self.connection.dialect.name == "postgresql":
            special = " OVERRIDING SYSTEM VALUE"
        statement = sa.text(f"INSERT INTO {self.place} ({names}){special} VALUES ({marks})")
        self.connection.execute(statement, [self._values(row) for row in fresh])
        done.rows += len(fresh)

    def _update(self, chunk: list[list[Any]], done: Restored) -> None:
        known = self._known(chunk)
        keys = len(self.kept.keys)
        there = [row for row in chunk if _key(row[:keys]) in known]
        done.missing += len(chunk) - len(there)
        if not there:
            return
        sets = ", ".join(
            f"{self.quote(name)} = {self._mark(name, keys + n)}"
            for n, name in enumerate(self.kept.columns)
        )
        wheres = " AND ".join(
            f"{self.quote(name)} = {self._mark(name, n)}" for n, name in enumerate(self.kept.keys)
        )
        statement = sa.text(f"UPDATE {self.place} SET {sets} WHERE {wheres}")
        self.connection.execute(statement, [self._values(row) for row in there])
        done.rows += len(there)

    def _known(self, chunk: list[list[Any]]) -> set[str]:
        """Return the keys of this chunk that the table has."""
        if not self.kept.keys:
            return set()
        text = self.connection.dialect.name == "postgresql"
        names = [
            f"CAST({self.quote(name)} AS text)" if text else self.quote(name)
            for name in self.kept.keys
        ]
        low, high = chunk[0], chunk[-1]
        first = self.kept.keys[0]
        # The rows of a file are sorted by key: a chunk lies between its ends.
        where = (
            f"{self.quote(first)} >= {self._mark(first, 0)} AND "
            f"{self.quote(first)} <= {self._mark(first, 1)}"
        )
        rows = self.connection.execute(
            sa.text(f"SELECT {', '.join(names)} FROM {self.place} WHERE {where}"),
            {"v0": low[0], "v1": high[0]},
        )
        return {_key(row) for row in rows}

    def _mark(self, name: str, number: int) -> str:
        type_ = self.types.get(name)
        return f"CAST(:v{number} AS {type_})" if type_ else f":v{number}"

    def _values(self, row: list[Any]) -> dict[str, Any]:
        return {f"v{number}": value for number, value in enumerate(row)}

    def _move_sequences(self) -> None:
        for name in self.names:
            sequence = self.connection.execute(
                sa.text("SELECT pg_get_serial_sequence(:table, :column)"),
                {"table": self.place, "column": name},
            ).scalar()
            if sequence:
                self.connection.execute(
                    sa.text(
                        f"SELECT setval(CAST(:sequence AS regclass), "
                        f"(SELECT max({self.quote(name)}) FROM {self.place}))"
                    ),
                    {"sequence": sequence},
                )


def _postgres_types(connection: Connection, kept: Kept) -> dict[str, str]:
    rows = connection.execute(
        sa.text(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = CAST(:place AS regclass) AND attnum > 0 AND NOT attisdropped"
        ),
        {"place": place(connection, kept)},
    )
    return {row[0]: row[1] for row in rows}


def _key(values: Sequence[Any]) -> str:
    return repr(tuple(values))


def _chunks(rows: Iterable[list[Any]]) -> Iterator[list[list[Any]]]:
    chunk: list[list[Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) >= _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _lines(path: Path) -> Iterator[Any]:
    with gzip.open(path, "rb") as file:
        for line in file:
            yield json.loads(line)
