"""How to undo one table's latest change: which revision, by which strategy, or why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lback.core.effects import Effects
from lback.core.graph import Graph
from lback.core.lanes import lanes
from lback.core.plans import plan_downgrade, tips
from lback.core.tables import Doubt, TableLife

Strategy = Literal["downgrade", "revert", "refused"]


@dataclass(frozen=True, slots=True)
class Undo:
    """The decision about one rollback.

    `undoes` are the revisions whose change is undone, `collateral` those that a
    downgrade takes along, `target` the stamp afterwards, `parents` what a reverting
    revision goes on top of.
    """

    strategy: Strategy
    reason: str
    undoes: tuple[str, ...] = ()
    collateral: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    hint: str = ""
    parents: tuple[str, ...] = ()

    def refused(self, reason: str, hint: str) -> Undo:
        """Return the same undo, refused."""
        return Undo("refused", reason, self.undoes, self.collateral, hint=hint)


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision stands on: the graph, where the database is, what is known.

    `own` are the names of the one table whose change is meant; () means whole revisions.
    `apart` is what `[tool.lback] heads` declares.
    """

    graph: Graph
    stamp: tuple[str, ...]
    effects: Mapping[str, Effects]
    published: frozenset[str] = frozenset()
    own: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()


def decide_undo(
    at: Situation, undo: tuple[str, ...], wished: Literal["downgrade", "revert"] | None = None
) -> Undo:
    """Choose how to undo the given applied revisions; `wished` overrides the choice."""
    plan = plan_downgrade(at.graph, at.stamp, undo)
    going = tuple(step.revision for step in plan.steps)
    done = at.graph.ancestors(at.stamp)
    target = tips(at.graph, done - set(going))
    down = Undo("downgrade", "asked for by --strategy", undo, plan.collateral, target)
    if wished == "downgrade":
        refusal = _no_way_down(at, going)
        return Undo("refused", refusal[0], undo, hint=refusal[1]) if refusal else down
    refusal = _no_way_down(at, undo, missing=False)
    if refusal and wished != "revert":
        return Undo("refused", refusal[0], undo, hint=refusal[1])
    why = (
        "asked for by --strategy" if wished == "revert" else _why_revert(at, undo, plan.collateral)
    )
    if why is None:
        return Undo("downgrade", "nothing applied stands on it and it is local", undo, (), target)
    return _on_top(at, undo, why, done)


def _why_revert(at: Situation, undo: tuple[str, ...], above: tuple[str, ...]) -> str | None:
    """Return why the revision itself should stay, or None where it may be undone in place."""
    public = [revision for revision in undo if revision in at.published]
    if public:
        return (
            f"{public[0]} is published, so others have run it: going down here alone would "
            "leave this database behind theirs"
        )
    if above:
        stand = "revision stands" if len(above) == 1 else "revisions stand"
        return f"{len(above)} applied {stand} on {', '.join(undo)}: {', '.join(above)}"
    lacking = [one for one in undo if at.effects[one].downgrade_gap == "missing"]
    if lacking:
        return f"{lacking[0]} has no downgrade(), so its inverse has to be computed"
    others = sorted({t for revision in undo for t in at.effects[revision].tables} - set(at.own))
    if at.own and others:
        return f"{', '.join(undo)} also changes {', '.join(others)}"
    return None


def _on_top(at: Situation, undo: tuple[str, ...], why: str, done: frozenset[str]) -> Undo:
    """Choose the heads that a reverting revision goes on top of."""
    graph = at.graph
    above = graph.descendants(undo, dependencies=False)
    heads = [head for head in graph.heads if head in above]
    grouped = lanes(graph, at.apart, heads)
    forked = next((lane for lane in grouped if len(lane) > 1), None)
    if forked is None and len(grouped) > 1 and len(undo) > 1:
        forked = tuple(heads)
    if forked is not None:
        return Undo(
            "refused",
            f"the migrations fork: a reverting revision would need one head, and there are "
            f"{', '.join(forked)}",
            undo,
            hint="Join them with `lback resolve` and `lback migrate`, then roll back.",
        )
    # Heads that are apart by design: the lane that the undone revision itself is in.
    own = {label for revision in undo for label in graph.labels_of(revision)}
    chosen = sorted(grouped, key=lambda lane: not own & set(graph.labels_of(lane[0])))[:1]
    parents = tuple(chosen[0])
    pending = [one for one in parents if one not in done]
    if pending:
        return Undo(
            "refused",
            f"the database is not at {', '.join(pending)} yet, and a reverting revision goes on "
            "top of that",
            undo,
            hint="Run `lback migrate` first, or delete the files of what is not to come back; then "
            "roll back.",
        )
    return Undo("revert", why, undo, parents=parents)


def newer_doubt(graph: Graph, told: TableLife, undo: tuple[str, ...]) -> Doubt | None:
    """Return something unread that may have changed the table after these revisions."""
    older = graph.ancestors(undo)
    return next((doubt for doubt in told.doubts if doubt.revision not in older), None)


def _no_way_down(
    at: Situation, revisions: Sequence[str], *, missing: bool = True
) -> tuple[str, str] | None:
    for revision in revisions:
        effects = at.effects[revision]
        if effects.has_downgrade or (not effects.upgrade and not effects.unknown):
            continue
        path = at.graph[revision].path
        if effects.downgrade_gap == "missing" and not missing:
            continue
        line = max((one.line for one in effects.upgrade), default=1)
        words = {
            "empty": "has no way down, its downgrade() does nothing",
            "missing": "has no downgrade()",
            "raises": "has no way down: its downgrade() raises",
        }
        return (
            f"{path}:{line}: {revision} {words[effects.downgrade_gap]}",
            "Write its downgrade(); or let the inverse of its upgrade() be computed, where there "
            "is one: `--strategy revert`.",
        )
    return None
