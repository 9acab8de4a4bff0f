"""Kinds of project as people lay them out; each holds three revisions, the last one local.

`a1` makes users, `b2` orders, `c3` carts. What git knows of the first two is published.
"""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cli.places import write
from tests.worlds.texts import MODELS, revision_text

TABLES = ("users", "orders", "carts")
_INI = """[alembic]
script_location = {location}
prepend_sys_path = %(here)s
path_separator = os
sqlalchemy.url = sqlite:///%(here)s/app.db
"""
_ENV = """
from alembic import context
from sqlalchemy import create_engine, pool
from models import Base

url = context.config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()
"""
_ASYNC_ENV = """
import asyncio
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine
from models import Base

url = context.config.get_main_option("sqlalchemy.url").replace("sqlite:", "sqlite+aiosqlite:")

def work(connection):
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(work)
    await engine.dispose()

asyncio.run(main())
"""
_TWO_DATABASES_ENV = """
from alembic import context
from sqlalchemy import create_engine, pool
from models import Base

here = context.config.get_main_option("here")
for name in ("first", "second"):
    engine = create_engine(f"sqlite:///{here}/{name}.db", poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            upgrade_token=f"{name}_upgrades",
            downgrade_token=f"{name}_downgrades",
        )
        with context.begin_transaction():
            context.run_migrations(engine_name=name)
"""
_FLASK_ENV = """
from alembic import context
from flask import current_app

db = current_app.extensions["migrate"].db
with db.engine.connect() as connection:
    context.configure(connection=connection, target_metadata=db.metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
_FLASK_APP = """
from pathlib import Path
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{Path(__file__).parent}/app.db"
db = SQLAlchemy(app)
Migrate(app, db)
"""
_MAKO = (
    '"""${message}"""\nrevision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n'
    "branch_labels = ${repr(branch_labels)}\ndepends_on = ${repr(depends_on)}\n"
    "from alembic import op\nimport sqlalchemy as sa\n\n\n"
    'def upgrade():\n    ${upgrades if upgrades else "pass"}\n\n\n'
    'def downgrade():\n    ${downgrades if downgrades else "pass"}\n'
)


@dataclass(frozen=True, slots=True)
class Layout:
    """A project: where people call lback, with which options, and the databases that it moves."""

    folder: Path
    databases: tuple[Path, ...]
    options: tuple[str, ...] = ()
    published: bool = True

    def tables(self) -> list[set[str]]:
        """Return the tables of each database, without the version table and lback's own."""
        return [_tables(place) for place in self.databases]


def _tables(place: Path) -> set[str]:
    with sqlite3.connect(place) as base:
        rows = base.execute("select name from sqlite_master where type = 'table'").fetchall()
    base.close()
    return {name for (name,) in rows}.intersection(TABLES)


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def _environment(
    folder: Path,
    *,
    location: str = "%(here)s/migrations",
    scripts: Path | None = None,
    env: str = _ENV,
    more: str = "",
) -> None:
    """Write an environment with its models, before the first revision."""
    scripts = scripts or folder / "migrations"
    write(folder, "alembic.ini", _INI.format(location=location) + more)
    write(folder, "models.py", _models())
    write(folder, ".gitignore", "__pycache__/\n*.db\n")
    write(scripts, "env.py", env)
    write(scripts, "script.py.mako", _MAKO)


def _models() -> str:
    text = MODELS
    for name in TABLES:
        text += f"\n\nclass {name.title()}(Base):\n    __tablename__ = {name!r}\n"
        text += "    id: Mapped[int] = mapped_column(primary_key=True)\n"
    return text


def _revisions(versions: Path, *names: str, arguments: str = "") -> None:
    parents = {"a1": (), "b2": ("a1",), "c3": ("b2",)}
    for name, table in zip(("a1", "b2", "c3"), TABLES, strict=True):
        if name in names:
            text = revision_text(name, parents[name], table)
            if arguments:
                text = text.replace("grade() -> None", f"grade({arguments}) -> None")
            write(versions, f"{name}_{table}.py", text)


def _published(repository: Path, versions: Path, arguments: str = "") -> None:
    """Put two revisions into git and onto a remote, and commit the third here."""
    remote = repository.parent / f"{repository.name}.git"
    git(repository.parent, "init", "-q", "--bare", "--initial-branch=main", str(remote))
    if not (repository / ".git").exists():
        git(repository, "init", "-q")
    _revisions(versions, "a1", "b2", arguments=arguments)
    _commit(repository, "Start")
    git(repository, "remote", "add", "origin", str(remote))
    git(repository, "push", "-q", "-u", "origin", "main")
    git(repository, "remote", "set-head", "origin", "main")
    _revisions(versions, "c3", arguments=arguments)
    _commit(repository, "Add carts")


def _commit(repository: Path, message: str) -> None:
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", message)


def plain(folder: Path) -> Layout:
    """One environment, at the root of its repository."""
    _environment(folder)
    _published(folder, folder / "migrations/versions")
    return Layout(folder, (folder / "app.db",))


def without_git(folder: Path) -> Layout:
    """No repository at all."""
    _environment(folder)
    _revisions(folder / "migrations/versions", "a1", "b2", "c3")
    return Layout(folder, (folder / "app.db",), published=False)


def below_the_root(folder: Path) -> Layout:
    """The only environment lies in a folder of the repository; people stand in the root."""
    _environment(folder / "backend")
    _published(folder, folder / "backend/migrations/versions")
    return Layout(folder, (folder / "backend/app.db",))


def two_services(folder: Path) -> Layout:
    """A repository of two services with an environment each; people stand in one."""
    _environment(folder / "services/billing")
    _revisions(folder / "services/billing/migrations/versions", "a1")
    _environment(folder / "services/shop")
    _published(folder, folder / "services/shop/migrations/versions")
    return Layout(folder / "services/shop", (folder / "services/shop/app.db",))


def two_sections(folder: Path) -> Layout:
    """Two sections of one configuration, each with its own revisions."""
    more = (
        "\n[shop]\nscript_location = %(here)s/shop\nprepend_sys_path = %(here)s\n"
        "path_separator = os\nsqlalchemy.url = sqlite:///%(here)s/shop.db\n"
    )
    _environment(folder, more=more)
    _revisions(folder / "migrations/versions", "a1")
    write(folder / "shop", "env.py", _ENV)
    write(folder / "shop", "script.py.mako", _MAKO)
    _published(folder, folder / "shop/versions")
    return Layout(folder, (folder / "shop.db",), ("-n", "shop"))


def two_databases(folder: Path) -> Layout:
    """One env.py moves two databases, and gives the revisions the name of each."""
    _environment(folder, env=_TWO_DATABASES_ENV)
    _published(folder, folder / "migrations/versions", arguments="engine_name=None")
    return Layout(folder, (folder / "first.db", folder / "second.db"))


def flask(folder: Path) -> Layout:
    """Flask-Migrate's layout, the application in app.py."""
    _environment(folder, env=_FLASK_ENV)
    (folder / "alembic.ini").unlink()
    write(folder, "migrations/alembic.ini", "[alembic]\n")
    app = _FLASK_APP
    for name in TABLES:
        app += f"\n\nclass {name.title()}(db.Model):\n    __tablename__ = {name!r}\n"
        app += "    id = db.Column(db.Integer, primary_key=True)\n"
    (folder / "models.py").unlink()
    write(folder, "app.py", app)
    _published(folder, folder / "migrations/versions")
    return Layout(folder, (folder / "app.db",))


def pyproject(folder: Path) -> Layout:
    """The configuration in pyproject.toml, an env.py that connects by asyncio."""
    _environment(folder, env=_ASYNC_ENV)
    (folder / "alembic.ini").unlink()
    text = '[tool.alembic]\nscript_location = "%(here)s/migrations"\nprepend_sys_path = ["."]\n'
    write(folder, "pyproject.toml", text)
    url = 'context.config.get_main_option("sqlalchemy.url")'
    env = _ASYNC_ENV.replace(url, repr(f"sqlite:///{folder}/app.db"))
    write(folder, "migrations/env.py", env)
    _published(folder, folder / "migrations/versions")
    return Layout(folder, (folder / "app.db",))


def outside_the_root(folder: Path) -> Layout:
    """The configuration in one folder, the revisions beside it, one plugin's in a third."""
    conf = folder / "conf"
    versions = "version_locations = %(here)s/../db/versions:%(here)s/../plugin/versions\n"
    _environment(conf, location="%(here)s/../db", scripts=folder / "db", more=versions)
    _revisions(folder / "plugin/versions", "a1")
    _published(folder, folder / "db/versions")
    (folder / "db/versions/a1_users.py").unlink()
    _commit(folder, "Leave users to the plugin")
    git(folder, "push", "-q", "origin", "main~1:main")
    return Layout(conf, (conf / "app.db",))


def linked(folder: Path) -> Layout:
    """The version folder is a symbolic link to another folder of the repository."""
    _environment(folder)
    real = folder / "database/versions"
    real.mkdir(parents=True)
    (folder / "migrations/versions").symlink_to("../database/versions")
    _published(folder, real)
    return Layout(folder, (folder / "app.db",))


def submodule(folder: Path) -> Layout:
    """The environment's folder of revisions is a submodule."""
    inner = folder.parent / f"{folder.name} inner"
    inner.mkdir()
    write(inner, "env.py", _ENV)
    write(inner, "script.py.mako", _MAKO)
    write(inner, ".gitignore", "__pycache__/\n")
    git(inner, "init", "-q")
    _revisions(inner / "versions", "a1", "b2")
    _commit(inner, "Start")
    write(folder, "alembic.ini", _INI.format(location="%(here)s/migrations"))
    write(folder, "models.py", _models())
    write(folder, ".gitignore", "__pycache__/\n*.db\n")
    git(folder, "init", "-q")
    git(folder, "submodule", "--quiet", "add", str(inner), "migrations")
    _commit(folder, "Start")
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(folder, "remote", "add", "origin", str(folder.parent / "nowhere.git"))
    _revisions(folder / "migrations/versions", "c3")
    _commit(folder / "migrations", "Add carts")
    _commit(folder, "Take the newest migrations")
    return Layout(folder, (folder / "app.db",))


def sparse(folder: Path) -> Layout:
    """A sparse checkout whose cone holds the environment, and not what lies beside it."""
    _environment(folder / "backend")
    write(folder, "frontend/index.js", "")
    _published(folder, folder / "backend/migrations/versions")
    git(folder, "sparse-checkout", "set", "backend")
    return Layout(folder / "backend", (folder / "backend/app.db",))


LAYOUTS: dict[str, Callable[[Path], Layout]] = {
    build.__name__: build
    for build in (
        plain, without_git, below_the_root, two_services, two_sections, two_databases, flask,
        pyproject, outside_the_root, linked, submodule, sparse,
    )
}  # fmt: skip
