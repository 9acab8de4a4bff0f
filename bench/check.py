"""How long `lback check` takes: `python -m bench.check` on 1,000 revisions and 100 branches.

Beside it what a CI job does without it: a work tree, a merge, and `alembic heads`.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.timing import call, environment

TEXT = '''"""revision {number}"""
from alembic import op
import sqlalchemy as sa

revision = {name!r}
down_revision = {parent!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("t_{name}", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_table("t_{name}")
'''
GIT = ("git", "-c", "gc.auto=0")
LBACK = (sys.executable, "-m", "lback", "check")


class Project:
    """A repository with many revisions on `main`, and branches with a few more."""

    def __init__(self, root: Path, revisions: int, env: dict[str, str]) -> None:
        self.root, self.env = root, env
        self.versions = root / "migrations" / "versions"
        self.versions.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        (root / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
        (root / "migrations" / "env.py").write_text("")
        self.last: str | None = None
        for number in range(revisions):
            self.last = self.write(f"{number:012x}", self.last)
            if number % 100 == 99:
                self.commit()
        self.commit()
        self.git("update-ref", "refs/remotes/origin/main", "main")

    def git(self, *words: str) -> None:
        call((*GIT, *words), self.root, self.env)

    def write(self, name: str, parent: str | None) -> str:
        text = TEXT.format(number=name, name=name, parent=parent)
        (self.versions / f"{name}_work.py").write_text(text)
        return name

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "work")

    def branch(self, name: str, count: int) -> None:
        self.git("checkout", "-q", "-b", name, "main")
        parent = self.last
        for number in range(count):
            parent = self.write(f"{name}{number}", parent)
        self.commit()


class Times:
    """Wall-clock and processor times of one command."""

    def __init__(self) -> None:
        self.walls: list[float] = []
        self.works: list[float] = []

    def run(self, project: Project, command: tuple[str, ...]) -> None:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        call(command, project.root, project.env)
        self.walls.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.works.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    def __str__(self) -> str:
        return (
            f"wall median {statistics.median(self.walls):.3f} s, best {min(self.walls):.3f} s; "
            f"processor median {statistics.median(self.works):.3f} s, best {min(self.works):.3f} s"
        )


def measured(project: Project, commands: dict[str, tuple[str, ...]], runs: int) -> dict[str, Times]:
    """Run all commands in turn, so that what else the machine does hits each alike."""
    times = {name: Times() for name in commands}
    for number in range(runs + 1):
        if number == 1:  # the first round fills the caches
            times = {name: Times() for name in commands}
        for name, command in commands.items():
            call(("sh", "-c", _REMOVE), project.root, project.env)
            times[name].run(project, command)
    return times


_REMOVE = "git worktree remove --force ../merged 2>/dev/null; true"
_WITHOUT = "work tree, merge, alembic heads"
_BY_HAND = (
    "git worktree add -q --detach ../merged work && cd ../merged && "
    f"git merge -q --no-edit origin/main && {sys.executable} -m alembic heads"
)


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.check", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="how often, after a first time")
    runs = parser.parse_args(argv).runs
    with tempfile.TemporaryDirectory() as folder:
        env = environment(Path(folder)) | {"PYTHONPATH": str(Path(__file__).parents[1])}
        project = Project(Path(folder) / "project", 1000, env)
        for number in range(100):
            project.branch(f"side{number}x", 1)
        project.branch("work", 3)
        commands = {
            "check, 3 new revisions on 1,000": (*LBACK, "--against", "origin/main"),
            "check --siblings, 100 branches": (*LBACK, "--against", "origin/main", "--siblings"),
            _WITHOUT: ("sh", "-c", _BY_HAND),
        }
        times = measured(project, commands, runs)
        by_hand = statistics.median(times[_WITHOUT].walls)
        for name, one in times.items():
            ratio = statistics.median(one.walls) / by_hand
            print(f"{name}: {one}; {ratio:.2f} of doing it by hand")
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(f"the largest process took {peak} MB")


if __name__ == "__main__":
    main()
