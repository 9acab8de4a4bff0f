"""`makemigrations --against migrations`: whatever the database is, the file is the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.inside import lback
from tests.templates.conftest import MakeShop, Shop, ask

ENV = """
from alembic import context
from sqlalchemy import create_engine, pool
from models import Base

with create_engine({url!r}, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
"""
MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    mail = sa.Column(sa.String(40), nullable=False)


class Pet(Base):
    __tablename__ = "pets"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(40), server_default="Rex")
"""
USERS = (
    "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), "
    "sa.Column('name', sa.String(40)))"
)
ANSWERS = ("--drop", "users.name", "--default", "users.mail=x")


def make(make_shop: MakeShop, url: str) -> Shop:
    shop = make_shop(url, ENV)
    shop.write("models.py", MODELS)
    shop.write(
        "migrations/script.py.mako",
        (Path(__file__).parents[2] / "lback/db/skeleton/script.py.mako.txt").read_text(),
    )
    shop.add("a1", None, USERS, "op.drop_table('users')")
    shop.add("b2", "a1", "op.create_index('ix', 'users', ['name'])", "op.drop_index('ix')")
    return shop


def written(shop: Shop, *options: str) -> str:
    """Return the file that would be written, without what is another one each time."""
    line = ("makemigrations", "x", "--dry-run", "--against", "migrations", *ANSWERS, *options)
    done = lback(shop.root, *line)
    assert done.code == 0, done.said
    text = re.sub(r"[0-9a-f]{12}|Create Date: .*", "", done.out)
    assert "create table pets" in text
    return text


def stamped(url: str, revision: str) -> None:
    ask(url, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    ask(url, f"INSERT INTO alembic_version VALUES ('{revision}')")


def behind(url: str) -> None:
    ask(url, "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(40))")
    stamped(url, "a1")


def ahead(url: str) -> None:
    behind(url)
    ask(url, "UPDATE alembic_version SET version_num = 'zz'")


def drifted(url: str) -> None:
    ask(url, "CREATE TABLE users (id INTEGER PRIMARY KEY, mail VARCHAR(40), odd INTEGER)")
    stamped(url, "b2")


def empty(url: str) -> None:
    ask(url, "SELECT 1")


STATES: tuple[Callable[[str], None], ...] = (behind, ahead, drifted, empty)


def test_whatever_the_database_is(make_shop: MakeShop, tmp_path: Path) -> None:
    files = []
    url = f"sqlite:///{tmp_path / 'own.db'}"
    shop = make(make_shop, url)
    for state in (*STATES, None):
        (tmp_path / "own.db").unlink(missing_ok=True)
        if state is not None:
            state(url)
        files.append(written(shop))
    (shop.root / "migrations/env.py").write_text(ENV.format(url="sqlite:////nowhere/at/all.db"))
    files.append(written(shop))
    assert len(set(files)) == 1, files
    checked = lback(shop.root, "makemigrations", "--check", "--against", "migrations")
    assert checked.code == 1 and "add column users.mail" in checked.out
    refused = lback(shop.root, "makemigrations", "x", *ANSWERS)
    assert refused.code == 3


@pytest.mark.postgresql
def test_a_server_that_is_another_one(make_shop: MakeShop, postgres_url: str) -> None:
    """The project's own does not answer: `scratch_url` says where it is built."""
    shop = make(make_shop, postgres_url)
    behind(postgres_url)
    here = written(shop)
    shop.template()
    gone = sa.make_url(postgres_url).set(port=1).render_as_string(hide_password=False)
    (shop.root / "migrations/env.py").write_text(ENV.format(url=gone))
    refused = lback(shop.root, "makemigrations", "x", "--against", "migrations", *ANSWERS)
    assert refused.code == 3 and "refused" in refused.err
    shop.write("pyproject.toml", f'[tool.lback]\nscratch_url = "{postgres_url}"\n')
    assert written(shop) == here
    shop.template()


def test_rows_are_those_of_the_database(make_shop: MakeShop, any_url: str) -> None:
    """A question says how many rows would go, though a template has none."""
    shop = make(make_shop, any_url)
    behind(any_url)
    ask(any_url, "INSERT INTO users (id, name) VALUES (1, 'Ada'), (2, 'Lin'), (3, NULL)")
    shop.template()
    done = lback(shop.root, "makemigrations", "x", "--against", "migrations", "--json")
    assert done.code == 3
    told = json.dumps(json.loads(done.out)["data"]["questions"])
    assert "2 rows lost" in told, told
    assert ask(any_url, "SELECT count(*) FROM users") == [(3,)]


def test_the_first_migration(make_shop: MakeShop, sqlite_url: str) -> None:
    shop = make(make_shop, sqlite_url)
    for path in shop.versions.glob("*.py"):
        path.unlink()
    done = lback(shop.root, "makemigrations", "first", "--against", "migrations")
    assert done.code == 0 and "create table pets" in done.out, done.said
    assert len(list(shop.versions.glob("*_first.py"))) == 1


def test_a_connection_of_env_pys_own(make_shop: MakeShop, tmp_path: Path) -> None:
    """It is not led to the template, and so it is not compared."""
    real = tmp_path / "real.db"
    shop = make(make_shop, f"sqlite:///{real}")
    env = shop.root / "migrations" / "env.py"
    way = f"import sqlite3\nway = lambda: sqlite3.connect({str(real)!r})\n"
    env.write_text(way + env.read_text().replace("NullPool)", "NullPool, creator=way)"))
    done = lback(shop.root, "makemigrations", "x", "--against", "migrations", *ANSWERS)
    assert done.code == 3 and "a way of its own" in done.err
    assert not real.exists() or real.read_bytes() == b""
