"""Kinds of folder to stand in: projects, whole and broken, with and without git."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.worlds.texts import MODELS, revision_text

_INI = """[alembic]
script_location = migrations
prepend_sys_path = .
path_separator = os
sqlalchemy.url = sqlite:///app.db
"""
_ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

from models import Base

given = context.get_x_argument()
if given:
    print("given:", given)
url = context.config.get_main_option("sqlalchemy.url")
options = {"target_metadata": Base.metadata, "render_as_batch": True}
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
"""
_MAKO = '''"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
"""
from alembic import op
import sqlalchemy as sa
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''


def models(*names: str, more: str = "") -> str:
    """Return models as the migrations make them; `more` is a line for the first."""
    text = MODELS
    for name in names:
        text += f"\n\nclass {name.title()}(Base):\n    __tablename__ = {name!r}\n"
        text += "    id: Mapped[int] = mapped_column(primary_key=True)\n" + more
        more = ""
    return text


def write(folder: Path, name: str, text: str) -> None:
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


def plain(folder: Path) -> None:
    """A project without git, not migrated yet; models and migrations agree."""
    write(folder, "alembic.ini", _INI)
    write(folder, "models.py", models("users", "orders"))
    write(folder, "migrations/env.py", _ENV)
    write(folder, "migrations/script.py.mako", _MAKO)
    revision(folder, "a1", (), "users")
    revision(folder, "b2", ("a1",), "orders")


def revision(folder: Path, name: str, parents: tuple[str, ...], what: str) -> None:
    write(folder, f"migrations/versions/{name}_{what}.py", revision_text(name, parents, what))


def repository(folder: Path) -> None:
    """The same in git, with a branch `topic` that holds one more revision."""
    plain(folder)
    write(folder, ".gitignore", "__pycache__/\n*.db\n")
    git(folder, "init", "-q")
    commit(folder, "Start")
    git(folder, "checkout", "-q", "-b", "topic")
    revision(folder, "c3", ("b2",), "carts")
    commit(folder, "Add carts")
    git(folder, "checkout", "-q", "main")


def migrated(folder: Path) -> None:
    """The same, on the branch, with its database at head."""
    repository(folder)
    git(folder, "checkout", "-q", "topic")
    write(folder, "models.py", models("users", "orders", "carts"))
    commit(folder, "Add the model of carts")
    database(folder, "c3", "users", "orders", "carts")


def database(folder: Path, stamp: str, *names: str) -> None:
    """Make the database that these migrations make, with a row in each table."""
    with sqlite3.connect(folder / "app.db") as base:
        base.execute("create table alembic_version (version_num varchar(32) not null primary key)")
        base.execute("insert into alembic_version values (?)", (stamp,))
        for name in names:
            base.execute(f"create table {name} (id integer not null primary key)")
            base.execute(f"insert into {name} values (1)")


def forked(folder: Path) -> None:
    """Two heads, one of them not in git yet."""
    repository(folder)
    git(folder, "merge", "-q", "topic")
    revision(folder, "d4", ("b2",), "drafts")


def cloned(folder: Path) -> None:
    """A clone with a remote, and a commit of its own."""
    (folder.parent / "remote").mkdir(exist_ok=True)
    repository(folder.parent / "remote")
    git(folder.parent, "clone", "-q", "remote", str(folder))
    revision(folder, "d4", ("b2",), "drafts")
    commit(folder, "Add drafts")


def unborn(folder: Path) -> None:
    """In git, before the first commit."""
    plain(folder)
    git(folder, "init", "-q")


def empty(folder: Path) -> None:
    """Nothing at all."""


def bare(folder: Path) -> None:
    """A bare repository."""
    other = folder.parent / "source"
    other.mkdir()
    repository(other)
    git(folder, "clone", "-q", "--bare", str(other), ".")


def broken_ini(folder: Path) -> None:
    """A configuration that is none."""
    repository(folder)
    write(folder, "alembic.ini", "script_location = migrations\n[alembic\n")


def broken_toml(folder: Path) -> None:
    """A pyproject.toml that cannot be read, and settings of the wrong kinds."""
    repository(folder)
    write(folder, "pyproject.toml", "[tool.lback]\nheads = 3\nignore = {}\n[tool.lback\n")


def odd_settings(folder: Path) -> None:
    """Settings of the wrong kinds."""
    repository(folder)
    write(folder, "pyproject.toml", "[tool.lback]\nheads = 3\nlock_timeout = 'x'\nnothing = 1\n")


def broken_files(folder: Path) -> None:
    """Conflict markers, a missing parent, an id twice, a file that is no text."""
    repository(folder)
    write(folder, "migrations/versions/x.py", "<<<<<<< HEAD\nrevision = 'x'\n=======\n>>>>>>> y\n")
    revision(folder, "e5", ("gone",), "lost")
    write(folder, "migrations/versions/twice.py", revision_text("a1", (), "again"))
    (folder / "migrations/versions/binary.py").write_bytes(b"\0\1\2\xff")


def broken_env(folder: Path) -> None:
    """An env.py that leaves the program."""
    repository(folder)
    write(folder, "migrations/env.py", "import sys\nprint('bye')\nsys.exit(1)\n")


def no_versions(folder: Path) -> None:
    """A project before its first revision, the folder of revisions not there."""
    write(folder, "alembic.ini", _INI)
    write(folder, "models.py", models("users"))
    write(folder, "migrations/env.py", _ENV)
    write(folder, "migrations/script.py.mako", _MAKO)
    git(folder, "init", "-q")


def unreachable(folder: Path) -> None:
    """A database that does not answer."""
    repository(folder)
    url = "postgresql+psycopg://ada:sesame@127.0.0.1:9/x"
    write(folder, "alembic.ini", _INI.replace("sqlite:///app.db", url))


def lost(folder: Path) -> None:
    """A database that is stamped with what nobody has."""
    migrated(folder)
    with sqlite3.connect(folder / "app.db") as base:
        base.execute("update alembic_version set version_num = 'zz'")


Places = dict[str, Callable[[Path], None]]

PLACES: Places = {
    one.__name__: one
    for one in (
        plain, repository, migrated, forked, cloned, unborn, empty, bare, broken_ini, broken_toml,
        odd_settings, broken_files, broken_env, no_versions, unreachable, lost,
    )
}  # fmt: skip
