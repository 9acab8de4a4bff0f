"""What lies beside a database, by the kind of its server."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from lback.db.beside.base import Databases
from lback.db.beside.mysql import MysqlDatabases
from lback.db.beside.postgresql import PostgresqlDatabases
from lback.db.beside.sqlite import SqliteFiles
from lback.db.urls import learn_url
from lback.errors import LbackError


def beside(url: URL, folder: Path, home: Path) -> Databases:
    """Return what makes databases where `url` is; files of SQLite are made in `folder`.

    `home` is where the relative path of a file begins. Nothing is connected to yet.
    """
    learn_url(url)
    kind = url.get_backend_name()
    if kind == "sqlite":
        return SqliteFiles(url, folder, home)
    if kind == "postgresql":
        return PostgresqlDatabases(url)
    if kind in ("mysql", "mariadb"):
        return MysqlDatabases(url)
    raise LbackError(
        f"Databases of {kind} cannot be copied.",
        "Copies are made on SQLite, PostgreSQL, MySQL and MariaDB.",
    )


def parsed(url: str) -> URL:
    """Return a URL that a person has given; LbackError where it is none."""
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        raise LbackError(
            "This is not the URL of a database.",
            "Write it as in postgresql+psycopg://user@host/name.",
        ) from None
    learn_url(made)
    return made
