"""Mine beside the other branches: what each of them adds, where it forks, what overlaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lback.core.effects import Effects
from lback.core.graph.extended import Extended, Trunk
from lback.core.graph.graph import Graph
from lback.core.graph.view import GraphView
from lback.core.merging.nearness import Index, Meeting, Neighbour
from lback.core.merging.overlap import Overlap, overlaps
from lback.core.merging.surroundings import surroundings
from lback.core.messages import branches as messages
from lback.core.source import Commit, Entry
from lback.project.checking.below import effects_near
from lback.project.context import Context
from lback.project.places import inside
from lback.project.revisions import Revisions
from lback.project.sides import Tree
from lback.vcs.lookups import Sibling, TipChange, branch_points, differences
from lback.vcs.merged_view import three_way
from lback.vcs.repository import Repository
from lback.work import counted_off


def fetch(ctx: Context) -> Repository:
    """Get what the team has pushed, and return the repository; LbackError without one."""
    from lback.vcs.fetching import fetch_all

    if ctx.repository is None:
        raise ctx.no_git or messages.no_branches(ctx.cwd)
    ctx.console.note(messages.FETCHING)
    fetch_all(ctx.repository, ctx.console.detail)
    return ctx.repository


class Compared(NamedTuple):
    """The branches that bring something; `merged` are the names of those that are merged.

    A merged branch is one whose revisions are all here or in the shared branch, although its
    commits are not: it was squashed or rebased on its way.
    """

    neighbours: tuple[Neighbour, ...] = ()
    merged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Tip:
    """The graph of mine and one tip, the ids that the tip brings, and what it reparents."""

    together: GraphView
    brings: frozenset[str]
    reparented: tuple[str, ...] = ()


def compare(
    revisions: Revisions, mine: Tree, others: Sequence[Sibling], published: frozenset[str]
) -> Compared:
    """Compare mine with other branches; those that bring the same revisions are one.

    `published` are the ids of the shared branch. HistoryMissing where history is cut off.
    """
    groups: dict[object, tuple[list[Sibling], _Tip, frozenset[str]]] = {}
    merged: list[str] = []
    shared = revisions.shared.commit if revisions.shared else None
    for sibling, tip in _tips(revisions, mine, others):
        new = tip.brings - mine.graph.ids
        if sibling.commit != shared:
            new -= published
        if new or tip.reparented:
            key = (
                frozenset((revision, tip.together[revision].blob) for revision in new),
                tip.reparented,
            )
            groups.setdefault(key, ([], tip, new))[0].append(sibling)
        elif tip.brings:
            merged.append(sibling.name)
    return Compared(tuple(_neighbour(*group) for group in groups.values()), tuple(merged))


def _neighbour(group: Sequence[Sibling], tip: _Tip, new: frozenset[str]) -> Neighbour:
    first = group[0]
    commit = Commit(first.commit, first.author, "", first.date, "")
    names = tuple(sibling.name for sibling in group)
    return Neighbour(names, commit, tip.together, new, tip.reparented)


def _tips(
    revisions: Revisions, mine: Tree, others: Sequence[Sibling]
) -> Iterator[tuple[Sibling, _Tip]]:
    """Yield each branch that changes revisions, with what it is together with mine."""
    repository = revisions.repository
    if repository is None or mine.tip is None:
        return
    points = branch_points(repository, mine.tip, [other.commit for other in others])
    left = {tip: point for tip, point in points.items() if point is not None and point != tip}
    revisions.places.look_ahead([*left, *left.values()])
    known = _additions(revisions, mine, left)
    trees = _trees(revisions, {tip: left[tip] for tip, added in known.items() if added is None})
    for sibling in others:
        tip = sibling.commit
        added = known.get(tip)
        if added is not None:
            yield sibling, added
        elif tip in known:
            yield sibling, _in_full(revisions, mine, trees[tip], trees[left[tip]])


def _additions(revisions: Revisions, mine: Tree, left: Mapping[str, str]) -> dict[str, _Tip | None]:
    """Return the tips that only add revisions to mine; None for one that does more.

    A tip that changes no revision is in neither.
    """
    assert revisions.repository is not None
    folders, trunk = revisions.folders(mine.at), Trunk(mine.graph)
    plain = trunk.is_plain
    here = {entry.path: entry.blob for entry in mine.entries}
    added: dict[str, list[Entry]] = {}
    tips: dict[str, _Tip | None] = {}
    # What changes in a submodule is no file of a tip that git lists here.
    modules = revisions.repository.modules_around(f"{name}/" for name in folders[0])
    for tip, changes in differences(revisions.repository, left, folders[0]).items():
        if modules or revisions.folders(tip) != folders or revisions.folders(left[tip]) != folders:
            tips[tip] = None
            continue
        entries = [Entry(change.path, change.blob, change.mode) for change in changes]
        wanted = {
            entry.path: entry
            for entry in revisions.wanted(entries, tip)
            if inside(entry.path, folders)
        }
        if any(not _adds(change, here) for change in changes if change.path in wanted):
            tips[tip] = None
        elif wanted:
            added[tip] = list(wanted.values())
    revisions.contents.headers(
        [entry for entries in added.values() for entry in entries], mine.tip or "HEAD"
    )
    for tip, entries in added.items():
        news = revisions.graph_of(entries, tip)
        fresh = [revision for revision in news if here.get(revision.path) != revision.blob]
        if any(problem.code == "LB104" for problem in news.problems) or mine.graph.ids & {
            revision.id for revision in fresh
        }:
            tips[tip] = None
        elif plain and trunk.takes(fresh):
            tips[tip] = _Tip(Extended(trunk, fresh), news.ids)
        else:
            tips[tip] = _Tip(Graph([*mine.graph, *fresh]), news.ids)
    return tips


def _adds(change: TipChange, here: Mapping[str, str]) -> bool:
    """Tell whether a change is a file that is new, or here with the same content."""
    if here.get(change.path) == change.blob:
        return True
    return change.status == "A" and change.mode[:2] == "10" and change.path not in here


def _trees(revisions: Revisions, left: Mapping[str, str]) -> dict[str, tuple[Entry, ...]]:
    """Read the files of tips and of the points where they left, in a few children."""
    if not left:
        return {}
    commits = list(dict.fromkeys([*left, *left.values()]))
    trees = revisions.entries_of(commits)
    new = {entry.blob: entry for entries in trees.values() for entry in entries}
    revisions.contents.headers(list(new.values()), commits[0])
    return trees


def _in_full(
    revisions: Revisions, mine: Tree, tree: tuple[Entry, ...], point: tuple[Entry, ...]
) -> _Tip:
    """Merge mine and a tip file by file; mine stands for a file that both changed."""
    decided = three_way(point, mine.entries, tree)
    both = [
        conflict.ours or conflict.theirs for conflict in (*decided.contents, *decided.conflicts)
    ]
    whole = [*decided.entries, *(entry for entry in both if entry is not None)]
    together = revisions.graph_of(whole, mine.at)
    before = {entry.blob for entry in point}
    changed = [entry for entry in tree if entry.blob not in before]
    paths = {entry.path for entry in changed}
    brings = frozenset(revision.id for path, revision in together.by_path.items() if path in paths)
    moved = _reparented(revisions, mine, changed, point)
    return _Tip(together, brings, moved)


def _reparented(
    revisions: Revisions, mine: Tree, changed: Sequence[Entry], point: Sequence[Entry]
) -> tuple[str, ...]:
    """Return the revisions of mine that were there before and have other parents now."""
    graph = mine.graph
    others = [
        revision
        for revision in revisions.revisions_of(changed, mine.at)
        if revision.id in graph and set(graph[revision.id].parents) != set(revision.parents)
    ]
    if not others:
        return ()
    before = {
        revision.id: set(revision.parents) for revision in revisions.revisions_of(point, mine.at)
    }
    return tuple(
        sorted(
            other.id
            for other in others
            if before.get(other.id, set(other.parents)) != set(other.parents)
        )
    )


def overlaps_of(
    revisions: Revisions, mine: Tree, met: Sequence[tuple[Neighbour, Sequence[Meeting]]]
) -> list[tuple[Overlap, ...]]:
    """Return, for each neighbour, the overlaps of both sides in the forks that it opens.

    What both sides stand on is read as far as it names what they are about.
    """
    theirs = [
        revisions.effects(
            neighbour.together, [r for m in meetings for r in m.theirs], neighbour.commit.sha
        )
        for neighbour, meetings in met
    ]
    ours = [revision for _, meetings in met for meeting in meetings for revision in meeting.mine]
    effects = _effects_of_mine(revisions, mine, ours, met)
    does = [
        *effects.values(),
        *(each for side in theirs for each in side.values()),
    ]
    near = effects_near(revisions, mine.graph, mine.graph.ids - effects.keys(), does, mine.at)
    known = {**near, **effects}
    order = [revision for revision in mine.graph.order() if revision in known]
    index = Index(surroundings(known[revision] for revision in order))
    rows = []
    for (neighbour, meetings), right in counted_off("branches", [*zip(met, theirs, strict=True)]):
        clashes: list[Overlap] = []
        for meeting in meetings:
            news = {revision: right[revision] for revision in meeting.theirs}
            left = index.near(effects, meeting.mine, news.values())
            if left:
                below = neighbour.below(meeting)
                around = surroundings(known[revision] for revision in order if revision in below)
                clashes += overlaps(left, news, around)
        rows.append(tuple(clashes))
    return rows


def _effects_of_mine(
    revisions: Revisions,
    mine: Tree,
    ids: Iterable[str],
    met: Sequence[tuple[Neighbour, Sequence[Meeting]]],
) -> dict[str, Effects]:
    """Return what my sides of the forks do; those that only a neighbour has are read there."""
    wanted = dict.fromkeys(ids)
    effects = revisions.effects(
        mine.graph, [revision for revision in wanted if revision in mine.graph], mine.at
    )
    for neighbour, meetings in met:
        rest = [r for m in meetings for r in m.mine if r not in effects]
        if rest:
            effects.update(revisions.effects(neighbour.together, rest, neighbour.commit.sha))
    return effects
