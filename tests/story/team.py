"""Developers as clones: real git, real lback as child processes, a database each."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Developer:
    """One person with a clone; `env` goes to every command."""

    name: str
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str, code: int = 0, stdin: str | None = None) -> str:
        """Run a command; return what it printed on both streams; fail on another exit status."""
        child = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert child.returncode == code, f"{command} -> {child.returncode}\n{child.stdout}"
        return child.stdout

    def git(self, *arguments: str, code: int = 0) -> str:
        return self.run("git", *arguments, code=code)

    def lback(self, *arguments: str, code: int = 0) -> str:
        return self.run(sys.executable, "-m", "lback", *arguments, code=code)

    def manage(self, *arguments: str, code: int = 0) -> str:
        return self.run(sys.executable, "manage.py", *arguments, code=code)

    def environment(self) -> dict[str, str]:
        mail = f"{self.name.lower()}@example.com"
        return os.environ | {
            "GIT_AUTHOR_NAME": self.name,
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": self.name,
            "GIT_COMMITTER_EMAIL": mail,
            "GIT_EDITOR": "true",
            **self.env,
        }

    def write(self, path: str, text: str) -> Path:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def migrations(self) -> dict[str, str]:
        folder = self.folder / "migrations" / "versions"
        return {path.name: path.read_text() for path in sorted(folder.glob("*.py"))}


def found_shop(ada: Developer) -> None:
    """Make `shop.git` with a project that has a table `users`; Ada stands in her clone then."""
    ada.git("init", "-q", "--bare", "--initial-branch=main", "shop.git")
    ada.git("clone", "-q", "shop.git", "ada")
    ada.folder = ada.folder / "ada"
    ada.lback("init")
    ada.write("models.py", MODELS + table("users"))
    ada.manage("makemigrations", "add_users")
    ada.commit("Add users")
    ada.git("push", "-q", "-u", "origin", "main")


MODELS = '''"""Tables."""

from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass
'''


def table(name: str) -> str:
    """Return a model class with one table, two columns and an index."""
    return f'''

class {name.title().replace("_", "")}(Base):
    __tablename__ = "{name}"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(50), index=True)
'''


def revision_text(revision: str, parents: tuple[str, ...], table_name: str) -> str:
    """Return a migration as people write them, creating one table."""
    down: object = None
    if len(parents) == 1:
        down = parents[0]
    elif parents:
        down = parents
    return f'''"""add {table_name}

Revision ID: {revision}
Revises: {", ".join(parents)}
Create Date: 2026-01-02 03:04:05

"""
from alembic import op
import sqlalchemy as sa

revision = {revision!r}
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("{table_name}", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_table("{table_name}")
'''
