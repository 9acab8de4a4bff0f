"""By which parents a database came to its stamp, as far as its record tells; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lback.core.graph.view import GraphView
from lback.core.record.steps import RecordedStep

Parents = tuple[str, ...]
"""What a revision stands on: its parents and what it depends on."""


@dataclass(frozen=True, slots=True)
class Trail:
    """By which parents a database may have come to its stamp.

    `recorded`: those by which its record has a revision as applied, of each that it has; `ran` are
    more that it saw run, `begun` those of which it saw no end. It is `complete` where it saw every
    step since the database was empty. `earlier`: those that a revision's file had besides, of ids
    that no file has any more as well.
    """

    recorded: Mapping[str, Parents] = field(default_factory=dict)
    ran: frozenset[str] = frozenset()
    begun: frozenset[str] = frozenset()
    complete: bool = False
    earlier: Mapping[str, tuple[Parents, ...]] = field(default_factory=dict)


def trail_of(
    graph: GraphView,
    steps: Iterable[RecordedStep],
    stamp: Sequence[str],
    earlier: Mapping[str, tuple[Parents, ...]],
) -> Trail:
    """Return what a record says of a database that is at this stamp now.

    Where the stamp moved without the record, others moved it: what was known of the parents until
    then is only one of the ways in which it may have been. Likewise where somebody only set it.
    """
    gathered = _Gathered(graph)
    for step in steps:
        gathered.follow(step)
    return gathered.result(stamp, earlier)


def stood_on(
    graph: GraphView, revision: str, parents: Iterable[str], depends_on: Sequence[str]
) -> Parents:
    """Return parents and dependencies as ids; a label stands for the revision that has it now."""
    if revision in graph and tuple(depends_on) == graph[revision].depends_on:
        return (*parents, *graph.dependencies(revision))
    owners = graph.label_owners if depends_on else {}
    return (*parents, *(owners.get(name, name) for name in depends_on))


class _Gathered:
    def __init__(self, graph: GraphView) -> None:
        self.graph = graph
        self.recorded: dict[str, Parents] = {}
        self.perhaps: dict[str, list[Parents]] = {}
        self.ran: set[str] = set()
        self.begun: set[str] = set()
        self.at: tuple[str, ...] | None = ()
        self.complete = True

    def follow(self, step: RecordedStep) -> None:
        if step.outcome != "done":
            if step.revision:
                self.begun.add(step.revision)
            return
        if step.before is not None:
            self.meet(step.before)
        if step.direction == "stamp":
            self.stamped(step.before or (), step.after or ())
        elif step.direction in ("upgrade", "fake upgrade"):
            parents = stood_on(self.graph, step.revision, step.parents, step.depends_on)
            self.recorded[step.revision] = parents
            self.perhaps.pop(step.revision, None)
            self.ran.discard(step.revision)
        else:
            self.recorded.pop(step.revision, None)
            self.perhaps.pop(step.revision, None)
            self.ran.discard(step.revision)
        self.begun.discard(step.revision)
        self.at = step.after

    def stamped(self, before: Sequence[str], after: Sequence[str]) -> None:
        """Take in that somebody set the stamp; rows that others stand on only went out of it."""
        if not after or not set(after) <= set(before):
            self.lose()
            return
        under = self.graph.ancestors(row for row in after if row in self.graph)
        self.ran.update(row for row in before if row in under and row not in self.recorded)

    def meet(self, rows: Sequence[str]) -> None:
        """Compare where the record left the database with where it is."""
        if self.at is not None and set(self.at) != set(rows):
            self.lose()

    def lose(self) -> None:
        """Take what is known for one of the ways in which it may have been."""
        for revision, parents in self.recorded.items():
            self.perhaps.setdefault(revision, []).append(parents)
        self.ran.update(self.recorded)
        self.recorded.clear()
        self.complete = False

    def result(self, stamp: Sequence[str], earlier: Mapping[str, tuple[Parents, ...]]) -> Trail:
        self.meet(stamp)
        versions = dict(earlier)
        for revision, some in self.perhaps.items():
            versions[revision] = (*versions.get(revision, ()), *some)
        return Trail(
            self.recorded,
            frozenset(self.ran),
            frozenset(self.begun),
            self.complete,
            versions,
        )
