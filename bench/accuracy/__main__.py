"""`python -m bench.accuracy`: what lback reads from migrations beside what they really do.

Migrates the trees of PyPI packages step by step on throw-away databases, in child processes of
their own, and compares the tables and columns that really changed with what was read from the
text. docs/accuracy.md says how it is counted. Ends with 1 where a tree is worse than promised.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from bench.accuracy.reading import read
from bench.accuracy.running import DIALECTS, run
from bench.accuracy.sites import SITES, Site, prepared
from bench.accuracy.tally import Tally, table, tally
from bench.timing import environment
from bench.trees import WORK, Absent


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    done = []
    for one in _tallies(options, work):
        done.append(one)
        print(*table([one], markdown=False), sep="\n", flush=True)
        for line in one.details(options.verbose):
            print(f"    {line}", flush=True)
    print("", *table(done, markdown=options.markdown), sep="\n")
    return 0 if all(one.good for one in done) else 1


def _tallies(options: argparse.Namespace, work: Path) -> Iterator[Tally]:
    env = environment(work)
    for site in SITES:
        kinds = [one for one in site.kinds if one in options.on]
        if not kinds or not _asked(site, options.only):
            continue
        ready = prepared(site, work, env)
        if isinstance(ready, Absent):
            print(f"not to be had: {ready.name}: {ready.reason}", flush=True)
            continue
        if options.install:
            continue
        graph, effects = read(ready.root)
        for kind in kinds:
            how = {"down": not options.up_only, "seed": not options.empty, "reuse": options.reuse}
            truths = run(ready, kind, work, env, **how)
            yield tally(site.name, kind, DIALECTS[kind], graph, effects, truths)


def _asked(site: Site, only: list[str]) -> bool:
    return not only or any(word in (site.name, site.package) for word in only)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="TREE", help="these trees")
    parser.add_argument("--on", nargs="+", choices=DIALECTS, default=list(DIALECTS))
    parser.add_argument("--up-only", action="store_true", help="no downgrades: half the time")
    parser.add_argument("--empty", action="store_true", help="no rows: half the time")
    parser.add_argument("--reuse", action="store_true", help="what earlier runs found will do")
    parser.add_argument("--install", action="store_true", help="only make the environments")
    parser.add_argument("--verbose", action="store_true", help="also list what is merely unknown")
    parser.add_argument("--markdown", action="store_true", help="end with a Markdown table")
    parser.add_argument("--work", type=Path, default=WORK, help="where everything goes")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
