"""Reads what the schema of a database is, as plain data."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.schema_diff import Column, Constraint, Constraints, Schema, Table, settled
from lback.db.alembic_compat import sql_of
from lback.db.own_tables import is_projects, schemas

# The one column of Alembic's table, which env.py may have given any name.
_VERSION_TABLE = {"version_num"}

_SQLITE_INDEXES = (
    "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
)
# Who has written a view or a routine of MySQL, which is no part of what it does.
DEFINER = re.compile(
    r"\A(CREATE (?:ALGORITHM=\w+ )?)DEFINER=(?:`(?:[^`]|``)*`|[^\s@]+)@(?:`(?:[^`]|``)*`|\S+) "
)
_PARTITIONS = (
    "SELECT cn.nspname, c.relname, pn.nspname, p.relname FROM pg_inherits i"
    " JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition AND c.relkind IN ('r', 'p')"
    " JOIN pg_namespace cn ON cn.oid = c.relnamespace JOIN pg_class p ON p.oid = i.inhparent"
    " JOIN pg_namespace pn ON pn.oid = p.relnamespace"
)


def read_schema(connection: Connection) -> Schema:
    """Return the project's tables, views and enum types."""
    inspector: Any = sa.inspect(connection)
    views = {name: inspector.get_view_definition(name) for name in inspector.get_view_names()}
    enums = {}
    if connection.dialect.name == "postgresql":
        enums = {enum["name"]: tuple(enum["labels"]) for enum in inspector.get_enums()}
    return Schema(read_tables(connection).tables, views, enums)


def read_tables(connection: Connection, home: str | None = None) -> Schema:
    """Return the project's tables, and no views and types; with `home` those of this schema."""
    inspector = sa.inspect(connection)
    default = home or inspector.default_schema_name
    tables, parts = {}, _partitions(connection, default)
    for schema in schemas(connection, inspector, home):
        names = [name for name in inspector.get_table_names(schema) if is_projects(name)]
        plain = schema in (None, default)
        for name, table in _tables(connection, inspector, names, schema).items():
            if table.columns.keys() != _VERSION_TABLE:
                shown = name if plain else f"{schema}.{name}"
                part_of = parts.get(shown)
                tables[shown] = replace(table, part_of=part_of) if part_of else table
    return Schema(tables)


def _partitions(connection: Connection, plain: str | None) -> dict[str, str]:
    """Return the partitions and what they are part of, both as `read_tables` names them."""
    if connection.dialect.name != "postgresql":
        return {}
    rows = connection.exec_driver_sql(_PARTITIONS).fetchall()

    def shown(schema: str, name: str) -> str:
        return name if schema == plain else f"{schema}.{name}"

    return {shown(*row[:2]): shown(*row[2:]) for row in rows}


def _tables(
    connection: Connection, inspector: sa.Inspector, names: Sequence[str], schema: str | None
) -> dict[str, Table]:
    """Read tables of one schema, by a few questions about all of them where a database has such."""

    def read(kind: str) -> Mapping[Any, Any]:
        # Of names that are not there any more nothing is returned.
        ask = getattr(inspector, f"get_multi_{kind}")
        return {name: found for (_, name), found in ask(schema, filter_names=names).items()}

    if not names:
        return {}
    columns, keys, comments = read("columns"), read("pk_constraint"), {}
    with contextlib.suppress(NotImplementedError):
        comments = dict(read("table_comment"))
    foreign, checks = read("foreign_keys"), read("check_constraints")
    with warnings.catch_warnings():
        # Of SQLite, SQLAlchemy leaves out those of expressions, and says so.
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression")
        indexes, unique = read("indexes"), read("unique_constraints")
    left_out = _of_expressions(connection, indexes)
    return {
        name: Table(
            {row["name"]: _column(row, connection) for row in columns[name]},
            tuple((keys.get(name) or {}).get("constrained_columns") or ()),
            _constraints(foreign.get(name) or ()),
            _constraints(unique.get(name) or ()),
            _constraints(indexes.get(name) or (), left_out.get(name, ())),
            _constraints(checks.get(name) or ()),
            (comments.get(name) or {}).get("text"),
        )
        for name in names
        if name in columns
    }


def _column(row: Any, connection: Connection) -> Column:
    kind = _type(row["type"], connection)
    if connection.dialect.name == "sqlite":
        whole_computed(row)
    default, generated = row.get("default"), None
    if row.get("computed"):
        text, kept = row["computed"]["sqltext"], row["computed"].get("persisted")
        if connection.dialect.name == "sqlite":  # which is read beyond it as well
            kept = None
        generated = " ".join(filter(None, (f"GENERATED AS ({text})", "STORED" if kept else "")))
    elif row.get("identity"):
        generated = f"IDENTITY ({_options(row['identity'])})"
    elif row.get("autoincrement") is True and connection.dialect.name in ("mysql", "mariadb"):
        generated = "AUTO_INCREMENT"
    return Column(kind, row["nullable"], default, row.get("comment"), generated)


def whole_computed(column: Any) -> None:
    """Take away what SQLAlchemy reads beyond the parenthesis of a computed column."""
    computed = column.get("computed")
    if computed:
        computed["sqltext"] = inside("(" + computed["sqltext"] + ")", 0)


def inside(text: str, start: int) -> str:
    """Return what is between a parenthesis and the one that closes it."""
    depth, quote = 0, ""
    for place in range(start, len(text)):
        char = text[place]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        elif char in "()":
            depth += 1 if char == "(" else -1
            if depth == 0:
                return text[start + 1 : place]
    return text[start + 1 :]


def _options(given: Mapping[Any, Any]) -> str:
    """Write down whatever is known beside the usual, in one order."""
    known = sorted((str(key), _written(value)) for key, value in given.items())
    return ", ".join(f"{key}={text}" for key, text in known if text)


def _written(value: Any) -> str:
    """Write down a value that reflection gives, "" for one that says nothing."""
    if isinstance(value, Mapping):
        inner = _options(value)
        return f"({inner})" if inner else ""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]" if value else ""
    if value is None or value is False or value == 0:
        return ""
    return str(value)  # an object of SQLAlchemy's says by its text what it is


def _type(value: Any, connection: Connection) -> str:
    try:
        return sql_of(value, connection.dialect)
    except sa.exc.CompileError:
        return repr(value)


def _of_expressions(connection: Connection, read: Mapping[Any, Any]) -> dict[str, list[Constraint]]:
    """Return the indexes of SQLite that were not read, by table: those of expressions."""
    found: dict[str, list[Constraint]] = {}
    if connection.dialect.name != "sqlite":
        return found
    known = {row["name"] for rows in read.values() for row in rows}
    for name, table, sql in connection.exec_driver_sql(_SQLITE_INDEXES).all():
        if name not in known:
            words = " ".join(sql.split())
            definition = re.sub(r"^CREATE (UNIQUE )?INDEX .*? ON .*?(?=\()", r"\1", words)
            found.setdefault(table, []).append(Constraint(name, definition))
    return found


def _constraints(rows: Sequence[Any], more: Iterable[Constraint] = ()) -> Constraints:
    made = [Constraint(row.get("name"), _definition(row)) for row in rows]
    made += more
    return tuple(sorted(made, key=lambda constraint: constraint.definition))


def _definition(row: Mapping[Any, Any]) -> str:
    """Write down everything that is known of a constraint or an index but for its name."""
    left = {key: value for key, value in row.items() if key not in ("name", "sqltext")}
    columns = [
        left.pop(key, None) for key in ("expressions", "constrained_columns", "column_names")
    ]
    named = next((part for part in columns if part), None)
    text = f"({', '.join(map(str, named))})" if named else str(row.get("sqltext", ""))
    if left.get("referred_table"):
        schema, table = left.pop("referred_schema", None), left.pop("referred_table")
        place = f"{schema}.{table}" if schema else table
        text += f" REFERENCES {place} ({', '.join(left.pop('referred_columns', ()))})"
    rest = _options(left)
    return settled(f"{text} {rest}".strip())


_PG_OTHERS = {
    "trigger": """
        SELECT n.nspname, c.relname || '.' || t.tgname,
        pg_get_triggerdef(t.oid) || ' ' || CAST(t.tgenabled AS text)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal
    """,
    "function": """
        SELECT n.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
        pg_get_functiondef(p.oid)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind IN ('f', 'p')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    """,
    "sequence": """
        SELECT n.nspname, c.relname, concat_ws(' ', format_type(s.seqtypid, NULL), s.seqincrement,
        s.seqmin, s.seqmax, s.seqstart, s.seqcycle)
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')
          AND d.classid = 'pg_class'::regclass AND d.refobjsubid > 0)
    """,
    "domain": """
        SELECT n.nspname, t.typname, concat_ws(' ', format_type(t.typbasetype, t.typtypmod),
        CASE WHEN t.typnotnull THEN 'NOT NULL' END, t.typdefault,
        (SELECT string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname)
         FROM pg_constraint k WHERE k.contypid = t.oid))
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd'
    """,
    "materialized view": """
        SELECT n.nspname, c.relname, pg_get_viewdef(c.oid) FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm'
    """,
    "row policy": """
        SELECT schemaname, tablename || '.' || policyname,
        concat_ws(' ', permissive, cmd, array_to_string(roles, ', '), qual, with_check)
        FROM pg_policies
    """,
    "row security": """
        SELECT n.nspname, c.relname, concat_ws(' ', c.relrowsecurity, c.relforcerowsecurity)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relrowsecurity
    """,
    "extension": "SELECT '', extname, '' FROM pg_extension WHERE extname <> 'plpgsql'",
    "schema": "SELECT '', nspname, '' FROM pg_namespace WHERE nspname <> 'public'",
}
_MYSQL_OTHERS = {
    "trigger": """
        SELECT '', CONCAT(event_object_table, '.', trigger_name),
        CONCAT_WS(' ', action_timing, event_manipulation, action_statement)
        FROM information_schema.triggers WHERE trigger_schema = DATABASE()
    """,
    "function": """
        SELECT '', routine_name, CONCAT_WS(' ', routine_type, dtd_identifier, routine_definition)
        FROM information_schema.routines WHERE routine_schema = DATABASE()
    """,
    "storage": """
        SELECT '', table_name, CONCAT_WS(' ', engine, table_collation)
        FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
    """,
}
_SQLITE_OTHERS = {
    "trigger": "SELECT '', tbl_name || '.' || name, sql FROM sqlite_master WHERE type = 'trigger'",
    "storage": """
        SELECT '', name, trim(CASE WHEN wr THEN 'WITHOUT ROWID ' ELSE '' END
        || CASE WHEN strict THEN 'STRICT' ELSE '' END)
        FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND (wr OR strict)
    """,
}
_OTHERS = {
    "postgresql": _PG_OTHERS,
    "mysql": _MYSQL_OTHERS,
    "mariadb": _MYSQL_OTHERS,
    "sqlite": _SQLITE_OTHERS,
}
_NOT_READ = {
    "postgresql": ("rows", "owners and rights", "storage parameters", "aggregates and operators"),
    "mysql": ("rows", "rights", "events", "the order of columns"),
    "mariadb": ("rows", "rights", "events", "the order of columns"),
    "sqlite": ("rows", "virtual tables", "the order of columns"),
}


def not_read(dialect: str, home: str | None = None) -> tuple[str, ...]:
    """Return what `read_whole` leaves out."""
    return (*_NOT_READ.get(dialect, ()), *(("other schemas",) if home else ()))


def read_whole(connection: Connection, home: str | None = None) -> Schema:
    """Return the tables, views and types of all schemas, and all else that has a definition.

    With `home` nothing but what is in this schema is read, and has plain names.
    """
    inspector: Any = sa.inspect(connection)
    default, views, enums = home or inspector.default_schema_name, {}, {}
    for schema in schemas(connection, inspector, home):
        prefix = "" if schema in (None, default) else f"{schema}."
        for name in inspector.get_view_names(schema):
            text = inspector.get_view_definition(name, schema)
            # MySQL writes the name of the database before each table.
            own = connection.dialect.identifier_preparer.quote_identifier(default or "")
            plain = DEFINER.sub(r"\1", text or "").replace(f"{own}.", "")
            views[prefix + name] = settled(plain) if text else text
        if connection.dialect.name == "postgresql":
            for enum in inspector.get_enums(schema):
                enums[prefix + enum["name"]] = tuple(enum["labels"])
    tables = read_tables(connection, home).tables
    others = {
        (kind, name): text
        for kind, name, text in _others(connection, default, home)
        if kind != "storage" or name in tables
    }
    return Schema(tables, views, enums, others)


def _others(
    connection: Connection, default: str | None, home: str | None
) -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and definition of what is neither a table nor a view nor an enum."""
    dialect: Any = connection.dialect
    for kind, query in _OTHERS.get(dialect.name, {}).items():
        sqlite = getattr(dialect.dbapi, "sqlite_version_info", None)
        if kind == "storage" and sqlite is not None and sqlite < (3, 37):  # has no such list
            continue
        for schema, name, text in connection.execute(sa.text(query)):
            place = schema or name
            if place.startswith("pg_") or place == "information_schema":
                continue
            if home is not None and schema != home:
                continue
            if is_projects(name.partition(".")[0]):
                plain = name if schema in ("", default) else f"{schema}.{name}"
                yield kind, plain, settled(" ".join(str(text or "").split()))
