"""Reads what the schema of a database is, as plain data."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.schema_diff import Column, Constraint, Constraints, Schema, Table
from lback.db.own_tables import is_own

# The one column of Alembic's table, which env.py may have given any name.
_VERSION_TABLE = {"version_num"}

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


def read_tables(connection: Connection) -> Schema:
    """Return the project's tables, and no views and types."""
    inspector = sa.inspect(connection)
    tables, parts = {}, _partitions(connection, inspector)
    for schema in schemas(connection, inspector):
        names = [name for name in inspector.get_table_names(schema) if is_projects(name)]
        plain = schema in (None, inspector.default_schema_name)
        for name, table in _tables(connection, inspector, names, schema).items():
            if table.columns.keys() != _VERSION_TABLE:
                shown = name if plain else f"{schema}.{name}"
                part_of = parts.get(shown)
                tables[shown] = replace(table, part_of=part_of) if part_of else table
    return Schema(tables)


def _partitions(connection: Connection, inspector: sa.Inspector) -> dict[str, str]:
    """Return the partitions and what they are part of, both as `read_tables` names them."""
    if connection.dialect.name != "postgresql":
        return {}
    plain = inspector.default_schema_name
    rows = connection.exec_driver_sql(_PARTITIONS).fetchall()

    def shown(schema: str, name: str) -> str:
        return name if schema == plain else f"{schema}.{name}"

    return {shown(*row[:2]): shown(*row[2:]) for row in rows}


def schemas(connection: Connection, inspector: sa.Inspector) -> list[str | None]:
    """Return the schemas that hold tables of the project's; None where there is just one."""
    if connection.dialect.name != "postgresql":
        return [None]
    names = inspector.get_schema_names()
    return [name for name in names if name != "information_schema" and not name.startswith("pg_")]


def is_projects(name: str) -> bool:
    """Tell whether a table is one of the project's, not Alembic's or ours."""
    return name != "alembic_version" and not is_own(name)


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
    foreign, unique = read("foreign_keys"), read("unique_constraints")
    indexes, checks = read("indexes"), read("check_constraints")
    return {
        name: Table(
            {row["name"]: _column(row, connection) for row in columns[name]},
            tuple((keys.get(name) or {}).get("constrained_columns") or ()),
            _constraints(foreign.get(name) or ()),
            _constraints(unique.get(name) or ()),
            _constraints(indexes.get(name) or ()),
            _constraints(checks.get(name) or ()),
            (comments.get(name) or {}).get("text"),
        )
        for name in names
        if name in columns
    }


def _column(row: Any, connection: Connection) -> Column:
    kind = _type(row["type"], connection)
    return Column(kind, row["nullable"], row.get("default"), row.get("comment"))


def _type(value: Any, connection: Connection) -> str:
    try:
        return str(value.compile(dialect=connection.dialect))
    except sa.exc.CompileError:
        return repr(value)


def _constraints(rows: Sequence[Any]) -> Constraints:
    made = [
        Constraint(row.get("name"), repr(sorted(row.items(), key=lambda item: str(item[0]))))
        for row in rows
    ]
    return tuple(sorted(made, key=lambda constraint: constraint.definition))
