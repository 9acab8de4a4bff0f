"""A project with tests of its own, which pytest runs with the plugin."""

from __future__ import annotations

from tests.servers import any_url, mariadb_url, postgres_url, sqlite_url

__all__ = ["any_url", "mariadb_url", "postgres_url", "sqlite_url"]
