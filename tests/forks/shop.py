"""A clone with a shared branch, local revisions and a database, for commands that move them."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from tests.worlds import databases
from tests.worlds.people import Developer
from tests.worlds.texts import SYNC_ENV, VERSIONS, creates, revision


class Shop(Developer):
    """A developer with a database of this shop."""

    url: str = ""

    @classmethod
    def open(cls, place: Path, url: str) -> Shop:
        """Make a bare repository and a clone with one shared revision."""
        place.mkdir(parents=True, exist_ok=True)
        self = cls("Grace", place)
        self.url = url
        self.git("init", "-q", "--bare", "--initial-branch=main", "shop.git")
        self.git("clone", "-q", "shop.git", "grace")
        self.folder = place / "grace"
        self.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\n")
        self.write("migrations/env.py", textwrap.dedent(SYNC_ENV).format(url=url))
        self.write("migrations/script.py.mako", "")
        self.write(".gitignore", "__pycache__/\n*.sqlite3*\n*.lback-lock\n")
        self.revise("s1", (), *creates("users"))
        self.commit("Start")
        self.git("push", "-q", "-u", "origin", "main")
        return self

    def revise(
        self, name: str, parents: tuple[str, ...], up: str = "pass", down: str = "pass"
    ) -> Path:
        """Write a revision file."""
        return self.write(f"{VERSIONS}/{name}.py", revision(name, parents, up, down))

    def publish(self, name: str, parents: tuple[str, ...], up: str, down: str) -> None:
        """Let somebody else push a revision, and get it by a merge."""
        here = self.git("rev-parse", "--abbrev-ref", "HEAD").strip()
        self.git("switch", "-q", "-C", "elsewhere", "origin/main")
        self.revise(name, parents, up, down)
        self.commit(f"Add {name}")
        self.git("push", "-q", "origin", "HEAD:main")
        self.git("switch", "-q", here)
        self.git("merge", "-q", "--no-edit", "origin/main")

    def local(self, name: str, parents: tuple[str, ...], up: str, down: str) -> None:
        """Write a revision and commit it."""
        self.revise(name, parents, up, down)
        self.commit(f"Add {name}")

    def text(self, name: str) -> str:
        return (self.folder / VERSIONS / f"{name}.py").read_text()

    def schema(self) -> dict[str, set[str]]:
        """Return the columns of each table."""
        return databases.columns(self.url)

    def stamp(self) -> list[str]:
        """Return what the version table holds."""
        return databases.stamp(self.url)

    def rows(self, statement: str) -> list[Any]:
        """Run a statement and return its rows."""
        return databases.query(self.url, statement)
