"""`python -m bench`: lback beside Alembic and git, in one run on one machine.

Whole processes, in turn (theirs, ours, theirs, ours …), medians. The ratio is lback's time over
the other's: below 1 is faster; for hooks, what they add to git. The last ratio is the same for
processor time, which other load on the machine moves less. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.cases import GROUPS, LBACK, Scene, tree_cases
from bench.projects import make_project
from bench.report import TITLES, cells, line, machine, markdown
from bench.timing import Case, CommandFailed, Side, Timing, call, environment, measure
from bench.trees import WORK, Absent, trees

NAMES = (*GROUPS, "trees")


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    options.work.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folders go away
    env = environment(options.work.resolve())
    try:
        call((*LBACK, "--version"), options.work, env)
    except CommandFailed as problem:
        print(f"lback does not start: {problem}\nInstall it first: pip install -e .")
        return 2
    about = machine()
    out = sys.stderr if options.markdown else sys.stdout
    print(*about, "", line(TITLES), sep="\n", file=out, flush=True)
    started = time.perf_counter()
    timings = []
    for timing in _timings(options, env):
        timings.append(timing)
        print(line(cells(timing)), file=out, flush=True)
        if timing.failure is not None:
            print(f"           {timing.failure}", file=out, flush=True)
    print(f"\n{time.perf_counter() - started:.0f} s in all", file=out)
    if options.markdown:
        print(*about, "", *markdown(timings), sep="\n")
    return 0


def _timings(options: argparse.Namespace, env: dict[str, str]) -> Iterator[Timing]:
    for size in options.sizes if set(options.only) & set(GROUPS) else ():
        with _folder(options.work, options.keep) as root:
            scene = Scene(make_project(root / f"project-{size}", size, env), env, options.full)
            for name in options.only:
                if name in GROUPS:
                    yield from _measured(name, scene.size, GROUPS[name](scene), options, env)
    if "trees" in options.only:
        for tree in trees(options.work.resolve(), env):
            if isinstance(tree, Absent):
                print(f"not to be had: {tree.name}: {tree.reason}", file=sys.stderr)
            else:
                yield from _measured("trees", tree.name, tree_cases(tree), options, env)


def _measured(
    name: str,
    size: str,
    cases: Iterable[Case],
    options: argparse.Namespace,
    env: dict[str, str],
) -> Iterator[Timing]:
    try:
        for case in cases:
            yield measure(case, env, options.runs, options.budget)
    except CommandFailed as problem:  # while the scene was set
        nobody = Side("", (), Path())
        yield Timing(Case(name, size, nobody, nobody), failure=str(problem))


class _folder:
    """A new folder below the work folder, removed afterwards unless it is to be kept."""

    def __init__(self, work: Path, keep: bool) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="run-", dir=work.resolve()))
        self.keep = keep

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        if not self.keep:
            shutil.rmtree(self.path, ignore_errors=True)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--sizes", type=_numbers, default=(300, 1000, 10_000), metavar="N,N,…")
    parser.add_argument("--only", type=_names, default=NAMES, metavar=",".join(NAMES))
    parser.add_argument("--runs", type=int, default=9, help="at most this many of each")
    parser.add_argument(
        "--budget",
        type=float,
        default=8,
        metavar="SECONDS",
        help="for one row, after which it ends (but three runs it has)",
    )
    parser.add_argument("--full", action="store_true", help="also what takes many minutes")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--keep", action="store_true", help="leave the made-up projects there")
    parser.add_argument("--work", type=Path, default=WORK, help="where projects and trees go")
    return parser.parse_args(argv)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part.replace("_", "")) for part in text.split(",") if part)


def _names(text: str) -> tuple[str, ...]:
    asked = [part for part in text.split(",") if part]
    for one in asked:
        if one not in NAMES:
            raise argparse.ArgumentTypeError(f"{one}: choose from {', '.join(NAMES)}")
    return tuple(name for name in NAMES if name in asked)


if __name__ == "__main__":
    raise SystemExit(main())
