"""The plan of a switch: down from what a branch lacks, then up to its heads; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lback.core.effects import Effect, Effects
from lback.core.graph.view import GraphView
from lback.core.merging.late import LatePlan
from lback.core.merging.skipped import NOTHING_SKIPPED, Skips, linear_order, without_skipped
from lback.core.messages import switch as messages
from lback.core.messages.skipped import ran_already, settle_first
from lback.core.plans import (
    Downgrade,
    Restamp,
    Step,
    Upgrade,
    plan_downgrade,
    plan_upgrade,
    redundant,
    refuse_lost,
    refuse_problems,
    tips,
)


@dataclass(frozen=True, slots=True)
class SwitchFacts:
    """Where a database is, and what the branch expects.

    `target` is the branch's graph, `known` that with every revision that is applied. `ref` is
    None for this checkout. `separate_heads` is what `[tool.lback] heads` declares, `skips` what
    the database has not run below its stamp.
    """

    ref: str | None
    stamp: tuple[str, ...]
    target: GraphView
    known: GraphView
    separate_heads: tuple[str, ...] = ()
    skips: Skips = NOTHING_SKIPPED


@dataclass(frozen=True, slots=True)
class SwitchPlan:
    """The steps of a switch from one stamp; `late` are those that its branch has further below.

    `way_down` is the graph by which the database has run what goes down, where that is not the
    one that is known; `between` the stamp after that.
    """

    stamp: tuple[str, ...]
    down: tuple[Downgrade, ...]
    up: tuple[Upgrade, ...]
    late: tuple[Upgrade, ...] = ()
    way_down: GraphView | None = None
    between: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    """Rows that go out of the stamp, for others stand on them."""

    @property
    def mending(self) -> tuple[Restamp, ...]:
        """Return the step that takes rows out of the stamp."""
        kept = tuple(row for row in self.stamp if row not in self.mended)
        return (Restamp(kept),) if self.mended else ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return all steps in their order."""
        return (*self.mending, *self.down, *self.late, *self.up)


Late = Callable[[GraphView, tuple[str, ...], Skips], LatePlan]
"""Decides whether skipped revisions may run now, at a stamp of a graph."""


def plan_switch(facts: SwitchFacts, late: Late | None = None) -> SwitchPlan:
    """Choose the steps; LbackError where an applied revision is nowhere, or cannot go alone."""
    refuse_lost(facts.known, facts.stamp)
    refuse_problems(facts.known)
    skipped = facts.skips.skipped
    ran = without_skipped(facts.known, skipped) if skipped else facts.known
    done = ran.ancestors(facts.stamp) if facts.stamp else frozenset()
    undo = done - facts.target.ids
    down = plan_downgrade(ran, facts.stamp, undo)
    if down.collateral:
        raise messages.other_parent(down.collateral[0], sorted(undo)[0], facts.ref)
    left = tips(ran, done - undo)
    way_down = ran if skipped else None
    more = redundant(ran, facts.stamp)
    plan = SwitchPlan(facts.stamp, down.steps, (), (), way_down, left, more)
    below = [name for name in linear_order(facts.target, left) if name in skipped]
    if below and late is not None:
        chosen = late(facts.target, left, Skips(tuple(below), facts.skips.unknown))
        if not chosen.refused:
            return _up(facts, replace(plan, late=chosen.steps))
    again = facts.target.descendants(below) & done if below else frozenset()
    near = undo | again | (facts.target.ancestors(below) if below else frozenset())
    unsettled = [name for name in facts.skips.unknown if name in near]
    if unsettled:
        raise settle_first(unsettled)
    if below:  # what stands above goes down, too, and up again in its order
        steps = plan_downgrade(ran, facts.stamp, undo | again).steps
        left = tips(ran, done - {step.revision for step in steps})
        plan = replace(plan, down=steps, between=left)
    return _up(facts, plan)


def _up(facts: SwitchFacts, plan: SwitchPlan) -> SwitchPlan:
    up = plan_upgrade(facts.target, plan.between, (), facts.separate_heads)
    again = [step.revision for step in up if step.revision in facts.skips.ahead]
    if again:
        raise ran_already(again)
    return replace(plan, up=up)


def effects_of_going_down(
    facts: SwitchFacts, plan: SwitchPlan, effects: Mapping[str, Effects]
) -> tuple[Effect, ...]:
    """Return what going down does; LbackError where a revision has nothing to go down by."""
    for step in plan.down:
        does = effects[step.revision]
        if not does.has_downgrade and (does.upgrade or does.unknown):
            path = facts.known[step.revision].path
            raise messages.no_downgrade(step.revision, path, does.downgrade_gap, facts.ref)
    return tuple(effect for step in plan.down for effect in effects[step.revision].downgrade)
