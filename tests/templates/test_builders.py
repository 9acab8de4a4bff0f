"""Several processes want one template, and one of them dies over it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lback.core.copies.names import COPY, HALF, is_template, new_name
from lback.db.beside.base import Databases
from lback.db.templates.building import prune
from tests.templates.conftest import MakeShop, Shop, ask, tables

_BUILD = """
import sys
from lback.project.context import Context
from lback.project.options import Options
from lback.project.copies.templates import template_at
made = template_at(Context(Options(directory=sys.argv[1])))
print(made.name, made.built)
"""
ROOT = Path(__file__).parents[2]


def builder(shop: Shop) -> subprocess.Popen[str]:
    """Start a process that wants the template."""
    return subprocess.Popen(
        [sys.executable, "-c", _BUILD, str(shop.root)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def halves(beside: Databases) -> set[str]:
    return {made.name for made in beside.leftovers() if made.name.startswith(HALF)}


def test_several_at_once(make_shop: MakeShop, any_url: str) -> None:
    shop = make_shop(any_url)
    shop.chain("a1", "b2", "c3")
    number = 4 if any_url.startswith("sqlite") else 2  # each imports for a second
    processes = [builder(shop) for _ in range(number)]
    answers = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0] * number
    assert sorted(built for _, built in answers) == ["0"] * (number - 1) + ["3"]
    made = shop.template()
    assert {name for name, _ in answers} == {made.name} and made.built == 0


def test_a_killed_builder_leaves_no_template(make_shop: MakeShop, any_url: str) -> None:
    shop = make_shop(any_url)
    go = shop.root / "go"
    shop.add("a1")
    wait = f"import pathlib, time; p = pathlib.Path({str(go)!r}); p.with_name('here').touch()\n"
    shop.add("b2", "a1", wait + "while not p.exists(): time.sleep(0.01)\nop.execute('SELECT 1')")
    first = shop.template("a1")
    process, there = builder(shop), shop.root / "here"
    deadline = time.monotonic() + 60
    while not there.exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    left = halves(first.beside)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert left <= halves(first.beside)  # until it is pruned
    go.touch()
    made = shop.template()
    assert made.built == 1 and ask(made.copy(_named(shop, made.beside)), "SELECT 1") == [(1,)]
    for name in left:
        made.beside.drop(name)


def _named(shop: Shop, beside: Databases) -> str:
    name = new_name(COPY)
    shop.made.append((beside, name))
    return name


def test_prune(make_shop: MakeShop, sqlite_url: str) -> None:
    """Old ones and too many go; so does what killed processes have left, and nothing else."""
    shop = make_shop(sqlite_url)
    shop.chain("a1", "b2", "c3")
    made = [shop.template(name) for name in ("a1", "b2", "c3")]
    beside = made[0].beside
    for age, template in zip((3000, 2000, 1000), made, strict=True):
        os.utime(str(template.url.database), (time.time() - age,) * 2)
    old, fresh = f"{COPY}{int(time.time()) - 200_000:08x}_00000000", new_name(HALF)
    for name in (old, fresh, "somebody_elses"):
        beside.create(name)
    assert prune(beside, most=2, at_work=2500) == (made[0].name, old)
    assert prune(beside, most=0) == ()  # used today: somebody may be at work
    assert prune(beside, kept_for=1500, at_work=0) == (made[1].name,)
    assert set(beside.templates()) == {made[2].name}
    assert [left.name for left in beside.leftovers()] == [fresh]


@pytest.mark.postgresql
def test_a_database_of_that_name_is_not_ours(make_shop: MakeShop, postgres_url: str) -> None:
    """Without our comment it is no template; it is neither copied nor dropped."""
    shop = make_shop(postgres_url)
    shop.add("a1")
    made = shop.template()
    name = "lback_t_00000000000000000000"
    assert is_template(name)
    made.beside.create(name)
    try:
        assert name not in made.beside.templates()
        made.beside.drop(name)
        assert made.beside.exists(made.beside.named(name)) and tables(made.beside.named(name)) == []
    finally:
        ask_server = made.beside.server  # type: ignore[attr-defined]
        ask_server.call(lambda at: at.exec_driver_sql(f'DROP DATABASE "{name}"'))
