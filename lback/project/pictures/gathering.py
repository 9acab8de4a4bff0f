"""What pictures of the graph and of the schema are made of, read from files and from git."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lback.core.effects import Effect, Effects, described
from lback.core.graph.forks import forks
from lback.core.graph.graph import Graph
from lback.core.graph.view import GraphView
from lback.core.identities import KNOWN
from lback.core.merging.merge_plan import overlap_row, plan_merge
from lback.core.messages import branches as messages
from lback.core.pictures.folding import FoldedSchema, FoldedTable, beside, fold
from lback.core.pictures.page import PageFork, PageRevision, Place, Said
from lback.core.source import INDEX, WORKTREE
from lback.project.context import Context
from lback.project.pictures.neighbours import Other, nearby
from lback.project.provenance import BroughtRow, Sources, brought_rows
from lback.project.record.applied import Applied
from lback.project.revisions import Revisions
from lback.project.sides import merge_sides, read_side, tip_of

# The branches that get a name in the picture, newest commit first, and how much is read for it.
_MOST_BRANCHES = 50
_MOST_FILES = 100_000


@dataclass(slots=True)
class Drawn:
    """The revisions of a picture: those at a place, and what other branches have beside them.

    `sides` says whose a revision is that is not here, `mine` which ones the other side lacks.
    `tops` are the heads of each of the other branches.
    """

    revisions: Revisions
    at: str
    graph: GraphView
    effects: dict[str, Effects]
    places: dict[str, str] = field(default_factory=dict)
    sides: dict[str, str] = field(default_factory=dict)
    mine: frozenset[str] = frozenset()
    heads: tuple[str, ...] = ()
    tops: dict[str, tuple[str, ...]] = field(default_factory=dict)
    forks: list[PageFork] = field(default_factory=list)

    def folded(self) -> FoldedSchema:
        """Return what the revisions build, on the databases that the project is for."""
        if not self.tops:
            return self._folded(self.graph.ids)
        here = self._folded(self.graph.ancestors(self.heads))
        for branch, tops in self.tops.items():
            own = frozenset(name for name, side in self.sides.items() if side == branch)
            here = beside(here, self._folded(self.graph.ancestors(tops)), own)
        return here

    def own(self, folded: FoldedSchema) -> tuple[FoldedTable, ...]:
        """Return the tables of a schema with a shape for those only that revisions here make."""
        made = {
            change.table
            for revision, changes in folded.changes.items()
            if revision not in self.sides
            for change in changes
        }
        return tuple(
            table if number in made else table._replace(shape=None)
            for number, table in enumerate(folded.tables)
        )

    def folded_beside(self, branch: str) -> FoldedSchema:
        """Return what the revisions of another branch build."""
        return self._folded(self.graph.ancestors(self.tops[branch]))

    def _folded(self, ids: frozenset[str]) -> FoldedSchema:
        dialects = self.revisions.effects_at(self.at).dialects & KNOWN
        effects = {name: does for name, does in self.effects.items() if name in ids}
        return fold(self.graph, effects, dialects)


def seen_at(ctx: Context, at: str) -> Drawn:
    """Read the revisions at a place."""
    revisions = ctx.revisions
    graph = revisions.graph(at)
    return Drawn(revisions, at, graph, revisions.effects(graph, at=at), heads=graph.heads)


def seen_beside(ctx: Context, at: str, against: str) -> Drawn:
    """Read the revisions at a place merged with a ref; UsageError for a ref that is not there."""
    revisions = ctx.revisions
    if revisions.repository is None:
        raise ctx.no_git or messages.nothing_beside(ctx.cwd)
    commit = revisions.repository.commit(against)
    mine = read_side(revisions, at, at, tip_of(revisions, at))
    if mine.tip is None:
        raise messages.nothing_committed(against)
    theirs = read_side(revisions, against, commit, commit)
    merged = merge_sides(revisions, mine, theirs, publishes=False).merge.merged
    seen = Drawn(revisions, at, merged, {}, heads=mine.graph.heads)
    other = [revision for revision in merged.order() if revision not in mine.graph]
    here = [revision for revision in merged.order() if revision in mine.graph]
    seen.effects = revisions.effects(merged, here, at)
    seen.effects |= revisions.effects(merged, other, commit)
    seen.places = dict.fromkeys(other, commit)
    seen.sides = dict.fromkeys(other, against)
    seen.mine = mine.graph.ids - theirs.graph.ids
    seen.tops = {against: tuple(head for head in theirs.graph.heads if head in merged)}
    declared = ctx.project.settings.lback.heads
    for fork in forks(merged, declared):
        seen.forks.append(_fork(seen, against, fork))
    return seen


def seen_around(ctx: Context, most: int) -> Drawn:
    """Read the revisions here, and those of other branches: the worst come first."""
    near = nearby(ctx)
    revisions, mine = ctx.revisions, near.mine.graph
    seen = Drawn(revisions, WORKTREE, mine, revisions.effects(mine), heads=mine.heads)
    added = []
    for other in near.others[:most]:
        fresh = [revision for revision in other.neighbour.added if revision not in seen.effects]
        together, commit = other.neighbour.together, other.neighbour.commit.sha
        seen.effects |= revisions.effects(together, fresh, commit)
        seen.places |= dict.fromkeys(fresh, commit)
        seen.sides |= dict.fromkeys(fresh, other.neighbour.names[0])
        seen.tops[other.neighbour.names[0]] = tuple(
            head for head in together.heads if head in other.neighbour.new
        )
        added += [together[revision] for revision in fresh]
        if other.meetings:
            seen.forks.append(_met(seen, other))
    seen.graph = Graph([*mine, *added]) if added else mine
    return seen


def _met(seen: Drawn, other: Other) -> PageFork:
    neighbour, fork = other.neighbour, other.meetings[0].heads
    effects = {
        revision: seen.effects[revision]
        for revision in neighbour.together.order()
        if revision in seen.effects
    }
    plan = plan_merge(neighbour.together, fork, effects)
    commits = dict.fromkeys(neighbour.new, neighbour.commit)
    rows = tuple(overlap_row(overlap, commits) for overlap in other.overlaps)
    return PageFork(neighbour.names[0], fork, plan.action, plan.reason, plan.revision, rows)


def _fork(seen: Drawn, branch: str, fork: Sequence[str]) -> PageFork:
    plan = plan_merge(seen.graph, fork, seen.effects)
    rows = tuple(overlap_row(overlap, {}) for overlap in plan.overlaps)
    return PageFork(branch, plan.heads, plan.action, plan.reason, plan.revision, rows)


def rows_of(ctx: Context, seen: Drawn, *, with_database: bool) -> tuple[PageRevision, ...]:
    """Return the revisions of a picture, newest first, each with who brought it."""
    graph, effects, revisions = seen.graph, seen.effects, seen.revisions
    order = graph.order()
    sources = Sources(revisions, seen.at, graph, effects, places=seen.places)
    brought, _ = brought_rows(sources, order)
    tables = revisions.tables(graph, order, effects, seen.at)
    applied = Applied.asked(ctx, graph) if with_database else None
    branches = _branches(revisions, graph)
    return tuple(
        PageRevision(
            revision,
            graph[revision].doc,
            graph[revision].path,
            tuple(graph[revision].parents),
            graph.dependencies(revision),
            tuple(graph[revision].labels),
            tuple(branches.get(revision, ())),
            _place(revisions, brought[revision]),
            None if applied is None else applied.of(revision).applied,
            brought[revision].commit,
            seen.sides.get(revision, ""),
            revision in seen.mine,
            tables[revision],
            _said(effects[revision].upgrade),
            _said(effects[revision].downgrade),
            effects[revision].downgrade_gap,
            effects[revision].unknown,
        )
        for revision in reversed(order)
    )


def _said(effects: Iterable[Effect]) -> tuple[Said, ...]:
    return tuple((described(effect), effect.line, effect.certain) for effect in effects)


def _place(revisions: Revisions, row: BroughtRow) -> Place:
    if revisions.repository is None:
        return ""
    return "published" if row.published else "pushed" if row.pushed else "local"


def _branches(revisions: Revisions, graph: GraphView) -> Mapping[str, Iterable[str]]:
    """Return by revision the branches of git that have it as a head, newest commit first."""
    repository = revisions.repository
    if repository is None:
        return {}
    tips: dict[str, list[str]] = {}
    for branch in repository.branches():
        tips.setdefault(branch.commit, []).append(branch.name)
    most = max(1, min(_MOST_BRANCHES, _MOST_FILES // max(1, len(graph))))
    commits = list(tips)[:most]
    tops: dict[int, list[str]] = {}
    found: dict[str, list[str]] = {}
    for commit, entries in revisions.entries_of(commits).items():
        if id(entries) not in tops:
            there = revisions.revisions_of(entries, commit)
            below = {parent for revision in there for parent in revision.parents}
            tops[id(entries)] = [value.id for value in there if value.id not in below]
        for head in tops[id(entries)]:
            if head in graph:
                found.setdefault(head, []).extend(tips[commit])
    return found


def place_name(ctx: Context, at: str) -> str:
    """Return what a place is called: the branch that is checked out, for the files on disk."""
    repository = ctx.revisions.repository
    if at in (WORKTREE, INDEX) and repository is not None:
        return repository.head().name
    return "" if at == WORKTREE else at
