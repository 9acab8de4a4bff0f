"""One question for what would be lost, and one wait for the lock, whichever command it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from lback.app.migrate import MigrateOptions, migrate
from lback.app.rollback import RollbackOptions, rollback
from lback.app.switch import SwitchOptions, switch
from lback.db.locking.locks import Locks
from tests.servers import fresh_database
from tests.undo.team import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    fill(shop)
    return shop


def fill(shop: Shop) -> None:
    shop.add(
        "r1",
        'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))',
        'op.drop_table("users")',
    )
    shop.commit("Add users")
    shop.git("checkout", "-q", "-b", "side")
    shop.add(
        "r2",
        'op.add_column("users", sa.Column("note", sa.String(20)))',
        'op.drop_column("users", "note")',
    )
    shop.commit("Add a note")
    shop.migrate()
    shop.execute("INSERT INTO users (id, note) VALUES (1, 'x')")


@pytest.mark.parametrize(
    "command",
    [("migrate", "r1"), ("rollback", "users"), ("switch", "main", "--no-backup")],
    ids=lambda one: one[0],
)
def test_every_command_asks_in_the_same_words(shop: Shop, command: tuple[str, ...]) -> None:
    rows = shop.rows("users")
    said = shop.lback(*command, code=3)
    assert "This deletes 1 value of users.note." in said
    assert "--yes" in said
    assert shop.rows("users") == rows
    shop.lback(*command, "--yes")
    assert "note" not in shop.tables()["users"].columns


def test_a_no_changes_nothing_and_is_said(shop: Shop) -> None:
    rows = shop.rows("users")
    results = [
        migrate(shop.context(), MigrateOptions("r1")),
        rollback(shop.context(), RollbackOptions("users")),
        switch(shop.context(), SwitchOptions("main", no_backup=True)),
    ]
    assert [(one.status, one.exit_code) for one in results] == [("refused", 3)] * 3
    assert {one.message.partition(";")[0] for one in results} == {"Aborted"}
    assert shop.rows("users") == rows


def test_going_down_where_nothing_is_lost_is_asked_as_well(shop: Shop) -> None:
    shop.execute("UPDATE users SET note = NULL")
    said = shop.lback("migrate", "r1", code=3)
    assert "goes down and undoes r2. Go on?" in said
    assert "deletes" not in said


@pytest.mark.parametrize(
    "command",
    [
        ("migrate", "r1", "--yes"),
        ("rollback", "users", "--yes"),
        ("switch", "main", "--yes"),
        ("alembic", "downgrade", "r1"),
    ],
    ids=lambda one: one[0],
)
def test_the_setting_limits_the_wait_for_the_lock(tmp_path: Path, command: tuple[str, ...]) -> None:
    with fresh_database("mariadb", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        fill(shop)
        shop.write("pyproject.toml", "[tool.lback]\nlock_timeout = 0.2\n")
        engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        locks = Locks(5)
        with engine.connect() as connection:
            locks.take(connection)
            try:
                said = shop.lback(*command, code=3)
            finally:
                locks.release()
        assert f"process {os.getpid()}" in said or "lock" in said
        assert "note" in shop.tables()["users"].columns
