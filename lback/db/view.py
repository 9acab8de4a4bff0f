"""One database while env.py has it open: where it stands, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.messages.listed import only_postgresql
from lback.core.naming import meant
from lback.core.rollback.stakes import DataLoss
from lback.db.events import Stamp
from lback.db.identity import real_schema
from lback.db.keeping.kept import Place, found, plain_session, referring
from lback.db.own_tables import is_projects, schemas
from lback.db.record.half import declare_undone, half_run, undo
from lback.db.record.reading import Recorded
from lback.db.record.table import RecordPlace

if TYPE_CHECKING:
    from lback.core.effects import Effect
    from lback.core.record.operations import HalfRun
    from lback.core.schema_diff import Schema

# Not those that somebody is building at this moment.
_INVALID = sa.text(
    "SELECT CAST(CAST(i.indexrelid AS regclass) AS text) FROM pg_index i"
    " JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'"
    " WHERE NOT i.indisvalid AND i.indexrelid NOT IN"
    " (SELECT index_relid FROM pg_stat_progress_create_index) ORDER BY 1"
)
_OF_STANDARD = "information_schema"
_DELETED = "SELECT schemaname, relname, n_tup_del FROM pg_stat_xact_user_tables"
_LOOKED_FOR = frozenset({"table", "column", "index"})


def _stay_open() -> None:
    """Leave the transaction to whoever began it."""


_TABLES = sa.text(
    "SELECT DISTINCT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema'"
    " AND n.nspname NOT LIKE 'pg\\_%'"
)


class View:
    """Answers from a connection that is open anyway; it is good for nothing afterwards.

    `options` are those of env.py's configure(), where they and the `arguments` of its
    run_migrations() are all that it did. `place` tells where the record is. `commit` keeps what was
    written, where that is not in the transaction of a step. `at_work` says who has the lock, where
    this only looks; nobody: "".
    """

    def __init__(
        self,
        stamp: Stamp,
        connection: Connection,
        options: dict[str, Any] | None = None,
        arguments: Mapping[str, Any] = MappingProxyType({}),
        place: Callable[[], RecordPlace] | None = None,
        commit: Callable[[], None] = _stay_open,
        at_work: Callable[[], str] = str,
    ) -> None:
        self._place = place
        self.stamp = stamp
        self.connection = connection
        self.options = options
        self.arguments = arguments
        self.commit = commit
        self.at_work = at_work

    @cached_property
    def record(self) -> Recorded:
        """Return lback's own record of what ran here."""
        return Recorded(self.connection, self.place)

    @cached_property
    def half(self) -> HalfRun | None:
        """Return the step that has begun here and not ended, and was kept by no transaction."""
        return half_run(self.connection, self.place, self.at_work, self.record)

    @cached_property
    def place(self) -> RecordPlace:
        """Return where the record is."""
        return self._place() if self._place else RecordPlace(None, self.stamp.database.table)

    def undo(self, half: HalfRun, *, rows_go: bool, tell: Callable[[str], None]) -> None:
        """Take back what ran of a step that was cut off; LbackError where that cannot be."""
        undo(self.connection, self.place, half, rows_go=rows_go, tell=tell)
        self._read_again()

    def declare_undone(self, half: HalfRun) -> None:
        """Write down that somebody has taken back what ran of a step that was cut off."""
        declare_undone(self.connection, self.place, half)
        self._read_again()

    def _read_again(self) -> None:
        for name in ("record", "half"):
            self.__dict__.pop(name, None)

    def texts(self, revisions: Sequence[str]) -> dict[str, bytes]:
        """Return the text that each recorded revision's upgrade() was run from."""
        return self.record.texts(revisions) if revisions else {}

    def invalid_indexes(self) -> tuple[str, ...]:
        """Return the indexes that a failed CREATE INDEX CONCURRENTLY has left."""
        if self.stamp.dialect != "postgresql":
            return ()
        return tuple(self.connection.scalars(_INVALID))

    def rows(self, places: Sequence[Place]) -> dict[Place, int]:
        """Count the rows of tables, or the values of columns that are not NULL.

        A place that is not in the database is left out.
        """
        if not places:
            return {}
        inspector = sa.inspect(self.connection)
        with plain_session(self.connection):
            counts = {place: _count(self.connection, inspector, *place) for place in places}
        return {place: rows for place, rows in counts.items() if rows is not None}

    def along(self, kept: Sequence[Place], lost: Sequence[Place]) -> list[DataLoss]:
        """Count what keys with ON DELETE take along from other tables, or empty there, at most."""
        keys = referring(self.connection, kept, lost)
        rows = self.rows([(key.table, key.columns[0]) for key in keys])
        counted = [(key, rows.get((key.table, key.columns[0]))) for key in keys]
        return [
            DataLoss(key.table, None if key.go else key.columns[0], number, key.to)
            for key, number in counted
            if number
        ]

    def traces(self, effects: Iterable[Effect]) -> bool | None:
        """Tell whether all (True) or none (False) of what effects make and drop is so.

        None where some of it is and some is not, and where nothing can be looked for.
        """
        inspector = sa.inspect(self.connection)
        seen = {
            _is_there(self.connection, inspector, effect) == (effect.kind == "create")
            for effect in effects
            if _can_be_seen(effect)
        }
        return seen.pop() if len(seen) == 1 else None

    def has_tables(self) -> bool:
        """Tell whether there is any table of the project's."""
        if self.stamp.dialect == "postgresql":  # where there may be thousands, in many schemas
            names: Iterable[str] = self.connection.execute(_TABLES).scalars()
        else:
            inspector = sa.inspect(self.connection)
            names = inspector.get_table_names()
        return any(is_projects(name) and name != self.stamp.database.table for name in names)

    def table_names(self) -> list[str]:
        """Return the names of the project's tables, with the schema where that is another."""
        inspector = sa.inspect(self.connection)
        return [
            name if place in (None, inspector.default_schema_name) else f"{place}.{name}"
            for place in schemas(self.connection, inspector)
            for name in inspector.get_table_names(place)
            if is_projects(name) and name != self.stamp.database.table
        ]

    def schemas(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """Return the schemas of a PostgreSQL database that fit a pattern, sorted."""
        if self.stamp.dialect != "postgresql":
            raise only_postgresql(self.stamp.dialect)
        names = self.connection.execute(sa.text("SELECT nspname FROM pg_namespace")).scalars()
        own = [name for name in names if not name.startswith("pg_") and name != _OF_STANDARD]
        return tuple(
            sorted(name for name in own if any(fnmatchcase(name, glob) for glob in patterns))
        )

    def columns(self, tables: Iterable[str]) -> dict[str, frozenset[str]]:
        """Return, for those of these tables that are there, the names of columns in one case."""
        inspector = sa.inspect(self.connection)
        current = None
        if self.stamp.dialect == "postgresql":
            current = self.connection.execute(sa.text("SELECT current_schema()")).scalar()
        wanted: dict[str | None, dict[str, list[str]]] = {}
        for table in tables:
            named, _, name = table.rpartition(".")
            schema = real_schema(self.connection, named or None) or current
            wanted.setdefault(schema, {}).setdefault(name, []).append(table)
        found: dict[str, frozenset[str]] = {}
        for schema, names in wanted.items():
            there = [name for name in inspector.get_table_names(schema) if name in names]
            many = inspector.get_multi_columns(schema, filter_names=there) if there else {}
            for (_, name), rows in many.items():
                columns = frozenset(row["name"].casefold() for row in rows)
                found.update(dict.fromkeys(names.get(name, ()), columns))
        return found

    def tables(self) -> Schema:
        """Return all tables as they are."""
        from lback.db.schema import read_tables

        return read_tables(self.connection)

    def listed(self, table: str) -> str:
        """Return the name under which `tables` has a table of the texts."""
        named, _, name = table.rpartition(".")
        inspector = sa.inspect(self.connection)
        schema = real_schema(self.connection, named or None)
        if schema is None and self.stamp.dialect == "postgresql":
            schema = self.connection.exec_driver_sql("SELECT current_schema()").scalar()
        return name if schema in (None, inspector.default_schema_name) else f"{schema}.{name}"

    def deletions(self, tables: Iterable[str]) -> dict[str, int]:
        """Return, for tables by the names that `tables` has, a number that grows with each row
        that goes: on PostgreSQL those that this transaction deletes, as others write meanwhile.
        """
        names = tuple(tables)
        if self.stamp.dialect == "postgresql":
            plain = sa.inspect(self.connection).default_schema_name
            rows = self.connection.exec_driver_sql(_DELETED).fetchall()
            gone = {(name if at == plain else f"{at}.{name}"): number for at, name, number in rows}
            return {name: int(gone.get(name, 0)) for name in names}
        return {name: -rows for (name, _), rows in self.rows([(n, None) for n in names]).items()}

    def is_untouched(self, revision: str, before: Schema | None) -> bool:
        """Tell whether nothing of a revision is in the database: no stamp, and no other tables."""
        if revision in self.stamp.revisions:
            return False
        return before is None or self.tables() == before


def _count(
    connection: Connection, inspector: sa.Inspector, table: str, column: str | None
) -> int | None:
    counts: list[int] = []
    for name, schema in found(connection, inspector, table):
        target = sa.table(name, schema=schema)
        names = [row["name"] for row in inspector.get_columns(name, schema)] if column else []
        every: list[Any] = [sa.func.count(sa.column(each)) for each in meant(column or "", names)]
        for counted in every if column else [sa.func.count()]:
            query = sa.select(counted).select_from(target)
            counts.append(int(connection.execute(query).scalar_one()))
    return sum(counts) if counts else None


def _can_be_seen(effect: Effect) -> bool:
    named = effect.table is not None and (effect.object == "table" or effect.name is not None)
    plain = effect.certain and effect.dialect is None
    return effect.kind in ("create", "drop") and effect.object in _LOOKED_FOR and named and plain


def _is_there(connection: Connection, inspector: Any, effect: Effect) -> bool:
    named, _, table = (effect.table or "").rpartition(".")
    schema = real_schema(connection, named or None)
    if not inspector.has_table(table, schema=schema):
        return False
    if effect.object == "table":
        return True
    ask = inspector.get_columns if effect.object == "column" else inspector.get_indexes
    return any(row["name"] == effect.name for row in ask(table, schema=schema))
