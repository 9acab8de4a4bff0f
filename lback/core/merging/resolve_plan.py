"""Merge or rebase: which of the two closes a fork, and why; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lback.core.merging.merge_plan import MergePlan
from lback.core.merging.rebase_plan import RebasePlan

Action = Literal["merge", "rebase", "refused"]


@dataclass(frozen=True, slots=True)
class ResolvePlan:
    """What closes the forks, with the reason in one sentence; `hint` where nothing does."""

    action: Action
    reason: str
    hint: str = ""


def plan_resolve(merges: Sequence[MergePlan], rebase: RebasePlan, preference: str) -> ResolvePlan:
    """Choose for all forks at once; `preference` is the setting `on_fork`.

    A merge is right where the sides commute, a rebase where their order matters and one
    side is nobody's yet; what contradicts itself is left to a person.
    """
    movable = rebase.action == "rebase"
    refused = [plan for plan in merges if plan.action == "refused"]
    stops = [overlap for plan in refused for overlap in plan.overlaps]
    conflict = next((overlap for overlap in stops if overlap.verdict == "conflict"), None)
    if conflict:
        return ResolvePlan("refused", conflict.brief, _way_out(movable, rebase))
    broken = next((plan for plan in refused if not plan.overlaps), None)
    if broken and not stops:
        return ResolvePlan("refused", broken.reason, broken.hint or "Adapt that revision first.")
    if preference == "rebase" and movable:
        return ResolvePlan("rebase", f'on_fork is "rebase", and {_local(rebase)}')
    if not stops:
        why = "; ".join(plan.reason for plan in merges)
        if preference == "rebase":
            why = f"it cannot be rebased ({rebase.reason}), and {why}"
        return ResolvePlan("merge", why)
    if not movable:
        return ResolvePlan(
            "refused", f"{stops[0].brief}, and {rebase.reason}", _way_out(movable, rebase)
        )
    return ResolvePlan(
        "rebase",
        f"in a merge the order would be open, and it matters ({stops[0].brief}); {_local(rebase)}",
    )


def _local(rebase: RebasePlan) -> str:
    return f"{_moved(rebase)} {'are' if len(rebase.rewrites) > 1 else 'is'} local only"


def _moved(rebase: RebasePlan) -> str:
    return " and ".join(rewrite.revision for rewrite in rebase.rewrites) or "what moves"


def _way_out(movable: bool, rebase: RebasePlan) -> str:
    if movable:
        return (
            f"`lback rebase` puts {_moved(rebase)} on top; then take out of it what the other side "
            "does already. `lback merge --force` merges them as they are."
        )
    return (
        "Agree with the other author on a new revision that settles it; `lback merge --force` "
        "merges them as they are."
    )
