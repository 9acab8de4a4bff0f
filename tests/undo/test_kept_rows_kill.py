"""A switch that is killed at any moment loses nothing; run again, it comes to the same end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.servers import KINDS, fresh_database
from tests.undo.team import Shop
from tests.undo.test_backup import settle
from tests.worlds import databases
from tests.worlds.processes import python

ROWS = 3000
# MariaDB keeps each statement by itself: steps that can be begun again come to an end by that.
SURE = {
    "note": (
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS note VARCHAR(40)",
        "ALTER TABLE users DROP COLUMN IF EXISTS note",
    ),
    "carts": (
        "CREATE TABLE IF NOT EXISTS carts (id INTEGER PRIMARY KEY, user INTEGER, what TEXT)",
        "DROP TABLE IF EXISTS carts",
    ),
}
PLAIN = {
    "note": ("ALTER TABLE users ADD COLUMN note VARCHAR(40)", "ALTER TABLE users DROP COLUMN note"),
    "carts": (
        'CREATE TABLE carts (id INTEGER PRIMARY KEY, "user" INTEGER, what TEXT)',
        "DROP TABLE carts",
    ),
}


def stand_on_a(folder: Path, kind: str, url: str) -> Shop:
    shop = Shop.at(folder, url)
    shop.add(
        "r1",
        'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))',
        'op.drop_table("users")',
        commit="Add users",
    )
    shop.git("checkout", "-q", "-b", "a")
    for revision, (up, down) in (SURE if kind == "mariadb" else PLAIN).items():
        shop.add(revision, f"op.execute({up!r})", f"op.execute({down!r})", commit=revision)
    shop.migrate()
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    users = sa.table("users", sa.column("id"), sa.column("note"))
    carts = sa.table("carts", sa.column("id"), sa.column("user"), sa.column("what"))
    numbers = range(1, ROWS + 1)
    with engine.begin() as connection:
        notes = [{"id": n, "note": None if n % 7 else f"note {n}"} for n in numbers]
        connection.execute(sa.insert(users), notes)
        rows = [{"id": n, "user": n, "what": "" if n % 5 else "%" * n} for n in range(1, 200)]
        connection.execute(sa.insert(carts), rows)
    return shop


def content(shop: Shop) -> dict[str, list[Any]]:
    return {
        name: sorted(map(repr, databases.query(shop.url, f"SELECT * FROM {name}")))
        for name in shop.tables()
    }


def killed_switch(shop: Shop, chance: random.Random, longest: float) -> None:
    """Start a switch, kill it at some moment, and run it again until it has nothing to say."""
    child = subprocess.Popen(
        [sys.executable, "-m", "lback", "switch"],
        cwd=shop.folder,
        env=shop.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(chance.random() * longest)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    settle(shop.url)
    told = ""
    for _ in range(3):
        done = python(("-m", "lback", "switch"), shop.folder, shop.environment(), joined=True)
        told = done.stdout
        if done.returncode == 0:
            return
    raise AssertionError(told)


def there_and_back(folder: Path, kind: str, seed: int) -> None:
    chance = random.Random(seed)
    with fresh_database(kind, folder) as url:
        shop = stand_on_a(folder / "ada", kind, url)
        before, schema = content(shop), shop.tables()
        started = time.monotonic()
        shop.lback("switch", "--plan")
        longest = (time.monotonic() - started) * 1.6
        shop.git("checkout", "-q", "main")
        killed_switch(shop, chance, longest)
        assert set(shop.tables()) == {"users"}, seed
        assert set(shop.tables()["users"].columns) == {"id"}, seed
        shop.git("checkout", "-q", "a")
        killed_switch(shop, chance, longest)
        assert shop.tables() == schema, seed
        assert content(shop) == before, seed


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_many_killed_switches(tmp_path: Path, kind: str) -> None:
    first = int(os.environ.get("LBACK_SOAK_SEED", "100"))
    for seed in range(first, first + int(os.environ.get("LBACK_SOAK_KILLS", "10"))):
        folder = tmp_path / str(seed)
        folder.mkdir()
        there_and_back(folder, kind, seed)
