"""`python -m bench.radar`: all branches at once, beside checking each out and asking Alembic.

The other way is timed on a sample of the branches, in a work tree of its own, and multiplied.
Whole processes; medians for radar, the mean of the sample for the other.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.report import machine
from bench.revisions import ADD_COLUMN, DROP_COLUMN, REVISION, File, revision_files
from bench.timing import environment
from bench.trees import WORK

VERSIONS = "migrations/versions"
STEPS = 20
WHO = "Ada Lovelace <ada@example.com>"


def main() -> int:
    options = _options()
    WORK.mkdir(parents=True, exist_ok=True)
    print(*machine(), sep="\n")
    root = Path(tempfile.mkdtemp(prefix="radar-", dir=WORK))
    env = environment(root)
    try:
        project = root / "project"
        make_repository(project, options.revisions, options.branches, env)
        lback = [sys.executable, "-m", "lback", "radar", "--json"]
        cold = _timed(lback, project, env)
        busy = _busy()
        warm = [_timed(lback, project, env) for _ in range(options.runs)]
        busy = (_busy() - busy) / options.runs
        answer = json.loads(
            subprocess.run(lback, cwd=project, env=env, check=True, capture_output=True).stdout
        )
        told = [row for row in answer["data"]["branches"] if row["forks"]]
        each = list(_by_checkout(project, root, options.sample, env))
    finally:
        shutil.rmtree(root, ignore_errors=True)
    ours, theirs = statistics.median(warm), statistics.mean(each) * options.branches
    print(f"{options.branches} branches, {options.revisions} revisions on the trunk")
    one = statistics.mean(each)
    print(f"radar, cold                  {cold:8.2f} s")
    spread = f"({min(warm):.2f} to {max(warm):.2f})"
    print(f"radar, warm, median of {options.runs}     {ours:8.2f} s   {spread}")
    print(f"  of which the processor     {busy:8.2f} s   each, git's children included")
    print(f"branches that would fork     {len(told):8}")
    print(f"checkout and `alembic heads` {one:8.2f} s   each, mean of {options.sample}")
    print(f"the same for all branches    {theirs:8.1f} s")
    print(f"ratio                        {theirs / ours:8.0f}")
    return 0


def make_repository(project: Path, size: int, branches: int, env: dict[str, str]) -> None:
    """Make a trunk in 20 commits and branches that left it at the last five of them."""
    project.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=project, env=env, check=True)
    stream = b"".join(_stream(list(revision_files(size)), branches))
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=project, env=env, check=True, input=stream
    )
    subprocess.run(["git", "reset", "-q", "--hard", "main"], cwd=project, env=env, check=True)


def _stream(files: list[File], branches: int) -> Iterator[bytes]:
    yield from _commit("refs/heads/main", 0, None, {"alembic.ini": _INI})
    tops: list[tuple[int, str]] = []
    share = -(-len(files) // STEPS)
    for step in range(STEPS):
        part = files[step * share : (step + 1) * share]
        if not part:
            break
        mark = step + 1
        texts = {f"{VERSIONS}/{one.name}": one.text for one in part}
        yield from _commit("refs/heads/main", mark, mark - 1, texts)
        tops.append((mark, part[-1].revision))
    for number in range(branches):
        mark, parent = tops[-1 - number % min(5, len(tops))]
        one = _branch_file(number, parent)
        yield from _commit(f"refs/heads/feature/{number:03}", 1000 + number, mark, one)


def _branch_file(number: int, parent: str) -> dict[str, str]:
    revision = f"feature{number:05}"
    names = {"table": f"table_{number % 12 * 12 + 12:05}", "column": f"branch_{number}"}
    text = REVISION.format(
        message=f"add branch {number}",
        revision=revision,
        revises=parent,
        date="2026-01-01 00:00:00",
        parents=parent,
        upgrade=ADD_COLUMN.format(type="sa.Integer()", **names),
        downgrade=DROP_COLUMN.format(**names),
    )
    return {f"{VERSIONS}/{revision}_add.py": text}


def _commit(ref: str, mark: int, parent: int | None, files: dict[str, str]) -> Iterator[bytes]:
    yield f"commit {ref}\nmark :{mark + 1}\ncommitter {WHO} {1767225600 + mark} +0000\n".encode()
    yield b"data 4\nWork\n"
    if parent is not None:
        yield f"from :{parent + 1}\n".encode()
    for path, text in files.items():
        data = text.encode()
        yield f"M 644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"


_INI = "[alembic]\nscript_location = migrations\n"


def _by_checkout(project: Path, root: Path, sample: int, env: dict[str, str]) -> Iterator[float]:
    """Check branches out one after the other, as a careful person's script would."""
    place = root / "other"
    subprocess.run(
        ["git", "worktree", "add", "-q", "--detach", place, "main"],
        cwd=project,
        env=env,
        check=True,
    )
    out = subprocess.run(
        ["git", "for-each-ref", "--format=%(refname:short)", "refs/heads/feature/"],
        cwd=project, env=env, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    for name in out[:: max(1, len(out) // sample)][:sample]:
        started = time.perf_counter()
        subprocess.run(["git", "checkout", "-q", "--detach", name], cwd=place, env=env, check=True)
        subprocess.run(
            [sys.executable, "-m", "alembic", "heads"],
            cwd=place, env=env, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        yield time.perf_counter() - started


def _busy() -> float:
    """Return the processor time of all children so far: what a loaded machine does not change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _timed(argv: list[str], cwd: Path, env: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(argv, cwd=cwd, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--branches", type=int, default=300)
    parser.add_argument("--revisions", type=int, default=1000)
    parser.add_argument("--sample", type=int, default=6)
    parser.add_argument("--runs", type=int, default=7)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
