"""A project whose migrations tests write by hand, in a git repository, on any database."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa

from lback.app.migrate import MigrateOptions, migrate
from lback.app.rollback import RollbackOptions, rollback
from lback.core.results import Result
from lback.core.schema_diff import Table
from lback.db.schema import read_tables
from lback.project.context import Context
from lback.project.options import Options
from tests.reports import checked, report_of
from tests.worlds import databases
from tests.worlds.people import Developer

MODELS = """
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass
"""


@dataclass
class Shop(Developer):
    """A developer whose migrations are written line by line."""

    url: str = ""
    last: str | None = None
    written: dict[str, Path] = field(default_factory=dict)

    empty: ClassVar[Path]

    @classmethod
    def make(cls, folder: Path) -> None:
        """Make a project without revisions, in git."""
        folder.mkdir(parents=True)
        shop = cls("Ada", folder)
        shop.git("init", "-q", "--initial-branch=main")
        shop.write("models.py", MODELS)
        shop.write(".gitignore", "__pycache__/\n*.sqlite3\n")
        shop.lback("init", "--no-input")

    @classmethod
    def at(cls, folder: Path, url: str, *, git: bool = True) -> Shop:
        """Return a fresh copy of that project."""
        shutil.copytree(cls.empty, folder)
        if not git:
            shutil.rmtree(folder / ".git")
        return cls("Ada", folder, {"DATABASE_URL": url}, url=url)

    def add(
        self,
        revision: str,
        upgrade: str,
        downgrade: str | None = "",
        *,
        parents: Sequence[str] | None = None,
        top: str = "",
        commit: str | None = None,
    ) -> Path:
        """Write a revision on top of the last one; downgrade None leaves the function out."""
        down = list(parents) if parents is not None else ([self.last] if self.last else [])
        value: Any = None if not down else down[0] if len(down) == 1 else tuple(down)
        parts = [
            f'"""{revision} does it\n\nRevision ID: {revision}\nRevises: {", ".join(down)}\n"""',
            "import sqlalchemy as sa\nfrom alembic import op",
            textwrap.dedent(top).strip(),
            f"revision = {revision!r}\ndown_revision = {value!r}\n"
            "branch_labels = None\ndepends_on = None\n",
            "def upgrade() -> None:\n" + body(upgrade),
        ]
        if downgrade is not None:
            parts.append("def downgrade() -> None:\n" + body(downgrade))
        path = self.write(
            f"migrations/versions/{revision}_it.py", "\n\n".join(p for p in parts if p) + "\n"
        )
        self.last = revision
        self.written[revision] = path
        if commit is not None:
            self.commit(commit)
        return path

    def publish(self, place: Path) -> None:
        """Push what there is to a bare repository."""
        self.git("init", "-q", "--bare", "--initial-branch=main", str(place))
        self.git("remote", "add", "origin", str(place))
        self.git("push", "-q", "-u", "origin", "main")

    def context(self) -> Context:
        """Return a run in this process: much quicker than a child."""
        os.environ["DATABASE_URL"] = self.url
        # Each project has a `models` of its own.
        sys.modules.pop("models", None)
        return Context(Options(directory=str(self.folder), no_input=True))

    def migrate(self, target: str | None = None) -> list[str]:
        """Bring the database to a target; return the revisions of the steps."""
        report = checked(migrate(self.context(), MigrateOptions(target, yes=True)))
        return [step["revision"] for step in report["data"]["steps"]]

    def forget(self) -> None:
        """Leave the database without a record of what ran, as plain Alembic does."""
        engine = sa.create_engine(self.url, poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE lback_ledger")

    def roll(self, table: str | None = None, **options: Any) -> Result:
        """Call `rollback`."""
        result = rollback(self.context(), RollbackOptions(table, **options))
        checked(result)
        return result

    def ask(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run a command with --json and return what it printed; progress is left out."""
        said = self.lback(*arguments, "--json", "--quiet", code=code)
        return report_of(said[said.index("{") :])

    def tables(self) -> Mapping[str, Table]:
        engine = sa.create_engine(self.url, poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            return read_tables(connection).tables

    def rows(self, table: str) -> list[Any]:
        return sorted(map(tuple, databases.query(self.url, f"SELECT * FROM {table}")))

    def execute(self, *statements: str) -> None:
        databases.query(self.url, *statements)

    def files(self) -> dict[str, str]:
        folder = self.folder / "migrations" / "versions"
        return {path.name: path.read_text() for path in sorted(folder.glob("*.py"))}


def body(code: str) -> str:
    return textwrap.indent(textwrap.dedent(code).strip() or "pass", "    ")
