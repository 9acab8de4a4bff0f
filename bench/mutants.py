"""`python -m bench.mutants PATH…`: break the code in small ways, and see which tests fall.

Each mutant changes one expression or statement in a copy of the tree, and the tests of the room
of its module run on it: those of tests/core/merging for lback/core/merging, the ones named after
the module first. A mutant is killed when one of them fails within the limit, which counts the
time of the processor: a machine that has more to do does not kill. The seed is printed, so that a
run can be played again.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bench.mutating import Mutant, mutants

# What has not used up its limit by then is stopped, and has survived.
PATIENCE = 20
PYTEST = ("-m", "pytest", "-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mutant: "killed", "survived" or "timeout"; `diff` is without a header."""

    file: str
    line: int
    kind: str
    outcome: str
    seconds: float
    diff: str


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    files = sorted({file for path in options.paths for file in _modules(path)})
    everything = [(file, mutant) for file in files for mutant in mutants(file.read_text("utf-8"))]
    chosen = random.Random(options.seed).sample(everything, min(options.number, len(everything)))
    print(
        f"{len(chosen)} of {len(everything)} mutants in {len(files)} modules, seed {options.seed}"
    )
    with tempfile.TemporaryDirectory(prefix="mutants-") as work:
        copies = _copies(Path(work), options.jobs)
        slow = set()
        for tests in sorted({options.tests or room_of(file) for file, _ in chosen}):
            outcome = _run(copies[0], [tests], options.limit)
            if outcome == "killed":
                print(f"Without a mutant, the tests of {tests} fail.")
                return 2
            if outcome == "timeout":
                slow.add(tests)
        fates = [
            # Where the tests alone take longer than the limit, a timeout says nothing.
            replace(fate, outcome="survived")
            if fate.outcome == "timeout" and (options.tests or room_of(Path(fate.file))) in slow
            else fate
            for fate in _fates(chosen, copies, options)
        ]
    for fate in fates:
        if fate.outcome == "survived":
            print(f"\n{fate.file}:{fate.line}: {fate.kind}\n{fate.diff}", end="")
    counted = Counter(fate.outcome for fate in fates)
    share = 1 - counted["survived"] / len(fates)
    print(f"\n{dict(counted)}: {share:.1%} of {len(fates)} did not survive, seed {options.seed}")
    if options.json:
        options.json.write_text(json.dumps([asdict(fate) for fate in fates], indent=1) + "\n")
    return 0


def room_of(file: Path) -> Path:
    """Return the folder of the tests of a module: tests/core/sql for lback/core/sql/rows.py."""
    return Path("tests", *file.parent.parts[1:])


def tests_of(file: Path) -> list[Path]:
    """Return what pytest runs for a module, in order: the tests named after it, then its room's.

    Rooms within the room come last: they are of other modules.
    """
    room = room_of(file)
    named = sorted(room.glob(f"test_{file.stem}*.py"))
    return [*named, *sorted(set(room.glob("test_*.py")) - {*named}), room]


def _modules(path: Path) -> Iterator[Path]:
    yield from path.rglob("*.py") if path.is_dir() else [path]


def _copies(work: Path, number: int) -> list[Path]:
    """Return copies of all that git knows here, as it is in the work tree."""
    names = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True)
    copies = [work / str(each) for each in range(number)]
    for copy in copies:
        for name in filter(os.path.isfile, names.stdout.split("\0")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, copy / name)
    return copies


def _fates(
    chosen: Sequence[tuple[Path, Mutant]], copies: Sequence[Path], options: argparse.Namespace
) -> Iterator[Fate]:
    free: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for copy in copies:
        free.put(copy)

    def tried(number: int) -> Fate:
        (file, mutant), copy = chosen[number], free.get()
        (copy / file).write_text(mutant.text, "utf-8")
        os.utime(copy / file, (number, number))  # or the bytecode of another mutant may serve
        started = time.monotonic()
        outcome = _run(copy, [options.tests] if options.tests else tests_of(file), options.limit)
        seconds = round(time.monotonic() - started, 1)
        shutil.copy2(file, copy / file)
        free.put(copy)
        return Fate(str(file), mutant.line, mutant.kind, outcome, seconds, _diff(file, mutant))

    with ThreadPoolExecutor(len(copies)) as pool:
        for number, fate in enumerate(pool.map(tried, range(len(chosen))), 1):
            place = f"{fate.file}:{fate.line}"
            print(
                f"{number:4} {fate.outcome:8} {fate.seconds:5} s  {place}  {fate.kind}", flush=True
            )
            yield fate


def _diff(file: Path, mutant: Mutant) -> str:
    before, after = file.read_text("utf-8"), mutant.text
    lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), n=1)
    return "".join([*lines][2:])


def _run(copy: Path, tests: Sequence[Path], limit: float) -> str:
    run = subprocess.Popen(
        [sys.executable, *PYTEST, *map(str, tests)],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},  # for children that run elsewhere
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    patience = time.monotonic() + PATIENCE * limit
    try:
        while time.monotonic() < patience:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return "killed" if run.wait(0.5) else "survived"
            if _spent(run.pid) > limit:
                return "timeout"
        return "survived"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()


def _spent(session: int) -> float:
    """Return the processor's seconds of all processes of a session, and of what they waited for."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
            if int(fields[3]) == session:
                ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.mutants", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="modules and folders of lback")
    parser.add_argument("--number", "-n", type=int, default=100, help="mutants to try")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--limit", type=float, default=60, help="seconds of the processor for a mutant"
    )
    parser.add_argument("--jobs", type=int, default=1, help="mutants at a time")
    parser.add_argument("--tests", type=Path, help="other tests than those of the module's room")
    parser.add_argument("--json", type=Path, help="a file for what became of each")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
