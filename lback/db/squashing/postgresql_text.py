"""The SQL of what PostgreSQL has in its catalogue, beside the tables that are read as such."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.db.schema import is_projects
from lback.db.squashing.code import Writer

_OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_NOT_OF_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = {} AND e.deptype = 'e')"
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
_SEQUENCES = f"""
    SELECT n.nspname, s.relname, format_type(q.seqtypid, NULL), q.seqstart, q.seqincrement,
    q.seqmin, q.seqmax, q.seqcache, q.seqcycle, cn.nspname, c.relname, a.attname
    FROM pg_sequence q JOIN pg_class s ON s.oid = q.seqrelid
    JOIN pg_namespace n ON n.oid = s.relnamespace
    LEFT JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass
        AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
    LEFT JOIN pg_class c ON c.oid = d.refobjid LEFT JOIN pg_namespace cn ON cn.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
    WHERE {_OURS} AND coalesce(d.deptype, 'a') = 'a' AND {_NOT_OF_EXTENSION.format("s.oid")}
    ORDER BY 1, 2
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
_CONSTRAINTS = """
    SELECT k.conname, pg_get_constraintdef(k.oid), k.contype FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = coalesce(:schema, current_schema()) AND c.relname = :table
    AND k.contype IN ('p', 'u', 'c', 'x', 'f') AND k.conislocal AND k.conparentid = 0
    ORDER BY k.contype = 'f', k.oid
"""
_INDEXES = """
    SELECT pg_get_indexdef(x.indexrelid) FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class i ON i.oid = x.indexrelid
    WHERE n.nspname = coalesce(:schema, current_schema()) AND c.relname = :table
    AND NOT i.relispartition
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid
        AND k.contype IN ('p', 'u', 'x')) ORDER BY x.indexrelid
"""
_COMMENTS = """
    SELECT a.attname, d.description FROM pg_description d JOIN pg_class c ON c.oid = d.objoid
    AND d.classoid = 'pg_class'::regclass JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
    WHERE n.nspname = coalesce(:schema, current_schema()) AND c.relname = :table ORDER BY d.objsubid
"""
_BEFORE = (
    (
        f"SELECT 'SCHEMA', quote_ident(n.nspname), 'CREATE SCHEMA ' || quote_ident(n.nspname) "
        f"FROM pg_namespace n WHERE {_OURS} AND n.nspname <> 'public' "
        f"AND {_NOT_OF_EXTENSION.format('n.oid')} ORDER BY 2"
    ),
    (
        "SELECT NULL, '', 'CREATE EXTENSION IF NOT EXISTS ' || quote_ident(x.extname) || "
        "CASE WHEN n.nspname = 'public' THEN '' ELSE ' WITH SCHEMA ' || quote_ident(n.nspname) END "
        "FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace "
        "WHERE x.extname <> 'plpgsql' ORDER BY x.oid"
    ),
    (
        "SELECT 'TYPE', CASE WHEN n.nspname = current_schema() THEN '' ELSE quote_ident(n.nspname) "
        "|| '.' END || quote_ident(t.typname), 'CREATE TYPE ' || CASE WHEN n.nspname = "
        "current_schema() THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(t.typname) "
        "|| ' AS ENUM (' || (SELECT string_agg(quote_literal(l.enumlabel), ', ' "
        "ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid) || ')' "
        "FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
        f"WHERE t.typtype = 'e' AND {_OURS} AND {_NOT_OF_EXTENSION.format('t.oid')} ORDER BY t.oid"
    ),
    (
        "SELECT 'DOMAIN', t.oid::regtype::text, concat_ws(' ', 'CREATE DOMAIN', "
        "t.oid::regtype::text, 'AS', format_type(t.typbasetype, t.typtypmod), "
        "'DEFAULT ' || t.typdefault, CASE WHEN t.typnotnull THEN 'NOT NULL' END, "
        "(SELECT string_agg('CONSTRAINT ' || quote_ident(k.conname) || ' ' || "
        "pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname) FROM pg_constraint k "
        "WHERE k.contypid = t.oid AND k.contype = 'c')) FROM pg_type t "
        f"JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND {_OURS} "
        f"AND {_NOT_OF_EXTENSION.format('t.oid')} ORDER BY t.oid"
    ),
)
_FUNCTIONS = f"""
    SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
    p.oid::regprocedure::text, pg_get_functiondef(p.oid)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prokind IN ('f', 'p') AND {_OURS} AND {_NOT_OF_EXTENSION.format("p.oid")} ORDER BY p.oid
"""
_AFTER = (
    (
        "SELECT CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, "
        "c.oid::regclass::text, CASE c.relkind WHEN 'm' THEN 'CREATE MATERIALIZED VIEW ' ELSE "
        "'CREATE VIEW ' END || c.oid::regclass || coalesce(' WITH (' || "
        "array_to_string(c.reloptions, ', ') || ')', '') || ' AS ' || "
        "rtrim(pg_get_viewdef(c.oid), ';') FROM pg_class c JOIN pg_namespace n ON "
        f"n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND {_OURS} "
        f"AND {_NOT_OF_EXTENSION.format('c.oid')} ORDER BY c.oid"
    ),
    (
        "SELECT NULL, '', pg_get_indexdef(x.indexrelid) FROM pg_index x JOIN pg_class c "
        "ON c.oid = x.indrelid AND c.relkind = 'm' ORDER BY x.indexrelid"
    ),
    (
        "SELECT NULL, '', pg_get_ruledef(r.oid) FROM pg_rewrite r JOIN pg_class c "
        "ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE r.rulename <> '_RETURN' AND {_OURS} ORDER BY r.oid"
    ),
    (
        "SELECT NULL, '', pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c "
        "ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND {_OURS} ORDER BY t.oid"
    ),
    (
        "SELECT NULL, '', 'ALTER TABLE ' || t.tgrelid::regclass || CASE t.tgenabled WHEN 'D' "
        "THEN ' DISABLE' WHEN 'R' THEN ' ENABLE REPLICA' ELSE ' ENABLE ALWAYS' END || ' TRIGGER ' "
        "|| quote_ident(t.tgname) FROM pg_trigger t WHERE NOT t.tgisinternal AND t.tgenabled <> 'O'"
    ),
    (
        "SELECT NULL, '', 'ALTER TABLE ' || c.oid::regclass || ' ENABLE ROW LEVEL SECURITY' "
        "FROM pg_class c WHERE c.relrowsecurity UNION ALL SELECT NULL, '', 'ALTER TABLE ' || "
        "c.oid::regclass || ' FORCE ROW LEVEL SECURITY' FROM pg_class c WHERE c.relforcerowsecurity"
    ),
    (
        "SELECT NULL, '', concat_ws(' ', 'CREATE POLICY', quote_ident(policyname), 'ON', "
        "quote_ident(schemaname) || '.' || quote_ident(tablename), 'AS', permissive, 'FOR', cmd, "
        "'TO', array_to_string(roles, ', '), 'USING (' || qual || ')', "
        "'WITH CHECK (' || with_check || ')') FROM pg_policies"
    ),
)


def serial_columns(connection: Connection, table: sa.Table) -> frozenset[str]:
    """Return the columns that SERIAL makes just as they are."""
    rows = _ask(connection, _SERIAL, table)
    return frozenset(str(row[0]) for row in rows if row[3])


def write_before(connection: Connection, writer: Writer, texts: Collection[sa.Table]) -> None:
    """Write what tables stand on: schemas, extensions, types, functions, sequences.

    No SERIAL makes a sequence of the tables that are written as `texts`.
    """
    for query in _BEFORE:
        _write(connection, writer, query)
    functions = list(connection.exec_driver_sql(_FUNCTIONS))
    if functions:
        # Their tables come later.
        writer.sql("SET LOCAL check_function_bodies = off")
        for kind, name, text in functions:
            writer.sql(text, f"DROP {kind} {name}")
    for row in _sequences(connection, texts):
        place, name, kind, start, step, least, most, cache, cycles = row[:9]
        shown = _place(connection, place, name)
        text = (
            f"CREATE SEQUENCE {shown} AS {kind} START WITH {start} INCREMENT BY {step} MINVALUE "
            f"{least} MAXVALUE {most} CACHE {cache}{' CYCLE' if cycles else ''}"
        )
        writer.sql(text, f"DROP SEQUENCE IF EXISTS {shown}")


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


def write_constraints(connection: Connection, writer: Writer, table: sa.Table) -> None:
    """Write constraints, indexes and comments of a table that is there, and no foreign keys."""
    shown = _place(connection, table.schema, table.name)
    for name, text, kind in _ask(connection, _CONSTRAINTS, table):
        if kind != "f":
            writer.sql(f"ALTER TABLE {shown} ADD CONSTRAINT {_quoted(connection, name)} {text}")
    for (text,) in _ask(connection, _INDEXES, table):
        writer.sql(text)
    for column, text in _ask(connection, _COMMENTS, table):
        what = f"COLUMN {shown}.{_quoted(connection, column)}" if column else f"TABLE {shown}"
        literal = str(text).replace("'", "''")
        writer.sql(f"COMMENT ON {what} IS '{literal}'")


def write_keys(connection: Connection, writer: Writer, table: sa.Table) -> None:
    """Write the foreign keys of a table, once all tables are there."""
    shown = _place(connection, table.schema, table.name)
    for name, text, kind in _ask(connection, _CONSTRAINTS, table):
        if kind == "f":
            change = f"ALTER TABLE {shown}"
            quoted = _quoted(connection, name)
            back = f"{change} DROP CONSTRAINT {quoted}"
            writer.sql(f"{change} ADD CONSTRAINT {quoted} {text}", back)


def write_after(connection: Connection, writer: Writer, texts: Collection[sa.Table]) -> None:
    """Write what stands on tables: views, rules, triggers, policies, and who owns a sequence."""
    for row in _sequences(connection, texts):
        if row[10] is not None:
            owner = f"{_place(connection, row[9], row[10])}.{_quoted(connection, row[11])}"
            writer.sql(f"ALTER SEQUENCE {_place(connection, row[0], row[1])} OWNED BY {owner}")
    for query in _AFTER:
        _write(connection, writer, query)


def _write(connection: Connection, writer: Writer, query: str) -> None:
    for kind, name, text in connection.exec_driver_sql(query):
        writer.sql(text, f"DROP {kind} {name}" if kind else None)


def _sequences(connection: Connection, texts: Collection[sa.Table]) -> Iterator[Any]:
    """Yield the sequences that no SERIAL and no identity makes."""
    default = connection.dialect.default_schema_name
    made: dict[tuple[Any, Any], frozenset[str]] = {
        (table.schema or default, table.name): frozenset() for table in texts
    }
    for row in connection.exec_driver_sql(_SEQUENCES).all():
        table = (row[9], row[10])
        if table[1] is not None:
            if not is_projects(table[1]):
                continue
            if table not in made:
                about = sa.Table(table[1], sa.MetaData(), schema=table[0])
                made[table] = serial_columns(connection, about)
            if row[11] in made[table]:
                continue
        yield row


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
