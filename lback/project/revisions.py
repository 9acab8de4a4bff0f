"""Reads revisions as text from the work tree, the index or any commit; runs nothing of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from os import fsdecode, fsencode
from typing import TYPE_CHECKING, Any, TypeVar
from zlib import crc32

from lback.core.graph.graph import Graph
from lback.core.graph.remembered import RememberedGraph, Top
from lback.core.graph.revision import (
    Header,
    Problem,
    Revision,
    is_revision_file,
    unreadable,
)
from lback.core.messages import projects as messages
from lback.core.messages import revisions as revision_messages
from lback.core.source import INDEX, WORKTREE, Commit, Entry
from lback.files import spelling
from lback.project.contents import HEADERS, Contents, header_from
from lback.project.places import inside
from lback.vcs.reach import compiled_files, is_compiled, is_outside, outside_entries
from lback.vcs.trees import PY, folder_entries

if TYPE_CHECKING:
    from lback.core.effects import Effects
    from lback.core.graph.view import GraphView
    from lback.project.contents import Limits
    from lback.project.effects import EffectsAt
    from lback.project.locate import Project
    from lback.project.places import Folders, Places
    from lback.vcs.refs import SharedRef
    from lback.vcs.worktree import Look


# What the kind of a note of a whole graph begins with; such a graph is made of headers.
TOPS = f"{HEADERS}-tops1".encode()
# The name of the table of files that the shared ref is known to hold.
_SEEN = "seen"
T = TypeVar("T")


class Revisions:
    """The revisions of one project at any place; contents are read once per blob."""

    def __init__(self, places: Places, limits: Limits | None = None) -> None:
        self.places = places
        self.repository = places.repository
        self.contents = Contents(places.repository, places.here.root, limits)
        self.state = ""
        """A word for the files that the last graph of the work tree was made of; "" for none."""
        self._effects: EffectsAt | None = None

    @property
    def project(self) -> Project:
        """Return the project with the settings that hold here."""
        return self.places.here

    def project_at(self, at: str) -> Project:
        """Return the project with the settings that hold at a place."""
        return self.places.project_at(at)

    def folders(self, at: str = WORKTREE) -> Folders:
        """Return the version locations at a place, and whether their subfolders count."""
        return self.places.folders(at)

    def wider(self, at: str, folders: Folders) -> Revisions:
        """Return a store that looks into more folders at one place; what was read is shared."""
        other = copy(self)
        other.places = self.places.wider(at, folders)
        other._effects = None
        return other

    # Files

    def entries(self, at: str = WORKTREE) -> tuple[Entry, ...]:
        """Return the revision files at a place, in the order of their paths."""
        return self.places.without_copies(self.entries_in(at, self.folders(at)), at)

    def entries_in(self, at: str, folders: Folders) -> tuple[Entry, ...]:
        """Return the revision files below given folders, without those in ignored folders."""
        names, recursive = folders
        if self.repository is None:
            return self.wanted(self._without_git(at, names, recursive), at)
        return self.wanted(self.repository.entries(at, names, recursive=recursive), at)

    def entries_of(self, commits: Sequence[str]) -> dict[str, tuple[Entry, ...]]:
        """Return what `entries` does for many commits by id, in a few children for all."""
        assert self.repository is not None
        self.places.look_ahead(commits)
        folders = {commit: self.folders(commit) for commit in commits}
        names = tuple(dict.fromkeys(name for some, _ in folders.values() for name in some))
        trees: dict[str, tuple[Entry, ...]] = {}
        equal: dict[tuple[int, int], tuple[Entry, ...]] = {}
        for commit, entries in self.repository.entries_of(commits, names).items():
            key = (id(entries), id(self.project_at(commit)))
            if key not in equal:
                wanted = self.wanted(entries, commit)
                equal[key] = tuple(entry for entry in wanted if inside(entry.path, folders[commit]))
            trees[commit] = equal[key]
        return trees

    def wanted(self, entries: Iterable[Entry], at: str) -> tuple[Entry, ...]:
        """Leave out what is no revision file or lies in one of the project's `ignore_folders`."""
        files = [entry for entry in entries if is_revision_file(entry.name)]
        settings = self.project_at(at).settings.lback
        if settings.ignore_folders:
            files = [entry for entry in files if not settings.ignores(entry.path)]
        return tuple(files)

    def texts(self, revisions: Iterable[Revision], at: str = WORKTREE) -> dict[str, bytes]:
        """Return the bytes of revision files as they were read, by blob."""
        return self.contents.texts(tuple(revisions), at)

    # Graphs

    def graph(self, at: str = WORKTREE) -> GraphView:
        """Return the graph at a place; what cannot be read is among its problems."""
        known = self.places.unconfigured or self.project.settings.sourceless
        if at == WORKTREE and self.repository is not None and not known:
            folders, recursive = self.folders(at)
            look = self.repository.look(folders, recursive=recursive)
            if look is not None:
                self.state = look.state
                return self._graph_on_disk(look)
        return self.graph_of(self.entries(at), at)

    def graph_of(self, entries: Sequence[Entry], at: str) -> Graph:
        """Build the graph of given files."""
        headers = self.contents.headers(entries, at)
        revisions: list[Revision] = []
        problems: list[Problem] = []
        for entry in entries:
            header = headers[entry.blob]
            if isinstance(header, Header):
                if header.uncertain:
                    header = self._labelled(header, entry, at)
                revisions.append(Revision(header, entry.path, entry.blob))
            elif not (header.foreign and self.places.unconfigured):
                problems.append(unreadable(entry.path, header))
        settings = self.project_at(at).settings
        if settings.sourceless:
            paths = [path for path in self._compiled(at) if not settings.lback.ignores(path)]
            problems += map(revision_messages.compiled, paths)
        folders, recursive = self.folders(at)
        if not entries and not recursive:
            problems += self._passed_over(folders, at)
        if not entries and not problems and at == WORKTREE and self.project.is_nowhere:
            problems.append(revision_messages.nowhere(self.project.settings))
        return Graph(revisions, problems)

    def _labelled(self, header: Header, entry: Entry, at: str) -> Header:
        """Return a header with the labels that come from other modules of the same tree."""
        if not header.computed_labels:
            return header
        labels = self.effects_at(at).labels(entry)
        return header if labels is None else header.with_labels(labels)

    def _passed_over(self, folders: tuple[str, ...], at: str) -> Iterator[Problem]:
        """Yield what is wrong where all revisions lie in subfolders, which do not count."""
        deeper = self.entries_in(at, (folders, True))
        headers = self.contents.headers(deeper, at)
        found = [entry.path for entry in deeper if isinstance(headers[entry.blob], Header)]
        homes = dict.fromkeys(path.rpartition("/")[0] for path in found)
        if homes:
            yield revision_messages.in_subfolders(folders, tuple(homes), len(found))

    def _compiled(self, at: str) -> Iterable[str]:
        """Return the bytecode at a place that Alembic would load."""
        folders, recursive = self.folders(at)
        if at == WORKTREE or self.repository is None:
            return compiled_files(self.project.root, folders, recursive=recursive)
        suffixes = (".py", ".pyc", ".pyo")
        entries = self.repository.entries(at, folders, suffixes=suffixes, recursive=recursive)
        paths = {entry.path for entry in entries}
        return [
            entry.path
            for entry in entries
            if is_compiled(entry.name) and entry.path[:-1] not in paths
        ]

    def revisions_of(self, entries: Sequence[Entry], at: str) -> list[Revision]:
        """Return the revisions of given files that can be read, the same id twice as well."""
        headers = self.contents.headers(entries, at)
        return [
            Revision(header, entry.path, entry.blob)
            for entry in entries
            if isinstance(header := headers[entry.blob], Header)
        ]

    # Effects

    def effects(
        self,
        graph: GraphView,
        ids: Iterable[str] | None = None,
        at: str = WORKTREE,
        *,
        upgrade_only: bool = False,
    ) -> dict[str, Effects]:
        """Return what the given revisions (default: all) do to which table."""
        nodes = [graph[revision] for revision in (graph.order() if ids is None else ids)]
        place = self.effects_at(at)
        effects: dict[str, Effects] = {}
        for portion in self.contents.portions(nodes, at):
            effects.update(place.read(portion, upgrade_only=upgrade_only))
        return effects

    def effects_at(self, at: str = WORKTREE) -> EffectsAt:
        """Return what reads effects at a place; the last one is kept, with what it has read."""
        from lback.project.effects import EffectsAt

        if self._effects is None or self._effects.at != at:
            self._effects = EffectsAt(self.places, self.contents, at)
        return self._effects

    def tables(
        self,
        graph: GraphView,
        ids: Iterable[str],
        effects: Mapping[str, Effects],
        at: str = WORKTREE,
    ) -> dict[str, tuple[str, ...]]:
        """Return the tables of some revisions, whose effects are given, by id."""
        wanted = tuple(ids)
        if not any(effects[revision].homeless for revision in wanted):
            return {revision: effects[revision].tables for revision in wanted}
        from lback.core.tables import tables_of

        below = graph.ancestors(wanted) - effects.keys()
        effects = {**self.effects(graph, below, at, upgrade_only=True), **effects}
        return tables_of(graph, effects, wanted)

    # Commits

    def commits(self, paths: Sequence[str], at: str = WORKTREE) -> Mapping[str, Commit]:
        """Return the commit that brought each path; a path without one is missing.

        Until a merge is committed, what it brings is known from the other side.
        """
        if self.repository is None or not paths:
            return {}
        from lback.vcs.log import commits_of

        if at not in (WORKTREE, INDEX):
            return commits_of(self.repository, paths, at)
        found = commits_of(self.repository, paths, self.repository.head().commit or "HEAD")
        for side in self.repository.merging() if len(found) < len({*paths}) else ():
            left = [path for path in paths if path not in found]
            found |= commits_of(self.repository, left, side)
        return found

    def published_among(self, graph: GraphView, ids: Sequence[str]) -> frozenset[str]:
        """Return which of a few revisions are published, without reading the whole shared tree.

        A file with the same content at the same path of the shared ref settles it; only
        for another one all ids that the shared ref defines have to be known.
        """
        shared = self.shared
        if shared is None or not shared.publishes or self.repository is None:
            return frozenset()
        nodes = [graph[revision] for revision in ids if not is_outside(graph[revision].path)]
        ids = [node.id for node in nodes]
        files = {f"{node.blob} {node.path}" for node in nodes}
        if files <= self._seen_in(shared.commit):
            return frozenset(ids)
        from lback.vcs.lookups import path_ids

        paths = [node.path for node in nodes]
        there = path_ids(self.repository, [shared.commit], paths)[shared.commit]
        if there == tuple(node.blob for node in nodes):
            self._note_seen(shared.commit, files)
            return frozenset(ids)
        return frozenset(ids) & self.published

    def _seen_in(self, commit: str) -> frozenset[str]:
        """Return which files, as "blob path", a commit is known to hold."""
        assert self.repository is not None
        first, *files = (self.repository.store.table(_SEEN) or b"").split(b"\n")
        return frozenset(map(fsdecode, files)) if first == commit.encode() else frozenset()

    def _note_seen(self, commit: str, files: Iterable[str]) -> None:
        """Note it for one commit at a time; what a commit holds never changes."""
        assert self.repository is not None
        rows = sorted(file for file in files if "\n" not in file)
        self.repository.store.put_table(_SEEN, fsencode("\n".join([commit, *rows])))

    @cached_property
    def published(self) -> frozenset[str]:
        """Return the ids that the shared ref has, those that it has squashed as well."""
        shared = self.shared
        if shared is None or not shared.publishes:
            return frozenset()
        revisions = self.revisions_of(self.entries(shared.commit), shared.commit)
        inner = [node for node in revisions if not is_outside(node.path)]
        return frozenset(name for node in inner for name in (node.id, *node.replaces))

    @cached_property
    def shared(self) -> SharedRef | None:
        """Return the branch that the team releases from, or None."""
        if self.repository is None:
            return None
        return self.repository.upstream(self.project.settings.lback.upstream)

    @property
    def lost_head(self) -> tuple[str, str] | None:
        """Return a remote and the ref, now gone, that its HEAD names; only where that was asked."""
        asked = "shared" in vars(self) and not self.project.settings.lback.upstream
        if self.repository is None or not asked:
            return None
        from lback.vcs.remotes import lost_head

        return lost_head(self.repository, self.shared)

    # Inner parts

    def _graph_on_disk(self, look: Look) -> GraphView:
        """Return the graph of the work tree; where nothing has changed, its heads cost nothing."""
        kind = _tops_kind(self.project)
        tops = look.note(kind)
        if tops not in (None, b"[]"):
            return RememberedGraph(
                map(_from_top, json.loads(tops)),
                lambda: self.revisions_of(self.wanted(look.entries, WORKTREE), WORKTREE),
            )
        graph = self.graph_of(self.wanted(look.entries, WORKTREE), WORKTREE)
        if graph.heads and not graph.problems and self._speaks_for_itself(look.entries):
            rows = [_top(graph, head) for head in graph.heads]
            look.take_note(kind, json.dumps(rows, separators=(",", ":")).encode())
        return graph

    def _speaks_for_itself(self, entries: Iterable[Entry]) -> bool:
        """Tell whether the files alone make a graph; others that have a part in it may change."""
        headers = self.contents.headers((), WORKTREE)  # those that are known
        found = (headers.get(entry.blob) for entry in entries)
        return not any(isinstance(header, Header) and header.uncertain for header in found)

    def _without_git(self, at: str, folders: tuple[str, ...], recursive: bool) -> tuple[Entry, ...]:
        if at != WORKTREE:
            raise self.places.no_git or messages.no_git(at, self.places.cwd)
        found = folder_entries(self.project.root, folders, recursive=recursive)
        outside = [folder for folder in folders if is_outside(folder)]
        return (*outside_entries(outside, PY, recursive=recursive), *found)


def _tops_kind(project: Project) -> bytes:
    """Return what the note of a graph is called: other folders left out, another graph."""
    ignored = project.settings.lback.ignore_folders
    kind = TOPS + spelling().encode()
    return kind + (b"-%08x" % crc32(repr(ignored).encode()) if ignored else b"")


def _top(graph: GraphView, head: str) -> list[Any]:
    return [*graph[head], sorted(graph.labels_of(head))]


def _from_top(row: list[Any]) -> Top:
    header, path, blob, labels = row
    return Top(Revision(header_from(header), path, blob), frozenset(labels))
