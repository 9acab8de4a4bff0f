"""Tells one database of an env.py from the others: by its URL, its schema, its version table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import Connection

from lback.core.databases import DatabaseName
from lback.db.urls import shown_url

_CURRENT = {
    "postgresql": "SELECT current_schema()",
    "mysql": "SELECT DATABASE()",
    "mariadb": "SELECT DATABASE()",
}


def identify(
    connection: Connection, options: Mapping[str, Any], *, asked: bool = True
) -> DatabaseName:
    """Return which database a connection is, by the options of env.py's configure().

    Not `asked`, it may be one that does not answer.
    """
    current = _current(connection) if asked else None
    own = _translated(connection) or current
    schema = own or options.get("version_table_schema")
    shown = "" if schema in (None, _default(connection)) else str(schema)
    return DatabaseName(
        shown_url(connection.engine.url),
        shown,
        table=version_table(options),
        apart=bool(own and shown),
    )


def given_name(arguments: Mapping[str, Any]) -> str:
    """Return what env.py calls a database in the arguments of run_migrations(), "" if nothing."""
    words = [value for value in arguments.values() if isinstance(value, str)]
    name = arguments.get("engine_name", words[0] if words else "")
    return name if isinstance(name, str) else ""


def version_table(options: Mapping[str, Any]) -> str:
    """Return the name of the table that the options of configure() keep the stamp in."""
    schema = options.get("version_table_schema")
    name = options.get("version_table") or "alembic_version"
    return f"{schema}.{name}" if schema else str(name)


def real_schema(connection: Connection, schema: str | None) -> str | None:
    """Return the schema that a connection puts in the place of another."""
    names = connection.get_execution_options().get("schema_translate_map") or {}
    return names.get(schema, schema)


def _translated(connection: Connection) -> Any:
    names = connection.get_execution_options().get("schema_translate_map") or {}
    alone = next(iter(names.values())) if len(names) == 1 else None
    return names.get(None, alone)


def _current(connection: Connection) -> Any:
    """Return the schema that plain names are looked up in, None for the default one."""
    question = _CURRENT.get(connection.dialect.name)
    if question is None:
        return None
    with untouched(connection):
        current = connection.exec_driver_sql(question).scalar()
    return None if current == _default(connection) else current


def _default(connection: Connection) -> str | None:
    return "public" if connection.dialect.name == "postgresql" else connection.engine.url.database


@contextmanager
def untouched(connection: Connection) -> Iterator[None]:
    """End the transaction that a statement of ours would begin; leave env.py's alone."""
    inside = connection.in_transaction()
    try:
        yield
    finally:
        if not inside and connection.in_transaction():
            connection.rollback()
