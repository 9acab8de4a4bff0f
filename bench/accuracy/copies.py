"""Throw-away databases: made, copied for one downgrade, dropped.

Runs in the tree's own virtual environment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool


@contextmanager
def database(server: URL, name: str) -> Iterator[URL]:
    """Make an empty database and drop it afterwards; for SQLite `server` names the folder."""
    url = _place(server, name)
    _drop(server, url)
    if server.get_backend_name() != "sqlite":
        _tell(server, f"CREATE DATABASE {name}")
    try:
        yield url
    finally:
        _drop(server, url)


@contextmanager
def copy(server: URL, source: URL, name: str) -> Iterator[URL]:
    """Make a copy of a database and drop it afterwards."""
    url = _place(server, name)
    kind = server.get_backend_name()
    _drop(server, url)
    if kind == "sqlite":
        with (
            closing(sqlite3.connect(str(source.database))) as old,
            closing(sqlite3.connect(str(url.database))) as new,
        ):
            old.backup(new)
    elif kind == "postgresql":
        _tell(server, f"CREATE DATABASE {name} TEMPLATE {source.database}")
    else:
        _tell(server, f"CREATE DATABASE {name}")
        _copy_tables(source, url)
    try:
        yield url
    finally:
        _drop(server, url)


def _place(server: URL, name: str) -> URL:
    if server.get_backend_name() == "sqlite":
        return server.set(database=str(Path(server.database or ".") / f"{name}.db"))
    return server.set(database=name)


def _drop(server: URL, url: URL) -> None:
    kind = server.get_backend_name()
    if kind == "sqlite":
        for ending in ("", "-journal", "-wal", "-shm"):
            Path(f"{url.database}{ending}").unlink(missing_ok=True)
    elif kind == "postgresql":
        _tell(server, f"DROP DATABASE IF EXISTS {url.database} WITH (FORCE)")
    else:
        _tell(server, f"DROP DATABASE IF EXISTS {url.database}")


def _tell(server: URL, statement: str) -> None:
    engine = sa.create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(statement))


def _copy_tables(source: URL, target: URL) -> None:
    """Copy tables and rows within one MariaDB server; views are not needed by what runs here."""
    engine = sa.create_engine(target, poolclass=NullPool)
    names = sa.inspect(sa.create_engine(source, poolclass=NullPool)).get_table_names()
    with engine.begin() as connection:
        connection.exec_driver_sql("SET FOREIGN_KEY_CHECKS = 0")
        for name in names:
            shown = connection.exec_driver_sql(f"SHOW CREATE TABLE `{source.database}`.`{name}`")
            connection.exec_driver_sql(shown.one()[1].replace("%", "%%"))
        for name in names:
            connection.exec_driver_sql(
                f"INSERT INTO `{name}` SELECT * FROM `{source.database}`.`{name}`"
            )
