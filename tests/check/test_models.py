"""`check --models`: the migrations are run, on a scratch database and never on the project's."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from lback.core.checks.report import CheckResult
from lback.errors import UsageError
from tests.check.team import Team
from tests.worlds.texts import VERSIONS

ENV = """
from alembic import context
from sqlalchemy import create_engine, pool
from models import Base

engine = create_engine({url!r}, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, version_table="stamp")
    with context.begin_transaction():
        context.run_migrations()
"""
ASYNC_ENV = """
import asyncio
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine
from models import Base

def work(connection):
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    engine = create_async_engine({url!r}, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(work)
    await engine.dispose()

asyncio.run(main())
"""
MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base

Base = declarative_base()
"""
USER = """
class User(Base):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(20), nullable=False)
"""
REVISION = '''"""{name}"""
from alembic import op
import sqlalchemy as sa

revision = {name!r}
down_revision = {parent!r}


def upgrade():
{up}


def downgrade():
{down}
'''


class Shop:
    """A project whose env.py connects to a database that does not exist."""

    def __init__(self, path: Path, url: str, env: str = ENV) -> None:
        path.mkdir()
        self.url = url
        self.team = Team(path)
        self.team.git("init", "-q", "-b", "main")
        ini = "[alembic]\nscript_location = migrations\nprepend_sys_path = .\n"
        self.team.write("alembic.ini", ini)
        self.team.write("migrations/env.py", env.format(url=url))
        self.models(USER)
        self.add(
            "a1",
            None,
            "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True),"
            " sa.Column('name', sa.String(20), nullable=False))",
            "op.drop_table('users')",
        )
        self.team.branch("work")

    def models(self, text: str) -> None:
        self.team.write("models.py", MODELS + text)

    def add(self, name: str, parent: str | None, up: str, down: str) -> None:
        text = REVISION.format(
            name=name,
            parent=parent,
            up=textwrap.indent(up, "    "),
            down=textwrap.indent(down, "    "),
        )
        self.team.write(f"{VERSIONS}/{name}.py", text)
        self.team.commit(name)

    def codes(self, **wishes: object) -> list[str]:
        found = self.check(**wishes).findings
        return [one.code for one in found]

    def check(self, **wishes: object) -> CheckResult:
        return self.team.check(**{"against": "main", "models": "new", "select": _CODES} | wishes)


_CODES = ("LB305", "LB401", "LB5")


@pytest.fixture(autouse=True)
def own_models(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each project has a module of its own that is called `models`."""
    before = list(sys.path)
    monkeypatch.delitem(sys.modules, "models", raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    sys.modules.pop("models", None)
    sys.path[:] = before


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop", f"sqlite:///{tmp_path / 'real.db'}")


MAIL = (
    "op.add_column('users', sa.Column('mail', sa.String(50)))",
    "op.drop_column('users', 'mail')",
)
WITH_MAIL = USER + "    mail = sa.Column(sa.String(50))\n"


def test_all_is_well(shop: Shop, tmp_path: Path) -> None:
    shop.models(WITH_MAIL)
    shop.add("b2", "a1", *MAIL)
    result = shop.check()
    assert result.findings == ()
    assert result.data["models"] == {
        "dialect": "sqlite",
        "tried": ["b2"],
        "rows_in": ["users"],
        "no_rows_in": [],
        "differences": [],
        "asks": [],
    }
    assert not (tmp_path / "real.db").exists()  # env.py named it, and was led elsewhere


def test_a_model_without_a_migration(shop: Shop) -> None:
    shop.models(WITH_MAIL)
    [one] = shop.check().findings
    assert (one.code, one.severity) == ("LB305", "error")
    assert "add column users.mail VARCHAR(50)" in one.message


def test_a_migration_that_does_not_run(shop: Shop) -> None:
    shop.add("b2", "a1", "op.drop_table('absent')", "op.get_bind()")
    result = shop.check()
    [one] = result.findings
    assert (one.code, one.path, one.line) == ("LB501", f"{VERSIONS}/b2.py", 10)
    assert "no such table: absent" in one.message
    assert result.data["models"]["differences"] is None


def test_an_old_one_that_does_not_run_is_told_as_well(shop: Shop) -> None:
    shop.team.git("checkout", "-q", "main")
    shop.add("b2", "a1", "op.drop_table('absent')", "op.get_bind()")
    assert shop.codes(against="HEAD~1") == ["LB501"]
    assert shop.codes(against="main") == ["LB501"]


def test_ways_down(shop: Shop) -> None:
    shop.models(WITH_MAIL + "    more = sa.Column(sa.Integer)\n    last = sa.Column(sa.Integer)\n")
    shop.add("b2", "a1", MAIL[0], "raise NotImplementedError('no way')")
    shop.add("c3", "b2", MAIL[0].replace("'mail', sa.String(50)", "'more', sa.Integer"),
             "op.drop_column('users', 'gone')")  # fmt: skip
    shop.add("d4", "c3", MAIL[0].replace("'mail', sa.String(50)", "'last', sa.Integer"),
             "op.get_bind()")  # fmt: skip
    found = [(one.code, one.revisions) for one in shop.check().findings]
    assert found == [
        ("LB502", ("c3",)), ("LB502", ("d4",)), ("LB503", ("d4",)), ("LB401", ("b2",))
    ]  # fmt: skip


def test_rows_that_do_not_come_back(shop: Shop) -> None:
    batch = "with op.batch_alter_table('users') as batch:\n    batch.{}"
    shop.models(USER.replace("name =", "title ="))
    shop.add(
        "b2",
        "a1",
        batch.format("alter_column('name', new_column_name='title')"),
        batch.format("drop_column('title')")
        + "\n    batch.add_column(sa.Column('name', sa.String(20), nullable=False,"
        + " server_default=''))\n"
        + batch.format("alter_column('name', server_default=None)"),
    )
    [one] = shop.check().findings
    assert (one.code, one.tables) == ("LB504", ("users",))
    assert "downgrade() removes the value of users.name in 1 of the test rows" in one.message


def test_what_the_revision_drops_by_itself_is_no_loss(shop: Shop) -> None:
    shop.models("")
    shop.add(
        "b2",
        "a1",
        "op.drop_table('users')",
        "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True),"
        " sa.Column('name', sa.String(20), nullable=False))",
    )
    assert shop.codes() == []


def test_rows_that_stand_in_the_way(shop: Shop) -> None:
    shop.models(
        USER + "    __table_args__ = (sa.CheckConstraint(\"name <> 'lback'\", name='ck'),)\n"
    )
    batch = "with op.batch_alter_table('users') as batch:\n    batch."
    shop.add(
        "b2",
        "a1",
        f"{batch}create_check_constraint('ck', \"name <> 'lback'\")",
        "op.drop_table('absent')",
    )
    down, up = shop.check().findings
    assert (up.code, up.severity) == ("LB501", "warning")
    assert "fails with a test row" in up.message
    assert (down.code, down.severity) == ("LB502", "error")  # tried without rows all the same


def test_the_published_ones_are_tried_when_asked(shop: Shop) -> None:
    assert shop.check().data["models"]["tried"] == []
    assert shop.check(models="all").data["models"]["tried"] == ["a1"]


def test_what_cannot_be_run_is_no_pass(shop: Shop) -> None:
    shop.team.write("migrations/env.py", "raise RuntimeError('no settings')\n")
    [one] = shop.check().findings
    assert one.code == "LB505" and "no settings" in one.message
    assert shop.codes(select="LB1") == ["LB505"]
    text = "down_revision = 'nowhere'\nrevision = 'x'\n"
    shop.team.write(f"{VERSIONS}/x.py", text)
    shop.team.commit()
    assert shop.codes() == ["LB505"]


def test_a_connection_past_sqlalchemy_is_refused(shop: Shop, tmp_path: Path) -> None:
    real = tmp_path / "real.db"
    env = ENV.format(url="sqlite://").replace("pool.NullPool", "pool.NullPool, creator=way")
    way = f"import sqlite3\nway = lambda: sqlite3.connect({str(real)!r})\n"
    shop.team.write("migrations/env.py", way + env)
    [one] = shop.check().findings
    assert one.code == "LB505" and "a way of its own" in one.message
    assert real.read_bytes() == b""


def test_two_databases_are_refused(shop: Shop) -> None:
    env = ENV.format(url=shop.url)
    shop.team.write("migrations/env.py", env + env)
    [one] = shop.check().findings
    assert one.code == "LB505" and "2 databases" in one.message


def test_another_dialect_needs_a_scratch_database(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop", "postgresql+psycopg://nobody@localhost:1/none")
    [one] = shop.check().findings
    assert one.code == "LB505" and "scratch_url" in one.hint


def test_an_asynchronous_env(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop", f"sqlite+aiosqlite:///{tmp_path / 'real.db'}", ASYNC_ENV)
    shop.models(WITH_MAIL)
    shop.add("b2", "a1", *MAIL)
    assert shop.codes() == []
    assert not (tmp_path / "real.db").exists()


def test_every_database(tmp_path: Path, any_url: str) -> None:
    """The real one is another server's name, so that only the scratch one can have been used."""
    real = sa.make_url(any_url).set(database="nowhere").render_as_string(hide_password=False)
    shop = Shop(tmp_path / "shop", real)
    shop.team.write("pyproject.toml", f'[tool.lback]\nscratch_url = "{any_url}"\n')
    shop.models(
        USER + "class Pet(Base):\n"
        "    __tablename__ = 'pets'\n"
        "    id = sa.Column(sa.Integer, primary_key=True)\n"
        "    owner = sa.Column(sa.Integer, sa.ForeignKey('users.id'), nullable=False)\n"
        "    mood = sa.Column(sa.Enum('glad', 'sad', name='mood'), nullable=False)\n"
        "    born = sa.Column(sa.DateTime)\n"
    )
    table = (
        "op.create_table('pets', sa.Column('id', sa.Integer, primary_key=True),"
        " sa.Column('owner', sa.Integer, sa.ForeignKey('users.id'), nullable=False),"
        " sa.Column('mood', sa.Enum('glad', 'sad', name='mood'), nullable=False),"
        " sa.Column('born', sa.DateTime))"
    )
    shop.add("b2", "a1", table, "op.drop_table('pets')")
    shop.add("c3", "b2", "op.create_index('ix', 'pets', ['born'])", "op.drop_index('ix', 'pets')")
    result = shop.check()
    found = [(one.code, one.revisions) for one in result.findings if one.code != "LB305"]
    if sa.make_url(any_url).get_backend_name() == "postgresql":
        # The type that create_table() made along stays behind.
        assert found == [("LB502", ("b2",)), ("LB503", ("b2",))], result.findings
        assert any("enum mood is there" in one.message for one in result.findings)
    else:
        assert found == [], result.findings
    assert set(result.data["models"]["rows_in"]) == {"users", "pets"}
    with sa.create_engine(any_url, poolclass=sa.NullPool).connect() as connection:
        assert sa.inspect(connection).get_table_names() == []


def test_a_filled_database_is_left_alone(tmp_path: Path, postgres_url: str) -> None:
    engine = sa.create_engine(postgres_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA other"))
        connection.execute(sa.text("CREATE TABLE other.kept AS SELECT 1 AS one"))
    shop = Shop(tmp_path / "shop", postgres_url)
    shop.team.write("pyproject.toml", f'[tool.lback]\nscratch_url = "{postgres_url}"\n')
    [one] = shop.check().findings
    assert one.code == "LB505" and "not empty: it holds kept" in one.message
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT one FROM other.kept")).scalar() == 1


def test_only_the_files_as_they_are(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="as they are"):
        shop.check(at="main")
    bare = shop.team.clone(tmp_path / "bare.git", "--bare")
    with pytest.raises(UsageError, match="work tree"):
        bare.check(models="new")
    with pytest.raises(UsageError, match="script-location"):
        shop.check(options={"script_location": "migrations"})
