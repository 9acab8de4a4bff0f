"""Small Alembic projects on disk, in the styles that people write them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision, is_revision_file
from lback.core.header import read_header
from lback.core.settings import Settings, read_settings
from lback.db.runner import Database
from tests.worlds.texts import SCRIPT_MAKO, SYNC_ENV

ASYNC_ENV = """
    import asyncio
    from alembic import context
    from sqlalchemy import pool
    from sqlalchemy.ext.asyncio import create_async_engine

    def work(connection):
        context.configure(connection=connection, target_metadata=None)
        with context.begin_transaction():
            context.run_migrations()

    async def main():
        engine = create_async_engine({url!r}, poolclass=pool.NullPool)
        async with engine.connect() as connection:
            await connection.run_sync(work)
        await engine.dispose()

    asyncio.run(main())
"""

BEGUN_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool, text

    engine = create_engine({url!r}, poolclass=pool.NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT 1"))
        context.configure(connection=connection, target_metadata=None)
        with context.begin_transaction():
            context.run_migrations()
"""

PER_MIGRATION_ENV = """
    from alembic import context
    from sqlalchemy import create_engine, pool

    engine = create_engine({url!r}, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
"""


class Project:
    """A project in a folder; revisions are added one by one."""

    def __init__(self, root: Path, env: str = SYNC_ENV, **values: Any) -> None:
        self.root = root
        self.url = str(values.get("url", ""))
        self.migrations = root / "migrations"
        self.versions = self.migrations / "versions"
        self.locations: list[Path] = [self.versions]
        self.config_path: Path | None = None
        self.section = "alembic"
        self.versions.mkdir(parents=True)
        self.write("migrations/script.py.mako", SCRIPT_MAKO)
        self.write("migrations/env.py", textwrap.dedent(env).format(**values))
        self.ini()

    @classmethod
    def at(cls, root: Path) -> Project:
        """Open a project that another process has written."""
        self = cls.__new__(cls)
        self.root, self.migrations = root, root / "migrations"
        self.versions = self.migrations / "versions"
        self.locations, self.section = [self.versions], "alembic"
        self.config_path = root / "alembic.ini"
        return self

    def write(self, path: str, text: str) -> Path:
        """Write a file below the project's folder."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def ini(self, extra: str = "", location: str = "%(here)s/migrations") -> None:
        """Write alembic.ini."""
        text = f"[alembic]\nscript_location = {location}\nprepend_sys_path = .\n"
        self.config_path = self.write("alembic.ini", text + textwrap.dedent(extra))

    def add(
        self,
        revision: str,
        down: str | Sequence[str] | None = None,
        upgrade: str = "",
        downgrade: str = "",
        *,
        folder: str = "migrations/versions",
        **header: Any,
    ) -> Path:
        """Write a revision; without code it makes a table that is called as it is."""
        if not upgrade:
            upgrade = f"op.create_table('t_{revision}', sa.Column('id', sa.Integer))"
            downgrade = downgrade or f"op.drop_table('t_{revision}')"
        lines = [
            f'"""add {revision}"""',
            "from alembic import op",
            "import sqlalchemy as sa",
            f"revision = {revision!r}",
            f"down_revision = {down if down is None or isinstance(down, str) else tuple(down)!r}"
            if not isinstance(down, str)
            else f"down_revision = {down!r}",
            *(f"{name} = {value!r}" for name, value in header.items()),
            "def upgrade():",
            textwrap.indent(textwrap.dedent(upgrade), "    "),
            "def downgrade():",
            textwrap.indent(textwrap.dedent(downgrade or "pass"), "    "),
        ]
        return self.write(f"{folder}/{revision}_add.py", "\n".join(lines) + "\n")

    def chain(self, *revisions: str) -> None:
        """Add revisions that follow one another."""
        parent = None
        for revision in revisions:
            self.add(revision, parent)
            parent = revision

    def graph(self) -> Graph:
        """Read the graph from the files."""
        return self.graph_from(self.root)

    def graph_from(self, root: Path) -> Graph:
        """Read the graph from the files, with paths that count from `root`."""
        found = []
        for folder in self.locations:
            for path in sorted(folder.rglob("*.py")):
                if not is_revision_file(path.name):
                    continue
                header = read_header(path.read_bytes(), path.name)
                assert isinstance(header, Header), header
                found.append(Revision(header, path.relative_to(root).as_posix(), "0" * 40))
        return Graph(found)

    def settings(self) -> Settings:
        """Read the settings as lback does."""
        pyproject = self.root / "pyproject.toml"
        return read_settings(
            ini=_text(self.config_path) if self.config_path else None,
            pyproject=_text(pyproject) if pyproject.is_file() else None,
            section=self.section,
            cwd=str(self.root),
        )

    def database(self, **options: Any) -> Database:
        """Return the database that this project's env.py connects to."""
        return Database(self.settings(), self.graph(), self.root, **options)


def _text(path: Path) -> tuple[str, str]:
    return str(path), path.read_text(encoding="utf-8")


MakeProject = Callable[..., Project]
