"""The plan of a switch: down from what a branch lacks, then up to its heads; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lback.core.effects import Effect, Effects
from lback.core.graph.view import GraphView
from lback.core.messages import switch as messages
from lback.core.plans import (
    Downgrade,
    Step,
    Upgrade,
    plan_downgrade,
    plan_upgrade,
    refuse_problems,
    tips,
)


@dataclass(frozen=True, slots=True)
class SwitchFacts:
    """Where a database is, and what the branch expects.

    `target` is the branch's graph, `known` that with every revision that is applied. `ref` is
    None for this checkout. `separate_heads` is what `[tool.lback] heads` declares.
    """

    ref: str | None
    stamp: tuple[str, ...]
    target: GraphView
    known: GraphView
    separate_heads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SwitchPlan:
    """The steps of a switch from one stamp."""

    stamp: tuple[str, ...]
    down: tuple[Downgrade, ...]
    up: tuple[Upgrade, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return all steps in their order."""
        return (*self.down, *self.up)


def plan_switch(facts: SwitchFacts) -> SwitchPlan:
    """Choose the steps; LbackError where an applied revision is nowhere, or cannot go alone."""
    for revision in facts.stamp:
        if revision not in facts.known:
            raise messages.nowhere(revision)
    refuse_problems(facts.known)
    done = facts.known.ancestors(facts.stamp) if facts.stamp else frozenset()
    undo = done - facts.target.ids
    down = plan_downgrade(facts.known, facts.stamp, undo)
    if down.collateral:
        raise messages.other_parent(down.collateral[0], sorted(undo)[0], facts.ref)
    left = tips(facts.known, done - undo)
    up = plan_upgrade(facts.target, left, (), facts.separate_heads)
    return SwitchPlan(facts.stamp, down.steps, up)


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
