"""Chooses which revisions a rollback undoes, and by which strategy; or says why it cannot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

from lback.core.graph.forks import lanes
from lback.core.messages import rollback as messages
from lback.core.plans import plan_downgrade, tips
from lback.core.rollback.facts import RollbackFacts, RollbackRequest
from lback.core.rollback.leftovers import leftovers
from lback.core.tables import Doubt, TableLife, latest_change, life

Strategy = Literal["downgrade", "revert", "refused"]

_ASKED_FOR = "asked for by --strategy"


@dataclass(frozen=True, slots=True)
class Decision:
    """How a change is undone, or why it is not.

    `undoes` are the revisions whose change is undone, `collateral` those that a downgrade
    takes along, `target` the stamp after a downgrade, `parents` what a reverting revision goes
    on top of.
    """

    strategy: Strategy
    reason: str
    undoes: tuple[str, ...] = ()
    collateral: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    hint: str = ""
    parents: tuple[str, ...] = ()

    def refused(self, refusal: messages.Refusal) -> Decision:
        """Return the same decision, refused."""
        return Decision("refused", refusal.reason, self.undoes, self.collateral, hint=refusal.hint)


def table_life(facts: RollbackFacts) -> TableLife | None:
    """Return the life of the table that is meant over what is applied; None where none is.

    Raises UsageError where no applied revision changes it.
    """
    if facts.request.table is None:
        return None
    if not facts.applied:
        raise messages.nothing_applied()
    told = life(facts.request.table, facts.graph, facts.effects, facts.applied)
    if not told.changes:
        raise messages.unknown_table(facts.request.table, told.near)
    return told


def chosen(facts: RollbackFacts, table: TableLife | None) -> tuple[str, ...]:
    """Return the revisions whose change is to be undone; raises LbackError where there is none."""
    graph, request = facts.graph, facts.request
    if not facts.applied:
        raise messages.nothing_applied()
    if table is not None:
        return latest_change(table, graph)
    if request.revision is not None:
        revisions = graph.resolve(request.revision, facts.stamp)
        if not revisions:
            raise messages.not_a_revision(request.revision)
        return revisions
    order = [revision for revision in graph.order() if revision in facts.applied]
    steps = request.steps or 1
    if steps > len(order):
        raise messages.fewer_applied(steps, len(order))
    return tuple(reversed(order[-steps:]))


def decide(facts: RollbackFacts, undoes: tuple[str, ...], table: TableLife | None) -> Decision:
    """Choose how to undo the given applied revisions; a wanted strategy overrides the choice."""
    decision = decide_strategy(facts, undoes, table)
    if decision.strategy == "downgrade" and facts.request.strategy is None:
        decision = _complete(facts, decision)
    missing = facts.only_in_git - facts.squashed
    if decision.strategy == "revert" and missing:
        return decision.refused(messages.cannot_revert_missing(decision.reason, sorted(missing)))
    return decision


def whole_revision(facts: RollbackFacts, undoes: tuple[str, ...]) -> RollbackRequest | None:
    """Return what undoes in place the revision whose part about one table cannot be had alone."""
    if facts.request.table is None or facts.request.strategy is not None or len(undoes) != 1:
        return None
    last = RollbackRequest(steps=1)
    only = replace(facts, request=last)
    request = last if chosen(only, None) == undoes else RollbackRequest(revision=undoes[0])
    decision = decide(replace(facts, request=request), undoes, None)
    return request if decision.strategy == "downgrade" else None


def newer_doubt(
    facts: RollbackFacts, table: TableLife | None, undoes: tuple[str, ...]
) -> Doubt | None:
    """Return something unread that may have changed the table after these revisions."""
    if table is None:
        return None
    older = facts.graph.ancestors(undoes)
    return next((doubt for doubt in table.doubts if doubt.revision not in older), None)


def decide_strategy(
    facts: RollbackFacts, undoes: tuple[str, ...], table: TableLife | None
) -> Decision:
    """Choose by what is applied, published and shared with other tables; texts are not compared."""
    plan = plan_downgrade(facts.graph, facts.stamp, undoes)
    going = tuple(step.revision for step in plan.steps)
    target = tips(facts.graph, facts.applied - set(going))
    wanted = facts.request.strategy
    down = Decision("downgrade", _ASKED_FOR, undoes, plan.collateral, target)
    if wanted == "downgrade":
        refusal = _no_downgrade(facts, going)
        return replace(down, collateral=()).refused(refusal) if refusal else down
    refusal = _no_downgrade(facts, undoes, missing=False)
    if refusal and wanted is None:
        return replace(down, collateral=()).refused(refusal)
    if wanted is None and facts.no_git:
        unknown = messages.published_unknown(undoes, facts.no_git)
        return replace(down, collateral=()).refused(unknown)
    own = table.names if table is not None else ()
    why = _why_revert(facts, undoes, plan.collateral, own) if wanted is None else _ASKED_FOR
    if why is None:
        return replace(down, reason="nothing applied stands on it and it is local")
    return _on_top(facts, undoes, why, called(table))


def _why_revert(
    facts: RollbackFacts, undoes: tuple[str, ...], above: tuple[str, ...], own: tuple[str, ...]
) -> str | None:
    """Return why the revision itself should stay, or None where it may be undone in place."""
    public = [revision for revision in undoes if revision in facts.published]
    if public:
        return (
            f"{public[0]} is published, so others have run it: going down here alone would "
            "leave this database behind theirs"
        )
    if above:
        stand = "revision stands" if len(above) == 1 else "revisions stand"
        return f"{len(above)} applied {stand} on {', '.join(undoes)}: {', '.join(above)}"
    lacking = [
        revision for revision in undoes if facts.effects[revision].downgrade_gap == "missing"
    ]
    if lacking:
        return f"{lacking[0]} has no downgrade(), so its inverse has to be computed"
    others = sorted(
        {name for revision in undoes for name in facts.effects[revision].tables} - set(own)
    )
    if own and others:
        return f"{', '.join(undoes)} also changes {', '.join(others)}"
    return None


def _on_top(facts: RollbackFacts, undoes: tuple[str, ...], why: str, table: str | None) -> Decision:
    """Choose the heads that a reverting revision goes on top of."""
    graph = facts.graph
    above = graph.descendants(undoes, dependencies=False)
    heads = [head for head in graph.heads if head in above]
    grouped = lanes(graph, facts.separate_heads, heads)
    forked = next((lane for lane in grouped if len(lane) > 1), None)
    if forked is None and len(grouped) > 1 and len(undoes) > 1:
        forked = tuple(heads)
    decision = Decision("revert", why, undoes)
    if forked is not None:
        return decision.refused(messages.forked(forked))
    # Heads that are apart by design: the lane that the undone revision itself is in.
    labels = {label for revision in undoes for label in graph.labels_of(revision)}
    lane = sorted(grouped, key=lambda pair: not labels & set(graph.labels_of(pair[0])))[:1]
    parents = tuple(lane[0])
    own = revert_id(newest_first(facts, undoes), table)
    pending = [parent for parent in parents if parent not in facts.applied and parent != own]
    if pending:
        return decision.refused(messages.not_at_head(pending))
    return replace(decision, parents=parents)


def called(table: TableLife | None) -> str | None:
    """Return what the table is called now, by whichever of its names it was asked for."""
    return table.names[0] if table is not None else None


def revert_id(undoes: Iterable[str], table: str | None) -> str:
    """Return the id of the revision that undoes these, or one table's part of them.

    A function of what it undoes: the plan names the very file, and two people who undo the
    same change write one revision.
    """
    text = "\n".join(["lback-revert/1", *undoes, "", table or ""])
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def newest_first(facts: RollbackFacts, undoes: Collection[str]) -> list[str]:
    """Return what is undone, the newest first."""
    return [revision for revision in reversed(facts.graph.order()) if revision in undoes]


def _no_downgrade(
    facts: RollbackFacts, revisions: Sequence[str], *, missing: bool = True
) -> messages.Refusal | None:
    """Refuse a revision that cannot go down; a downgrade() that is missing only if `missing`."""
    for revision in revisions:
        effects = facts.effects[revision]
        if effects.has_downgrade or (not effects.upgrade and not effects.unknown):
            continue
        if effects.downgrade_gap == "missing" and not missing:
            continue
        line = max((effect.line for effect in effects.upgrade), default=1)
        path = facts.graph[revision].path
        return messages.no_downgrade(revision, path, line, effects.downgrade_gap)
    return None


def _complete(facts: RollbackFacts, decision: Decision) -> Decision:
    """Refuse a downgrade() that by its text does not bring back what was."""
    for revision in decision.undoes:
        remains = leftovers(facts.effects[revision], facts.dialect)
        if remains:
            path = facts.graph[revision].path
            refusal = messages.not_undone(
                revision,
                [leftover.effect for leftover in remains if leftover.left],
                [leftover.effect for leftover in remains if not leftover.left],
                [leftover.sentence(revision, path) for leftover in remains[:3]],
            )
            return decision.refused(refusal)
    return decision
