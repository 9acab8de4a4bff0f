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

_NAMES = """
    SELECT n.nspname, c.relname, CAST(CAST(c.oid AS regclass) AS text), c.relkind,
    CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
    CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
    (SELECT CAST(CAST(i.inhparent AS regclass) AS text) FROM pg_inherits i
     WHERE i.inhrelid = c.oid AND c.relispartition), obj_description(c.oid, 'pg_class')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')
"""
# Each yields kind, schema, table, name, what makes it, what drops it.
_THINGS = (
    """
    SELECT CASE k.contype WHEN 'f' THEN 'foreign key' WHEN 'u' THEN 'unique constraint'
    WHEN 'c' THEN 'check' WHEN 'p' THEN 'primary key' ELSE 'index' END, n.nspname, c.relname,
    CASE k.contype WHEN 'p' THEN '' ELSE k.conname END,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', CAST(c.oid AS regclass), k.conname,
           pg_get_constraintdef(k.oid)),
    format('ALTER TABLE %s DROP CONSTRAINT %I', CAST(c.oid AS regclass), k.conname)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype IN ('f', 'u', 'c', 'p', 'x') AND k.conparentid = 0 AND k.conislocal
    """,
    """
    SELECT 'index', n.nspname, c.relname, x.relname, pg_get_indexdef(x.oid, 0, true),
    format('DROP INDEX %s', CAST(x.oid AS regclass))
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid AND k.conrelid = c.oid)
    AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = x.oid)
    """,
    """
    SELECT 'trigger', n.nspname, NULL, c.relname || '.' || t.tgname,
    pg_get_triggerdef(t.oid, true) || CASE t.tgenabled WHEN 'O' THEN '' ELSE
      format(E'\\x01ALTER TABLE %s %s TRIGGER %I', CAST(c.oid AS regclass), CASE t.tgenabled
             WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END,
             t.tgname) END,
    format('DROP TRIGGER %I ON %s', t.tgname, CAST(c.oid AS regclass))
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal
    """,
    """
    SELECT 'function', n.nspname, NULL,
    p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
    pg_get_functiondef(p.oid), format('DROP %s %s', CASE p.prokind WHEN 'p' THEN 'PROCEDURE'
      ELSE 'FUNCTION' END, CAST(p.oid AS regprocedure))
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind IN ('f', 'p')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    """,
    """
    SELECT 'sequence', n.nspname, NULL, c.relname,
    format('CREATE SEQUENCE %s AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s %s',
           CAST(c.oid AS regclass), format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin,
           s.seqmax, s.seqstart, CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END),
    format('DROP SEQUENCE %s', CAST(c.oid AS regclass))
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    """,
    """
    SELECT 'domain', n.nspname, NULL, t.typname,
    concat_ws(' ', format('CREATE DOMAIN %s AS %s', CAST(t.oid AS regtype),
      format_type(t.typbasetype, t.typtypmod)), 'DEFAULT ' || t.typdefault,
      CASE WHEN t.typnotnull THEN 'NOT NULL' END,
      (SELECT string_agg(format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), ' '
       ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')),
    format('DROP DOMAIN %s', CAST(t.oid AS regtype))
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd'
    """,
    """
    SELECT CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, n.nspname, NULL,
    c.relname, format('CREATE %s %s AS %s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE
      'VIEW' END, CAST(c.oid AS regclass), rtrim(btrim(pg_get_viewdef(c.oid)), ';'))
    || coalesce((SELECT string_agg(E'\\x01' || pg_get_indexdef(i.indexrelid, 0, true), '')
                 FROM pg_index i WHERE i.indrelid = c.oid), ''),
    format('DROP %s %s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END,
           CAST(c.oid AS regclass))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')
    """,
    """
    SELECT 'row policy', p.schemaname, NULL, p.tablename || '.' || p.policyname,
    concat_ws(' ', format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.policyname, t.place,
      p.permissive, p.cmd, array_to_string(p.roles, ', ')), 'USING (' || p.qual || ')',
      'WITH CHECK (' || p.with_check || ')'),
    format('DROP POLICY %I ON %s', p.policyname, t.place)
    FROM pg_policies p, LATERAL (SELECT to_regclass(format('%I.%I', p.schemaname, p.tablename))
    AS place) t
    """,
    """
    SELECT 'row security', n.nspname, NULL, c.relname,
    format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', CAST(c.oid AS regclass))
    || CASE WHEN c.relforcerowsecurity
       THEN format(E'\\x01ALTER TABLE %s FORCE ROW LEVEL SECURITY', CAST(c.oid AS regclass))
       ELSE '' END,
    format(E'ALTER TABLE %s NO FORCE ROW LEVEL SECURITY\\x01'
           'ALTER TABLE %s DISABLE ROW LEVEL SECURITY', CAST(c.oid AS regclass),
           CAST(c.oid AS regclass))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relrowsecurity
    """,
    """
    SELECT 'extension', '', NULL, extname, format('CREATE EXTENSION %I', extname),
    format('DROP EXTENSION %I', extname) FROM pg_extension
    """,
    """
    SELECT 'schema', '', NULL, nspname, format('CREATE SCHEMA %I', nspname),
    format('DROP SCHEMA %I', nspname) FROM pg_namespace
    """,
    """
    SELECT 'enum', n.nspname, NULL, t.typname,
    format('CREATE TYPE %s AS ENUM (%s)', CAST(t.oid AS regtype),
           (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
            FROM pg_enum e WHERE e.enumtypid = t.oid)),
    format('DROP TYPE %s', CAST(t.oid AS regtype))
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e'
    """,
)
_TYPES = """
    SELECT n.nspname, t.typname, CAST(CAST(t.oid AS regtype) AS text)
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e'
"""
_BY_HAND = ("-- a domain that columns have cannot be made anew: alter it by hand",)
_PARTED = "\x01"


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
    for query in _THINGS:
        for kind, place, table, name, make, drop in connection.execute(sa.text(query)):
            if place.startswith("pg_") or place == "information_schema" or make is None:
                continue
            key = (kind, shown(place, table), name) if table else (kind, None, shown(place, name))
            made, gone = tuple(make.split(_PARTED)), tuple(drop.split(_PARTED))
            things[key] = Spelling(made, gone, _changed(kind, made))
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
        made = (f"CREATE TABLE {place} PARTITION OF {parent} {bound}",)
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
