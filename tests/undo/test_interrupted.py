"""Without a record, a step that is killed is told of once by the next command."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.servers import mariadb_url
from tests.undo.team import Shop

pytestmark = pytest.mark.counted

__all__ = ["mariadb_url"]

DIES = """
import os, signal
op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))
if os.environ.get("DIE"):
    os.kill(os.getpid(), signal.SIGKILL)
"""
COMMANDS = {"alembic": ("alembic", "upgrade", "head"), "migrate": ("migrate",)}


@pytest.mark.mysql
@pytest.mark.parametrize("second", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("first", COMMANDS.values(), ids=COMMANDS)
def test_a_killed_step_is_told_of_once(
    tmp_path: Path, mariadb_url: str, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    shop = Shop.at(tmp_path / "ada", mariadb_url)
    shop.write("pyproject.toml", "[tool.lback]\nledger = false\n")
    shop.add("r1", DIES, 'op.drop_table("users")', commit="Add users")
    shop.env["DIE"] = "1"
    shop.lback(*first, code=-signal.SIGKILL)
    del shop.env["DIE"]
    for _ in range(2):  # until it is settled
        looked = shop.lback("status")
        assert "killed in upgrade() of r1" in looked and "next: Look which of it" in looked
    said = shop.lback(*second, code=3)
    assert "killed in upgrade() of r1" in said and "table users" in said
    shop.execute("DROP TABLE users")
    shop.lback(*second)
    assert set(shop.tables()) == {"users"}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_sqlite_takes_a_killed_step_back(tmp_path: Path, command: tuple[str, ...]) -> None:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add("r1", DIES, 'op.drop_table("users")', commit="Add users")
    shop.env["DIE"] = "1"
    shop.lback(*command, code=-signal.SIGKILL)
    del shop.env["DIE"]
    assert not shop.tables()
    shop.lback("migrate")
    assert set(shop.tables()) == {"users"}


def test_alembic_leaves_word_of_the_stamp_for_the_hooks(tmp_path: Path) -> None:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add("r1", 'op.create_table("users", sa.Column("id", sa.Integer()))', commit="Add users")
    said = shop.lback("alembic", "upgrade", "head")
    assert "+ r1" not in said
    kept = [path for path in (shop.folder / ".git" / "lback").rglob("stamp-*") if path.is_file()]
    assert [json.loads(path.read_text().splitlines()[1]) for path in kept] == [{shop.url: ["r1"]}]


MEANWHILE = """
from pathlib import Path

with Path("runs.txt").open("a+") as counter:
    counter.write("run\\n")
    counter.seek(0)
    place = Path("migrations/versions/r2_it.py")
    if len(counter.readlines()) == {run}:
        place.write_text(place.read_text().replace("'r1'", "None"))

"""


@pytest.mark.parametrize(
    ("run", "command"),
    [
        (1, ("migrate",)),
        (2, ("switch",)),
        (2, ("rollback", "users", "--strategy", "revert", "--yes")),
    ],
)
def test_files_that_change_before_the_lock_is_had_stop_a_command(
    tmp_path: Path, run: int, command: tuple[str, ...]
) -> None:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add(
        "r1", 'op.create_table("users", sa.Column("id", sa.Integer()))', 'op.drop_table("users")'
    )
    shop.commit("Add users")
    shop.migrate()
    shop.add("r2", 'op.create_table("posts", sa.Column("id", sa.Integer()))')
    shop.commit("Add posts")
    if command[0] == "rollback":
        shop.migrate()
    env = shop.folder / "migrations" / "env.py"
    env.write_text(MEANWHILE.format(run=run) + env.read_text())
    before, files = shop.tables(), shop.files()
    said = shop.lback(*command, code=3)
    assert "r2_it.py changed while this was being planned." in said
    assert shop.tables() == before
    assert shop.files().keys() == files.keys()


SOMEBODY = """
import os
import subprocess
import sys
from pathlib import Path

with Path("runs.txt").open("a+") as counter:
    counter.write("run\\n")
    counter.seek(0)
    number = len(counter.readlines())
if number == 2:
    subprocess.run([sys.executable, "-m", "lback", "migrate"], check=True)

"""


def test_what_somebody_else_applied_meanwhile_is_not_undone_unasked(tmp_path: Path) -> None:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    for revision, table in (("r1", "users"), ("r2", "posts")):
        shop.add(
            revision,
            f'op.create_table("{table}", sa.Column("id", sa.Integer()))',
            f'op.drop_table("{table}")',
        )
    shop.commit("Add users and posts")
    env = shop.folder / "migrations" / "env.py"
    env.write_text(SOMEBODY + env.read_text())
    said = shop.lback("migrate", "r1", code=3)
    assert "it would undo r2" in said
    assert set(shop.tables()) == {"users", "posts"}
    shop.lback("migrate", "r1", "--yes")
    assert set(shop.tables()) == {"users"}
