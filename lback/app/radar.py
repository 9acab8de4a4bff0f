"""The use case of `radar`: every other branch at once, and what it will do to mine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from lback.core.merging.merge_plan import overlap_row
from lback.core.merging.nearness import Neighbour
from lback.core.merging.overlap_rows import OverlapRow
from lback.core.messages import branches as messages
from lback.core.pictures.lanes import LaneNode, lanes
from lback.core.results import Result, text_only
from lback.core.source import Commit
from lback.project.branches import fetch
from lback.project.context import Context
from lback.project.pictures.neighbours import Other, nearby

_SHOWN = 4
"""Overlaps and other revisions of one branch in the picture."""


@dataclass(frozen=True, slots=True)
class RadarOptions:
    """Whether to fetch first, and how many branches to show: `most`, or `everything`."""

    fetch: bool = False
    everything: bool = False
    most: int = 10


@dataclass(frozen=True)
class BroughtRevision:
    """A revision that a branch has and mine has not."""

    revision: str
    doc: str
    path: str


@dataclass(frozen=True)
class BranchRow:
    """One branch, or several with the same revisions: `also` are the other names.

    `commit` is the newest of the branch; `heads` are those of the fork, () where it does not fork.
    """

    branch: str
    also: tuple[str, ...]
    commit: Commit
    revisions: tuple[BroughtRevision, ...]
    reparents: tuple[str, ...]
    forks: bool
    heads: tuple[str, ...]
    overlaps: tuple[OverlapRow, ...]


@dataclass(frozen=True)
class RadarSummary:
    """How many branches have other revisions, fork, overlap, and are merged already.

    A merged branch has revisions that are all here or in the shared branch, as after a squash.
    """

    branches: int
    fork: int
    overlap: int
    merged: int


@dataclass(frozen=True, kw_only=True)
class RadarResult(Result):
    """The other branches, the worst first; `compared` is how many there are."""

    command: ClassVar[str] = "radar"

    at: str
    heads: tuple[str, ...]
    branches: tuple[BranchRow, ...]
    compared: int
    summary: RadarSummary
    most: int | None = text_only(default=None)  # how many branches the text shows, None for all
    lanes: tuple[LaneNode, ...] = text_only(default=())  # the picture of those


def radar(ctx: Context, options: RadarOptions) -> RadarResult:
    """Tell which other branches hold revisions that mine lacks, would fork, and overlap."""
    repository = ctx.repository
    if repository is None:
        raise ctx.no_git or messages.no_branches(ctx.cwd)
    if options.fetch:
        fetch(ctx)
    near = nearby(ctx)
    neighbours = near.others
    most = None if options.everything or ctx.options.verbose else options.most
    return RadarResult(
        at=near.mine.name,
        heads=near.mine.graph.heads,
        branches=tuple(_row(other) for other in neighbours),
        compared=near.compared,
        summary=RadarSummary(
            _count(neighbours),
            _count(other for other in neighbours if other.meetings),
            _count(other for other in neighbours if other.overlaps),
            len(near.merged),
        ),
        most=most,
        lanes=lanes(near.mine.graph, list(map(_meeting, neighbours[:most])), _SHOWN),
    )


def _meeting(other: Other) -> tuple[Neighbour, frozenset[str]]:
    shown = other.overlaps[:_SHOWN]
    either = (name for met in shown for name in (met.left_revision, met.right_revision))
    return other.neighbour, frozenset(either)


def _count(others: Iterable[Other]) -> int:
    return sum(len(other.neighbour.names) for other in others)


def _row(other: Other) -> BranchRow:
    neighbour = other.neighbour
    added = [neighbour.together[revision] for revision in neighbour.added]
    heads = other.meetings[0].heads if other.meetings else ()
    commits = dict.fromkeys(neighbour.new, neighbour.commit)
    return BranchRow(
        neighbour.names[0],
        neighbour.names[1:],
        neighbour.commit,
        tuple(BroughtRevision(new.id, new.doc, new.path) for new in added),
        neighbour.reparented,
        bool(heads),
        heads,
        tuple(overlap_row(overlap, commits) for overlap in other.overlaps),
    )
