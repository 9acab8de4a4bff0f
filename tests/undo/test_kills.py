"""Killed at any moment and run again: schema and rows are those of an undisturbed run."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.servers import any_url
from tests.undo.team import Shop
from tests.worlds.processes import python

__all__ = ["any_url"]

_LONG = int(os.environ.get("LBACK_SOAK_KILLS", "100"))
# SIGALRM is left to its default: the process is gone at once, as with SIGKILL.
TIMER = """
import os, signal
if os.environ.get("AFTER") and not signal.getitimer(signal.ITIMER_REAL)[0]:
    signal.setitimer(signal.ITIMER_REAL, float(os.environ["AFTER"]))
"""
UP = """
op.create_table(
    "{t}", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("n", sa.Integer())
)
op.execute("INSERT INTO {t} VALUES (1, 10), (2, 20)")
op.bulk_insert(sa.table("{t}", sa.column("id"), sa.column("n")), [{{"id": i}} for i in range(3, 9)])
with op.batch_alter_table("{t}") as batch:
    batch.add_column(sa.Column("name", sa.String(20)))
op.execute("UPDATE {t} SET n = COALESCE(n, 0) + 1")
op.create_index("ix_{t}", "{t}", ["n"])
op.execute("INSERT INTO log (what) VALUES ('{t}')")
"""
DOWN = """
op.execute("INSERT INTO log (what) VALUES ('no {t}')")
op.drop_index("ix_{t}", "{t}")
op.execute("DELETE FROM {t} WHERE id > 5")
with op.batch_alter_table("{t}") as batch:
    batch.drop_column("name")
op.drop_table("{t}")
"""
LOG = (
    'op.create_table("log", sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True), '
    'sa.Column("what", sa.String(20)))'
)


def team(folder: Path, url: str) -> Shop:
    """Make a project whose main has r1 to r4, and whose branch `side` has s3 on top of r2."""
    shop = Shop.at(folder, url)
    shop.add("r0", LOG, 'op.drop_table("log")')
    for name in ("r1", "r2"):
        shop.add(name, TIMER + UP.format(t=name), TIMER + DOWN.format(t=name))
    shop.commit("Add r1 and r2")
    shop.publish(folder.parent / f"{folder.name}.git")
    shop.git("checkout", "-q", "-b", "side")
    for name in ("s3", "s4"):
        shop.add(name, TIMER + UP.format(t=name), TIMER + DOWN.format(t=name))
    shop.commit("Add s3 and s4")
    shop.git("checkout", "-q", "main")
    up, down = TIMER + UP.format(t="r3"), TIMER + DOWN.format(t="r3")
    shop.add("r3", up, down, parents=["r2"])
    shop.commit("Add r3")
    shop.git("push", "-q", "origin", "main")
    return shop


COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # what comes before, and what is killed
    "migrate": ((), ("migrate",)),
    "rollback": (("migrate",), ("migrate", "r1", "--yes")),
    "switch": (("migrate",), ("switch", "side", "--yes")),
}


def run(shop: Shop, *command: str, after: float | None = None) -> tuple[int, str]:
    environment = dict(shop.environment())
    if after is not None:
        environment["AFTER"] = f"{after:.4f}"
    done = python(("-m", "lback", *command), shop.folder, environment, joined=True)
    return done.returncode, done.stdout


def whole(shop: Shop) -> dict[str, Any]:
    names = [*shop.tables(), "alembic_version"]
    rows = {name: shop.rows(name) for name in names if not name.startswith("lback_")}
    rows["log"] = sorted(what for _, what in rows.get("log", ()))
    return rows


def prepare(shop: Shop, name: str) -> tuple[str, ...]:
    before, killed = COMMANDS[name]
    if before:
        assert run(shop, *before)[0] == 0
    return killed


def finish(shop: Shop, command: tuple[str, ...]) -> int:
    """Run the command again, and what it asks for; return how often it asked to go on."""
    asked = 0
    for _ in range(6):
        code, said = run(shop, *command)
        if code == 0:
            return asked
        assert code == 3 and "Traceback" not in said, said
        if "--resume" in said:
            asked += 1
            code, said = run(shop, "migrate", "--resume")
            assert code == 0, said
    raise AssertionError(said)


def kill_once(folder: Path, url: str, name: str, chance: random.Random) -> tuple[bool, int]:
    """Kill one command and bring it to its end; return whether it was killed, and half."""
    shop = team(folder, url)
    command = prepare(shop, name)
    code, said = run(shop, *command, after=chance.uniform(0.001, 0.5))
    assert code in (0, -signal.SIGALRM), said
    asked = finish(shop, command) if code else 0
    told = whole(shop)
    logged = told.pop("log")
    once = [what for what in logged if not what.startswith("no ")]
    expected = EXPECTED[name]
    assert sorted(told) == sorted({*expected, "alembic_version"})
    for table in expected:
        assert [row[:2] for row in told[table]] == ROWS, table
    counts = {what: logged.count(what) for what in set(logged)}
    assert all(number == LOGGED[name].get(what, 0) for what, number in counts.items()), counts
    assert once
    return bool(code), asked


ROWS = [(1, 11), (2, 21), *((number, 1) for number in range(3, 9))]
EXPECTED = {
    "migrate": ("r1", "r2", "r3"),
    "rollback": ("r1",),
    "switch": ("r1", "r2", "s3", "s4"),
}
LOGGED: dict[str, dict[str, int]] = {
    "migrate": {"r1": 1, "r2": 1, "r3": 1},
    "rollback": {"r1": 1, "r2": 1, "r3": 1, "no r2": 1, "no r3": 1},
    "switch": {"r1": 1, "r2": 1, "r3": 1, "no r3": 1, "s3": 1, "s4": 1},
}


@pytest.mark.parametrize("name", ["migrate", "rollback"])
def test_a_killed_command_is_brought_to_its_end(tmp_path: Path, any_url: str, name: str) -> None:
    kill_once(tmp_path / "ada", any_url, name, random.Random(name))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(_LONG))
def test_many_killed_commands(tmp_path: Path, any_url: str, seed: int) -> None:
    name = tuple(COMMANDS)[seed % len(COMMANDS)]
    killed, asked = kill_once(tmp_path / "ada", any_url, name, random.Random(seed))
    print(f"KILL {any_url.partition(':')[0]} {name} {'killed' if killed else 'done'} {asked}")
