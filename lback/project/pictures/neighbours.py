"""The other branches beside mine, each with the forks that it opens, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lback.core.merging.nearness import Meeting, Neighbour
from lback.core.merging.overlap import Overlap
from lback.core.messages import branches as messages
from lback.core.source import WORKTREE
from lback.project.branches import compare, overlaps_of
from lback.project.contents import Limits
from lback.project.context import Context
from lback.project.revisions import Revisions
from lback.project.sides import Tree, read_side
from lback.vcs.lookups import siblings

_RANK = {"conflict": 0, "order-matters": 1, "unknown": 2, "same": 3}


@dataclass(frozen=True, slots=True)
class Other:
    """A neighbour, the forks that it opens, and what overlaps in them."""

    neighbour: Neighbour
    meetings: tuple[Meeting, ...]
    overlaps: tuple[Overlap, ...]


@dataclass(frozen=True, slots=True)
class Nearby:
    """Mine and the others, those first that need attention; `compared` is how many there are.

    `merged` are the names of branches whose revisions are all here or in the shared branch.
    """

    mine: Tree
    others: tuple[Other, ...]
    compared: int
    merged: tuple[str, ...]


def nearby(ctx: Context) -> Nearby:
    """Compare the files on disk with all other branches; UsageError without git."""
    repository = ctx.repository
    if repository is None:
        raise ctx.no_git or messages.no_branches(ctx.cwd)
    ctx.limits = Limits()
    revisions, here = ctx.revisions, repository.head()
    mine = read_side(revisions, here.name, WORKTREE, here.commit)
    others = [
        sibling
        for sibling in siblings(repository)
        if sibling.ref != here.ref and sibling.commit != here.commit
    ]
    compared = compare(
        revisions, mine, others, _published(revisions, mine) if others else frozenset()
    )
    declared = ctx.project.settings.lback.heads
    met = [(neighbour, neighbour.meetings(declared)[:1]) for neighbour in compared.neighbours]
    neighbours = [
        Other(*pair, overlaps)
        for pair, overlaps in zip(met, overlaps_of(revisions, mine, met), strict=True)
    ]
    neighbours.sort(key=_needs_attention)
    return Nearby(mine, tuple(neighbours), len(others), compared.merged)


def _published(revisions: Revisions, mine: Tree) -> frozenset[str]:
    """Return the ids of the shared branch, whether or not they are here."""
    shared = revisions.shared
    if shared is None or shared.commit == mine.tip:
        return frozenset()
    return read_side(revisions, shared.name, shared.commit, shared.commit).graph.ids


def _needs_attention(other: Other) -> tuple[int, bool, float, str]:
    """Sort the worst first, then the newest."""
    worst = min((_RANK[overlap.verdict] for overlap in other.overlaps), default=len(_RANK))
    first = other.neighbour
    return worst, not other.meetings, -_moment(first.commit.date), first.names[0]


def _moment(date: str) -> float:
    try:
        return datetime.fromisoformat(date.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
