"""Templates: built once, from the nearest below, beside the project's own database."""

from __future__ import annotations

import sys

import pytest
import sqlalchemy as sa

from lback.core.copies.names import is_template
from lback.errors import LbackError
from tests.templates.conftest import MakeShop, ask, half_built, tables


def test_built_once_and_copied(make_shop: MakeShop, any_url: str) -> None:
    """Rows that migrations write are in each copy, and the project's own database stays empty."""
    shop = make_shop(any_url)
    shop.add("a1", None, "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True))")
    shop.add("b2", "a1", 'op.execute("INSERT INTO users (id) VALUES (1), (2)")')
    made = shop.template()
    assert is_template(made.name) and made.built == 2
    again = shop.template()
    assert (again.name, again.built) == (made.name, 0)
    first, second = shop.copy(made), shop.copy(again)
    ask(first, "INSERT INTO users (id) VALUES (3)")
    assert ask(second, "SELECT id FROM users ORDER BY id") == [(1,), (2,)]
    assert tables(second) == ["alembic_version", "users"]
    assert ask(second, "SELECT version_num FROM alembic_version") == [("b2",)]
    made.drop(first)
    assert not made.beside.exists(first) and made.beside.exists(second)
    own = sa.make_url(any_url)
    assert own.get_backend_name() == "sqlite" or tables(any_url) == []


def test_from_the_nearest_below(make_shop: MakeShop, sqlite_url: str) -> None:
    shop = make_shop(sqlite_url)
    shop.chain("a1", "b2")
    assert shop.template().built == 2
    shop.add("c3", "b2")
    assert shop.template().built == 1
    assert shop.template("a1").built == 1
    assert shop.template("b2").built == 0
    assert tables(shop.template("b2").url) == ["alembic_version", "t_a1", "t_b2"]


def test_an_edit_is_another_template(make_shop: MakeShop, sqlite_url: str) -> None:
    """Of the revision, of env.py, of a file beside it, of a module that a revision imports."""
    shop = make_shop(sqlite_url)
    shop.write("helpers.py", "from inner import NAME\n")
    shop.write("inner.py", "NAME = 'x'\n")
    shop.add(
        "a1", None, "from helpers import NAME; op.create_table(NAME, sa.Column('id', sa.Integer))"
    )
    names = [shop.template().name]
    for path, old, new in (
        ("inner.py", "'x'", "'other'"),
        ("migrations/versions/a1_add.py", "'id'", "'key'"),
        ("migrations/env.py", "target_metadata = None", "target_metadata = []"),
    ):
        text = (shop.root / path).read_text()
        shop.write(path, text.replace(old, new))
        for module in ("helpers", "inner"):
            sys.modules.pop(module, None)  # each command is a process of its own
        names.append(shop.template().name)
    shop.write("migrations/rows.sql", "SELECT 1")
    names.append(shop.template().name)
    shop.write("other.py", "NAME = 1")
    assert shop.template().name == names[-1]
    assert len(set(names)) == 5
    assert tables(shop.template().url) == ["alembic_version", "other"]


def test_models_are_not_what_a_schema_is_built_of(make_shop: MakeShop, sqlite_url: str) -> None:
    """But for the names that they have constraints given."""
    env = "import models\n" + ENV_OF_SYNC
    shop = make_shop(sqlite_url, env)
    shop.write("models.py", "import sqlalchemy as sa\nmetadata = sa.MetaData()\n")
    shop.chain("a1")
    made = shop.template()
    shop.write("models.py", "import sqlalchemy as sa\nmetadata = sa.MetaData()  # edited\n")
    assert shop.template().name == made.name
    convention = "naming_convention={'uq': 'uq_%(table_name)s'}"
    shop.write("models.py", f"import sqlalchemy as sa\nmetadata = sa.MetaData({convention})\n")
    assert shop.template().name != made.name


def test_a_failure_leaves_nothing(make_shop: MakeShop, any_url: str) -> None:
    shop = make_shop(any_url)
    shop.add("a1", None)
    shop.add("b2", "a1", "op.execute('SELECT nothing FROM nowhere')")
    place = shop.template("a1").beside
    before = half_built(place)
    with pytest.raises(LbackError, match=r"at b2, line 7: "):
        shop.template()
    assert half_built(place) == before


def test_the_database_need_not_answer(make_shop: MakeShop, sqlite_url: str) -> None:
    shop = make_shop("sqlite:////nowhere/at/all.db")
    shop.chain("a1")
    assert tables(shop.template().url) == ["alembic_version", "t_a1"]


def test_protected(make_shop: MakeShop, sqlite_url: str) -> None:
    shop = make_shop(sqlite_url)
    shop.chain("a1")
    shop.write("pyproject.toml", '[tool.lback]\nprotected = ["*/fresh.sqlite3"]\n')
    with pytest.raises(LbackError, match="is protected by"):
        shop.template()


def test_env_that_never_commits(make_shop: MakeShop, sqlite_url: str) -> None:
    env = """
        from alembic import context
        import sqlalchemy as sa
        with sa.create_engine({url!r}).connect() as connection:
            connection.execute(sa.text("BEGIN"))
            context.configure(connection=connection)
            context.run_migrations()
            connection.rollback()
    """
    shop = make_shop(sqlite_url, env)
    shop.chain("a1")
    with pytest.raises(LbackError, match=r"cannot be read|without committing"):
        shop.template()


def test_two_databases(make_shop: MakeShop, sqlite_url: str) -> None:
    env = ENV_OF_SYNC + "create_engine('sqlite:///other.db').connect().close()\n"
    shop = make_shop(sqlite_url, env)
    shop.chain("a1")
    with pytest.raises(LbackError, match=r"env\.py works on"):
        shop.template()
    assert not (shop.root / "other.db").exists()


def test_engines_of_the_application_forget(make_shop: MakeShop, sqlite_url: str) -> None:
    """An engine that keeps its connections has none of the template's afterwards."""
    env = """
        from alembic import context
        from application import engine
        with engine.connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
    """
    shop = make_shop(sqlite_url, env)
    shop.write(
        "application.py",
        f"import sqlalchemy as sa\nengine = sa.create_engine({sqlite_url!r})\n"
        "engine.connect().close()\n",
    )
    shop.chain("a1")
    assert tables(shop.template().url) == ["alembic_version", "t_a1"]
    import application

    with application.engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
    application.engine.dispose()


ENV_OF_SYNC = """
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine({url!r}, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
