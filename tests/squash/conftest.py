"""Fixtures of this folder: projects in git, as those of templates."""

from tests.templates.conftest import any_url, make_shop, mariadb_url, postgres_url, sqlite_url

__all__ = ["any_url", "make_shop", "mariadb_url", "postgres_url", "sqlite_url"]
