"""The shop of examples/branch_databases in a repository of its own; fixtures for this folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from lback.urls import for_branch
from tests.cli.inside import lback
from tests.servers import any_url, mariadb_url, postgres_url, sqlite_url

__all__ = ["any_url", "mariadb_url", "postgres_url", "sqlite_url"]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "branch_databases"
_ASK = """
import json, sys
from shop import app
client = app.test_client()
for name in sys.argv[1:]:
    assert client.post("/users", data={"name": name}).status_code == 201
print(json.dumps(client.get("/users").json))
"""


class Checkout:
    """A work tree of the shop, and what people run in it; each command is a process."""

    def __init__(self, path: Path, url: str | None) -> None:
        self.path = path
        self.url = url

    def run(self, *line: str, code: int = 0) -> str:
        """Run a program; return what it printed, with its errors."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        if self.url is not None:
            environment["SHOP_DATABASE_URL"] = self.url
        done = subprocess.run(
            line, cwd=self.path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, (line, done.stdout, done.stderr)
        self.said = done.stderr
        return done.stdout

    def git(self, *line: str) -> str:
        return self.run("git", *line)

    def alembic(self, *line: str) -> str:
        return self.run(sys.executable, "-m", "alembic", *line)

    def application(self, *new: str) -> list[str]:
        """Let the application add users, and tell of all."""
        names: list[str] = json.loads(self.run(sys.executable, "-c", _ASK, *new))
        return names

    # Without a process, and without env.py: that takes a second each.

    @property
    def given(self) -> str:
        """Return the URL that the settings have."""
        return self.url or f"sqlite:///{self.path / 'shop.db'}"

    def lback(self, *line: str, code: int = 0) -> str:
        """Run a command in this process; `database` is told the URL that env.py has."""
        if line[0] == "database":
            line = (*line, *(() if "--url" in line else ("--url", self.given)))
        done = lback(self.path, *line)
        self.said = done.err
        assert done.code == code, done.said
        return done.out.removesuffix("\n")

    def users(self, *new: str) -> list[str]:
        """Add users to this branch's database, and tell of all."""
        url = for_branch(self.given, project=self.path)
        for name in new:
            ask(url, f"INSERT INTO users (name) VALUES ('{name}')")
        return [str(name) for (name,) in ask(url, "SELECT name FROM users ORDER BY id")]

    def migrated(self) -> None:
        """Bring this branch's database to where `alembic upgrade head` does."""
        key = "SERIAL" if "postgresql" in self.given else "INTEGER AUTO_INCREMENT"
        key = key if self.url else "INTEGER"
        url = for_branch(self.given, project=self.path)
        ask(url, f"CREATE TABLE users (id {key} PRIMARY KEY, name VARCHAR(40) NOT NULL)")

    def branch(self, name: str) -> None:
        self.git("checkout", "-q", "-b", name)

    def rows(self) -> list[dict[str, Any]]:
        """Return the databases as `--json` lists them."""
        listed: list[dict[str, Any]] = json.loads(self.lback("database", "list", "--json"))["data"][
            "databases"
        ]
        return listed

    def worktree(self, name: str, *line: str) -> Checkout:
        """Add another work tree."""
        place = self.path.parent / name
        self.git("worktree", "add", "-q", str(place), *line)
        return Checkout(place, self.url)


MakeShop = Callable[[str | None], Checkout]


@pytest.fixture
def make_shop(tmp_path: Path) -> Iterator[MakeShop]:
    made: list[Checkout] = []

    def make(url: str | None) -> Checkout:
        place = tmp_path / "shop"
        shutil.copytree(EXAMPLE, place, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
        shop = Checkout(place, url)
        shop.git("init", "-q", "-b", "main")
        shop.git("add", ".")
        shop.git("commit", "-q", "-m", "Shop")
        made.append(shop)
        return shop

    yield make
    for shop in made:
        note = shop.path / ".git" / "lback" / "databases.json"
        if shop.url is None or not note.exists():
            continue
        from lback.db.beside.opening import beside, parsed

        place = beside(parsed(shop.url), tmp_path, tmp_path)
        for row in json.loads(note.read_text()):
            place.drop(row["name"])
        place.close()


def ask(url: str, sql: str) -> list[tuple[object, ...]]:
    """Return the rows of a question."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sa.text(sql))
        return [tuple(row) for row in result] if result.returns_rows else []
