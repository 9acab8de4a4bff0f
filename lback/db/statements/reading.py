"""How a database is made, for whoever wants another one to become like it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.altering.made import SchemaSide, Source
from lback.db.schema import read_whole
from lback.db.statements import mysql, postgresql, sqlite

_SOURCES = {
    "sqlite": sqlite.source,
    "postgresql": postgresql.source,
    "mysql": mysql.source,
    "mariadb": mysql.source,
}


def read_side(connection: Connection, home: str | None = None, *, sql: bool = False) -> SchemaSide:
    """Return the schema of a database, and with `sql` how all of it is made.

    With `home` this schema of it is meant, which its search path has to name first.
    """
    schema = read_whole(connection, home)
    read = _SOURCES.get(connection.dialect.name) if sql else None
    return SchemaSide(schema, read(connection, schema, home) if read is not None else Source())


def search_path(connection: Connection) -> str:
    """Return where a session of PostgreSQL looks for plain names, by which it writes them."""
    return str(connection.exec_driver_sql("SHOW search_path").scalar())


def set_search_path(connection: Connection, path: str) -> None:
    """Let a session of ours look there."""
    connection.execute(sa.text("SELECT set_config('search_path', :path, false)"), {"path": path})
