"""Merge or rebase: which of the two closes a fork, and why; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lback.core.forks.joining import Join
from lback.core.forks.rebasing import Rebase

Way = Literal["merge", "rebase", "none", "refused"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What closes the forks, with the reason in one sentence; `hint` where nothing does."""

    way: Way
    reason: str
    hint: str = ""


def choose(joins: Sequence[Join], rebase: Rebase, wish: str) -> Choice:
    """Choose for all forks at once; `wish` is the setting `on_fork`.

    A merge is right where the sides commute, a rebase where their order matters and one
    side is nobody's yet; what contradicts itself is left to a person.
    """
    if not joins:
        return Choice("none", "there is nothing to join")
    movable = rebase.action == "rebase"
    stops = [one for join in joins if join.action == "refused" for one in join.overlaps]
    conflicts = [one for one in stops if one.verdict == "conflict"]
    if conflicts:
        return Choice("refused", conflicts[0].brief, _way_out(movable, rebase))
    broken = [one for one in joins if one.action == "refused" and not one.overlaps]
    if broken and not conflicts and not stops:
        return Choice("refused", broken[0].reason, "Adapt that revision first.")
    if wish == "rebase" and movable:
        return Choice("rebase", f'on_fork is "rebase", and {_local(rebase)}')
    if not stops:
        why = "; ".join(join.reason for join in joins)
        if wish == "rebase":
            return Choice("merge", f"it cannot be rebased ({rebase.reason}), and {why}")
        return Choice("merge", why)
    if movable:
        return Choice(
            "rebase",
            f"in a merge the order would be open, and it matters ({stops[0].brief}); "
            f"{_local(rebase)}",
        )
    return Choice("refused", f"{stops[0].brief}, and {rebase.reason}", _way_out(False, rebase))


def _local(rebase: Rebase) -> str:
    names = [one.revision for one in rebase.rewrites]
    return f"{' and '.join(names) or 'what moves'} {_are(names)} local only"


def _are(names: Sequence[str]) -> str:
    return "are" if len(names) > 1 else "is"


def _way_out(movable: bool, rebase: Rebase) -> str:
    if movable:
        names = " and ".join(one.revision for one in rebase.rewrites)
        return (
            f"`lback rebase` puts {names} on top; then take out of it what the other side does "
            "already. `lback merge --force` joins them as they are."
        )
    return (
        "Agree with the other author on a new revision that settles it; `lback merge --force` "
        "joins them as they are."
    )
