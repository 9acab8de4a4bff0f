"""The use case of `radar`: every other branch at once, and what it will do to mine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from lback.app.context import Context
from lback.app.reading import Reader
from lback.core.effects import Effects
from lback.core.extending import Trunk
from lback.core.forks.nearness import Index, Meeting, meet
from lback.core.graph import Graph, Revision
from lback.core.messages import branches as messages
from lback.core.results import OverlapRow, Result, text_only
from lback.core.revision import is_revision_file
from lback.core.source import Commit, Entry
from lback.vcs.repository import Repository
from lback.vcs.siblings import Difference, Sibling, branch_points, differences, siblings

_RANK = {"conflict": 0, "order-matters": 1, "unknown": 2, "same": 3}


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
    """How many branches have other revisions, fork, and overlap."""

    branches: int
    fork: int
    overlap: int


@dataclass(frozen=True, kw_only=True)
class RadarResult(Result):
    """The other branches, the one that hurts most first; `compared` is how many there are."""

    command: ClassVar[str] = "radar"

    at: str
    heads: tuple[str, ...]
    branches: tuple[BranchRow, ...]
    compared: int
    summary: RadarSummary
    most: int | None = text_only(default=None)  # how many branches the text shows, None for all


@dataclass(frozen=True, slots=True)
class Echo:
    """One branch, or several with the same revisions: what it brings and where that leads."""

    branches: tuple[Sibling, ...]
    added: tuple[Revision, ...]
    edited: tuple[str, ...]
    meeting: Meeting
    overlaps: tuple[Any, ...] = ()


@dataclass(slots=True)
class _Mine:
    """My side, with what was worked out about it on the way."""

    reader: Reader
    graph: Graph
    trunk: Trunk
    blobs: frozenset[str]
    index: Index = field(default_factory=Index)
    effects: dict[str, Effects] = field(default_factory=dict)


def radar(ctx: Context, options: RadarOptions) -> RadarResult:
    """Tell which other branches hold revisions that mine lacks, would fork, and overlap."""
    repository = ctx.repository
    if repository is None:
        raise messages.no_branches(ctx.cwd)
    if options.fetch:
        from lback.vcs.fetching import fetch_all

        ctx.console.note(messages.FETCHING)
        fetch_all(repository)
    reader = ctx.revisions
    graph = reader.graph()
    mine = _Mine(reader, graph, Trunk(graph), frozenset(one.blob for one in graph))
    others = _others(repository)
    echoes = [_overlapping(mine, echo) for echo in _echoes(mine, repository, others)]
    echoes.sort(key=_loudest)
    return RadarResult(
        at=repository.head().name,
        heads=graph.heads,
        branches=tuple(_row(echo) for echo in echoes),
        compared=len(others),
        summary=RadarSummary(
            sum(len(echo.branches) for echo in echoes),
            sum(len(echo.branches) for echo in echoes if echo.meeting.heads),
            sum(len(echo.branches) for echo in echoes if echo.overlaps),
        ),
        most=None if options.everything or ctx.options.verbose else options.most,
    )


def _others(repository: Repository) -> list[Sibling]:
    """Return the branches beside the one that is checked out."""
    here = repository.head()
    return [
        one for one in siblings(repository) if one.ref != here.ref and one.commit != here.commit
    ]


def _echoes(mine: _Mine, repository: Repository, others: list[Sibling]) -> list[Echo]:
    """Look at all branches in a few children; branches that bring the same are one."""
    head = repository.head().commit
    if head is None:
        return []
    points = branch_points(repository, head, [one.commit for one in others])
    left = {tip: point for tip, point in points.items() if point is not None and point != tip}
    folders, recursive = mine.reader.folders()
    settings = mine.reader.project.settings
    changed = differences(repository, left, folders)
    kept = {
        tip: [
            one
            for one in changes
            if _counts(one, folders, recursive) and not settings.lback.ignores(one.path)
        ]
        for tip, changes in changed.items()
    }
    headers = _read(mine, kept)
    groups: dict[tuple[frozenset[str], frozenset[str]], list[Sibling]] = {}
    found: dict[tuple[frozenset[str], frozenset[str]], list[Revision]] = {}
    for sibling in others:
        news = [headers[one.blob] for one in kept.get(sibling.commit, ()) if one.blob in headers]
        added = [one for one in news if one.id not in mine.graph]
        edited = frozenset(one.id for one in news if _reparents(mine.graph, one))
        key = (frozenset(f"{one.id} {one.blob}" for one in added), edited)
        if added or edited:
            groups.setdefault(key, []).append(sibling)
            found.setdefault(key, added)
    declared = settings.lback.heads
    plain = mine.trunk.is_plain
    return [
        Echo(
            tuple(branches),
            tuple(found[key]),
            tuple(sorted(key[1])),
            meet(mine.trunk, found[key], declared, plain=plain),
        )
        for key, branches in groups.items()
    ]


def _counts(change: Difference, folders: tuple[str, ...], recursive: bool) -> bool:
    folder, _, name = change.path.rpartition("/")
    return change.status != "D" and is_revision_file(name) and (recursive or folder in folders)


def _read(mine: _Mine, changed: dict[str, list[Difference]]) -> dict[str, Revision]:
    """Read the header of every new content once, whatever the number of branches with it."""
    fresh = {
        one.blob: Entry(one.path, one.blob, one.mode)
        for changes in changed.values()
        for one in changes
        if one.blob not in mine.blobs
    }
    if not fresh:
        return {}
    # Their own graph would not see one id in two branches; a row for each blob does.
    return {one.blob: one for one in mine.reader.revisions_of(list(fresh.values()), "HEAD")}


def _reparents(graph: Graph, theirs: Revision) -> bool:
    return theirs.id in graph and set(graph[theirs.id].parents) != set(theirs.parents)


def _overlapping(mine: _Mine, echo: Echo) -> Echo:
    """Find what of the branch's side of a fork overlaps with mine."""
    if not echo.meeting.heads:
        return echo
    from lback.core.forks.overlap import overlaps

    theirs = Graph(echo.added)
    right = mine.reader.effects(theirs, echo.meeting.theirs, echo.branches[0].commit)
    lacking = [one for one in echo.meeting.mine if one not in mine.effects]
    if lacking:
        mine.effects.update(mine.reader.effects(mine.graph, lacking))
    left = mine.index.near(mine.effects, echo.meeting.mine, right)
    found = overlaps(left, right)
    return Echo(echo.branches, echo.added, echo.edited, echo.meeting, tuple(found))


def _loudest(echo: Echo) -> tuple[int, bool, float, str]:
    """Sort by what hurts most, then the newest first."""
    worst = min((_RANK[one.verdict] for one in echo.overlaps), default=len(_RANK))
    first = echo.branches[0]
    return worst, not echo.meeting.heads, -_moment(first.date), first.name


def _moment(date: str) -> float:
    from datetime import datetime

    try:
        return datetime.fromisoformat(date.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def _row(echo: Echo) -> BranchRow:
    from lback.core.forks.joining import overlap_row

    first = echo.branches[0]
    commit = Commit(first.commit, first.author, "", first.date, "")
    commits = {one.id: commit for one in echo.added}
    return BranchRow(
        first.name,
        tuple(one.name for one in echo.branches[1:]),
        commit,
        tuple(BroughtRevision(one.id, one.doc, one.path) for one in echo.added),
        echo.edited,
        bool(echo.meeting.heads),
        echo.meeting.heads,
        tuple(overlap_row(one, commits) for one in echo.overlaps),
    )
