"""Reads a schema and the rows in it closely enough that two which read the same are the same."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.schema_diff import Schema, settled
from lback.db.beside.made_keys import in_one_order, made_keys, quoted, sends, without_counter
from lback.db.own_tables import is_projects
from lback.db.schema import read_whole

_QUIET = re.compile(r"[\s\"`\[\]]+")
# What a table of SQLite may have that no pragma tells of.
_SQLITE_WORDS = re.compile(
    r"\b(AUTOINCREMENT|COLLATE\s+[\"'`]?\w+|ON\s+CONFLICT\s+\w+|DEFERRABLE|INITIALLY\s+\w+|"
    r"GENERATED|STORED|VIRTUAL|STRICT|WITHOUT\s+ROWID|MATCH\s+\w+)\b",
    re.IGNORECASE,
)
_PG = {
    "columns": """
        SELECT n.nspname, c.relname, string_agg(concat_ws(' ', a.attname,
        format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
        (SELECT collname FROM pg_collation k
            WHERE k.oid = a.attcollation AND k.oid <> t.typcollation),
        nullif(a.attidentity, ''), nullif(a.attgenerated, ''), pg_get_expr(d.adbin, d.adrelid)),
        ', ' ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
        JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped GROUP BY 1, 2
    """,
    "constraint": """
        SELECT n.nspname, c.relname || '.' || k.conname, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE k.contype <> 'n'
    """,
    "index text": """
        SELECT n.nspname, c.relname || '.' || i.relname, pg_get_indexdef(x.indexrelid)
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
        JOIN pg_class c ON c.oid = x.indrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm')
    """,
    "rule": """
        SELECT n.nspname, c.relname || '.' || r.rulename, pg_get_ruledef(r.oid) FROM pg_rewrite r
        JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE r.rulename <> '_RETURN'
    """,
    "owned sequence": """
        SELECT n.nspname, s.relname, concat_ws('.', c.relname, a.attname, d.deptype,
        q.seqincrement, q.seqstart, q.seqmax, format_type(q.seqtypid, NULL))
        FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        JOIN pg_sequence q ON q.seqrelid = s.oid
        JOIN pg_class c ON c.oid = d.refobjid JOIN pg_namespace n ON n.oid = s.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
        AND d.deptype IN ('a', 'i')
    """,
    "options": """
        SELECT n.nspname, c.relname, concat_ws(' ', c.relkind, c.relpersistence,
        array_to_string(c.reloptions, ','), pg_get_partkeydef(c.oid),
        pg_get_expr(c.relpartbound, c.oid), (SELECT string_agg(inhparent::regclass::text, ',')
        FROM pg_inherits h WHERE h.inhrelid = c.oid))
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')
    """,
    "description": """
        SELECT n.nspname, c.relname || coalesce('.' || a.attname, ''), d.description
        FROM pg_description d
        JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
    """,
    "aggregate": """
        SELECT n.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', ''
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind IN ('a', 'w')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    """,
    "type": """
        SELECT n.nspname, t.typname, concat_ws(' ', t.typtype, (SELECT
        string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', '
            ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = t.typrelid AND a.attnum > 0))
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        LEFT JOIN pg_class c ON c.oid = t.typrelid
        WHERE (t.typtype = 'r' OR (t.typtype = 'c' AND c.relkind = 'c'))
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
    """,
}


class BuiltSchema(NamedTuple):
    """A schema as closely as it can be read, and by table what rows are there."""

    schema: Schema
    rows: dict[str, Counter[str]]


def read_built(connection: Connection) -> BuiltSchema:
    """Return the schema and the rows of a database that lback has made."""
    with warnings.catch_warnings():
        # What is passed over there is read by definition below.
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        schema = read_whole(connection)
    others = {**schema.others, **dict(_close(connection, schema))}
    return BuiltSchema(replace(schema, others=others), _rows(connection, schema))


def _close(connection: Connection, schema: Schema) -> Iterator[tuple[tuple[str, str], str]]:
    kind = connection.dialect.name
    if kind == "postgresql":
        yield from _postgresql(connection)
    elif kind == "sqlite":
        for name in schema.tables:
            yield from _sqlite(connection, name)
    else:
        for name in schema.tables:
            yield ("definition", name), _mysql(connection, name)


def _postgresql(connection: Connection) -> Iterator[tuple[tuple[str, str], str]]:
    for kind, query in _PG.items():
        for place, name, text in connection.execute(sa.text(query)):
            if place.startswith("pg_") or place == "information_schema":
                continue
            if is_projects(name.partition(".")[0]):
                yield (kind, f"{place}.{name}"), settled(str(text or ""))


def _sqlite(connection: Connection, table: str) -> Iterator[tuple[tuple[str, str], str]]:
    def ask(query: str) -> list[Any]:
        return list(connection.execute(sa.text(query), {"name": table}))

    rows = ask(
        'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(:name)'
    )
    shown = [[*row[:1], str(row[1]).upper(), *row[2:]] for row in rows]
    yield ("columns", table), ", ".join(map(str, shown))
    sql = ask("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    text = str(sql[0][0]) if sql else ""
    words = sorted(" ".join(found.upper().split()) for found in _SQLITE_WORDS.findall(text))
    yield ("words", table), " ".join(words)
    for name, unique, origin, partial in ask(
        'SELECT name, "unique", origin, partial FROM pragma_index_list(:name)'
    ):
        parts = connection.execute(
            sa.text('SELECT name, "desc", coll FROM pragma_index_xinfo(:name) WHERE key'),
            {"name": name},
        )
        made = connection.execute(
            sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND name = :name"),
            {"name": name},
        ).scalar()
        columns = [tuple(row) for row in parts]
        close = ""
        if made and (partial or any(row[0] is None for row in columns)):
            close = _QUIET.sub("", str(made).partition("(")[2]).casefold()
        shown_name = name if origin == "c" else ""
        yield ("index text", f"{table}.{shown_name}{columns}"), f"{unique} {origin} {close}"


def _mysql(connection: Connection, table: str) -> str:
    send = sends(connection)
    text = str(send(f"SHOW CREATE TABLE {quoted(table)}").one()[1])
    made = sorted(f"made by the server: {name}" for name in made_keys(send, table, text))
    return "\n".join([*in_one_order(without_counter(text)), *made])


def _rows(connection: Connection, schema: Schema) -> dict[str, Counter[str]]:
    """Return each table's rows by what they hold; an empty table has none."""
    found: dict[str, Counter[str]] = {}
    quote = connection.dialect.identifier_preparer.quote_identifier
    for name in schema.tables:
        place = ".".join(map(quote, name.split(".", 1))) if "." in name else quote(name)
        rows = connection.exec_driver_sql(f"SELECT * FROM {place}")
        counted = Counter(sha256(repr(tuple(row)).encode()).hexdigest() for row in rows)
        if counted:
            found[name] = counted
    return found
