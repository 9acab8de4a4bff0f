"""Made-up Alembic projects of any size in a git repository with its history."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench.revisions import File, revision_files
from bench.timing import call

ENV = '''\
from sqlalchemy import engine_from_config, pool

from alembic import context

config = context.config
target_metadata = None


def run_migrations_offline() -> None:
    """Run migrations in 'offline' mode."""
    context.configure(
        url=config.get_main_option("sqlalchemy.url"),
        target_metadata=target_metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online() -> None:
    """Run migrations in 'online' mode."""
    connectable = engine_from_config(
        config.get_section(config.config_ini_section, {}),
        prefix="sqlalchemy.",
        poolclass=pool.NullPool,
    )
    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
'''

INI = """\
[alembic]
script_location = %(here)s/migrations
prepend_sys_path = .
path_separator = os
sqlalchemy.url = sqlite:///%(here)s/app.db
"""

READ_ME = "# A project made up for the bench\n"
GIT_IGNORE = "__pycache__/\n*.db*\n"

# One commit for each revision up to this many; beyond it, commits hold several revisions.
COMMITS = 1000
FIRST_COMMIT = 1_551_690_000


@dataclass(frozen=True, slots=True)
class Project:
    """A made-up project on disk."""

    root: Path
    size: int

    @property
    def versions(self) -> Path:
        return self.root / "migrations" / "versions"

    @property
    def database(self) -> Path:
        return self.root / "app.db"

    def forget_bytecode(self) -> None:
        """Remove the compiled revisions, as in a fresh clone."""
        shutil.rmtree(self.versions / "__pycache__", ignore_errors=True)

    def forget_cache(self) -> None:
        """Remove what lback remembers about the files, as in a fresh clone."""
        shutil.rmtree(self.root / ".git" / "lback", ignore_errors=True)

    def forget_database(self) -> None:
        """Remove the SQLite file and everything beside it."""
        for file in self.root.glob("app.db*"):
            file.unlink()


def make_project(root: Path, size: int, env: Mapping[str, str]) -> Project:
    """Write a project of `size` revisions and its history below `root`, which must be new."""
    root.mkdir(parents=True)
    git = ("git", "-C", str(root))
    call((*git, "init", "-q", "-b", "main"), root, env)
    subprocess.run(
        (*git, "fast-import", "--quiet"), input=_history(size), env=dict(env), check=True
    )
    # Packed as what a server sends: `fast-import` leaves chains of deltas that make the newest
    # tree, the one that is looked at, the slowest to read.
    call((*git, "repack", "-a", "-d", "-f", "-q"), root, env)
    call((*git, "reset", "-q", "--hard"), root, env)
    call((*git, "status", "--porcelain"), root, env)  # refreshes the index
    # A clone, as nearly every checkout is: what is published has to be looked up.
    call((*git, "remote", "add", "origin", "https://example.org/made-up.git"), root, env)
    call((*git, "update-ref", "refs/remotes/origin/main", "HEAD"), root, env)
    return Project(root, size)


def _history(size: int) -> bytes:
    """Return the whole repository as a `git fast-import` stream."""
    first = {
        "alembic.ini": INI,
        "migrations/env.py": ENV,
        "README.md": READ_ME,
        ".gitignore": GIT_IGNORE,
    }
    parts = [_commit(0, "Start the project", first)]
    files = iter(revision_files(size))
    at_once = max(1, size // COMMITS)
    number = 0
    while batch := list(islice(files, at_once)):
        number += 1
        parts.append(_commit(number, f"Migrate {batch[0].name}", _paths(batch)))
    return b"".join(parts)


def _paths(files: Iterable[File]) -> dict[str, str]:
    return {f"migrations/versions/{file.name}": file.text for file in files}


def _commit(number: int, subject: str, files: Mapping[str, str]) -> bytes:
    author = f"Developer {number % 7} <dev{number % 7}@example.org>"
    when = FIRST_COMMIT + 7200 * number
    lines = [
        "commit refs/heads/main",
        f"author {author} {when} +0000",
        f"committer {author} {when} +0000",
        f"data {len(subject.encode())}",
        subject,
    ]
    head = "\n".join(lines).encode()
    contents = [head]
    for path, text in files.items():
        data = text.encode()
        contents.append(b"\nM 100644 inline %s\ndata %d\n%s" % (path.encode(), len(data), data))
    return b"".join(contents) + b"\n"
