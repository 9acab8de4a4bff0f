"""How the things of a database of PostgreSQL are made: as its catalog says, and by Alembic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from lback.core.altering.made import Key, Source, Spelling, quoted, text
from lback.core.schema_diff import Schema
from lback.db.alembic_compat import copy_column
from lback.db.definitions.postgresql import definitions

_NAMES = """
    SELECT n.nspname, c.relname, CAST(CAST(c.oid AS regclass) AS text), c.relkind,
    CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
    CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
    (SELECT CAST(CAST(i.inhparent AS regclass) AS text) FROM pg_inherits i
     WHERE i.inhrelid = c.oid AND c.relispartition), obj_description(c.oid, 'pg_class')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')
"""
_TYPES = """
    SELECT n.nspname, t.typname, CAST(CAST(t.oid AS regtype) AS text)
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e'
"""
_BY_HAND = ("-- a domain that columns have cannot be made anew: alter it by hand",)


class _Written(list[str]):
    """The statements that Alembic writes to it, a call for each."""

    def write(self, sql: str) -> None:
        """Take a statement."""
        self.append(sql.strip().removesuffix(";"))

    def flush(self) -> None:
        """Do nothing: all is there."""


def source(connection: Connection, schema: Schema, home: str | None = None) -> Source:
    """Return how all of a database is made, or of one schema of it."""
    default = home or sa.inspect(connection).default_schema_name

    def shown(place: str, name: str) -> str:
        return name if place in ("", default) else f"{place}.{name}"

    things: dict[Key, Spelling] = {}
    for one in definitions(connection):
        key: Key = one.kind, None, shown(one.place, one.name)
        if one.table:
            key = one.kind, shown(one.place, one.table), one.name
        things[key] = Spelling(one.make, one.drop, _changed(one.kind, one.make))
    meant = {row[:2] for row in _names(connection) if home in (None, row[0])}
    tables = _reflected(connection, {tuple(pair) for pair in meant}, home)
    places = {}
    for place, name, said, _, key, bound, parent, comment in _names(connection):
        full = shown(place, name)
        if full in schema.tables and (place, name) in tables:
            places[full] = said
            things |= _table(connection, tables[place, name], full, said, (key, bound, parent))
            told = (f"COMMENT ON TABLE {said} IS {text(comment or '')}",)
            things["comment", full, ""] = Spelling(
                told, (f"COMMENT ON TABLE {said} IS NULL",), told
            )
    for place, name, said in connection.execute(sa.text(_TYPES)):
        places[shown(place, name)] = said
    return Source(things, places)


def _names(connection: Connection) -> list[Any]:
    return [
        row
        for row in connection.execute(sa.text(_NAMES))
        if not row[0].startswith("pg_") and row[0] != "information_schema"
    ]


def _changed(kind: str, made: tuple[str, ...]) -> tuple[str, ...]:
    """Return what makes a thing of another one of its name, where that is not drop and make."""
    if kind == "function":
        return made
    if kind == "sequence":
        start, words = made[0].split(" AS ", 1)
        return (f"{start.replace('CREATE', 'ALTER', 1)} AS {words}",)
    return _BY_HAND if kind == "domain" else ()


def _reflected(
    connection: Connection, names: set[tuple[str, str]], home: str | None
) -> dict[tuple[str, str], sa.Table]:
    """Return tables as SQLAlchemy makes them again, with SERIAL where a column was made by it."""
    found: dict[tuple[str, str], sa.Table] = {}
    default = sa.inspect(connection).default_schema_name
    impl: Any = MigrationContext.configure(connection).impl
    for place in sorted({place for place, _ in names}):
        metadata = sa.MetaData()

        def seen(inspector: Any, table: Any, column: Any) -> None:
            impl.autogen_column_reflect(inspector, table, column)

        sa.event.listen(metadata, "column_reflect", seen)
        own = [name for at, name in names if at == place]
        schema = None if place == default else place
        metadata.reflect(connection, schema, only=own, resolve_fks=False)
        for table in metadata.tables.values():
            if place == home:
                table.schema = None
            found[place, table.name] = table
    return found


def _table(
    connection: Connection, table: sa.Table, full: str, place: str, parted: tuple[Any, ...]
) -> Iterator[tuple[Key, Spelling]]:
    """Yield a table with its primary key, and each column; keys and indexes are apart."""
    parting, bound, parent = parted
    columns = [_alone(column) for column in table.columns]
    key: Any = table.primary_key
    keys = [sa.PrimaryKeyConstraint(*key.columns.keys(), name=key.name)] if key.columns else []
    made = _written(
        connection, ops.CreateTableOp(table.name, [*columns, *keys], schema=table.schema)
    )
    if parent is not None:
        below = f" PARTITION BY {parting}" if parting is not None else ""
        made = (f"CREATE TABLE {place} PARTITION OF {parent} {bound}{below}",)
    elif parting is not None:
        made = (f"{made[0]} PARTITION BY {parting}", *made[1:])
    yield ("table", None, full), Spelling(made, (f"DROP TABLE {place}",))
    for column in table.columns:
        added = ops.AddColumnOp(table.name, _alone(column), schema=table.schema)
        drop = f"ALTER TABLE {place} DROP COLUMN {quoted(column.name)}"
        made = _written(connection, added)
        yield ("column", full, column.name), Spelling(made, (drop,))
        if column.identity is not None:
            start = f"ALTER TABLE {place} ALTER COLUMN {quoted(column.name)}"
            words = made[0][made[0].index(" GENERATED ") + 1 :].removesuffix(" NOT NULL")
            yield ("identity", full, column.name), Spelling((f"{start} ADD {words}",))


def _alone(column: sa.Column[Any]) -> sa.Column[Any]:
    """Return a copy of a column whose type is there already."""
    copied: sa.Column[Any] = copy_column(column)
    kind: Any = copied.type
    while isinstance(kind, sa.ARRAY):
        kind = kind.item_type
    if isinstance(kind, postgresql.ENUM | postgresql.DOMAIN):
        kind.create_type = False
    return copied


def _written(connection: Connection, operation: ops.MigrateOperation) -> tuple[str, ...]:
    written = _Written()
    offline = MigrationContext.configure(
        dialect=connection.dialect,
        opts={"as_sql": True, "output_buffer": written, "literal_binds": True},
    )
    Operations(offline).invoke(operation)
    return tuple(written)
