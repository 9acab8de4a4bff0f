"""Counts the rows of a database, before it is dropped."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection

from lback.db.beside.server import Server
from lback.db.own_tables import is_own, schemas
from lback.errors import LbackError

_STAMP = "alembic_version"


def rows_in(url: URL) -> int | None:
    """Return how many rows the project's tables have; None where they cannot be counted."""
    server = Server(url)
    try:
        return server.call(_count)
    except LbackError:
        return None
    finally:
        server.close()


def _count(at: Connection) -> int:
    inspector = sa.inspect(at)
    quote = at.dialect.identifier_preparer.quote
    names = [
        ".".join(map(quote, filter(None, (schema, table))))
        for schema in schemas(at, inspector)
        for table in inspector.get_table_names(schema)
        if table != _STAMP and not is_own(table)
    ]
    return sum(
        int(at.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() or 0) for name in names
    )
