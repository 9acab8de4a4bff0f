"""Revisions below a stamp that a database has not run; facts in, verdicts out; pure.

A stamp stands for all that is below it by the files as they are. Where a revision got other
parents since it ran, that is more than the database has run, or other than that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lback.core.dialects import Dialects
from lback.core.effects import Effect, Effects
from lback.core.graph.graph import Graph
from lback.core.graph.ordering import run_order
from lback.core.graph.revision import Revision
from lback.core.graph.view import GraphView
from lback.core.naming import key
from lback.core.record.trail import Parents, Trail


@dataclass(frozen=True, slots=True)
class Doubts:
    """Revisions below a stamp, in the order of a linear run.

    `by_record` never ran by what the record says; `open` may have run, or not. Each of `groups`
    came to lie under one revision together: where that ran without them, it was without any.
    """

    by_record: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    groups: tuple[frozenset[str], ...] = ()
    ahead: tuple[str, ...] = ()
    """Revisions above the stamp that ran by the record; of them there is no doubt."""

    def __bool__(self) -> bool:
        """Tell whether there is a doubt."""
        return bool(self.by_record or self.open or self.ahead)

    @property
    def revisions(self) -> tuple[str, ...]:
        """Return all of them."""
        return (*self.by_record, *self.open)

    def without(self, names: Collection[str]) -> Doubts:
        """Return the doubts about others than these."""
        by_record, others = (
            tuple(name for name in some if name not in names)
            for some in (self.by_record, self.open)
        )
        return Doubts(by_record, others, self.groups, self.ahead)


@dataclass(frozen=True, slots=True)
class Skips:
    """Revisions below a stamp that are `skipped`, or of which it is `unknown` whether they ran.

    `ahead` have run by the record, and the stamp does not stand for them by the files as they are.
    """

    skipped: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is anything to say."""
        return bool(self.skipped or self.unknown or self.ahead)

    @property
    def revisions(self) -> tuple[str, ...]:
        """Return all of them."""
        return (*self.skipped, *self.unknown)


NOTHING_SKIPPED = Skips()


def doubts(graph: GraphView, stamp: Iterable[str], trail: Trail) -> Doubts:
    """Return what a database with this stamp has perhaps not run, by the parents as they were."""
    rows = [row for row in stamp if row in graph]
    if not rows or graph.problems:
        return Doubts()
    seen = {*trail.recorded, *trail.ran, *rows}
    # What stands below one that ran had run before, as it came to lie here together with that.
    passed = [group - graph.ancestors(group & seen) for group in _passed_by(graph, rows, trail)]
    groups = tuple(dict.fromkeys(group for group in passed if group))
    possible: Collection[str] = ()
    if trail.complete:
        lacking = graph.ancestors(rows) - seen
    else:
        lacking = frozenset().union(*groups)
        possible = _possibly(graph, rows, trail) if lacking else ()
    order = linear_order(graph, rows) if lacking else ()
    unclear = {*possible, *trail.begun}
    return Doubts(
        tuple(name for name in order if name in lacking and name not in unclear),
        tuple(name for name in order if name in lacking and name in unclear),
        groups,
        _ahead(graph, rows, trail),
    )


def _ahead(graph: GraphView, rows: Sequence[str], trail: Trail) -> tuple[str, ...]:
    """Return what ran and is above the stamp, since it got other parents than it ran on."""
    if not any(_has_moved(graph, trail, name) for name in trail.recorded):
        return ()
    below = graph.ancestors(rows)
    return tuple(name for name in trail.recorded if name in graph and name not in below)


def _passed_by(graph: GraphView, rows: Sequence[str], trail: Trail) -> Iterator[frozenset[str]]:
    """Yield what came to lie under a revision that may have run before, on other parents.

    Whatever was run after that took it for applied, so that other ways to it say nothing.
    """
    moved = {name for name in (*trail.recorded, *trail.earlier) if _has_moved(graph, trail, name)}
    moved &= graph.ancestors(rows) if moved else frozenset()
    for name in sorted(moved):
        under = graph.ancestors([name]) - {name}
        for parents in _versions(graph, trail, name):
            below = _below(graph, trail, parents)
            if below is not None:
                yield under - below


def linear_order(graph: GraphView, stamp: Iterable[str]) -> tuple[str, ...]:
    """Return all that is below a stamp in the order in which Alembic would run it from nothing."""
    rows = [row for row in stamp if row in graph]
    return tuple(reversed(run_order(graph, graph.ancestors(rows), rows)))


def _now(graph: GraphView, revision: str) -> Parents:
    return (*graph[revision].parents, *graph.dependencies(revision))


def _has_moved(graph: GraphView, trail: Trail, revision: str) -> bool:
    """Tell whether a revision of the graph may have run on other parents than it has now."""
    if revision not in graph:
        return False
    now = set(_now(graph, revision))
    return any(set(parents) != now for parents in _versions(graph, trail, revision))


def _versions(graph: GraphView, trail: Trail, revision: str) -> tuple[Parents, ...]:
    """Return every set of parents with which a revision may have run; () where none is known."""
    if revision in trail.recorded:
        return (trail.recorded[revision],)
    earlier = trail.earlier.get(revision, ())
    return (_now(graph, revision), *earlier) if revision in graph else earlier


def _below(graph: GraphView, trail: Trail, parents: Iterable[str]) -> frozenset[str] | None:
    """Return all that stands below parents, by the files as they are where these are here.

    None where one of them is nowhere, so that nobody knows what it stood on.
    """
    below: set[str] = set()
    seen: set[str] = set()
    todo = list(parents)
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in graph:
            below |= graph.ancestors([name])
            continue
        versions = _versions(graph, trail, name)
        if not versions:
            return None
        todo += [parent for version in versions for parent in version]
    return frozenset(below)


def _possibly(graph: GraphView, rows: Iterable[str], trail: Trail) -> frozenset[str]:
    """Return what has run by some of the parents that are possible."""
    possible: set[str] = set()
    todo = list(rows)
    while todo:
        name = todo.pop()
        if name in possible:
            continue
        possible.add(name)
        versions = _versions(graph, trail, name)
        for parents in versions:
            if _below(graph, trail, parents) is None and name in graph:
                todo += _now(graph, name)
            todo += parents
    return frozenset(possible)


def without_skipped(graph: GraphView, skipped: Collection[str]) -> Graph:
    """Return the graph by which a database has run what it has: skipped revisions are not in it.

    What stood on them stands on what is below them.
    """
    return Graph(_put_past(graph, node, skipped) for node in graph if node.id not in skipped)


def _put_past(graph: GraphView, node: Revision, skipped: Collection[str]) -> Revision:
    if {*node.parents, *graph.dependencies(node.id)}.isdisjoint(skipped):
        return node
    parents: list[str] = []
    for parent in node.parents:
        parents += [parent] if parent not in skipped else _highest(graph, parent, skipped)
    needs = tuple(name for name in graph.dependencies(node.id) if name not in skipped)
    header = node.header._replace(down_revisions=tuple(dict.fromkeys(parents)), depends_on=needs)
    return node._replace(header=header)


def _highest(graph: GraphView, revision: str, skipped: Collection[str]) -> list[str]:
    """Return what is right below a skipped revision once all skipped ones are left out."""
    left = graph.ancestors([revision], dependencies=False) - set(skipped)
    found: list[str] = []
    for name in reversed(graph.order()):
        if name in left and not any(name in graph.ancestors([above]) for above in found):
            found.append(name)
    return found


# -- what the schema shows ---------------------------------------------------------


def settled(doubt: Doubts, shows: Mapping[str, bool | None], idle: Collection[str] = ()) -> Skips:
    """Return what is skipped, and what is unknown, by what the schema shows of each.

    `shows` is True where what a revision makes is there, False where none of it is, None where
    that cannot be seen: then the others that came with it may tell. Those that are `idle` do
    nothing: once more or never is the same.
    """
    skipped, unknown = [], []
    for name in doubt.revisions:
        ran = shows.get(name)
        if ran is None:
            ran = _ran_with_others(doubt, shows, name)
        if name in doubt.by_record and ran is None:
            ran = False
        elif name in doubt.by_record and shows.get(name) is None and ran:
            ran = None  # others that came with it have run, by somebody who writes no record
        if ran is False and name not in idle:
            skipped.append(name)
        elif ran is None and name not in idle:
            unknown.append(name)
    return Skips(tuple(skipped), tuple(unknown), doubt.ahead)


def _ran_with_others(doubt: Doubts, shows: Mapping[str, bool | None], revision: str) -> bool | None:
    """Tell whether a revision ran, by those that came to lie under another together with it.

    What has not run was left out with one of the groups that it is in, and of which nothing ran;
    where that may be one without this revision, it tells nothing.
    """
    whole = [group for group in doubt.groups if not any(shows.get(name) for name in group)]
    for name in doubt.revisions:
        left_out = [group for group in whole if name in group and shows.get(name) is False]
        if left_out and all(revision in group for group in left_out):
            return False
    mine = [group for group in doubt.groups if revision in group]
    return True if mine and not any(group in whole for group in mine) else None


def telling(
    effects: Mapping[str, Effects], revision: str, others: Iterable[str], dialect: str
) -> tuple[Effect, ...]:
    """Return what of a revision can be looked for, as none of the others touches it."""
    beside = [effects[name] for name in others if name != revision]
    done = [effect for does in beside for effect in does.upgrade]
    touched = {_place(effect, dialect) for effect in done}
    moved = {
        key(name, dialect)
        for effect in done
        if effect.object == "table" and effect.kind in ("drop", "rename")
        for name in (effect.table, effect.to)
    }
    moved |= {key(table, dialect) for does in beside for u in does.unknown for table in u.tables}
    here = Dialects(frozenset({dialect}), but=False)
    return tuple(
        effect
        for effect in effects[revision].upgrade
        if not (Dialects.of(effect.dialect) & here).empty
        and _place(effect, dialect) not in touched
        and key(effect.table, dialect) not in moved
    )


def _place(effect: Effect, dialect: str) -> tuple[str, str, str]:
    return effect.object, key(effect.table, dialect), (effect.name or "").casefold()


def is_blind(effects: Mapping[str, Effects], later: Iterable[str]) -> bool:
    """Tell whether one of these revisions may have taken away anything."""
    return any(not u.tables for name in later for u in effects[name].unknowns("upgrade"))
