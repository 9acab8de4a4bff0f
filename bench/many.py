"""Many databases beside a bare loop over them: `python -m bench.many [--files N] [--schemas N]`.

The loop is what one would write: Alembic's `upgrade head` in one warm process for each URL. Both
run from zero, with nothing to do, and with every second database behind by some revisions. CPU
seconds are of the process and its children; memory is the most that any one of them had.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.many.fleet import PLAIN, Fleet
from tests.servers import fresh_database
from tests.worlds.databases import query

_BEHIND = 3
_LOOP = """
import sys
from alembic import command
from alembic.config import Config

config = Config(toml_file="pyproject.toml")
for url in sys.stdin.read().split():
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")
"""


class Cost(NamedTuple):
    """What a process and its children took."""

    wall: float
    cpu: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.wall:6.1f} s  {self.cpu:6.1f} s CPU  {self.megabytes:5.0f} MB"


def cost(words: list[str], folder: Path, given: str = "") -> Cost:
    """Run a program; return what it took."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as stdin:
        stdin.write(given.encode())
        stdin.seek(0)
        child = subprocess.Popen(
            words, cwd=folder, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{words[:6]} ended with {child.returncode}")
    wall = time.perf_counter() - begun
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


@contextmanager
def project(kind: str, number: int, revisions: int = 5) -> Iterator[tuple[Path, list[str]]]:
    """Yield a project and its URLs, which are new and empty."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = Fleet(folder)
        made.write("migrations/env.py", PLAIN)
        for revision in range(1, revisions + 1):
            made.revision(revision)
        if kind == "files":
            (folder / "data").mkdir()
            urls = [f"sqlite:///data/t{one:04}.db" for one in range(number)]
            made.list("urls = [" + ", ".join(f'"{url}"' for url in urls) + "]")
            yield folder, urls
            return
        with fresh_database("postgresql", folder) as url:
            names = [f"t_{one:04}" for one in range(number)]
            query(url, *(f"CREATE SCHEMA {schema}" for schema in names))
            made.list(f'urls = ["{url}"]\nschemas = "t_*"')
            yield folder, [f"{url}?options=-csearch_path%3D{schema}" for schema in names]


def runs(
    words: list[str], kind: str, number: int, revisions: int, *, by_list: bool = True
) -> list[Cost]:
    """Run a program from zero, with nothing to do, and with every second database behind."""
    with project(kind, number, revisions) as (folder, urls):
        given = "" if by_list else "\n".join(urls)
        costs = [cost(words, folder, given) for _ in range(2)]
        made = Fleet(folder)
        for revision in range(revisions + 1, revisions + _BEHIND + 1):
            made.revision(revision)
        cost([sys.executable, "-c", _LOOP], folder, "\n".join(urls[::2]))
        return [*costs, cost(words, folder, given)]


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--schemas", type=int, default=100)
    parser.add_argument("--revisions", type=int, default=5)
    parser.add_argument("--jobs", type=int, nargs="*", default=[1, 2])
    given = parser.parse_args()
    lback = [sys.executable, "-m", "lback", "migrate", "--all"]
    loop = [sys.executable, "-c", _LOOP]
    for kind, number in (("files", given.files), ("schemas", given.schemas)):
        if not number:
            continue
        print(f"{number} {kind}, {given.revisions} revisions")
        print("  from zero, with nothing to do, every second one behind by", _BEHIND)
        bare = runs(loop, kind, number, given.revisions, by_list=False)
        for found in bare:
            print("  bare loop      ", found)
        for jobs in given.jobs:
            words = [*lback, "--jobs", str(jobs)]
            for before, found in zip(bare, runs(words, kind, number, given.revisions), strict=True):
                over = found.wall * jobs / before.wall, found.cpu / before.cpu
                print(f"  lback, {jobs:2} jobs {found}  {over[0]:.2f} ({over[1]:.2f} of the CPU)")
        with project(kind, max(number // 10, 1), given.revisions) as (folder, _urls):
            print(f"  lback, {max(number // 10, 1)} {kind}", cost([*lback], folder))


if __name__ == "__main__":
    main()
