"""Whether the heads of a fork can be joined by a merge revision, and by which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

from lback.core.effects import Effects
from lback.core.forks.merging import MergeFile, merge_file
from lback.core.forks.overlap import Overlap, overlaps
from lback.core.forks.surroundings import surroundings
from lback.core.graph import Graph

Action = Literal["merge", "none", "refused"]

# What stops an automatic join: these cannot be known to commute.
_STOPS = frozenset({"conflict", "order-matters", "unknown"})


@dataclass(frozen=True, slots=True)
class Join:
    """What to do about one fork: `file` is what to write, `reason` one sentence."""

    heads: tuple[str, ...]
    action: Action
    reason: str
    overlaps: tuple[Overlap, ...] = ()
    file: MergeFile | None = None


def plan_join(
    graph: Graph, heads: Sequence[str], effects: Mapping[str, Effects], *, force: bool = False
) -> Join:
    """Decide whether the given heads can be joined; `effects` covers every side.

    A join is refused where two sides are not known to commute, unless forced.
    """
    fork = tuple(sorted(heads))
    found = fork_overlaps(graph, fork, effects)
    stops = [overlap for overlap in found if overlap.verdict in _STOPS]
    dates = {head: graph[head].header.create_date for head in fork}
    if stops and not force:
        return Join(fork, "refused", refusal(stops), tuple(found))
    reason = "forced, although the sides overlap" if stops else touched(graph, fork, effects)
    return Join(fork, "merge", reason, tuple(found), merge_file(fork, dates))


def fork_sides(graph: Graph, fork: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return for each head the revisions that only it has, in graph order."""
    sides = graph.sides(fork)
    apart = frozenset().union(*sides.values())
    order = [one for one in graph.order() if one in apart]
    return {head: tuple(one for one in order if one in sides[head]) for head in fork}


def fork_overlaps(
    graph: Graph, fork: Sequence[str], effects: Mapping[str, Effects]
) -> list[Overlap]:
    """Return the overlaps of every two sides of a fork.

    What `effects` tells of the revisions below the fork says whose an index is and which
    tables are linked; without those the answer is less careful.
    """
    sides = fork_sides(graph, fork)
    above = {one for side in sides.values() for one in side}
    below = (effects[one] for one in graph.order() if one in effects and one not in above)
    around = surroundings(below)
    found: list[Overlap] = []
    for left, right in combinations(fork, 2):
        found.extend(
            overlaps(
                {one: effects[one] for one in sides[left]},
                {one: effects[one] for one in sides[right]},
                around,
            )
        )
    return found


def refusal(stops: Sequence[Overlap]) -> str:
    """Say in one sentence why a fork is not joined."""
    first = stops[0].brief
    more = f" (and {len(stops) - 1} more)" if len(stops) > 1 else ""
    return f"{first}{more}"


def touched(graph: Graph, fork: Sequence[str], effects: Mapping[str, Effects]) -> str:
    """Say in one sentence why a fork can be joined."""
    sides = [
        sorted({table for one in side for table in effects[one].tables})
        for side in fork_sides(graph, fork).values()
    ]
    shown = [", ".join(one[:4]) + (" …" if len(one) > 4 else "") for one in sides if one]
    if len(shown) < 2:
        return f"only one side changes tables: {shown[0]}" if shown else "no side changes a table"
    apart = all(set(one).isdisjoint(other) for one, other in combinations(sides, 2))
    how = "the sides change different tables" if apart else "either order gives the same schema"
    return f"{how}: {' | '.join(shown)}"


def overlap_row(overlap: Overlap, commits: Mapping[str, Any]) -> dict[str, Any]:
    """Return an overlap with the keys of the contract."""

    def side(revision: str, operation: str) -> dict[str, Any]:
        return {"revision": revision, "operation": operation, "commit": commits.get(revision)}

    return {
        "object": overlap.object,
        "left": side(overlap.left_revision, overlap.left_operation),
        "right": side(overlap.right_revision, overlap.right_operation),
        "verdict": overlap.verdict,
        "message": overlap.message,
        "brief": overlap.brief,
    }
