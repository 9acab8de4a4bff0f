"""`makemigrations --amend` killed at any moment: no row and no text is lost."""

from __future__ import annotations

import os
import random
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa

from lback.project.context import Context
from lback.project.options import Options
from tests.servers import KINDS, fresh_database
from tests.worlds import databases
from tests.worlds.people import Developer

_ROUNDS = int(os.environ.get("LBACK_SOAK_KILLS", "0"))
_SEED = int(os.environ.get("LBACK_SOAK_SEED", "0"))
# Counts what the process does to files and databases, and kills it at one of that.
ENV = """
import os, signal, sys
from alembic import context
from sqlalchemy import create_engine, event, pool
from sqlalchemy.engine import Engine
import models

def meet(what):
    sys.met += 1
    if sys.met == int(os.environ["KILL_AT"]):
        os.kill(os.getpid(), signal.SIGKILL)
    if "MET" in os.environ:
        os.write(sys.log, (what + chr(10)).encode())

if "KILL_AT" in os.environ and not hasattr(sys, "met"):
    sys.met = 0
    if "MET" in os.environ:
        sys.log = os.open(os.environ["MET"], os.O_WRONLY | os.O_CREAT)
    seen = dict.fromkeys(("os.rename", "os.remove"))
    sys.addaudithook(lambda name, args: meet(f"{{name}} {{args[-2 if name == 'os.remove' else 1]}}")
                     if name in seen else None)
    event.listen(Engine, "before_cursor_execute",
                 lambda c, k, text, *_: meet(" ".join(text.split())))
    event.listen(Engine, "commit", lambda c: meet("COMMIT"))

engine = create_engine({url!r}, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=models.metadata, render_as_batch=True
    )
    with context.begin_transaction():
        context.run_migrations()
"""
MODELS = """
from sqlalchemy import *
metadata = MetaData()
Table("users", metadata, Column("id", Integer, primary_key=True, autoincrement=False), {})
"""
NAME, AGE = 'Column("name", String(50))', 'Column("age", Integer)'
ROWS = [(1, "Ada", 36), (2, "Lin", None), (3, "Grace", 85)]


class Stand(NamedTuple):
    """Ada's project before her amending, and how to have all of it as it was."""

    ada: Developer
    url: str
    again: Callable[[], None]
    old: str

    def file(self) -> str:
        (path,) = (self.ada.folder / "migrations" / "versions").glob("*_two.py")
        return path.read_text()

    def rows(self) -> list[tuple[object, ...]]:
        found = databases.query(self.url, "SELECT id, name, age FROM users ORDER BY id")
        return [tuple(row) for row in found]


@pytest.fixture
def stand(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stand]:
    kind = getattr(request, "param", "sqlite")
    with fresh_database(kind, tmp_path) as url:
        ada = Developer("Ada", tmp_path / "project")
        ada.folder.mkdir()
        ada.git("init", "-q")
        ada.lback("init", "--no-hooks")
        ada.write("migrations/env.py", ENV.format(url=url))
        ada.write(".gitignore", "__pycache__/\n")
        ada.write("models.py", MODELS.format(NAME))
        ada.lback("makemigrations", "one")
        ada.commit()
        ada.write("models.py", MODELS.format(f"{NAME}, {AGE}"))
        ada.lback("makemigrations", "two", "--against", "migrations")
        shutil.copytree(ada.folder, tmp_path / "kept")

        def again() -> None:
            shutil.rmtree(ada.folder)
            shutil.copytree(tmp_path / "kept", ada.folder)
            engine = sa.create_engine(url, poolclass=sa.NullPool)
            for table in sa.inspect(engine).get_table_names():
                databases.query(url, f"DROP TABLE {table}")
            ada.lback("migrate")
            for row in ROWS:
                values = ", ".join("NULL" if value is None else repr(value) for value in row)
                databases.query(url, f"INSERT INTO users (id, name, age) VALUES ({values})")
            ada.write("models.py", MODELS.format(f'{NAME}, {AGE}, Column("size", Float)'))

        again()
        made = Stand(ada, url, again, "")
        yield made._replace(old=made.file())


def met(stand: Stand, log: Path) -> list[str]:
    """Amend undisturbed, and return all that the process did."""
    variables = {"KILL_AT": "0", "MET": str(log)}
    done = stand.ada.call(*LBACK, "makemigrations", "--amend", variables=variables)
    assert done.returncode == 0, done.stderr
    stand.again()
    return log.read_text().splitlines()


LBACK = (sys.executable, "-m", "lback", "--no-input")


def check(stand: Stand, at: int, finish: str) -> None:
    """Kill at one of the things that the process does, look, and let the next command end it."""
    ada = stand.ada
    variables = {"KILL_AT": str(at)}
    done = ada.call(*LBACK, "makemigrations", "--amend", variables=variables)
    assert done.returncode == -9, (at, done.stderr)
    told = ada.call(*LBACK, "status").stderr
    cut = re.search(r"`git cat-file -p (\w+)`", told)
    if cut is None:
        assert (stand.rows(), stand.file()) == (ROWS, stand.old), (at, told)
    else:
        assert "was cut off" in told
        assert ada.git("cat-file", "-p", cut[1]) == stand.old, at
    for _ in range(5):
        line = ("makemigrations", "--amend") if finish == "amend" else ("migrate",)
        done = ada.call(*LBACK, *line)
        if done.returncode == 0:
            break
        told = done.stderr + done.stdout
        assert done.returncode == 3, (at, told)
        assert "--undo-half" in told or "--resume" in told, (at, told)
        if ada.call(*LBACK, "migrate", "--undo-half", "--yes").returncode:
            ada.call(*LBACK, "migrate", "--resume")
    assert done.returncode == 0, (at, done.stderr)
    assert stand.rows() == ROWS, at
    if finish == "amend":
        assert "size" in stand.file()
        if cut is not None:
            assert cut[1] in done.stdout, at
    columns = {"id", "name", "age"} | ({"size"} if "size" in stand.file() else set())
    assert databases.columns(stand.url)["users"] == columns, at
    assert "cut off" not in ada.call(*LBACK, "status").stderr
    (node,) = (
        n
        for n in Context(Options(directory=str(ada.folder))).revisions.graph()
        if n.path.endswith("_two.py")
    )
    assert databases.stamp(stand.url) == [node.id], at


def test_killed_at_each_turn_of_the_way(stand: Stand, tmp_path: Path) -> None:
    done = met(stand, tmp_path / "met")
    # Files: the note before the way down, the plan of what is written, the file, the note again.
    files = [number for number, what in enumerate(done, 1) if what.startswith("os.rename")]
    (plan,) = (number for number in files if "pending.json" in done[number - 1])
    down = max(n for n, what in enumerate(done[:plan], 1) if what == "COMMIT")
    up = max(number for number, what in enumerate(done, 1) if what == "COMMIT")
    for at, finish in ((down, "migrate"), (plan + 1, "amend"), (up, "migrate")):
        check(stand, at, finish)
        stand.again()


def test_a_run_over_all_databases_settles_what_it_brings_up(stand: Stand, tmp_path: Path) -> None:
    done = met(stand, tmp_path / "met")
    ada = stand.ada
    files = [number for number, what in enumerate(done, 1) if what.startswith("os.rename")]
    (plan,) = (number for number in files if "pending.json" in done[number - 1])
    ada.call(*LBACK, "makemigrations", "--amend", variables={"KILL_AT": str(plan)})
    ada.write("pyproject.toml", f"[tool.lback.databases]\nurls = {{ shop = {stand.url!r} }}\n")
    assert "cut off" in ada.call(*LBACK, "status").stderr
    done_by_all = ada.call(*LBACK, "migrate", "--all")
    assert done_by_all.returncode == 0, done_by_all.stderr
    assert "cut off" in done_by_all.stderr
    assert "cut off" not in ada.call(*LBACK, "status").stderr


@pytest.mark.soak
@pytest.mark.parametrize("stand", KINDS, indirect=True)
def test_killed_at_any_moment(stand: Stand, tmp_path: Path) -> None:
    chance = random.Random(_SEED)
    done = met(stand, tmp_path / "met")
    for _ in range(_ROUNDS or (30 if stand.url.startswith("sqlite") else 10)):
        check(stand, chance.randint(1, len(done)), chance.choice(("amend", "migrate")))
        stand.again()
