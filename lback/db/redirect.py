"""Leads every connection that the project's code opens to a scratch database, and to no other."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Dialect, Engine

from lback.db.environment import version_table
from lback.db.scratch import connected, scratch_url
from lback.errors import LbackError


class Redirect:
    """The scratch databases that stand in, by family of dialects, while `redirected` lasts."""

    def __init__(self, configured: str | None, folder: Path) -> None:
        self.configured = configured
        self._file = make_sqlite_url(folder / "scratch.sqlite3")
        self._led: list[Any] = []
        self.dialects: list[str] = []
        """The dialect of each database that env.py has configured so far."""
        self.version_tables: set[str] = set()

    def url_for(self, dialect: str) -> URL:
        """Return where a connection of this dialect goes; LbackError where nothing is at hand."""
        url = scratch_url(dialect, self.configured)
        if url is None:
            raise LbackError(
                f"The project connects to {dialect}, and no scratch database of that kind is at "
                "hand.",
                "Let `[tool.lback] scratch_url` name an empty one that may be emptied.",
            )
        in_memory = url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")
        # Every connection to a memory database would be one of its own.
        return self._file if in_memory else url

    def connect(self, dialect: Dialect, _record: Any, _args: Any, _options: Any) -> Any:
        """Open a connection for an engine of the project's: SQLAlchemy's `do_connect`."""
        args, options = dialect.create_connect_args(self.url_for(dialect.name))
        connection = dialect.connect(*args, **options)
        self._led.append(connection)
        return connection

    def adjust(self, options: dict[str, Any]) -> None:
        """Note what env.py configures; refuse a connection that was not led here."""
        connection = options.get("connection")
        there = getattr(getattr(connection, "connection", None), "dbapi_connection", None)
        if not any(there is one for one in self._led):
            raise LbackError(
                "env.py connects in a way of its own, past SQLAlchemy's usual one, so that its "
                "connection could not be led to a scratch database. Nothing was run.",
                "Leave the `creator` out where a variable of the environment asks for it.",
            )
        self.dialects.append(connection.dialect.name)  # type: ignore[union-attr]
        self.version_tables.add(version_table(options))


def make_sqlite_url(path: Path) -> URL:
    """Return the URL of a SQLite file."""
    return URL.create("sqlite", database=str(path))


@contextmanager
def redirected(configured: str | None) -> Iterator[Redirect]:
    """Lead all new connections to scratch databases while this lasts."""
    with tempfile.TemporaryDirectory(prefix="lback-") as folder:
        redirect = Redirect(configured, Path(folder))
        # On the class, so that engines which the application has made already obey as well.
        sa.event.listen(Engine, "do_connect", redirect.connect)
        try:
            yield redirect
        finally:
            sa.event.remove(Engine, "do_connect", redirect.connect)


@contextmanager
def on_scratch(url: URL) -> Iterator[Connection]:
    """Connect to an empty scratch database, and empty it in the end."""
    engine = sa.create_engine(url, poolclass=sa.pool.StaticPool)
    try:
        with connected(engine, url) as connection:
            yield connection
    finally:
        engine.dispose()
