"""Puts a backup's values back into the database."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.databases import DatabaseName
from lback.core.lossless import decode
from lback.db.alembic_compat import is_outside
from lback.db.command_lines import LOOK
from lback.db.events import OnEvent, Stamp, ignore
from lback.db.keeping.backup import FORMAT
from lback.db.keeping.keeper import Keeper, leave, put_back_saving
from lback.db.keeping.kept import Kept, plain_session
from lback.db.keeping.putting_back import PuttingBack, Restored, put_back_all
from lback.db.keeping.row_sql import quoted, run
from lback.db.keeping.saved import SavedRows, Saving
from lback.db.locking.locks import Locks
from lback.db.record.table import place_of
from lback.db.runner import explained
from lback.db.view import View
from lback.errors import LbackError, UsageError

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

    from lback.db.runner import Database
    from lback.db.session import WatchedEnvironment

_CHUNK = 1000


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
    tables = tuple(Kept.read(row) for row in head["tables"])
    rows = tuple(counts.get(number, 0) for number in range(len(tables)))
    if list(rows) != end["rows"]:
        raise UsageError(f"{path} lacks rows that it says it has.", "Look for another copy of it.")
    return Backup(path, head, tables, rows)


def head_of(path: Path) -> dict[str, Any] | None:
    """Return what the first line of a file says, None where it is no backup."""
    with suppress(OSError, EOFError, ValueError, zlib.error):
        head = next(_lines(path), None)
        if isinstance(head, dict) and "lback-backup" in head:
            return head
    return None


def restore(
    database: Database,
    backup: Backup,
    lock_timeout: float | None = None,
    on_event: OnEvent = ignore,
    *,
    overwrite: bool = False,
) -> tuple[Restored, ...]:
    """Put all values back, in one transaction; LbackError where a table or column is not there.

    Newer values stay, unless `overwrite` says so. Of several databases only the one that the
    rows were saved from is written to.
    """
    target = _origin(database, backup)

    def put_back(rows: SavedRows) -> tuple[Restored, ...]:
        return _restore(rows, backup, overwrite=overwrite)

    return _on(database, target, put_back, lock_timeout, on_event)


def savings(database: Database) -> tuple[tuple[DatabaseName, Saving], ...]:
    """Return what is saved in the databases themselves, the newest first."""
    answers = database.look(
        lambda view: (
            view.stamp.database,
            SavedRows(view.connection, view.stamp.database).all(),
        )
    )
    return tuple((name, saving) for name, known in answers for saving in known)


def restore_saving(
    database: Database,
    at: DatabaseName,
    number: int,
    lock_timeout: float | None = None,
    on_event: OnEvent = ignore,
    *,
    overwrite: bool = False,
    drop: bool = False,
) -> tuple[Restored, ...]:
    """Put back what a database keeps in itself, into what is there; or `drop` it unread."""

    def work(rows: SavedRows) -> tuple[Restored, ...]:
        saving = next((each for each in rows.all() if each.number == number), None)
        if saving is None:
            return ()
        if drop:
            rows.forget(saving)
            rows.drop(saving.tables)
            return ()
        done = put_back_saving(rows.connection, rows, saving, {}, overwrite=overwrite, asking=False)
        if not any(result.leaves_rows for result in done):
            rows.forget(saving)
            rows.drop(saving.tables)
        elif saving.state == "left":
            leave(rows, saving)
        return done

    return _on(database, at, work, lock_timeout, on_event)


def settle(
    database: Database,
    keeper: Keeper,
    lock_timeout: float | None = None,
    on_event: OnEvent = ignore,
) -> None:
    """Let a keeper finish what earlier runs were cut off at, under the locks."""

    def work(stamp: Any, context: MigrationContext) -> Sequence[Any]:
        connection = context.connection
        environment = cast("WatchedEnvironment", context.environment_context)
        if connection is not None:
            name = environment.database
            commit = _committing(context)
            at = Stamp(tuple(sorted(stamp)), name.url, context.dialect.name, name)
            place = partial(place_of, context, connection)
            view = View(at, connection, place=place, commit=commit)
            keeper.settle(view)
            commit()
            keeper.tidy(view)
        return ()

    locks = Locks(lock_timeout, on_event, database.command)
    with database.opened(LOOK) as session, explained(session.at):
        session.run_env(work, locks=locks)


def _committing(context: MigrationContext) -> Callable[[], None]:
    """Return what commits where begin_transaction() of env.py begins none, and commits none."""
    connection = cast("Connection", context.connection)
    own = not context.impl.transactional_ddl and not is_outside(context)
    return connection.commit if own else (lambda: None)


def _on(
    database: Database,
    target: DatabaseName,
    put_back: Callable[[SavedRows], tuple[Restored, ...]],
    lock_timeout: float | None,
    on_event: OnEvent,
) -> tuple[Restored, ...]:
    """Do something with one database's saved rows, under its lock."""
    done: list[Restored] = []

    def work(_stamp: Any, context: MigrationContext) -> Sequence[Any]:
        connection = context.connection
        environment = cast("WatchedEnvironment", context.environment_context)
        if connection is not None and environment.database.key == target.key:
            done[:] = put_back(SavedRows(connection, environment.database))
            _committing(context)()
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


def _restore(rows: SavedRows, backup: Backup, *, overwrite: bool) -> tuple[Restored, ...]:
    """Let a file's rows lie in the database for a while, and compare them there."""
    connection = rows.connection
    if connection.dialect.name != backup.head["dialect"]:
        raise LbackError(
            f"{backup.path} is of a {backup.head['dialect']} database, and this is "
            f"{connection.dialect.name}.",
            "Restore it where it came from.",
        )
    for kept in backup.tables:
        _require(sa.inspect(connection), kept)
    sources = [rows.new_source(number) for number in range(len(backup.tables))]
    try:
        with plain_session(connection):
            for kept, source in zip(backup.tables, sources, strict=True):
                rows.make_room(kept, source)
            _fill(connection, backup, [rows.place(source) for source in sources])
            ways = [
                PuttingBack(connection, kept, rows.place(source), overwrite=overwrite)
                for kept, source in zip(backup.tables, sources, strict=True)
            ]
            return put_back_all(ways)
    finally:
        with suppress(sa.exc.DBAPIError):
            rows.drop_sources(sources)


def _fill(connection: Connection, backup: Backup, places: Sequence[str]) -> None:
    """Insert the rows of a file, some at a time."""
    for number, chunk in _chunks(backup):
        kept = backup.tables[number]
        names = ", ".join(quoted(connection, name) for name in kept.names)
        marks = ", ".join(f":v{position}" for position in range(len(kept.names)))
        run(
            connection,
            f"INSERT INTO {places[number]} ({names}) VALUES ({marks})",
            [{f"v{position}": value for position, value in enumerate(row)} for row in chunk],
        )


def _require(inspector: sa.Inspector, kept: Kept) -> None:
    if not inspector.has_table(kept.table, schema=kept.schema):
        raise LbackError(
            f"There is no table {kept.full_name} to put the rows back into.",
            "Bring it back first: `lback migrate`, or undo the reverting revision.",
        )
    present = {column["name"] for column in inspector.get_columns(kept.table, kept.schema)}
    lacking = [name for name in kept.names if name not in present]
    if lacking:
        raise LbackError(
            f"The table {kept.full_name} has no column {lacking[0]} to put the values back into.",
            "Bring it back first: `lback migrate`, or undo the reverting revision.",
        )
    if not kept.keys and not kept.whole and not kept.match:
        raise LbackError(
            f"The table {kept.full_name} has no key, so that it is not known which row is which.",
            "The file holds the whole rows, one a line, for you to put back by hand (`zcat`).",
        )


def _chunks(backup: Backup) -> Iterator[tuple[int, list[list[Any]]]]:
    """Yield the rows of a file in pieces of one table each."""
    chunk: list[list[Any]] = []
    at = 0
    for row in _lines(backup.path):
        if not isinstance(row, list):
            continue
        if chunk and (row[0] != at or len(chunk) >= _CHUNK):
            yield at, chunk
            chunk = []
        at = row[0]
        chunk.append([decode(value) for value in row[1:]])
    if chunk:
        yield at, chunk


def _lines(path: Path) -> Iterator[Any]:
    with gzip.open(path, "rb") as file:
        for line in file:
            yield json.loads(line)
