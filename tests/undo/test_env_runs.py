"""How often a command runs the project's env.py: once to ask, once to act."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lback.app.migrate import MigrateOptions, migrate
from lback.app.rollback import RollbackOptions, rollback
from lback.app.switch import SwitchOptions, switch
from lback.core.results import Result
from lback.errors import LbackError
from lback.project.console import SilentConsole
from tests.cli.inside import lback
from tests.servers import fresh_database
from tests.undo.team import Shop

COUNTED = """
from pathlib import Path

with Path({place!r}).open("a") as counter:
    counter.write("run\\n")
"""

PLAYED = "played through on SQLite in memory"

SYNC = """
import os
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
"""

ASYNC = """
import asyncio
import os
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine


def work(connection):
    context.configure(connection=connection, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def main():
    url = os.environ["DATABASE_URL"].replace("sqlite:", "sqlite+aiosqlite:")
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(work)
    await engine.dispose()


asyncio.run(main())
"""


class Counter:
    """Counts the runs of a shop's env.py."""

    def __init__(self, shop: Shop, env: str, place: Path) -> None:
        self.shop = shop
        self.place = place
        shop.write("migrations/env.py", COUNTED.format(place=str(place)) + env)

    def of(self, *command: str, code: int = 0) -> int:
        """Run a command and return how often env.py ran."""
        self.place.write_text("")
        self.shop.context()  # its database is the one of this process
        done = lback(self.shop.folder, *command)
        assert done.code == code, done.said
        return len(self.place.read_text().splitlines())


@pytest.fixture(
    params=[
        ("sqlite", SYNC),
        ("sqlite", ASYNC),
        pytest.param(("postgresql", SYNC), marks=pytest.mark.postgresql),
        pytest.param(("postgresql", ASYNC), marks=pytest.mark.postgresql),
    ],
    ids=["sqlite", "sqlite-async", "postgresql", "postgresql-async"],
)
def counter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counter]:
    kind, env = request.param
    with fresh_database(kind, tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        shop.add(
            "r1",
            'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))',
            'op.drop_table("users")',
        )
        shop.commit("Add users")
        shop.git("branch", "-q", "before")
        shop.add(
            "r2",
            'op.add_column("users", sa.Column("note", sa.String(20)))',
            'op.drop_column("users", "note")',
        )
        shop.commit("Add a note")
        yield Counter(shop, env, tmp_path / "runs.txt")


def test_a_command_asks_once(counter: Counter) -> None:
    assert counter.of("migrate", "--plan") == 1
    assert counter.of("migrate") == 1
    assert counter.of("status") == 1
    assert counter.of("doctor") == 1
    assert counter.of("history", "users", "--database") == 1
    assert counter.of("switch", "before", "--plan") == 1


def test_a_command_asks_once_and_acts_once(counter: Counter) -> None:
    counter.of("migrate")
    counter.shop.execute("INSERT INTO users (id, note) VALUES (1, 'x')")
    assert counter.of("migrate", "r1", code=3) == 1
    assert counter.of("switch", "before", "--yes") == 2
    counter.of("migrate")
    assert counter.of("migrate", "r1", "--yes") == 2


@pytest.mark.parametrize("strategy", ["downgrade", "revert"])
def test_a_rollback_asks_once_and_acts_once(counter: Counter, strategy: str) -> None:
    counter.of("migrate")
    counter.shop.execute("INSERT INTO users (id, note) VALUES (1, 'x')")
    rollback = ("rollback", "users", "--strategy", strategy)
    assert counter.of(*rollback, "--plan") == 1
    assert counter.of(*rollback, "--yes") == 2
    assert "note" not in counter.shop.tables()["users"].columns


@pytest.mark.parametrize(
    "during",
    [
        'context.execute("CREATE TABLE IF NOT EXISTS ground (i INTEGER)")',
        'context.get_bind().exec_driver_sql("CREATE TABLE IF NOT EXISTS ground (i INTEGER)")',
    ],
    ids=["executes", "hands-out"],
)
def test_an_env_py_that_does_more_than_configure_is_run_for_the_proof(
    tmp_path: Path, during: str
) -> None:
    counter = one_table(
        tmp_path,
        SYNC.replace("context.run_migrations()", f"{during}; context.run_migrations()"),
        'op.execute("INSERT INTO ground VALUES (1)")',
    )
    counter.of("migrate")
    assert counter.of("rollback", "users", "--plan") == 1 + 3
    result = counter.shop.roll("users", plan=True)
    assert result.data["proof"] == {"state": "proved", "message": PLAYED}


def test_migrations_that_need_what_env_py_holds_are_proved_by_running_it(tmp_path: Path) -> None:
    env = SYNC.replace(
        "context.run_migrations()",
        'os.environ["HELD"] = "1"; context.run_migrations(); del os.environ["HELD"]',
    )
    counter = one_table(tmp_path, env, '__import__("os").environ["HELD"]')
    counter.of("migrate")
    assert counter.shop.roll("users", plan=True).data["proof"] == {
        "state": "proved",
        "message": PLAYED,
    }


def one_table(tmp_path: Path, env: str, also: str) -> Counter:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add(
        "r1",
        f'{also}\nop.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))',
        'op.drop_table("users")',
    )
    shop.commit("Add users")
    return Counter(shop, env, tmp_path / "runs.txt")


@pytest.mark.parametrize("command", ["rollback", "switch", "migrate"])
def test_more_rows_than_were_asked_about_stop_a_command(tmp_path: Path, command: str) -> None:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.commit("Begin")
    shop.git("branch", "-q", "before")
    shop.add(
        "r1",
        'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))',
        'op.drop_table("users")',
    )
    shop.commit("Add users")
    shop.migrate()
    shop.execute("INSERT INTO users (id) VALUES (1)")

    class Meanwhile(SilentConsole):
        def confirm(self, question: str, *, option: str, default: bool = False) -> bool:
            assert "This deletes 1 row of users." in question
            shop.execute("INSERT INTO users (id) VALUES (2)")
            return True

    def run(*, yes: bool) -> Result:
        ctx = shop.context()
        ctx.console = Meanwhile()
        if command == "rollback":
            return rollback(ctx, RollbackOptions("users", yes=yes))
        if command == "switch":
            return switch(ctx, SwitchOptions("before", yes=yes, no_backup=True))
        return migrate(ctx, MigrateOptions("base", yes=yes))

    with pytest.raises(LbackError, match="2 rows of users now"):
        run(yes=False)
    assert shop.rows("users") == [(1,), (2,)]
    result = run(yes=True)
    assert "users" not in shop.tables()
    if command != "migrate":
        assert result.data["losses"] == [{"table": "users", "column": None, "rows": 2}]
