"""Reads whole schemas: of a copy of a template, of models in an empty database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection

from lback.core.messages import templates as messages
from lback.db.beside.server import in_a_loop
from lback.db.failures import reason
from lback.db.scratch_run import Broken, run_steps
from lback.db.templates.leading import leading
from lback.secrets import KNOWN

if TYPE_CHECKING:
    from lback.core.plans import Step
    from lback.db.runner import Database
    from lback.db.view import View

T = TypeVar("T")
Read = Callable[[Connection], T]


def read_at(url: URL, read: Read[T]) -> T:
    """Return what `read` finds in a database that lback has made."""
    if url.get_dialect().is_async:
        return in_a_loop(url, read)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            return read(connection)
    finally:
        engine.dispose()


def run_at(database: Database, url: URL, steps: Sequence[Step]) -> Broken | None:
    """Run steps by env.py on a database that lback has made, each in a transaction of its own."""
    with leading(lambda _url: None) as led:
        led.target = url

        def adjust(options: dict[str, Any]) -> None:
            led.adjust(options)
            options["transaction_per_migration"] = True

        return run_steps(database, steps, adjust)


def read_models(database: Database, url: URL, read: Read[T]) -> T:
    """Make the tables of env.py's models in an empty database, and return what `read` finds."""

    def make(view: View) -> T:
        _make(view.connection, (view.options or {}).get("target_metadata"))
        return read(view.connection)

    return _led(database, url, make)


def read_options(database: Database, url: URL) -> dict[str, Any]:
    """Return what env.py gives to configure() when it connects to an empty database."""
    return _led(database, url, lambda view: dict(view.options or {}))


def _led(database: Database, url: URL, look: Callable[[View], T]) -> T:
    """Run env.py unchanged, with every connection that it opens led to a database of ours."""
    with leading(lambda _url: None) as led:
        led.target = url

        def looked(view: View) -> T:
            # A connection that was opened in another way leads to the project's own database.
            led.adjust({"connection": view.connection})
            return look(view)

        return database.look_first(looked)


def _make(connection: Connection, given: Any) -> None:
    every = given if isinstance(given, list | tuple) else [given]
    if not all(isinstance(one, sa.MetaData) for one in every):
        raise messages.no_models()
    try:
        _make_schemas(connection, every)
        for metadata in every:
            metadata.create_all(connection)
    except sa.exc.SQLAlchemyError as err:
        raise messages.models_refused(KNOWN.redact(reason(err))) from err


def _make_schemas(connection: Connection, every: Iterable[sa.MetaData]) -> None:
    """Make the schemas that the models name: create_all() makes tables only."""
    if connection.dialect.name != "postgresql":
        return
    names = {table.schema for metadata in every for table in metadata.tables.values()}
    quote = connection.dialect.identifier_preparer.quote
    for name in sorted(filter(None, names)):
        connection.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {quote(name)}"))
