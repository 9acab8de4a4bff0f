"""What went down with a branch, kept in the database itself until the branch comes again.

A row of `lback_saved` lists the tables of one saving; each has a table `lback_saved_N_M` with the
rows as they were. The list is written last and removed first: a table that no row names is
what a kill has left, and is dropped by the next saving.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Connection

from lback.db.identity import real_schema
from lback.db.keeping.kept import Kept, hold, plain_session, sequences_of, wanted
from lback.db.keeping.row_sql import MYSQL, Shape, count, placed, quoted, run
from lback.db.own_tables import SAVED_TABLE, is_own

if TYPE_CHECKING:
    from lback.core.databases import DatabaseName

State = Literal["begun", "saved", "left"]
_BYTES = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


@dataclass(slots=True)
class SavedTable:
    """One table's rows in `source`; `after` is the table with what was there afterwards.

    `lost` are the columns that went by the text of the way down, None where the table did.
    """

    kept: Kept
    source: str
    lost: tuple[str, ...] | None
    rows: int
    after: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return what `lback_saved` holds of it."""
        lost = None if self.lost is None else list(self.lost)
        own = {"source": self.source, "lost": lost, "rows": self.rows, "after": self.after}
        return {**self.kept.as_dict(), **own}

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> SavedTable:
        """Return what `as_dict` was made of."""
        lost = None if row["lost"] is None else tuple(row["lost"])
        return cls(Kept.read(row), row["source"], lost, row["rows"], row["after"])


@dataclass(slots=True)
class Saving:
    """One saving; `revisions` are what went down and is still away, with the blobs of their files.

    `begun`: the way down may have been cut off. `left`: it came back but for these rows, which
    only a person puts back.
    """

    number: int
    revisions: dict[str, str]
    tables: list[SavedTable] = field(default_factory=list)
    state: State = "begun"
    created: str = ""

    @property
    def rows(self) -> int:
        """Return the number of rows that are saved."""
        return sum(table.rows for table in self.tables)


@lru_cache(maxsize=64)
def _list_in(schema: str | None) -> sa.Table:
    """Return the table of savings in a schema, made once for many databases."""
    return sa.Table(
        SAVED_TABLE,
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("stamped_in", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("revisions", _BYTES, nullable=False),
        sa.Column("tables", _BYTES, nullable=False),
        schema=schema,
    )


class SavedRows:
    """The savings of one database: its connection, and where lback's own tables are."""

    def __init__(self, connection: Connection, database: DatabaseName) -> None:
        self.connection = connection
        schema = database.table.rpartition(".")[0] or None
        self.schema = real_schema(connection, schema)
        self.stamped_in = f"{database.schema}|{database.table}"
        self.list = _list_in(schema)

    def all(self) -> list[Saving]:
        """Return the savings, the newest first."""
        if not sa.inspect(self.connection).has_table(SAVED_TABLE, schema=self.schema):
            return []
        own = self.list.c.stamped_in == self.stamped_in
        rows = self.connection.execute(
            sa.select(self.list).where(own).order_by(self.list.c.id.desc())
        )
        return [
            Saving(
                row.id,
                json.loads(row.revisions),
                [SavedTable.read(table) for table in json.loads(row.tables)],
                row.state,
                row.created,
            )
            for row in rows
        ]

    def save(
        self,
        places: Sequence[tuple[str, str | None]],
        lost: Iterable[tuple[str, str | None]],
        revisions: Mapping[str, str],
    ) -> Saving | None:
        """Copy what is at these places; return None where there is nothing."""
        lost = tuple(lost)
        tables = wanted(self.connection, places, dropped=lost)
        if not tables:
            return None
        gone = {(kept.table, kept.schema): kept for kept in wanted(self.connection, lost)}
        self._sweep()
        saving = Saving(self.next(), dict(revisions))
        saving.created = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
        with plain_session(self.connection):
            for kept in tables:
                hold(self.connection, kept)
            for position, kept in enumerate(tables):
                known = replace(kept, sequences=sequences_of(self.connection, kept))
                source = f"{SAVED_TABLE}_{saving.number}_{position}"
                rows = self._copy(known, source)
                if not rows:
                    self._drop(source)
                    continue
                going = gone.get((kept.table, kept.schema))
                columns = () if going is None else None if going.whole else going.columns
                saving.tables.append(SavedTable(known, source, columns, rows))
        if not saving.tables:
            return None
        self.note(saving)
        return saving

    def new_source(self, position: int) -> str:
        """Return a name for a table of rows that come from elsewhere, and lie here for a while."""
        return f"{SAVED_TABLE}_0_{position}"

    def place(self, source: str) -> str:
        """Return the quoted name of a table with saved rows."""
        return placed(self.connection, source, self.schema)

    def note(self, saving: Saving) -> None:
        """Write a saving to the list, or what has become of it."""
        self.list.create(self.connection, checkfirst=True)
        self.connection.execute(self.list.delete().where(self.list.c.id == saving.number))
        row = {
            "id": saving.number,
            "stamped_in": self.stamped_in,
            "state": saving.state,
            "created": saving.created,
            "revisions": json.dumps(saving.revisions),
            "tables": json.dumps([table.as_dict() for table in saving.tables]),
        }
        self.connection.execute(self.list.insert(), row)

    def forget(self, saving: Saving) -> None:
        """Take a saving off the list; `drop` then frees its room."""
        self.connection.execute(self.list.delete().where(self.list.c.id == saving.number))

    def drop(self, tables: Iterable[SavedTable]) -> None:
        """Drop the tables that hold saved rows."""
        for table in tables:
            self._drop(table.source)
            if table.after:
                self._drop(table.after)

    def _drop(self, name: str) -> None:
        run(self.connection, f"DROP TABLE IF EXISTS {self.place(name)}")

    def _sweep(self) -> None:
        """Drop what a kill has left behind: tables of savings that no list has."""
        inspector = sa.inspect(self.connection)
        names = {name for name in inspector.get_table_names(self.schema) if is_own(name)}
        if SAVED_TABLE not in names:
            listed: set[str] = set()
        else:
            rows = self.connection.execute(sa.select(self.list.c.tables)).scalars()
            tables = [table for row in rows for table in json.loads(row)]
            listed = {name for table in tables for name in (table["source"], table["after"])}
        for name in names - listed:
            if name.startswith(f"{SAVED_TABLE}_"):
                self._drop(name)

    # -- copies --------------------------------------------------------------------------

    def _copy(self, kept: Kept, source: str) -> int:
        """Copy a table's rows within the database; return their number."""
        shape = Shape(self.connection, kept.table, kept.schema)
        columns = ", ".join(shape.copied(name) for name in kept.names)
        place = self.place(source)
        self.make_empty(shape, kept.names, source)
        run(self.connection, f"INSERT INTO {place} SELECT {columns} FROM {shape.place}")
        self._index(kept.keys, source)
        return count(self.connection, f"SELECT count(*) FROM {place}")

    def copy_left(self, table: SavedTable, number: int, position: int) -> SavedTable:
        """Copy the saved rows of a table for another saving."""
        source = f"{SAVED_TABLE}_{number}_{position}"
        rows = f"SELECT * FROM {self.place(table.source)}"
        run(self.connection, f"CREATE TABLE {self.place(source)} AS {rows}")
        return replace(table, source=source, after="")

    def next(self) -> int:
        """Return the number that the next saving has."""
        known = sa.inspect(self.connection).has_table(SAVED_TABLE, schema=self.schema)
        last = (
            self.connection.execute(sa.select(sa.func.max(self.list.c.id))).scalar()
            if known
            else None
        )
        return int(last or 0) + 1

    def make_room(self, kept: Kept, source: str) -> None:
        """Make an empty table for rows of a file, which holds texts on PostgreSQL."""
        self._drop(source)
        if self.connection.dialect.name == "postgresql":
            columns = ", ".join(f"{quoted(self.connection, name)} text" for name in kept.names)
            run(self.connection, f"CREATE TABLE {self.place(source)} ({columns})")
        else:
            shape = Shape(self.connection, kept.table, kept.schema)
            self.make_empty(shape, kept.names, source)
        self._index(kept.keys, source)

    def drop_sources(self, sources: Iterable[str]) -> None:
        """Drop tables by their names."""
        for source in sources:
            self._drop(source)

    def make_empty(self, shape: Shape, names: Sequence[str], source: str) -> None:
        """Make a table for the values of some columns, of which each may be NULL."""
        columns = ", ".join(shape.copied(name) for name in names)
        place = self.place(source)
        # As the far side of a join no column is required, and none has a default of zeros.
        rows = f"(SELECT 1 AS lback_one) one LEFT JOIN {shape.place} t ON 1 = 0"
        run(self.connection, f"CREATE TABLE {place} AS SELECT {columns} FROM {rows} WHERE 1 = 0")

    def copy_after(self, table: SavedTable, *, noting: bool, all_stay: bool = False) -> None:
        """Drop those saved rows that are there as saved; `noting`: note what else is there.

        `all_stay`: none is dropped, for what is to come may still change those that are there.
        """
        kept, shape = table.kept, Shape(self.connection, table.kept.table, table.kept.schema)
        stays = tuple(
            name for name in kept.columns if name in shape.stored and name not in (table.lost or ())
        )
        findable = kept.keys and all(key in shape.columns for key in kept.keys)
        if not findable or not (stays or (kept.whole and table.lost is not None)):
            return
        saved = f"{self.place(table.source)} s"
        come = f"EXISTS (SELECT 1 FROM {saved} WHERE {shape.keyed(kept.keys)})"
        others = count(self.connection, f"SELECT count(*) FROM {shape.place} t WHERE NOT {come}")
        if stays == kept.columns and not all_stay:
            same = f"{shape.keyed(kept.keys)} AND {shape.all_same(stays)}"
            self._delete(saved, f"EXISTS (SELECT 1 FROM {shape.place} t WHERE {same})")
        table.rows = count(self.connection, f"SELECT count(*) FROM {saved}")
        if not noting or not table.rows:
            return
        table.after = f"{table.source}_after"
        self._drop(table.after)
        there = ", ".join(shape.copied(name, "t") for name in stays)
        here = f"CASE WHEN {shape.name(kept.keys[0], 't')} IS NULL THEN 0 ELSE 1 END"
        run(
            self.connection,
            f"CREATE TABLE {self.place(table.after)} AS SELECT {shape.names(kept.keys, 's')}, "
            f"{there + ', ' if there else ''}{here} AS lback_here "
            f"FROM {saved} LEFT JOIN {shape.place} t ON {shape.keyed(kept.keys)}",
        )
        if others:
            # What is gone may be there under another key: nobody puts it back unasked.
            self._delete(f"{self.place(table.after)} a", "a.lback_here = 0")
        self._index(kept.keys, table.after)

    def drop_present(self, table: SavedTable) -> None:
        """Drop those saved rows that are there as saved, so that later changes of them stay."""
        kept, shape = table.kept, Shape(self.connection, table.kept.table, table.kept.schema)
        known = kept.keys and shape.columns.keys() >= {*kept.keys, *kept.columns}
        if not known:
            return
        same = f"{shape.keyed(kept.keys)} AND {shape.all_same(kept.columns)}"
        saved = f"{self.place(table.source)} s"
        self._delete(saved, f"EXISTS (SELECT 1 FROM {shape.place} t WHERE {same})")
        table.rows = count(self.connection, f"SELECT count(*) FROM {saved}")

    def make_after(self, table: SavedTable) -> str:
        """Make room for a note of what steps make of a table that is yet to come."""
        source, name = self.place(table.source), f"{table.source}_after"
        names = ", ".join(quoted(self.connection, one) for one in table.kept.names)
        self._drop(name)
        rows = f"SELECT {names}, 0 AS lback_here FROM {source} WHERE 1 = 0"
        run(self.connection, f"CREATE TABLE {self.place(name)} AS {rows}")
        self._index(table.kept.keys, name)
        return name

    def note_made(self, table: SavedTable, name: str) -> SavedTable | None:
        """Note what a step has made of a table, as `copy_after` does; None where it is away."""
        kept, shape = table.kept, Shape(self.connection, table.kept.table, table.kept.schema)
        if not shape.there or not all(key in shape.columns for key in kept.keys):
            return None
        made = [column for column in kept.columns if column in shape.stored]
        values = ", ".join(["", *(shape.copied(column, "t") for column in made)])
        here = f"CASE WHEN {shape.name(kept.keys[0], 't')} IS NULL THEN 0 ELSE 1 END"
        run(self.connection, f"DELETE FROM {self.place(name)}")
        run(
            self.connection,
            f"INSERT INTO {self.place(name)} ({shape.names((*kept.keys, *made))}, lback_here) "
            f"SELECT {shape.names(kept.keys, 's')}{values}, {here} FROM "
            f"{self.place(table.source)} s LEFT JOIN {shape.place} t ON {shape.keyed(kept.keys)}",
        )
        away = tuple(column for column in kept.columns if column not in shape.columns)
        return replace(table, lost=away, after=name)

    def leave_touched(self, table: SavedTable) -> None:
        """Take out of the note of what was there afterwards each row that has changed since."""
        shape = Shape(self.connection, table.kept.table, table.kept.schema)
        keys = table.kept.keys
        if not table.after or not shape.there:
            return
        stays = tuple(
            name
            for name in table.kept.columns
            if name in shape.stored and name not in (table.lost or ())
        )
        there = f"EXISTS (SELECT 1 FROM {shape.place} t WHERE {shape.keyed(keys, 't', 'a')}"
        same = f"{there} AND {shape.all_same(stays, 't', 'a')})"
        self._delete(
            f"{self.place(table.after)} a",
            f"(a.lback_here = 1 AND NOT {same}) OR (a.lback_here = 0 AND {there}))",
        )

    def _delete(self, rows: str, where: str) -> None:
        place, alias = rows.rsplit(" ", 1)
        before = f"{alias} " if self.connection.dialect.name in MYSQL else ""
        run(self.connection, f"DELETE {before}FROM {place} AS {alias} WHERE {where}")

    def _index(self, keys: Sequence[str], source: str) -> None:
        """Let rows be found by their key: a server without hash joins would go through all."""
        if not keys or self.connection.dialect.name == "postgresql":
            return
        columns = ", ".join(quoted(self.connection, key) for key in keys)
        if self.connection.dialect.name in MYSQL:
            # A key that is too long for an index is found without one.
            with contextlib.suppress(sa.exc.DBAPIError):
                run(self.connection, f"ALTER TABLE {self.place(source)} ADD INDEX ({columns})")
            return
        index = placed(self.connection, f"ix_{source}", self.schema)
        at = quoted(self.connection, source)
        run(self.connection, f"CREATE INDEX {index} ON {at} ({columns})")
