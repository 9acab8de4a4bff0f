"""A shop for each test, on the database that the test wants."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.forks.shop import Shop
from tests.servers import any_url, mariadb_url, postgres_url, sqlite_url  # noqa: F401


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Return a shop on SQLite."""
    return Shop.open(tmp_path / "shop", f"sqlite:///{tmp_path / 'shop.sqlite3'}")


@pytest.fixture
def any_shop(tmp_path: Path, any_url: str) -> Shop:  # noqa: F811
    """Return a shop on each kind of database in turn."""
    return Shop.open(tmp_path / "shop", any_url)
