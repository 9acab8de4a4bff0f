"""`makemigrations` compares with the migrations: whatever the database is, the file is the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.inside import lback
from tests.templates.conftest import MakeShop, Shop, ask, tables

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
    line = ("makemigrations", "x", "--dry-run", *ANSWERS, *options)
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


def test_what_cannot_be_compared_at_all_is_said_once(make_shop: MakeShop, sqlite_url: str) -> None:
    """Not that the database is taken instead, where that fails by the same."""
    shop = make(make_shop, sqlite_url)
    shop.write("models.py", "import nothing_there\n")
    done = lback(shop.root, "makemigrations", "x")
    assert done.code == 3
    assert done.err.count("nothing_there") == 2, done.err  # the error, and what to do
    assert "compared with the database" not in done.err
    shop.write("models.py", MODELS)
    shop.add("c3", "a1", "", "")
    done = lback(shop.root, "makemigrations", "x")
    assert done.code == 3
    assert done.err.startswith("error: There are 2 heads: ")


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
    checked = lback(shop.root, "makemigrations", "--check")
    assert checked.code == 1 and "add column users.mail" in checked.out
    refused = lback(shop.root, "makemigrations", "x", "--against", "database", *ANSWERS)
    assert refused.code == 3


@pytest.mark.parametrize("server", ["postgres_url", "mariadb_url"])
def test_whatever_the_database_of_a_server_is(
    make_shop: MakeShop, request: pytest.FixtureRequest, server: str
) -> None:
    url = request.getfixturevalue(server)
    shop = make(make_shop, url)
    files = []
    for state in STATES:
        for table in tables(url):
            ask(url, f"DROP TABLE {table}")
        state(url)
        files.append(written(shop))
        shop.template()
    own = sa.make_url(url)
    absent = own.set(database=f"{own.database}_absent").render_as_string(hide_password=False)
    (shop.root / "migrations/env.py").write_text(ENV.format(url=absent))
    files.append(written(shop))
    shop.template()
    assert len(set(files)) == 1, files


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
    done = lback(shop.root, "makemigrations", "x", "--json")
    assert done.code == 3
    told = json.dumps(json.loads(done.out)["data"]["questions"])
    assert "2 rows lost" in told, told
    assert ask(any_url, "SELECT count(*) FROM users") == [(3,)]


def test_the_first_migration(make_shop: MakeShop, sqlite_url: str) -> None:
    shop = make(make_shop, sqlite_url)
    for path in shop.versions.glob("*.py"):
        path.unlink()
    done = lback(shop.root, "makemigrations", "first")
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


def compared_with_the_database(shop: Shop, why: str) -> None:
    """See that it is said, that the file is written, and that a choice is not passed over."""
    shop.git("add", ".")
    told = lback(shop.root, "makemigrations", "x", "--dry-run", *ANSWERS)
    assert told.code == 0, told.said
    assert "compared with the database" in told.err and why in told.err, told.err
    assert len(told.err.splitlines()) == 1, told.err
    chosen = lback(shop.root, "makemigrations", "x", *ANSWERS, "--against", "migrations")
    assert chosen.code == 3 and why in chosen.err and "next:" in chosen.err, chosen.said
    (shop.root / "pyproject.toml").write_text('[tool.lback]\nagainst = "database"\n')
    silent = lback(shop.root, "makemigrations", "x", "--dry-run", *ANSWERS)
    assert silent.code == 0 and not silent.err, silent.said


def migrated(shop: Shop) -> None:
    done = lback(shop.root, "migrate")
    assert done.code == 0, done.said


def test_migrations_that_need_rows(make_shop: MakeShop, sqlite_url: str) -> None:
    shop = make(make_shop, sqlite_url)
    migrated(shop)
    needs = "assert op.get_bind().exec_driver_sql('SELECT 1 FROM users').first(), 'no user'"
    shop.add("c3", "b2", needs, "pass")
    ask(sqlite_url, "INSERT INTO users (id, name) VALUES (1, 'Ada')")
    migrated(shop)
    compared_with_the_database(shop, "no user")


def test_what_cannot_be_built_is_not_tried_each_time(
    make_shop: MakeShop, sqlite_url: str, tmp_path: Path
) -> None:
    shop = make(make_shop, sqlite_url)
    migrated(shop)
    tries = tmp_path / "tries"
    tries.write_text("")
    counts = (
        f"from pathlib import Path; it = Path({str(tries)!r}); it.write_text(it.read_text() + 'x')"
    )
    shop.add("c3", "b2", f"{counts}; raise ValueError('not here')", "pass")
    ask(sqlite_url, "UPDATE alembic_version SET version_num = 'c3'")
    for number in (1, 1):
        done = lback(shop.root, "makemigrations", "x", "--dry-run", *ANSWERS)
        assert done.code == 0 and "compared with the database" in done.err, done.said
        assert len(tries.read_text()) == number
    lback(shop.root, "makemigrations", "x", *ANSWERS, "--against", "migrations")
    assert len(tries.read_text()) == 2


def test_an_env_py_that_connects_in_its_own_way(make_shop: MakeShop, tmp_path: Path) -> None:
    real = tmp_path / "real.db"
    shop = make(make_shop, f"sqlite:///{real}")
    env = shop.root / "migrations" / "env.py"
    way = f"import sqlite3\nway = lambda: sqlite3.connect({str(real)!r})\n"
    env.write_text(way + env.read_text().replace("NullPool)", "NullPool, creator=way)"))
    migrated(shop)
    compared_with_the_database(shop, "a way of its own")


def test_an_env_py_for_several_databases(make_shop: MakeShop, tmp_path: Path) -> None:
    shop = make(make_shop, f"sqlite:///{tmp_path / 'one.db'}")
    env = shop.root / "migrations" / "env.py"
    text = env.read_text()
    env.write_text(text + text.replace("one.db", "two.db"))
    migrated(shop)
    done = lback(shop.root, "makemigrations", "--check")
    assert done.code == 1 and "one template cannot stand for them" in done.err, done.said


def test_a_protected_database(make_shop: MakeShop, sqlite_url: str) -> None:
    shop = make(make_shop, sqlite_url)
    migrated(shop)
    shop.write("pyproject.toml", '[tool.lback]\nprotected = ["*"]\n')
    compared_with_the_database(shop, "is protected by")


@pytest.mark.postgresql
def test_a_user_who_may_make_no_database(make_shop: MakeShop, postgres_url: str) -> None:
    url = sa.make_url(postgres_url)
    user = f"lback_{url.database}"[:60]
    ask(postgres_url, f"CREATE ROLE {user} LOGIN PASSWORD 'x' NOCREATEDB")
    ask(postgres_url, f"GRANT ALL ON SCHEMA public TO {user}")
    try:
        own = url.set(username=user, password="x").render_as_string(hide_password=False)
        shop = make(make_shop, own)
        migrated(shop)
        compared_with_the_database(shop, "permission denied to create database")
    finally:
        ask(postgres_url, f"DROP OWNED BY {user} CASCADE")
        ask(postgres_url, f"DROP ROLE {user}")


def test_drift_is_told_apart(make_shop: MakeShop, any_url: str) -> None:
    """The file does not have it; a database that is as promised is not told of."""
    shop = make(make_shop, any_url)
    migrated(shop)
    clean = lback(shop.root, "makemigrations", "x", "--dry-run", *ANSWERS)
    shop.template()
    assert clean.code == 0 and "differs" not in clean.err, clean.said
    ask(any_url, "ALTER TABLE users ADD COLUMN odd INTEGER")
    for _ in range(2):
        done = lback(shop.root, "makemigrations", "x", "--dry-run", *ANSWERS)
        assert "differs from what its migrations build (1 difference)" in done.err, done.said
        assert "odd" not in done.out and "create table pets" in done.out


def test_a_database_without_a_stamp_that_is_not_empty(make_shop: MakeShop, sqlite_url: str) -> None:
    shop = make(make_shop, sqlite_url)
    for path in shop.versions.glob("*.py"):
        path.unlink()
    ask(sqlite_url, "CREATE TABLE pets (id INTEGER PRIMARY KEY)")
    done = lback(shop.root, "makemigrations", "first")
    assert done.code == 0 and "create table pets" in done.out
    assert "no stamp and is not empty (1 difference)" in done.err, done.err


def test_no_copy_is_made_of_what_the_database_is(make_shop: MakeShop, sqlite_url: str) -> None:
    """At head and as promised, the database itself is compared with, which is quicker."""
    shop = make(make_shop, sqlite_url)
    migrated(shop)
    first = written(shop)
    folder = shop.root / ".git/lback/templates"
    for path in folder.glob("*"):
        path.unlink()
    assert written(shop) == first and not list(folder.glob("*"))
    ask(sqlite_url, "ALTER TABLE users ADD COLUMN odd INTEGER")
    assert written(shop) == first and list(folder.glob("*"))
