"""Tells whether a table is as it was: a mark of all that a comparison may see of it.

Marks are read by a few questions for all tables, where to reflect them takes many. Two databases
of one server with the same marks have the same schema.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.db.beside.made_keys import in_one_order, without_counter
from lback.db.own_tables import is_own

Key = tuple[str | None, str]
"""The schema of a table, None for the default one, and its name."""


class Marks(NamedTuple):
    """What a database has: a mark for each table, and one for all beside tables."""

    tables: Mapping[Key, str]
    rest: str
    """Types, views, functions, triggers and whatever else is no table."""
    types: str
    """What columns are made of: the server, enum types, domains, extensions, the search path."""


def read_marks(connection: Connection, leave: Collection[str] = ()) -> Marks | None:
    """Read the marks, but for the tables of lback and those to `leave`; None: not of this kind."""
    ways: Mapping[str, Callable[[Connection], Marks]] = {
        "sqlite": _sqlite,
        "postgresql": _postgresql,
        "mysql": _mysql,
        "mariadb": _mysql,
    }
    way = ways.get(connection.dialect.name)
    if way is None:
        return None
    found = way(connection)
    kept = {
        key: mark
        for key, mark in found.tables.items()
        if not is_own(key[1]) and key[1] not in leave
    }
    return found._replace(tables=kept)


def digest(parts: Iterable[Any]) -> str:
    """Return a mark of texts in their order."""
    return sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()


def _sqlite(connection: Connection) -> Marks:
    tables: dict[Key, list[str]] = {}
    rest = []
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql NOTNULL ORDER BY 1, 2"
    )
    for kind, name, table, text in rows:
        if kind in ("table", "index"):
            if not name.startswith("sqlite_"):
                tables.setdefault((None, table), []).append(f"{kind} {text.strip()}")
        elif not is_own(table):
            rest.append(f"{kind} {name} {text}")
    version = connection.scalar(sa.text("SELECT sqlite_version()"))
    found = {key: digest(sorted(texts)) for key, texts in tables.items()}
    return Marks(found, digest(rest), digest([version]))


def _mysql(connection: Connection) -> Marks:
    quote = connection.dialect.identifier_preparer.quote
    tables: dict[Key, str] = {}
    asked = connection.exec_driver_sql("SHOW FULL TABLES")
    for name, kind in asked.all():
        if kind == "BASE TABLE":
            text = connection.exec_driver_sql(f"SHOW CREATE TABLE {_sent(quote(name))}").one()[1]
            tables[None, name] = digest(in_one_order(without_counter(text)))
    rest = [tuple(row) for text in _MYSQL_REST for row in connection.exec_driver_sql(text)]
    types = connection.exec_driver_sql(
        "SELECT VERSION(), @@sql_mode, @@character_set_database, @@collation_database"
    ).one()
    return Marks(tables, digest(rest), digest(types))


def _sent(text: str) -> str:
    return text.replace("%%", "%").replace("%", "%%")


_MYSQL_REST = (
    "SELECT TABLE_NAME, REPLACE(VIEW_DEFINITION, CONCAT('`', DATABASE(), '`.'), '') "
    "FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1",
    "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_STATEMENT "
    "FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1",
    "SELECT ROUTINE_NAME, ROUTINE_TYPE, ROUTINE_DEFINITION FROM information_schema.ROUTINES "
    "WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY 2, 1",
)


def _postgresql(connection: Connection) -> Marks:
    default = connection.dialect.default_schema_name
    tables = {
        (None if schema == default else str(schema), str(name)): str(mark)
        for schema, name, mark in connection.exec_driver_sql(_TABLES)
    }
    rest = [tuple(row) for text in _REST for row in connection.exec_driver_sql(text)]
    types = [tuple(row) for text in _TYPES for row in connection.exec_driver_sql(text)]
    return Marks(tables, digest(rest), digest(types))


_THEIRS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_NOT_OF_AN_EXTENSION = (
    "NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = {0}.oid AND e.deptype = 'e')"
)
_TABLES = f"""
    WITH t AS (
        SELECT c.oid, n.nspname, c.relname, ROW(
            c.relkind, c.relpersistence, c.reloptions, c.reltablespace, c.relreplident,
            c.relrowsecurity, c.relforcerowsecurity, obj_description(c.oid, 'pg_class'),
            (SELECT amname FROM pg_am WHERE pg_am.oid = c.relam),
            pg_get_expr(c.relpartbound, c.oid),
            CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
            (SELECT string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhseqno)
             FROM pg_inherits i WHERE i.inhrelid = c.oid)
        )::text AS own
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'f') AND {_THEIRS}
    ), a AS (
        SELECT t.oid, string_agg(ROW(
            a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
            a.attgenerated, pg_get_expr(d.adbin, d.adrelid), col_description(t.oid, a.attnum),
            CASE WHEN a.attcollation <> 0 THEN a.attcollation::regcollation::text END
        )::text, ';' ORDER BY a.attnum) AS has
        FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        GROUP BY 1
    ), k AS (
        SELECT t.oid, string_agg(ROW(
            k.conname, pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint')
        )::text, ';' ORDER BY k.conname) AS has
        FROM t JOIN pg_constraint k ON k.conrelid = t.oid GROUP BY 1
    ), i AS (
        SELECT t.oid, string_agg(ROW(
            pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisclustered, x.reloptions,
            x.reltablespace, obj_description(x.oid, 'pg_class')
        )::text, ';' ORDER BY x.relname) AS has
        FROM t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class x ON x.oid = i.indexrelid
        GROUP BY 1
    ), s AS (
        SELECT t.oid, string_agg(ROW(
            q.relname, p.refobjsubid, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax,
            s.seqmin, s.seqcache, s.seqcycle
        )::text, ';' ORDER BY q.relname) AS has
        FROM t JOIN pg_depend p ON p.refobjid = t.oid AND p.refclassid = 'pg_class'::regclass
        AND p.classid = 'pg_class'::regclass AND p.deptype IN ('a', 'i')
        JOIN pg_class q ON q.oid = p.objid AND q.relkind = 'S'
        JOIN pg_sequence s ON s.seqrelid = q.oid
        GROUP BY 1
    )
    SELECT t.nspname, t.relname, md5(ROW(t.own, a.has, k.has, i.has, s.has)::text)
    FROM t LEFT JOIN a USING (oid) LEFT JOIN k USING (oid) LEFT JOIN i USING (oid)
    LEFT JOIN s USING (oid)
"""
_TYPES = (
    "SELECT version(), current_schemas(false)::text, current_setting('search_path')",
    "SELECT extname, extversion, extnamespace::regnamespace::text FROM pg_extension ORDER BY 1",
    f"""
    SELECT n.nspname, t.typname, t.typtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull,
        t.typdefault, obj_description(t.oid, 'pg_type'),
        (SELECT string_agg(quote_literal(l.enumlabel), ',' ORDER BY l.enumsortorder)
         FROM pg_enum l WHERE l.enumtypid = t.oid),
        (SELECT string_agg(pg_get_constraintdef(c.oid), ',' ORDER BY c.conname)
         FROM pg_constraint c WHERE c.contypid = t.oid)
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype IN ('e', 'd', 'r') AND {_THEIRS} ORDER BY 1, 2
    """,
)
_REST = (
    f"SELECT n.nspname FROM pg_namespace n WHERE {_THEIRS} ORDER BY 1",
    f"""
    SELECT n.nspname, c.relname, c.relkind, pg_get_viewdef(c.oid), c.reloptions
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND {_THEIRS} AND {_NOT_OF_AN_EXTENSION.format("c")} ORDER BY 1, 2
    """,
    f"""
    SELECT n.nspname, p.proname, pg_get_function_identity_arguments(p.oid), p.prokind, p.prosrc,
        pg_get_function_result(p.oid), p.provolatile, p.proisstrict, p.prosecdef
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE {_THEIRS} AND {_NOT_OF_AN_EXTENSION.format("p")} ORDER BY 1, 2, 3
    """,
    f"""
    SELECT n.nspname, c.relname, pg_get_triggerdef(g.oid) FROM pg_trigger g
    JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT g.tgisinternal AND {_THEIRS} ORDER BY 1, 2, g.tgname
    """,
    """
    SELECT schemaname, tablename, policyname, permissive, roles::text, cmd, qual, with_check
    FROM pg_policies ORDER BY 1, 2, 3
    """,
    f"""
    SELECT n.nspname, c.relname, s.seqtypid::regtype::text, s.seqstart, s.seqincrement, s.seqmax,
        s.seqmin, s.seqcache, s.seqcycle
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_THEIRS} AND NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')
    ) ORDER BY 1, 2
    """,
)
