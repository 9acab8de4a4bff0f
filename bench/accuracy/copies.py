"""Throw-away databases: made, copied as lback copies databases, dropped.

Runs in the tree's own virtual environment, where no more than SQLAlchemy and Alembic is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import URL

from lback.db.beside.opening import beside


@contextmanager
def database(server: URL, name: str, source: URL | None = None) -> Iterator[URL]:
    """Make a database, empty or with all that `source` has, and drop it afterwards.

    For SQLite `server` names the folder.
    """
    folder = Path(server.database or ".")
    place = beside(server, folder, folder)
    try:
        place.drop(name)
        place.create(name, source)
        yield place.named(name)
    finally:
        place.drop(name)
        place.close()
