"""A database at head for a test: a copy of the template beside `alembic upgrade head`.

`python -m bench.copies [--revisions N] [--rounds N] [--only sqlite,mariadb]`. The upgrade is a
whole process, as a test would start it; what of it is `command.upgrade()` stands beside it. "Waited
for" is what a test of 0.3 s waits for its copy, which is made while the one before runs.
Medians, in milliseconds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from lback.db.templates.ahead import Copies
from lback.project.context import Context
from lback.project.copies.templates import template_at
from lback.project.options import Options
from tests.db.projects import Project
from tests.servers import KINDS, fresh_database
from tests.worlds.texts import SYNC_ENV

_WARM = """
import sys, time
from alembic import command
from alembic.config import Config
Config("alembic.ini")
begun = time.perf_counter()
command.upgrade(Config("alembic.ini"), "head")
print(time.perf_counter() - begun)
"""


def chain(project: Project, number: int) -> None:
    """Write revisions as people do: a table, a column, an index, some rows."""
    parent = None
    for at in range(number):
        name = f"r{at:04d}"
        table = f"t{at - at % 4}"
        upgrade = (
            f"op.create_table({table!r}, sa.Column('id', sa.Integer, primary_key=True), "
            "sa.Column('name', sa.String(40)))",
            f"op.add_column({table!r}, sa.Column('age', sa.Integer))",
            f"op.create_index('ix_{table}', {table!r}, ['name'])",
            f"op.execute(\"INSERT INTO {table} (id, name) VALUES (1, 'a'), (2, 'b')\")",
        )[at % 4]
        project.add(name, parent, upgrade)
        parent = name


def _times(work: Callable[[], float], rounds: int) -> float:
    return median(work() for _ in range(rounds)) * 1000


def measure(kind: str, number: int, rounds: int) -> Sequence[float]:
    """Return milliseconds, in the order of `HEADS`."""
    with tempfile.TemporaryDirectory() as folder, fresh_database(kind, Path(folder)) as url:
        project = Project(Path(folder) / "project", SYNC_ENV, url=url)
        chain(project, number)
        begun = time.perf_counter()
        made = template_at(Context(Options(directory=str(project.root))), url=url)
        build = (time.perf_counter() - begun) * 1000
        dropped: list[float] = []

        def copy() -> float:
            begun = time.perf_counter()
            where = made.copy()
            copied = time.perf_counter()
            made.drop(where)
            dropped.append(time.perf_counter() - copied)
            return copied - begun

        copied = _times(copy, rounds)
        copies = Copies(made)

        def take() -> float:
            begun = time.perf_counter()
            where = copies.take()
            waited = time.perf_counter() - begun
            time.sleep(0.3)
            copies.give_back(where)
            return waited

        waited = _times(take, rounds)
        copies.close()
        made.beside.drop(made.name)
        made.beside.close()
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _WARM],
            cwd=project.root,
            capture_output=True,
            text=True,
            check=True,
        )
        whole = (time.perf_counter() - begun) * 1000
        warm = float(done.stdout) * 1000
        return waited, copied, median(dropped) * 1000, build, whole, warm


HEADS = (
    "waited for",
    "a copy",
    "to drop it",
    "first build",
    "`alembic upgrade head`",
    "its upgrade",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--revisions", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default=",".join(KINDS))
    options = parser.parse_args()
    print(f"| database | {' | '.join(HEADS)} | a copy is faster by |")
    print(f"|{'---|' * (len(HEADS) + 2)}")
    for kind in options.only.split(","):
        waited, copied, *rest = measure(kind, options.revisions, options.rounds)
        cells = [f"{waited:.1f}", f"{copied:.1f}", *(f"{value:,.0f}" for value in rest)]
        faster = f"{rest[-2] / copied:,.0f} times, than its upgrade {rest[-1] / copied:,.0f}"
        print(f"| {kind} | {' | '.join(cells)} | {faster} |")


if __name__ == "__main__":
    main()
