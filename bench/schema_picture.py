"""`python -m bench.schema_picture`: the schema that lback draws beside the one that there is.

Migrates the trees of PyPI packages on throw-away databases, as `python -m bench.accuracy` does, and
compares tables, columns and foreign keys at head with what `lback graph --schema` says of them. A
table is equal where its columns and foreign keys are the same. Ends with 1 where fewer than 99 % of
the tables that are said to be certain are equal.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.accuracy.judging import Truth
from bench.accuracy.picture import SCHEMA, Picture
from bench.accuracy.reading import read
from bench.accuracy.running import DIALECTS, Failed, run
from bench.accuracy.sites import SITES, prepared
from bench.timing import environment
from bench.trees import WORK, Absent
from lback.core.dialects import Dialects
from lback.core.effects import Effects
from lback.core.graph.graph import Graph
from lback.core.naming import bare
from lback.core.pictures.folding import TableShape, fold

PROMISED = 0.99


@dataclass(slots=True)
class Likeness:
    """How many tables are said for certain, how many of these are equal, and what is not."""

    tables: int = 0
    certain: int = 0
    equal: int = 0
    marked: int = 0
    marked_equal: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.equal >= PROMISED * self.certain


def alike(shapes: Iterable[TableShape], real: Picture, before: Iterable[str] = ()) -> Likeness:
    """Compare what is drawn with what there is; `before` are tables older than any revision."""
    told = Likeness()
    there = {bare(name): about for name, about in real.items() if name != SCHEMA}
    foreign = set(map(bare, before))
    told.tables = len(there.keys() - foreign)
    drawn = set()
    for shape in shapes:
        name = bare(shape.name)
        drawn.add(name)
        reasons = list(_differences(shape, there.get(name)))
        if not shape.certain:
            told.marked += 1
            told.marked_equal += not reasons
            continue
        told.certain += 1
        told.equal += not reasons
        told.wrong += [f"{shape.name}: {reason}" for reason in reasons]
    told.wrong += [f"{name}: is not drawn" for name in sorted(there.keys() - drawn - foreign)]
    return told


def _differences(shape: TableShape, real: Mapping[str, Mapping[str, object]] | None) -> list[str]:
    if real is None:
        return ["is not there"]
    drawn = {column.name.casefold() for column in shape.columns}
    columns = {name.casefold() for name in real["columns"]}
    found = [f"column {name} is not drawn" for name in sorted(columns - drawn)]
    found += [f"column {name} is not there" for name in sorted(drawn - columns)]
    refers = {
        (", ".join(key.columns).casefold(), bare(key.refers_to))
        for key in shape.keys
        if key.kind == "foreign key"
    }
    real_keys = {(name.casefold(), bare(str(to))) for name, to in real.get("refers", {}).items()}
    found += [f"{one} -> {to} is not drawn" for one, to in sorted(real_keys - refers)]
    return found + [f"{one} -> {to} is not there" for one, to in sorted(refers - real_keys)]


def drawn(
    graph: Graph, effects: Mapping[str, Effects], ran: frozenset[str], dialect: str
) -> tuple[TableShape, ...]:
    """Return the tables that the revisions build on one kind of database."""
    some = {name: does for name, does in effects.items() if name in ran}
    return fold(graph, some, Dialects(frozenset({dialect}), but=False)).shapes


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    env = environment(work)
    bad = 0
    for site in SITES:
        if options.only and not {site.name, site.package} & set(options.only):
            continue
        kinds = [kind for kind in site.kinds if kind in options.on]
        ready = prepared(site, work, env) if kinds else Absent(site.name, "not asked for")
        if isinstance(ready, Absent):
            print(f"{site.name}: {ready.reason}", flush=True)
            continue
        graph, effects = read(ready.root)
        for kind in kinds:
            steps = list(run(ready, kind, work, env, down=False, seed=False, reuse=options.reuse))
            failed = [step for step in steps if isinstance(step, Failed)]
            truths = [step for step in steps if isinstance(step, Truth)]
            if not truths:
                print(f"{site.name} on {kind}: {failed}", flush=True)
                continue
            ran = frozenset(step.revision for step in truths)
            shapes = drawn(graph, effects, ran, DIALECTS[kind])
            told = alike(shapes, truths[-1].after, truths[0].before)
            bad += not told.good
            share = f"{100 * told.equal / told.certain:.1f} %" if told.certain else "-"
            print(
                f"{site.name} on {kind}: {told.tables} tables, {told.certain} certain, "
                f"{told.equal} of these equal ({share}); {told.marked} marked, of which "
                f"{told.marked_equal} equal; {len(failed)} revisions did not run",
                flush=True,
            )
            for line in told.wrong if options.verbose else told.wrong[:10]:
                print(f"    {line}", flush=True)
    return 1 if bad else 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.schema_picture", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="TREE", help="these trees")
    parser.add_argument("--on", nargs="+", choices=DIALECTS, default=["sqlite", "postgresql"])
    parser.add_argument("--reuse", action="store_true", help="what earlier runs found will do")
    parser.add_argument("--verbose", action="store_true", help="all that differs")
    parser.add_argument("--work", type=Path, default=WORK, help="where everything goes")
    return parser.parse_args(argv)


if __name__ == "__main__":
    raise SystemExit(main())
