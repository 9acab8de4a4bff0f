"""Reads whole schemas: of a copy of a template, of models in an empty database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection

from lback.core.messages import templates as messages
from lback.core.schema_diff import Schema
from lback.db.beside.server import in_a_loop
from lback.db.failures import reason
from lback.db.schema import read_whole
from lback.db.templates.leading import leading
from lback.secrets import KNOWN

if TYPE_CHECKING:
    from lback.db.runner import Database
    from lback.db.view import View


def schema_at(url: URL) -> Schema:
    """Return the schema of a database that lback has made."""
    if url.get_dialect().is_async:
        return in_a_loop(url, read_whole)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            return read_whole(connection)
    finally:
        engine.dispose()


def schema_of_models(database: Database, url: URL) -> Schema:
    """Make the tables of env.py's models in an empty database, and return its schema.

    env.py runs unchanged, and every connection that it opens is led there.
    """
    with leading(lambda _url: None) as led:
        led.target = url

        def make(view: View) -> Schema:
            # A connection that was opened in another way leads to the project's own database.
            led.adjust({"connection": view.connection})
            return _made(view.connection, (view.options or {}).get("target_metadata"))

        return database.look_first(make)


def _made(connection: Connection, given: Any) -> Schema:
    every = given if isinstance(given, list | tuple) else [given]
    if not all(isinstance(one, sa.MetaData) for one in every):
        raise messages.no_models()
    try:
        _make_schemas(connection, every)
        for metadata in every:
            metadata.create_all(connection)
    except sa.exc.SQLAlchemyError as err:
        raise messages.models_refused(KNOWN.redact(reason(err))) from err
    return read_whole(connection)


def _make_schemas(connection: Connection, every: Iterable[sa.MetaData]) -> None:
    """Make the schemas that the models name: create_all() makes tables only."""
    if connection.dialect.name != "postgresql":
        return
    names = {table.schema for metadata in every for table in metadata.tables.values()}
    quote = connection.dialect.identifier_preparer.quote
    for name in sorted(filter(None, names)):
        connection.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {quote(name)}"))
