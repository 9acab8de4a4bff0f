"""Hands a listed database to env.py, and makes sure that this is the one it connects to.

env.py is given the URL in each of the ways that it may ask for one; which one it takes is its own
affair. What it has connected to is compared before anything is read or written there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Integer, create_engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import Pool

from lback.core.messages import listed as messages
from lback.db.command_lines import LOOK
from lback.db.command_lines import parsed as parsed_line
from lback.db.identity import untouched
from lback.db.urls import learn_url, shown_url

if TYPE_CHECKING:
    from alembic.config import Config

    from lback.core.databases import DatabaseName
    from lback.core.listed.databases import ListedDatabase

_KINDS = {"postgres": "postgresql", "mariadb": "mysql"}
_PORTS = {"postgresql": 5432, "mysql": 3306}
_CURRENT = {"postgresql": "SELECT current_database()", "mysql": "SELECT DATABASE()"}
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_OPTIONS = "PGOPTIONS"


def hand_over(config: Config, listed: ListedDatabase | None) -> None:
    """Put the URL of a listed database where engine_from_config() looks for it."""
    if listed is not None and listed.url is not None:
        config.set_main_option("sqlalchemy.url", listed.url.replace("%", "%%"))


@contextmanager
def in_environment(listed: ListedDatabase | None) -> Iterator[None]:
    """Have the URL and the schema of a listed database in the variables that env.py may read."""
    given = _variables(listed, os.environ) if listed is not None else {}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _variables(listed: ListedDatabase, environ: Mapping[str, str]) -> dict[str, str]:
    given = dict.fromkeys(listed.variables, listed.url) if listed.url is not None else {}
    if listed.schema:
        quoted = '"' + listed.schema.replace('"', '""') + '"'
        path = "".join(f"\\{char}" if char in "\\ \t\n" else char for char in quoted)
        given[_OPTIONS] = f"{environ.get(_OPTIONS, '')} -c search_path={path}".strip()
    return {name: value for name, value in given.items() if value is not None}


def require_asked(
    listed: ListedDatabase, connection: Connection, database: DatabaseName, folder: Path
) -> None:
    """Raise LbackError where env.py has connected to another database than it was given."""
    if listed.url is not None:
        asked = parsed(listed)
        if place(asked, folder) != _connected(connection, asked, folder):
            ways = ["sqlalchemy.url", *listed.variables, *(f"-x {text}" for text in listed.x)]
            raise messages.another_connected(
                listed.name, shown_url(asked), shown_url(connection.engine.url), ways
            )
    if listed.schema and (database.schema or "public") != listed.schema:
        raise messages.another_schema(listed.name, listed.schema, database.schema or "public")


def tell_connected(tell: Callable[[], None]) -> None:
    """Call a function whenever this process has connected to a database."""
    event.listen(Pool, "connect", lambda *_: tell())


def parsed(listed: ListedDatabase) -> URL:
    """Return the URL of a listed database; LbackError where it is none."""
    try:
        url = make_url(listed.url or "")
    except (ArgumentError, ValueError):
        raise messages.unreadable(listed.name) from None
    learn_url(url)
    return url


def warm_up() -> None:
    """Have done once what Alembic and SQLAlchemy do at their first use, without the project."""
    parsed_line((), LOOK)
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        context.get_current_heads()
        Operations(context).create_table("t", Column("id", Integer, primary_key=True))
    engine.dispose()


def import_drivers(databases: Iterable[ListedDatabase]) -> None:
    """Import the drivers that URLs ask for; what cannot be had is said where it is used."""
    urls = {database.url.partition(":")[0]: database.url for database in databases if database.url}
    for url in urls.values():
        with suppress(Exception):
            make_url(url).get_dialect().import_dbapi()


def place_of(listed: ListedDatabase, folder: Path) -> object:
    """Return what the URLs of one database have in common; one that is none stands for itself."""
    try:
        return place(make_url(listed.url), folder) if listed.url is not None else None
    except (ArgumentError, ValueError):
        return listed.url


def place(url: URL, folder: Path) -> tuple[Any, ...]:
    """Return what two URLs that lead to one database have in common.

    `folder` is where the path of a SQLite file begins.
    """
    backend = url.get_backend_name()
    kind = _KINDS.get(backend, backend)
    if kind == "sqlite":
        return kind, _file(url.database, folder)
    hosts, ports = url.query.get("host", url.host), url.query.get("port", url.port)
    host = str(hosts) if hosts not in _HERE else "localhost"
    return kind, host, str(ports or _PORTS.get(kind)), url.query.get("dbname", url.database)


def _file(database: str | None, folder: Path) -> str:
    path = (database or ":memory:").removeprefix("file:").partition("?")[0]
    return path if path == ":memory:" else os.path.realpath(folder / path)


def _connected(connection: Connection, asked: URL, folder: Path) -> tuple[Any, ...]:
    """Return the place of a connection; the server's word counts where its URL has none."""
    url = connection.engine.url
    if url.database:
        return place(url, folder)
    if url.get_backend_name() == "sqlite":
        with untouched(connection):
            rows = connection.exec_driver_sql("PRAGMA database_list").all()
        path = next((row[2] for row in rows if row[1] == "main"), None)
        return "sqlite", _file(path, folder)
    kind = _KINDS.get(url.get_backend_name(), url.get_backend_name())
    question = _CURRENT.get(kind)
    if question is None:
        return place(url, folder)
    with untouched(connection):
        current = connection.exec_driver_sql(question).scalar()
    # A `creator` connects without a URL: its host is not known, and the asked one stands in.
    return place(asked.set(drivername=url.drivername, database=current), folder)
