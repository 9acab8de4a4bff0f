"""The SQL of what PostgreSQL has in its catalogue, beside the tables that are read as such."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.db.definitions.postgresql import CatalogText, definitions
from lback.db.own_tables import is_projects
from lback.db.squashing.code import Writer

_SERIAL = """
    SELECT a.attname, s.relname, d.deptype, s.relname = c.relname || '_' || a.attname || '_seq'
    AND (SELECT q.seqtypid = a.atttypid AND q.seqstart = 1 AND q.seqincrement = 1 AND NOT q.seqcycle
         FROM pg_sequence q WHERE q.seqrelid = s.oid)
    AND a.attnum = ANY (coalesce((SELECT conkey FROM pg_constraint k WHERE k.conrelid = c.oid
        AND k.contype = 'p' AND array_length(conkey, 1) = 1), '{}'))
    FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_class c ON c.oid = d.refobjid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.deptype = 'a' AND n.nspname = coalesce(:schema, current_schema()) AND c.relname = :table
"""
# Which column has a sequence, and whether it is part of that column.
_OWNERS = """
    SELECT n.nspname, s.relname, d.deptype, cn.nspname, c.relname, a.attname,
    format('%s.%I', CAST(c.oid AS regclass), a.attname)
    FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_namespace n ON n.oid = s.relnamespace JOIN pg_class c ON c.oid = d.refobjid
    JOIN pg_namespace cn ON cn.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
    AND d.deptype IN ('a', 'i')
"""
_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
    a.attgenerated, pg_get_expr(d.adbin, d.adrelid),
    (SELECT quote_ident(kn.nspname) || '.' || quote_ident(collname) FROM pg_collation k
     JOIN pg_namespace kn ON kn.oid = k.collnamespace
     WHERE k.oid = a.attcollation AND k.oid <> t.typcollation)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE n.nspname = coalesce(:schema, current_schema()) AND c.relname = :table
    AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_TABLE = """
    SELECT pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),
    (SELECT string_agg(inhparent::regclass::text, ', ') FROM pg_inherits h
        WHERE h.inhrelid = c.oid),
    array_to_string(c.reloptions, ', '), c.relpersistence
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = coalesce(:schema, current_schema()) AND c.relname = :table
"""
_COMMENTS = """
    SELECT a.attname, d.description FROM pg_description d JOIN pg_class c ON c.oid = d.objoid
    AND d.classoid = 'pg_class'::regclass JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
    WHERE n.nspname = coalesce(:schema, current_schema()) AND c.relname = :table ORDER BY d.objsubid
"""
_BEFORE = ("schema", "extension", "enum", "domain", "function", "sequence")
_AFTER = ("view", "materialized view", "rule", "trigger", "row security", "row policy")
_OF_TABLES = ("primary key", "unique constraint", "check", "index")
# What does not go with its table.
_DROPPED = ("schema", "enum", "domain", "function", "view", "materialized view", "foreign key")
# Every database has them.
_THERE = (("schema", "public"), ("extension", "plpgsql"))


def serial_columns(connection: Connection, table: sa.Table) -> frozenset[str]:
    """Return the columns that SERIAL makes just as they are."""
    rows = _ask(connection, _SERIAL, table)
    return frozenset(str(row[0]) for row in rows if row[3])


class Things:
    """What there is beside tables, and which of it the tables that are written as text bring.

    No SERIAL makes a sequence of those.
    """

    def __init__(self, connection: Connection, writer: Writer, texts: Collection[sa.Table]) -> None:
        self.connection, self.writer = connection, writer
        self.all = list(definitions(connection))
        self.owners = {(row[0], row[1]): row for row in connection.execute(sa.text(_OWNERS))}
        self.default = connection.dialect.default_schema_name
        made = {(table.schema or self.default, table.name): frozenset[str]() for table in texts}
        self.sequences = frozenset(
            (one.place, one.name)
            for one in self.all
            if one.kind == "sequence" and not self._made(one.place, one.name, made)
        )

    def _made(self, place: str, name: str, made: dict[tuple[Any, Any], frozenset[str]]) -> bool:
        """Tell whether SERIAL or an identity makes a sequence."""
        owner = self.owners.get((place, name))
        if owner is None:
            return not is_projects(name)
        _, _, kind, schema, table, column, _ = owner
        if kind == "i" or not is_projects(table):
            return True
        if (schema, table) not in made:
            about = sa.Table(table, sa.MetaData(), schema=schema)
            made[schema, table] = serial_columns(self.connection, about)
        return column in made[schema, table]

    def before(self) -> None:
        """Write what tables stand on: schemas, extensions, types, functions, sequences."""
        last = ""
        for one in self.all:
            if one.kind not in _BEFORE or (one.kind, one.name) in _THERE:
                continue
            if one.kind == "sequence":
                if (one.place, one.name) in self.sequences:
                    drop = one.drop[0].replace("DROP SEQUENCE", "DROP SEQUENCE IF EXISTS", 1)
                    self.writer.sql(one.make[0], drop)
                continue
            if one.kind == "function" != last:
                # Their tables come later.
                self.writer.sql("SET LOCAL check_function_bodies = off")
            last = one.kind
            self._write(one)

    def of_table(self, table: sa.Table) -> None:
        """Write constraints and indexes of a table that is there, and no foreign keys."""
        self._part(table, _OF_TABLES)

    def keys(self, table: sa.Table) -> None:
        """Write the foreign keys of a table, once all tables are there."""
        self._part(table, ("foreign key",))

    def after(self) -> None:
        """Write what stands on tables: views, rules, triggers, policies, who owns a sequence."""
        for one in self.all:
            owner = self.owners.get((one.place, one.name))
            if one.kind == "sequence" and owner and (one.place, one.name) in self.sequences:
                name = one.drop[0].removeprefix("DROP SEQUENCE ")
                self.writer.sql(f"ALTER SEQUENCE {name} OWNED BY {owner[6]}")
        for one in self.all:
            if one.kind in _AFTER:
                self._write(one)

    def _part(self, table: sa.Table, kinds: Collection[str]) -> None:
        wanted = (table.schema or self.default, table.name)
        for one in self.all:
            if one.kind in kinds and (one.place, one.table) == wanted:
                self._write(one)

    def _write(self, one: CatalogText) -> None:
        first, *more = one.make
        self.writer.sql(first, one.drop[0] if one.kind in _DROPPED else None)
        for statement in more:
            self.writer.sql(statement)


def write_table(connection: Connection, writer: Writer, table: sa.Table) -> None:
    """Write a table with its columns; its constraints come when all tables are there."""
    (part, bound, parent, options, kind) = _ask(connection, _TABLE, table)[0]
    shown = _place(connection, table.schema, table.name)
    word = "UNLOGGED TABLE" if kind == "u" else "TABLE"
    lines = [_column(connection, *row) for row in _ask(connection, _COLUMNS, table)]
    if bound:
        text = f"CREATE {word} {shown} PARTITION OF {parent} {bound}"
    else:
        text = f"CREATE {word} {shown} (\n    " + ",\n    ".join(lines) + "\n)"
        text += f" INHERITS ({parent})" if parent else ""
    text += f" PARTITION BY {part}" if part else ""
    text += f" WITH ({options})" if options else ""
    writer.sql(text, f"DROP TABLE {shown}")


def write_comments(connection: Connection, writer: Writer, table: sa.Table) -> None:
    """Write the comments of a table."""
    shown = _place(connection, table.schema, table.name)
    for column, text in _ask(connection, _COMMENTS, table):
        what = f"COLUMN {shown}.{_quoted(connection, column)}" if column else f"TABLE {shown}"
        literal = str(text).replace("'", "''")
        writer.sql(f"COMMENT ON {what} IS '{literal}'")


def _column(
    connection: Connection,
    name: str,
    kind: str,
    not_null: bool,
    identity: str,
    generated: str,
    default: str | None,
    collation: str | None,
) -> str:
    parts = [_quoted(connection, name), kind]
    if collation:
        parts.append(f"COLLATE {collation}")
    if identity:
        word = "ALWAYS" if identity == "a" else "BY DEFAULT"
        parts.append(f"GENERATED {word} AS IDENTITY")
    elif generated:
        parts.append(f"GENERATED ALWAYS AS ({default}) STORED")
    elif default is not None:
        parts.append(f"DEFAULT {default}")
    if not_null:
        parts.append("NOT NULL")
    return " ".join(parts)


def _ask(connection: Connection, query: str, table: sa.Table) -> list[Any]:
    return list(
        connection.execute(sa.text(query), {"schema": table.schema, "table": table.name}).all()
    )


def _place(connection: Connection, schema: str | None, name: str) -> str:
    default = connection.dialect.default_schema_name
    quoted = _quoted(connection, name)
    return quoted if schema in (None, default) else f"{_quoted(connection, schema)}.{quoted}"


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
