"""How to undo one table's latest change: which revision, by which strategy, or why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lback.core.effects import Effects
from lback.core.graph import Graph
from lback.core.plans import plan_downgrade, tips
from lback.core.tables import Doubt, TableLife

Strategy = Literal["downgrade", "revert", "refused"]


@dataclass(frozen=True, slots=True)
class Undo:
    """The decision about one rollback.

    `undoes` are the revisions whose change is undone, `collateral` those that a
    downgrade takes along, `target` the stamp afterwards.
    """

    strategy: Strategy
    reason: str
    undoes: tuple[str, ...] = ()
    collateral: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    hint: str = ""


def decide_undo(
    graph: Graph,
    stamp: tuple[str, ...],
    undo: tuple[str, ...],
    effects: Mapping[str, Effects],
    published: frozenset[str],
    own: tuple[str, ...] = (),
) -> Undo:
    """Choose how to undo the given applied revisions.

    `own` are the names of the one table whose change is meant; () means whole revisions.
    """
    plan = plan_downgrade(graph, stamp, undo)
    going = tuple(step.revision for step in plan.steps)
    done = graph.ancestors(stamp)
    target = tips(graph, done - set(going))
    for revision in undo:
        refusal = _no_way_down(graph, revision, effects[revision])
        if refusal:
            return Undo("refused", refusal[0], undo, hint=refusal[1])
    shown = ", ".join(undo)
    public = [revision for revision in undo if revision in published]
    if public:
        return Undo(
            "revert",
            f"{public[0]} is published, so others have run it: going down here alone would "
            "leave this database behind theirs",
            undo,
            plan.collateral,
            target,
        )
    if plan.collateral:
        return Undo(
            "revert",
            f"{len(plan.collateral)} applied "
            f"{'revision stands' if len(plan.collateral) == 1 else 'revisions stand'} on {shown}: "
            + ", ".join(plan.collateral),
            undo,
            plan.collateral,
            target,
        )
    others = sorted({t for revision in undo for t in effects[revision].tables} - set(own))
    if own and others:
        return Undo(
            "revert",
            f"{shown} also changes {', '.join(others)}",
            undo,
            (),
            target,
        )
    return Undo("downgrade", "nothing applied stands on it and it is local", undo, (), target)


def newer_doubt(graph: Graph, told: TableLife, undo: tuple[str, ...]) -> Doubt | None:
    """Return something unread that may have changed the table after these revisions."""
    older = graph.ancestors(undo)
    return next((doubt for doubt in told.doubts if doubt.revision not in older), None)


def _no_way_down(graph: Graph, revision: str, effects: Effects) -> tuple[str, str] | None:
    if effects.has_downgrade:
        return None
    if not effects.upgrade and not effects.unknown:
        return None
    return (
        f"{graph[revision].path}: {revision} has no way down, its downgrade() does nothing",
        "Write its downgrade(), or write a new revision that undoes it.",
    )
