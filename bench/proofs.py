"""What a proof costs with templates and without: `python -m bench.proofs [--revisions N]`.

A chain of N revisions as those of `bench.copies`, a fork of two on top, and a database at the end
of the chain, on SQLite. `merge --prove --plan` and `rollback --plan`, in this process, in
milliseconds: from nothing in memory, the first time with a template, and each later time (a median
of 5).
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.copies import chain
from lback.app.merge import MergeOptions, merge
from lback.app.migrate import MigrateOptions, migrate
from lback.app.rollback import RollbackOptions, rollback
from lback.project.context import Context
from lback.project.copies import trying
from lback.project.options import Options
from tests.db.projects import Project
from tests.worlds.texts import SYNC_ENV


def _took(work: Callable[[], str]) -> tuple[float, str]:
    begun = time.perf_counter()
    said = work()
    return (time.perf_counter() - begun) * 1000, said


def _measure(name: str, work: Callable[[], str]) -> None:
    few, trying._FEW = trying._FEW, 10**6
    work()  # what is imported and read once
    bare = median(_took(work)[0] for _ in range(5))
    said = work()
    trying._FEW = few
    first, _ = _took(work)
    later = [_took(work) for _ in range(5)]
    cells = (bare, first, median(took for took, _ in later))
    print(f"| {name} | {' | '.join(f'{cell:,.0f}' for cell in cells)} |")
    print(f"    {said}\n    {later[0][1]}")


def main() -> None:
    """Measure both proofs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--revisions", type=int, default=300)
    number = parser.parse_args().revisions
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/own.sqlite3"
        project = Project(Path(folder) / "project", SYNC_ENV, url=url)

        def ctx() -> Context:
            return Context(Options(directory=str(project.root)))

        def prove() -> str:
            return merge(ctx(), MergeOptions(plan=True, prove=True)).proof[0].message

        def undo() -> str:
            proof = rollback(ctx(), RollbackOptions(revision=last, plan=True)).proof
            return proof.message if proof is not None else "no proof"

        chain(project, number)
        last = "top"
        project.add(last, f"r{number - 1:04d}")
        # Where git is, what the revisions do is read once.
        subprocess.run(["git", "init", "-q", str(project.root)], check=True)
        migrate(ctx(), MigrateOptions())
        print("| proof of a | from nothing | the first time | later |\n|---|---|---|---|")
        _measure("rollback", undo)
        for side, table in (("left", "t0"), ("right", "t4")):
            column = f"sa.Column('{side}', sa.Integer)"
            project.add(side, last, f"op.add_column('{table}', {column})", "pass")
        _measure("merge", prove)


if __name__ == "__main__":
    main()
