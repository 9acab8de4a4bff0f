"""A step that is killed is told of once by the next command, whichever of them moves a database."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.undo.team import Shop

DIES = """
import os, signal
op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))
if os.environ.get("DIE"):
    os.kill(os.getpid(), signal.SIGKILL)
"""
COMMANDS = {"alembic": ("alembic", "upgrade", "head"), "migrate": ("migrate",)}


@pytest.mark.parametrize("second", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("first", COMMANDS.values(), ids=COMMANDS)
def test_a_killed_step_is_told_of_once(
    tmp_path: Path, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add("r1", DIES, 'op.drop_table("users")', commit="Add users")
    shop.env["DIE"] = "1"
    shop.lback(*first, code=-signal.SIGKILL)
    del shop.env["DIE"]
    said = shop.lback(*second, code=3)
    assert "killed in upgrade() of r1" in said and "table users" in said
    shop.execute("DROP TABLE users")
    shop.lback(*second)
    assert set(shop.tables()) == {"users"}


def test_alembic_leaves_word_of_the_stamp_for_the_hooks(tmp_path: Path) -> None:
    shop = Shop.at(tmp_path / "ada", f"sqlite:///{tmp_path}/x.sqlite3")
    shop.add("r1", 'op.create_table("users", sa.Column("id", sa.Integer()))', commit="Add users")
    said = shop.lback("alembic", "upgrade", "head")
    assert "+ r1" not in said
    kept = [path for path in (shop.folder / ".git" / "lback").rglob("stamp-*") if path.is_file()]
    assert [path.read_text().splitlines()[1:] for path in kept] == [['["r1"]']]
