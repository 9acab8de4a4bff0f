"""Gathers the trees that a check compares: mine, another one, and the two merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lback.core.checks.graph import GraphMerge
from lback.core.graph.graph import Graph
from lback.core.graph.view import GraphView
from lback.core.messages import checks as messages
from lback.core.source import INDEX, WORKTREE, Commit, Entry
from lback.project.places import Folders, inside
from lback.project.revisions import Revisions
from lback.vcs.lookups import as_committed
from lback.vcs.merged_view import merge_entries

if TYPE_CHECKING:
    from lback.core.effects import Effects
    from lback.vcs.repository import Repository

_AHEAD = 500


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """One tree: `at` is what reads it, `tip` the commit its history is (None before the first)."""

    name: str
    at: str
    tip: str | None
    entries: tuple[Entry, ...]
    graph: Graph


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides and what they become; `conflicts` are paths that git cannot merge by itself."""

    theirs: Tree
    publishes: bool
    base_commit: str
    base: GraphView
    merge: GraphMerge
    conflicts: tuple[str, ...] = ()
    replaces: bool = False


def read_side(revisions: Revisions, name: str, at: str, tip: str | None) -> Tree:
    """Read the revisions at a place."""
    # Of a conflict in the index only our side counts.
    listed = _as_committed(revisions, at, revisions.entries(at))
    entries = tuple(entry for entry in listed if entry.stage in (0, 2))
    return Tree(name, at, tip, entries, revisions.graph_of(entries, at))


def _as_committed(revisions: Revisions, at: str, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return files on disk as git would commit them where nobody has edited them."""
    if at != WORKTREE or revisions.repository is None:
        return entries
    return as_committed(revisions.repository, entries)


def merge_sides(revisions: Revisions, mine: Tree, theirs: Tree, *, publishes: bool) -> Comparison:
    """Merge two sides from git's objects alone; HistoryMissing where they cannot be compared."""
    repository = revisions.repository
    assert repository is not None and mine.tip is not None and theirs.tip is not None
    base = repository.merge_base(mine.tip, theirs.tip)
    if base is None:
        raise messages.nothing_in_common(mine.name, theirs.name)
    if repository.is_shallow and base not in (mine.tip, theirs.tip):
        _require_whole(repository, base, mine, theirs)
    if base == theirs.tip:
        merge = GraphMerge(theirs.name, mine.graph, theirs.graph, mine.graph)
        return Comparison(theirs, publishes, base, theirs.graph, merge)
    before = read_side(revisions, "base", base, base)
    if base == mine.at:
        merge = GraphMerge(theirs.name, mine.graph, theirs.graph, theirs.graph)
        return Comparison(theirs, publishes, base, before.graph, merge)
    entries, conflicts = _merged(revisions, base, before.entries, mine, theirs)
    graph = revisions.graph_of(entries, theirs.at)
    merge = GraphMerge(theirs.name, mine.graph, theirs.graph, graph)
    return Comparison(theirs, publishes, base, before.graph, merge, conflicts)


def replaced(_reader: Revisions, mine: Tree, theirs: Tree, *, publishes: bool) -> Comparison:
    """Let mine take the place of the other side, as a push does: what mine lacks is gone."""
    merge = GraphMerge(theirs.name, mine.graph, theirs.graph, mine.graph)
    return Comparison(theirs, publishes, theirs.tip or "", theirs.graph, merge, replaces=True)


def _require_whole(repository: Repository, base: str, mine: Tree, theirs: Tree) -> None:
    from lback.vcs.fetching import is_cut

    if is_cut(repository, base, mine.tip or "HEAD", theirs.tip or "HEAD"):
        raise messages.history_cut_off(mine.name, theirs.name)


def _merged(
    revisions: Revisions, base: str, before: tuple[Entry, ...], mine: Tree, theirs: Tree
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    assert revisions.repository is not None
    places = {at: revisions.folders(at) for at in (base, mine.at, theirs.at)}
    listed = {base: before, mine.at: mine.entries, theirs.at: theirs.entries}
    if len(set(places.values())) > 1:
        listed = _widened(revisions, places)
    merged = merge_entries(
        revisions.repository,
        base,
        listed[base],
        listed[mine.at],
        listed[theirs.at],
        at=mine.at,
        tips=(mine.tip, theirs.tip) if mine.tip and theirs.tip else None,
        unread=revisions.contents.too_big,
    )
    entries = {entry.path: entry for entry in merged.entries}
    for conflict in merged.conflicts:
        # The graph goes on with my file, so that one conflict is not reported as ten problems.
        for version in (conflict.theirs, conflict.ours):
            if version is not None:
                entries.pop(version.path, None)
        kept = conflict.ours or conflict.theirs
        if kept is not None:
            entries[kept.path] = kept
    for entry in entries.values():
        if entry.blob in merged.texts:
            revisions.contents.learn(entry, merged.texts[entry.blob])
    paths = tuple(sorted({conflict.path for conflict in merged.conflicts}))
    whole = tuple(entries[path] for path in sorted(entries))
    placed = _in_place(whole, listed, places, base, mine, theirs)
    return revisions.places.without_copies(placed, mine.at), paths


def _widened(revisions: Revisions, places: dict[str, Folders]) -> dict[str, tuple[Entry, ...]]:
    """List the folders of all sides on every side: one of them has moved its migrations."""
    folders = tuple(dict.fromkeys(name for names, _ in places.values() for name in names))
    recursive = any(recursive for _, recursive in places.values())
    listed = {}
    for at in places:
        found = revisions.entries_in(at, (folders, recursive))
        listed[at] = _as_committed(revisions, at, found)
        revisions.contents.headers(listed[at], at)
    return listed


def _in_place(
    entries: tuple[Entry, ...],
    listed: dict[str, tuple[Entry, ...]],
    places: dict[str, Folders],
    base: str,
    mine: Tree,
    theirs: Tree,
) -> tuple[Entry, ...]:
    """Keep what the merged configuration would load.

    A file that is new in a folder which the other side has given up counts as well: git
    stops there, or moves it along. One in a folder that its own side has given up does not.
    """
    if len(set(places.values())) == 1:
        return entries
    if places[theirs.at] == places[base]:
        chosen = [places[mine.at]]
    elif places[mine.at] == places[base]:
        chosen = [places[theirs.at]]
    else:
        chosen = [places[mine.at], places[theirs.at]]
    old = listed[base]
    known = {entry.path for entry in old} | {entry.blob for entry in old}
    own = {
        entry.path
        for at in (mine.at, theirs.at)
        for entry in listed[at]
        if inside(entry.path, places[at])
    }
    return tuple(
        entry
        for entry in entries
        if any(inside(entry.path, folders) for folders in chosen)
        or (entry.path in own and not known.intersection((entry.path, entry.blob)))
    )


class TreeReader:
    """Effects and commits of revisions, read where they can be read, and only once asked for."""

    def __init__(self, revisions: Revisions, mine: Tree, others: Sequence[Tree]) -> None:
        self.revisions = revisions
        self.sides = (mine, *others)
        self._effects: dict[str, Effects] = {}
        self._texts: dict[str, bytes] = {}

    def side_of(self, revision: str) -> Tree:
        """Return the side that has a revision; mine where several do."""
        return next((side for side in self.sides if revision in side.graph), self.sides[0])

    def effects(self, revisions: Iterable[str]) -> dict[str, Effects]:
        """Return what the given revisions do, by id."""
        wanted = list(revisions)
        for side, ids in self._by_side(
            revision for revision in wanted if revision not in self._effects
        ).items():
            self._effects.update(self.revisions.effects(side.graph, ids, side.at))
        return {
            revision: self._effects[revision] for revision in wanted if revision in self._effects
        }

    def commits(self, revisions: Iterable[str]) -> dict[str, Commit]:
        """Return the commits that brought the given revisions, by id."""
        commits_of: dict[str, Commit] = {}
        for side, ids in self._by_side(revisions).items():
            commits = self.revisions.commits(
                [side.graph[revision].path for revision in ids], side.at
            )
            for revision in ids:
                commit = commits.get(side.graph[revision].path)
                if commit is not None:
                    commits_of[revision] = commit
        return commits_of

    def text(self, revision: str, side: Tree) -> bytes:
        """Return the bytes of a revision's file on one side."""
        node = side.graph[revision]
        text = self._texts.get(node.blob)
        return text if text is not None else self.revisions.texts([node], side.at)[node.blob]

    def read_ahead(self, revisions: Iterable[str], side: Tree) -> None:
        """Read some hundred files of one side in one go, for `text`."""
        nodes = [side.graph[revision] for revision in revisions]
        self._texts.update(self.revisions.texts(nodes[:_AHEAD], side.at))

    def _by_side(self, revisions: Iterable[str]) -> dict[Tree, list[str]]:
        by_side: dict[Tree, list[str]] = {}
        for revision in revisions:
            side = self.side_of(revision)
            if revision in side.graph:
                by_side.setdefault(side, []).append(revision)
        return by_side


def tip_of(revisions: Revisions, at: str) -> str | None:
    """Return the commit whose history a place has; None before the first commit."""
    repository = revisions.repository
    if repository is None:
        return None
    if at in (WORKTREE, INDEX):
        return repository.head().commit
    return repository.commit(at)
