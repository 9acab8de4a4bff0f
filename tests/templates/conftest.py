"""A project with migrations that is asked for its templates; fixtures for this folder."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from lback.core.copies.names import HALF
from lback.db.beside.base import Databases
from lback.db.templates.building import Template, name_of
from lback.project.context import Context
from lback.project.copies.templates import template_at
from lback.project.options import Options
from tests.db.projects import Project
from tests.servers import any_url, mariadb_url, postgres_url, sqlite_url
from tests.worlds.texts import SYNC_ENV

__all__ = ["any_url", "mariadb_url", "postgres_url", "sqlite_url"]


class Shop(Project):
    """A project in a git repository, whose database has nothing to do with its templates."""

    made: list[tuple[Databases, str]]

    def ctx(self, **options: object) -> Context:
        """Open it as a command does."""
        return Context(Options(directory=str(self.root), **options))  # type: ignore[arg-type]

    def template(self, revision: str = "heads") -> Template:
        """Return a template, and drop it in the end."""
        template = template_at(self.ctx(), revision)
        self.made.append((template.beside, template.name))
        return template

    def copy(self, template: Template, name: str | None = None) -> sa.URL:
        """Return a copy, and drop it in the end."""
        url = template.copy(name)
        self.made.append((template.beside, name_of(template.beside, url)))
        return url

    def git(self, *line: str) -> str:
        done = subprocess.run(
            ["git", *line], cwd=self.root, check=True, capture_output=True, text=True
        )
        return done.stdout


MakeShop = Callable[..., Shop]


@pytest.fixture
def make_shop(tmp_path: Path) -> Iterator[MakeShop]:
    made: list[Shop] = []

    def make(url: str, env: str = SYNC_ENV, name: str = "shop") -> Shop:
        shop = Shop(tmp_path / name, env, url=url)
        subprocess.run(["git", "init", "-q", "-b", "main", str(shop.root)], check=True)
        shop.made = []
        made.append(shop)
        return shop

    yield make
    # Others test on the same servers: only what was made here goes.
    for beside, name in (made for shop in made for made in shop.made):
        beside.drop(name)
        beside.close()


def tables(url: sa.URL | str) -> list[str]:
    """Return the names of a database's tables."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return sorted(sa.inspect(connection).get_table_names())


def ask(url: sa.URL | str, sql: str) -> list[tuple[object, ...]]:
    """Return the rows of a question."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sa.text(sql))
        return [tuple(row) for row in result] if result.returns_rows else []


def half_built(beside: Databases) -> set[str]:
    """Return what is half built in a folder; on a server others may be at work."""
    halves = {made.name for made in beside.leftovers() if made.name.startswith(HALF)}
    return halves if beside.url.get_backend_name() == "sqlite" else set()
