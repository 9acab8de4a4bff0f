"""A project without git whose one env.py serves many databases."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.inside import Done
from tests.worlds.processes import python

BODY = """
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
PLAIN = (
    """
from alembic import context
from sqlalchemy import create_engine, pool

url = context.config.get_main_option("sqlalchemy.url")
engine = create_engine(url, poolclass=pool.NullPool)
"""
    + BODY
)


@dataclass
class Fleet:
    """Databases by name, and what the last command said."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def list(self, text: str) -> None:
        """Say what [tool.lback.databases] holds."""
        head = '[tool.alembic]\nscript_location = "%(here)s/migrations"\n'
        self.write("pyproject.toml", f"{head}[tool.lback.databases]\n{text}\n")

    def revision(self, number: int, upgrade: str = "", *, head: str = "") -> None:
        """Write a revision that makes a table of its number, and does something more."""
        below = repr(f"r{number - 1}") if number > 1 else "None"
        self.write(
            f"migrations/versions/r{number}.py",
            f'"""step {number}"""\nimport sqlalchemy as sa\nfrom alembic import op\n{head}\n'
            f'revision = "r{number}"\ndown_revision = {below}\n\n\ndef upgrade():\n'
            f'    op.create_table("t{number}", sa.Column("id", sa.Integer, primary_key=True))\n'
            f'    {upgrade or "pass"}\n\n\ndef downgrade():\n    op.drop_table("t{number}")\n',
        )

    def lback(self, *line: str, code: int = 0) -> Done:
        """Run a command."""
        done = python(("-m", "lback", *line), self.folder, os.environ | self.variables)
        assert done.returncode == code, done.stdout + done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def ask(self, *line: str, code: int = 0) -> dict[str, Any]:
        """Run a command with --json; return its data."""
        data: dict[str, Any] = json.loads(self.lback(*line, "--json", code=code).out)["data"]
        return data

    def states(self, *line: str, code: int = 0) -> dict[str, str]:
        """Migrate all; return the state of each by its name."""
        rows = self.ask("migrate", "--all", *line, code=code)["databases"]
        return {row["name"]: row["state"] for row in rows}

    def tables(self, path: str) -> list[str]:
        """Return the project's tables of a SQLite file."""
        with sqlite3.connect(self.folder / path) as base:
            names = base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return sorted(name for (name,) in names if name[0] == "t")

    def sql(self, path: str, statement: str) -> list[Any]:
        """Run a statement on a SQLite file."""
        base = sqlite3.connect(self.folder / path)
        rows = base.execute(statement).fetchall()
        base.commit()
        base.close()
        return rows


def fleet(folder: Path, names: str = "a b c", env: str = PLAIN, revisions: int = 2) -> Fleet:
    """Make a project with SQLite files of these names."""
    made = Fleet(folder)
    made.write("migrations/env.py", env)
    for number in range(1, revisions + 1):
        made.revision(number)
    urls = ", ".join(f'{name} = "sqlite:///{name}.db"' for name in names.split())
    made.list(f"urls = {{ {urls} }}")
    return made
