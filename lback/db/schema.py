"""Reads what the schema of a database is, as plain data."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.schema_diff import Column, Constraint, Constraints, Schema, Table
from lback.db.own_tables import is_own

# The one column of Alembic's table, which env.py may have given any name.
_VERSION_TABLE = {"version_num"}


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
    tables = {}
    for schema in schemas(connection, inspector):
        for name in inspector.get_table_names(schema):
            if is_projects(name):
                plain = schema in (None, inspector.default_schema_name)
                shown = name if plain else f"{schema}.{name}"
                table = _table(connection, inspector, name, schema)
                if table.columns.keys() != _VERSION_TABLE:
                    tables[shown] = table
    return Schema(tables)


def schemas(connection: Connection, inspector: sa.Inspector) -> list[str | None]:
    """Return the schemas that hold tables of the project's; None where there is just one."""
    if connection.dialect.name != "postgresql":
        return [None]
    names = inspector.get_schema_names()
    return [name for name in names if name != "information_schema" and not name.startswith("pg_")]


def is_projects(name: str) -> bool:
    """Tell whether a table is one of the project's, not Alembic's or ours."""
    return name != "alembic_version" and not is_own(name)


def _table(connection: Connection, inspector: sa.Inspector, name: str, schema: str | None) -> Table:
    columns = {
        column["name"]: Column(
            _type(column["type"], connection),
            column["nullable"],
            column.get("default"),
            column.get("comment"),
        )
        for column in inspector.get_columns(name, schema)
    }
    key = inspector.get_pk_constraint(name, schema)
    comment = None
    with contextlib.suppress(NotImplementedError):
        comment = inspector.get_table_comment(name, schema).get("text")
    return Table(
        columns,
        tuple(key.get("constrained_columns") or ()),
        _constraints(inspector.get_foreign_keys(name, schema)),
        _constraints(inspector.get_unique_constraints(name, schema)),
        _constraints(inspector.get_indexes(name, schema)),
        _constraints(inspector.get_check_constraints(name, schema)),
        comment,
    )


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
