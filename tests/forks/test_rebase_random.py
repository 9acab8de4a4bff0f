"""Any local forest on any shared chain, any part of it applied: after a rebase all of it is."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from lback.app.migrate import MigrateOptions, migrate
from lback.app.rebase import rebase
from lback.project.context import Context
from lback.project.options import Options
from lback.project.rebasing import RebaseOptions
from tests.forks.shop import Shop
from tests.worlds.texts import creates

_LONG = int(os.environ.get("LBACK_SOAK_REBASES", "100"))


def grow(shop: Shop, chance: random.Random) -> tuple[list[str], list[str]]:
    """Write a shared chain and a local forest; return the names of both."""
    shared = ["s1"]
    for number in range(2, chance.randint(3, 6)):
        shop.revise(f"s{number}", (shared[-1],), *creates(f"t_s{number}"))
        shared.append(f"s{number}")
    shop.commit("Go on")
    shop.git("push", "-q")
    names = list(shared)
    local = []
    for number in range(chance.randint(1, 6)):
        parents = chance.sample(names, min(len(names), chance.choice((1, 1, 1, 2))))
        merges = len(parents) > 1
        name = f"{'m' if merges else 'a'}{number}"
        body = ("pass", "pass") if merges and chance.random() < 0.7 else creates(f"t_{name}")
        shop.revise(name, tuple(parents), *body)
        names.append(name)
        local.append(name)
    return shared, local


def play(place: Path, url: str, seed: int) -> None:
    chance = random.Random(seed)
    shop = Shop.open(place, url)
    _, local = grow(shop, chance)
    tables = {"users"} | {
        line.split('"')[1]
        for text in shop.migrations().values()
        for line in text.splitlines()
        if "op.create_table" in line
    }
    options = Options(directory=str(shop.folder), no_input=True)
    for target in chance.sample(local, chance.randint(0, len(local))):
        assert migrate(Context(options), MigrateOptions(target, yes=True)).exit_code == 0
    done = rebase(Context(options), RebaseOptions(yes=True))
    assert done.exit_code == 0, (seed, done.message)
    assert migrate(Context(options), MigrateOptions()).exit_code == 0, seed
    assert set(shop.schema()) == tables, seed
    graph = Context(options).revisions.graph()
    assert len(graph.heads) == 1, seed
    assert shop.stamp() == list(graph.heads), seed
    assert rebase(Context(options), RebaseOptions()).data["action"] == "none", seed
    # And all the way down again by the new files, so that no stamp is left over.
    down = migrate(Context(options), MigrateOptions("base", yes=True))
    assert down.exit_code == 0, seed
    assert shop.schema() == {}, seed


@pytest.mark.parametrize("seed", range(5))
def test_everything_is_applied_after_a_rebase(tmp_path: Path, seed: int) -> None:
    play(tmp_path / "shop", f"sqlite:///{tmp_path / 'db.sqlite3'}", seed)


@pytest.mark.soak
def test_many_rebases(tmp_path: Path) -> None:
    for seed in range(_LONG):
        play(tmp_path / f"p{seed}", f"sqlite:///{tmp_path / f'{seed}.sqlite3'}", 100 + seed)
