"""Projects whose one env.py runs several databases, in the ways that people write it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import alembic
import flask_migrate

from tests.cli.inside import Done, lback
from tests.reports import report_of
from tests.servers import fresh_database
from tests.undo.team import Shop
from tests.worlds import databases

FLASK = Path(flask_migrate.__file__).parent / "templates" / "flask-multidb" / "env.py"
TEMPLATE = Path(alembic.__file__).parent / "templates" / "multidb" / "env.py"

LOOP = """
from alembic import context
from sqlalchemy import create_engine, pool

for name, url in {urls!r}.items():
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations(engine_name=name)
"""

SEARCHED = """
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine({url!r}, poolclass=pool.NullPool)
with engine.connect() as connection:
    for schema in {schemas!r}:
        connection.exec_driver_sql("SET search_path TO " + schema)
        connection.commit()
        connection.dialect.default_schema_name = schema
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""

TRANSLATED = """
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine({url!r}, poolclass=pool.NullPool)
with engine.connect() as plain:
    for schema in {schemas!r}:
        plain.exec_driver_sql("SET search_path TO " + schema)
        plain.commit()
        connection = plain.execution_options(schema_translate_map={{None: schema}})
        context.configure(connection=connection, version_table_schema=schema)
        with context.begin_transaction():
            context.run_migrations()
"""

APPLICATION = """
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = {first!r}
app.config["SQLALCHEMY_BINDS"] = {binds!r}
Migrate(app, SQLAlchemy(app))
"""

USERS = (
    'def upgrade(engine_name=None):\n    op.create_table("users", sa.Column("id", sa.Integer(), '
    "primary_key=True))\n",
    'def downgrade(engine_name=None):\n    op.drop_table("users")\n',
)
NOTE = (
    "def upgrade(engine_name=None):\n"
    '    op.add_column("users", sa.Column("note", sa.String(20)))\n',
    'def downgrade(engine_name=None):\n    op.drop_column("users", "note")\n',
)


@dataclass
class Several:
    """A shop with databases by name; each is a URL, with a schema where they share it."""

    shop: Shop
    urls: dict[str, str]
    schemas: bool = False
    last: str | None = field(default=None)

    def add(self, revision: str, upgrade: str, downgrade: str) -> None:
        """Write a revision whose functions take the name of the database."""
        head = "import sqlalchemy as sa\nfrom alembic import op\n\n"
        ids = f"revision = {revision!r}\ndown_revision = {self.last!r}\n\n\n"
        text = f'"""{revision}"""\n\n{head}{ids}{upgrade}\n\n{downgrade}'
        self.shop.write(f"migrations/versions/{revision}_it.py", text)
        self.last = revision

    def query(self, name: str, *statements: str) -> list[Any]:
        """Run statements on one database."""
        first = [f"SET search_path TO {name}"] if self.schemas else []
        return databases.query(self.urls[name], *first, *statements)

    def fill(self) -> None:
        """Put rows into each: as many as its place in the order."""
        for number, name in enumerate(self.urls, 1):
            for row in range(1, number + 1):
                self.query(name, f"INSERT INTO users VALUES ({row}, '{name} {row}')")

    def rows(self) -> dict[str, list[Any]]:
        """Return the users of each."""
        return {
            name: sorted(map(tuple, self.query(name, "SELECT * FROM users"))) for name in self.urls
        }

    def stamps(self) -> dict[str, list[str]]:
        """Return where each stands."""
        return {
            name: sorted(row[0] for row in self.query(name, "SELECT * FROM alembic_version"))
            for name in self.urls
        }

    def lback(self, *line: str, code: int = 0) -> Done:
        """Run a command in this process."""
        sys.modules.pop("app", None)  # each project has one of its own
        done = lback(self.shop.folder, *line)
        assert done.code == code, done.said
        return done

    def ask(self, *line: str, code: int = 0) -> dict[str, Any]:
        """Run a command with --json; return its data."""
        data: dict[str, Any] = report_of(self.lback(*line, "--json", code=code).out)["data"]
        return data


@contextmanager
def several(kind: str, folder: Path) -> Iterator[Several]:
    """Yield a project on two or more databases with a table in two steps."""
    made: Several
    if kind in ("sqlite-loop", "sqlite-template", "flask-binds"):
        names = ("main", "one", "two") if kind == "flask-binds" else ("one", "two")
        urls = {name: f"sqlite:///{folder}/{name}.sqlite3" for name in names}
        made = _files(folder, kind, urls)
        yield _begun(made)
        return
    with fresh_database("postgresql", folder) as url:
        if kind == "postgresql-template":
            with fresh_database("postgresql", folder) as other:
                made = _files(folder, kind, {"one": url, "two": other})
                yield _begun(made)
            return
        tenants = [f"tenant_{number}" for number in range(1, 6)]
        shop = Shop.at(folder / "ada", url)
        env = SEARCHED if kind == "searched" else TRANSLATED
        shop.write("migrations/env.py", env.format(url=url, schemas=tenants))
        made = Several(shop, dict.fromkeys(tenants, url), schemas=True)
        databases.query(url, *(f"CREATE SCHEMA {name}" for name in tenants))
        yield _begun(made)


def _files(folder: Path, kind: str, urls: dict[str, str]) -> Several:
    shop = Shop.at(folder / "ada", next(iter(urls.values())))
    if kind.endswith("template"):
        shutil.copy(TEMPLATE, shop.folder / "migrations" / "env.py")
        sections = "".join(f"\n[{name}]\nsqlalchemy.url = {url}\n" for name, url in urls.items())
        ini = f"[alembic]\nscript_location = migrations\ndatabases = {', '.join(urls)}\n{sections}"
        shop.write("alembic.ini", ini + LOGGING)
    elif kind == "flask-binds":
        shutil.copy(FLASK, shop.folder / "migrations" / "env.py")
        first, *binds = urls
        bound = {name: urls[name] for name in binds}
        shop.write("app.py", APPLICATION.format(first=urls[first], binds=bound))
        shop.write("alembic.ini", f"[alembic]\nscript_location = migrations\n{LOGGING}")
    else:
        shop.write("migrations/env.py", LOOP.format(urls=urls))
    return Several(shop, urls)


LOGGING = """
[loggers]
keys = root
[handlers]
keys = none
[formatters]
keys = plain
[logger_root]
handlers = none
[handler_none]
class = NullHandler
[formatter_plain]
"""


def _begun(made: Several) -> Several:
    made.shop.commit("Begin")
    made.shop.git("branch", "-q", "begin")
    made.add("r1", *USERS)
    made.shop.commit("Add users")
    made.shop.git("branch", "-q", "before")
    made.add("r2", *NOTE)
    made.shop.commit("Add a note")
    return made
