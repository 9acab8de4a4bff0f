"""A clone with a shared branch, local revisions and a database, for commands that move them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import sqlalchemy as sa

from tests.db.projects import SYNC_ENV
from tests.story.team import Developer

VERSIONS = "migrations/versions"


def revision(name: str, parents: tuple[str, ...], up: str = "pass", down: str = "pass") -> str:
    """Return a revision file whose functions hold these statements."""
    value: object = parents[0] if len(parents) == 1 else (parents or None)
    return f'''"""do {name}

Revision ID: {name}
Revises: {", ".join(parents)}
Create Date: 2026-01-02 03:04:05

"""
from alembic import op
import sqlalchemy as sa

revision = {name!r}
down_revision = {value!r}  # keep this comment
branch_labels = None
depends_on = None


def upgrade() -> None:
{textwrap.indent(up, "    ")}


def downgrade() -> None:
{textwrap.indent(down, "    ")}
'''


def creates(table: str) -> tuple[str, str]:
    """Return the statements that create and drop a table."""
    return (
        f'op.create_table("{table}", sa.Column("id", sa.Integer(), primary_key=True))',
        f'op.drop_table("{table}")',
    )


def adds(table: str, column: str) -> tuple[str, str]:
    """Return the statements that add and drop a column."""
    return (
        f'with op.batch_alter_table("{table}") as batch:\n'
        f'    batch.add_column(sa.Column("{column}", sa.String(20)))',
        f'with op.batch_alter_table("{table}") as batch:\n    batch.drop_column("{column}")',
    )


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
        engine = sa.create_engine(self.url, poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            inspector = sa.inspect(connection)
            found = {
                table: {column["name"] for column in inspector.get_columns(table)}
                for table in inspector.get_table_names()
            }
        engine.dispose()
        return {
            table: columns
            for table, columns in found.items()
            if table[:8] != "alembic_" and "lback" not in table
        }

    def stamp(self) -> list[str]:
        """Return what the version table holds."""
        return sorted(row[0] for row in self.rows("select version_num from alembic_version"))

    def rows(self, statement: str) -> list[sa.Row[tuple[object, ...]]]:
        """Run a statement and return its rows."""
        engine = sa.create_engine(self.url, poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            result = connection.execute(sa.text(statement))
            rows = list(result) if result.returns_rows else []
        engine.dispose()
        return rows
