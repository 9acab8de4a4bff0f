"""Whether a fork can be closed by a merge revision, and by which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from lback.core.effects import Effects
from lback.core.graph.forks import fork_sides, unread_labels
from lback.core.graph.view import GraphView
from lback.core.merging.contradictions import contradictions
from lback.core.merging.merge_file import MergeFile, merge_file
from lback.core.merging.overlap import Overlap, overlaps
from lback.core.merging.overlap_rows import OverlapRow, OverlapSide
from lback.core.merging.surroundings import surroundings
from lback.core.source import Commit

# What stops an automatic merge: these are not known to commute.
_STOPS = frozenset({"conflict", "order-matters", "unknown"})


@dataclass(frozen=True, slots=True)
class MergePlan:
    """What to do about one fork: `file` is what to write, `path` where, `reason` one sentence.

    `hint` is the next step where the reason to refuse it has one of its own.
    """

    heads: tuple[str, ...]
    action: Literal["merge", "refused"]
    reason: str
    overlaps: tuple[Overlap, ...] = ()
    file: MergeFile | None = None
    path: str | None = None
    hint: str = ""

    @property
    def revision(self) -> str | None:
        """Return the id of the merge revision, None where there is none to write."""
        return self.file.revision if self.file else None


def plan_merge(
    graph: GraphView, heads: Sequence[str], effects: Mapping[str, Effects], *, force: bool = False
) -> MergePlan:
    """Decide whether a merge revision may close a fork; `effects` covers every side.

    It is refused where two sides are not known to commute, or to be a fork at all, unless forced.
    """
    fork = tuple(sorted(heads))
    unread = None if force else unread_labels(graph, fork)
    if unread is not None:
        return MergePlan(fork, "refused", unread.reason, hint=unread.hint)
    overlapping = fork_overlaps(graph, fork, effects)
    stops = [overlap for overlap in overlapping if overlap.verdict in _STOPS]
    broken = next(contradictions(graph, effects, _sides(graph, fork)), None)
    if broken and not stops and not force:
        return MergePlan(fork, "refused", broken.message, tuple(overlapping))
    dates = {head: graph[head].header.create_date for head in fork}
    if stops and not force:
        return MergePlan(fork, "refused", refusal(stops), tuple(overlapping))
    reason = "forced, although the sides overlap" if stops else touched(graph, fork, effects)
    return MergePlan(fork, "merge", reason, tuple(overlapping), merge_file(fork, dates))


def _sides(graph: GraphView, fork: Sequence[str]) -> frozenset[str]:
    return frozenset(revision for side in fork_sides(graph, fork).values() for revision in side)


def apart(
    graph: GraphView, left: Iterable[str], right: Iterable[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is below some left heads and below no right one, and the other way round.

    Unlike `fork_sides` it leaves out nothing that two heads of one side have in common.
    """
    ours, theirs = graph.ancestors(left), graph.ancestors(right)
    either = ours ^ theirs
    order = [revision for revision in graph.order() if revision in either]
    return (
        tuple(revision for revision in order if revision in ours),
        tuple(revision for revision in order if revision in theirs),
    )


def fork_revisions(graph: GraphView, fork: Sequence[str]) -> tuple[str, ...]:
    """Return what is below some of the heads and not below all of them, in graph order."""
    below = [graph.ancestors([head]) for head in fork]
    some = frozenset().union(*below) - frozenset.intersection(*below)
    return tuple(revision for revision in graph.order() if revision in some)


def fork_overlaps(
    graph: GraphView, fork: Sequence[str], effects: Mapping[str, Effects]
) -> list[Overlap]:
    """Return the overlaps of every two heads of a fork: of what one has and the other has not.

    What `effects` tells of the revisions below the fork says whose an index is and which
    tables are linked; without those the answer is less careful.
    """
    above = frozenset(fork_revisions(graph, fork))
    below = (
        effects[revision]
        for revision in graph.order()
        if revision in effects and revision not in above
    )
    around = surroundings(below)
    overlapping: list[Overlap] = []
    compared: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    for heads in combinations(fork, 2):
        left, right = apart(graph, heads[:1], heads[1:])
        if (left, right) not in compared:
            compared.add((left, right))
            ours, theirs = (
                {revision: effects[revision] for revision in side} for side in (left, right)
            )
            overlapping.extend(overlaps(ours, theirs, around))
    # What two heads have in common meets a third one twice.
    return overlapping if len(fork) == 2 else list(dict.fromkeys(overlapping))


def refusal(stops: Sequence[Overlap]) -> str:
    """Say in one sentence why a fork is not merged."""
    first = stops[0].brief
    more = f" (and {len(stops) - 1} more)" if len(stops) > 1 else ""
    return f"{first}{more}"


def touched(graph: GraphView, fork: Sequence[str], effects: Mapping[str, Effects]) -> str:
    """Say in one sentence why a fork can be merged."""
    above = frozenset(fork_revisions(graph, fork))
    sides = [
        sorted(
            {
                table
                for revision in graph.ancestors([head]) & above
                for table in effects[revision].tables
            }
        )
        for head in fork
    ]
    shown = [
        ", ".join(tables[:4]) + (" …" if len(tables) > 4 else "") for tables in sides if tables
    ]
    if len(shown) < 2:
        return f"only one side changes tables: {shown[0]}" if shown else "no side changes a table"
    differ = all(set(tables).isdisjoint(other) for tables, other in combinations(sides, 2))
    how = "the sides change different tables" if differ else "either order gives the same schema"
    return f"{how}: {' | '.join(shown)}"


def nothing_to_merge(heads: Sequence[str]) -> str:
    """Say in one sentence why a graph without a fork has none."""
    if not heads:
        return "there are no revisions yet"
    return "there is one head" if len(heads) == 1 else "the heads are apart by design"


def overlap_row(overlap: Overlap, commits: Mapping[str, Commit]) -> OverlapRow:
    """Return an overlap with the commits of its revisions, where they are known."""
    left, right = overlap.left_revision, overlap.right_revision
    return OverlapRow(
        overlap.object,
        OverlapSide(left, overlap.left_operation, commits.get(left)),
        OverlapSide(right, overlap.right_operation, commits.get(right)),
        overlap.verdict,
        overlap.message,
        overlap.brief,
    )
