"""`python -m bench.oracle`: is lback's graph Alembic's own, on trees that nobody here wrote?

Prints a line for each tree or commit, every difference, and ends with 1 where there is one.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterable
from pathlib import Path

from bench.comparing import Comparison, Place, compare
from bench.histories import places
from bench.timing import environment
from bench.trees import WORK, Absent, Tree, trees


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    env = environment(work)
    done: list[Comparison] = []
    if options.trees or not options.history:
        done += _told(compare(tree_places(work, env), env), every=True)
    for repository in options.history:
        exported = work / "histories"
        wanted = places(repository.resolve(), options.commits, exported, env)
        done += _told(compare(wanted, env), every=options.verbose)
        shutil.rmtree(exported, ignore_errors=True)
    return _summary(done)


def tree_places(work: Path, env: dict[str, str]) -> list[Place]:
    """Return the PyPI trees that can be had; say which cannot."""
    found = []
    for tree in trees(work, env):
        if isinstance(tree, Absent):
            print(f"not to be had: {tree.name}: {tree.reason}")
        else:
            found.append(tree_place(tree))
    return found


def tree_place(tree: Tree) -> Place:
    return Place(tree.name, tree.config, tree.root, ("-C", str(tree.root)))


def _told(comparisons: Iterable[Comparison], *, every: bool) -> list[Comparison]:
    done = []
    for one in comparisons:
        done.append(one)
        if every or one.differences or one.refused:
            words = f"{one.revisions} revisions, {one.heads} heads"
            if one.refused:
                words = f"Alembic cannot load it: {' '.join(one.refused.split())[:200]}"
            print(f"{one.place}: {words}, {len(one.differences)} differences", flush=True)
        for difference in one.differences:
            print(f"    {difference.revision or '-'} {difference.field}:")
            print(f"        alembic: {difference.alembic!r}")
            print(f"        lback:   {difference.lback!r}")
    return done


def _summary(done: list[Comparison]) -> int:
    differences = sum(len(one.differences) for one in done)
    read = [one for one in done if not one.refused]
    print(
        f"{len(done)} places, {sum(one.revisions for one in read)} revisions compared, "
        f"{len(done) - len(read)} that Alembic cannot load, {differences} differences"
    )
    return 1 if differences else 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.oracle", description=__doc__)
    parser.add_argument("--trees", action="store_true", help="the PyPI trees (the default)")
    parser.add_argument(
        "--history",
        action="append",
        type=Path,
        default=[],
        metavar="DIR",
        help="a git repository, bare or not, whose history is compared; may be repeated",
    )
    parser.add_argument("--commits", type=int, default=50, help="commits of each history")
    parser.add_argument("--work", type=Path, default=WORK, help="where trees are unpacked")
    parser.add_argument("--verbose", action="store_true", help="a line for every commit")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
