"""`python -m bench.history CLONE… `: `blame` and `history` of real trees, beside git and Alembic.

Whole processes in turn, medians; a ratio below 1 says that lback is faster. Warm is with what lback
has remembered, cold without it. `git log` lists the same files' commits; Alembic's `history` tells
neither table nor commit, but has to read the same files. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.cases import LBACK
from bench.report import TITLES, cells, line, machine
from bench.timing import Case, CommandFailed, Side, call, environment, measure


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("clones", nargs="+", metavar="CLONE:FOLDER", help="and its version folder")
    parser.add_argument("--runs", type=int, default=9, help="at most this many of each")
    parser.add_argument("--budget", type=float, default=30, metavar="SECONDS", help="for one row")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as home:
        env = environment(Path(home))
        print(*machine(), "", line(TITLES), sep="\n", flush=True)
        for given in options.clones:
            clone, _, folder = given.rpartition(":")
            for case in _cases(Path(clone).resolve(), folder, Path(home), env):
                timing = measure(case, env, options.runs, options.budget)
                print(line(cells(timing)), file=sys.stdout, flush=True)
                if timing.failure is not None:
                    print(f"           {timing.failure}", flush=True)
    return 0


def _cases(clone: Path, folder: str, home: Path, env: dict[str, str]) -> Iterator[Case]:
    base = (*LBACK, "-C", str(clone), "--script-location", folder)
    rows = json.loads(call((*base, "history", "--json"), home, env))["data"]["changes"]
    busy = Counter(t for one in rows for t in {o["table"] for o in one["operations"]} if t)
    table = busy.most_common(1)[0][0]
    size = f"{clone.name} {len(rows)}"
    (home / "alembic.ini").write_text(
        f"[alembic]\nscript_location = {(clone / folder).parent}\n"
        f"version_locations = {clone / folder}\npath_separator = os\n"
    )
    log = Side("git log", ("git", "log", "--name-status", "--", folder), clone)
    theirs = Side("alembic", (sys.executable, "-m", "alembic", "history"), home)
    others = [log]
    try:
        call(theirs.argv, home, env)
        others.append(theirs)
    except CommandFailed as problem:
        print(f"no Alembic beside it: {problem}"[:110], file=sys.stderr)

    def forget() -> None:
        shutil.rmtree(clone / ".git" / "lback", ignore_errors=True)

    for words in (("blame", table), ("history", table), ("history",)):
        warm = Side("lback", (*base, *words), clone)
        for other in others:
            yield Case(f"{' '.join(words)} / {other.label}", size, other, warm)
    cold = Side("lback, cold", (*base, "blame", table), clone, before=forget)
    yield Case(f"blame {table}, cold / git log", size, log, cold, warm_up=False, runs=3)


if __name__ == "__main__":
    raise SystemExit(main())
