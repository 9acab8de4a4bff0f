"""Plain Alembic and lback on one database, in any order; `python -m pytest -m soak` plays more."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.cli.inside import lback
from tests.servers import KINDS, fresh_database
from tests.undo.team import Shop
from tests.worlds import databases

CHAIN = [f"r{number}" for number in range(5)]
RAN = "op.execute(\"INSERT INTO ran (name) VALUES ('{0} {1}')\")"


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    with fresh_database(request.param, tmp_path) as url:
        yield made(tmp_path / "shop", url)


def made(folder: Path, url: str) -> Shop:
    """Make five revisions, each of which notes in a table that it has run."""
    shop = Shop.at(folder, url)
    for name in CHAIN:
        table = f'op.create_table("{name}", sa.Column("id", sa.Integer))\n'
        shop.add(
            name,
            table + RAN.format("up", name),
            f'op.drop_table("{name}")\n' + RAN.format("down", name),
        )
    shop.commit("Add all")
    databases.query(
        url,
        "CREATE TABLE ran (name VARCHAR(40))",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)",
    )
    return shop


def alembic(shop: Shop, *words: str) -> None:
    """Run plain Alembic."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *words],
        cwd=shop.folder,
        env=os.environ | {"DATABASE_URL": shop.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def ran(shop: Shop) -> list[str]:
    return [row[0] for row in databases.query(shop.url, "SELECT name FROM ran")]


def record(shop: Shop) -> list[Any]:
    columns = "direction, revision, outcome, stamp_before, stamp_after"
    if not sa.inspect(sa.create_engine(shop.url, poolclass=sa.pool.NullPool)).has_table(
        "lback_ledger"
    ):
        return []
    return databases.query(shop.url, f"SELECT {columns} FROM lback_ledger ORDER BY id")


class Mixture:
    """One random sequence, and what it has to leave behind."""

    def __init__(self, shop: Shop, rng: random.Random) -> None:
        self.shop, self.rng = shop, rng
        self.at = 0
        self.ran: list[str] = []
        self.moves: list[tuple[str, str]] = []
        """Of lback alone: from, to."""
        self.gaps: list[tuple[str, str]] = []
        self.left: str | None = None
        """Where lback's last step has left the stamp."""

    def play(self, moves: int) -> None:
        for _ in range(moves):
            kind = self.rng.choice(("lback", "lback", "alembic", "lback alembic"))
            target = self.rng.randrange(len(CHAIN) + 1)
            self.go(kind, target)
            assert databases.stamp(self.shop.url) == [*([CHAIN[self.at - 1]] if self.at else [])]

    def go(self, kind: str, target: int) -> None:
        name = CHAIN[target - 1] if target else "base"
        steps = self.steps(target)
        self.shop.context()  # of this process
        if kind == "lback":
            done = lback(self.shop.folder, "migrate", name, "--yes")
            assert done.code == 0, done.said
        elif steps:
            command = "upgrade" if target > self.at else "downgrade"
            if kind == "alembic":
                alembic(self.shop, command, name)
            else:
                assert lback(self.shop.folder, "alembic", command, name).code == 0
        if kind != "alembic" and steps:
            here = stamp(self.at)
            if self.left is not None and self.left != here:
                self.gaps.append((self.left, here))
            for number in steps:
                self.moves.append((here, here := stamp(number)))
            self.left = here
        self.at = target

    def steps(self, target: int) -> list[int]:
        """Note what has to run; return where the stamp is after each step."""
        if target > self.at:
            self.ran += [f"up {name}" for name in CHAIN[self.at : target]]
            return list(range(self.at + 1, target + 1))
        self.ran += [f"down {name}" for name in reversed(CHAIN[target : self.at])]
        return list(range(self.at - 1, target - 1, -1))

    def verify(self) -> None:
        """Hold the database to it: nothing ran twice, and the record has what lback did."""
        shop = self.shop
        assert ran(shop) == self.ran
        rows = record(shop)
        assert [(row[3] or "", row[4] or "") for row in rows] == self.moves
        assert {row[2] for row in rows} <= {"done"}
        expected = list(self.gaps)
        if self.left is not None and self.left != stamp(self.at):
            expected.append((self.left, stamp(self.at)))
        (database,) = shop.ask("log")["data"]["databases"]
        told = [("".join(g["before"]), "".join(g["after"])) for g in database["unrecorded"]]
        assert list(reversed(told)) == expected[-len(told) or len(expected) :]
        if database["total"] <= 20:
            assert len(told) == len(expected)
        wanted = {"ran", *CHAIN[: self.at]}
        assert set(databases.columns(shop.url)) == wanted


def stamp(number: int) -> str:
    return CHAIN[number - 1] if number else ""


@pytest.mark.parametrize("seed", [1])
def test_a_mixture(shop: Shop, seed: int) -> None:
    sequence = Mixture(shop, random.Random(seed))
    sequence.play(6)
    sequence.verify()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(70))
def test_many_mixtures(shop: Shop, seed: int) -> None:
    sequence = Mixture(shop, random.Random(1000 + seed))
    sequence.play(8)
    sequence.verify()


def test_a_purge_says_where_the_database_was(shop: Shop) -> None:
    shop.migrate("r1")
    said = shop.lback("alembic", "stamp", "--purge", "r1")
    assert "Running stamp_revision  -> r1" in said
    assert "something else than lback" not in shop.lback("log")
    assert shop.lback("log", "b2").splitlines()[-1] == "no step of b2 is recorded here"


def test_a_purge_to_the_base_is_done_and_recorded(shop: Shop) -> None:
    shop.migrate("r1")
    shop.lback("alembic", "stamp", "--purge", "base")
    assert databases.stamp(shop.url) == []
    said = shop.lback("log")
    assert "nothing  (stamped)" in said
    assert "`lback alembic stamp --purge base`" in said
    assert "something else than lback" not in said
