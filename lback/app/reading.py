"""Reads revisions as text from the work tree, the index or any commit; runs nothing of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from os import fsdecode, fsencode
from typing import TYPE_CHECKING, Any
from zlib import crc32

from lback.core.graph import Graph, Problem
from lback.core.remembered import RememberedGraph, Top
from lback.core.revision import Header, Revision, Unreadable, is_revision_file
from lback.core.shell import command
from lback.core.source import Commit, Entry
from lback.errors import LbackError
from lback.files import spelling

if TYPE_CHECKING:
    from lback.app.context import Context
    from lback.app.effects import EffectsAt
    from lback.app.locate import Project
    from lback.core.effects import Effects
    from lback.vcs.refs import SharedRef
    from lback.vcs.worktree import Look

WORKTREE = "worktree"
INDEX = "index"

# The kind of the cached rows: a new number forgets what an older reader made of the files.
HEADERS = "headers1"
# The same for what is noted of a whole graph, which is made of such headers.
TOPS = f"{HEADERS}-tops1".encode()
# The name of the table of files that the shared ref is known to hold.
_SEEN = "seen"


class Reader:
    """The revision files of one project, at any place; contents are read once per blob."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.repository = ctx.repository
        self._headers: dict[str, Header | Unreadable] = {}
        self._learned: dict[str, bytes] = {}
        self._effects: EffectsAt | None = None

    def graph(self, at: str = WORKTREE) -> Graph:
        """Return the graph at a place; what cannot be read is among its problems."""
        if at == WORKTREE and self.repository is not None and not self._is_bare:
            folders, recursive = self.folders(at)
            return self._graph_on_disk(self.repository.look(folders, recursive=recursive))
        return self.graph_of(self.entries(at), at)

    def entries(self, at: str = WORKTREE) -> tuple[Entry, ...]:
        """Return the revision files at a place, in the order of their paths."""
        project = self.project_at(at)
        folders, recursive = project.folders(), project.settings.recursive
        if self.repository is None:
            found = self._without_git(at, folders, recursive)
        else:
            found = self.repository.entries(at, folders, recursive=recursive)
        return wanted(found, project)

    def project_at(self, at: str) -> Project:
        """Return the project with the settings that hold at a place."""
        return self.ctx.project.at(self.repository, at)

    def folders(self, at: str = WORKTREE) -> tuple[tuple[str, ...], bool]:
        """Return the version locations at a place, and whether their subfolders count."""
        project = self.project_at(at)
        return project.folders(), project.settings.recursive

    def import_roots(self, module: str) -> tuple[str, ...]:
        """Return the folders that a module of the project's own may be imported from."""
        return self.ctx.project.import_roots(module)

    def graph_of(self, entries: Sequence[Entry], at: str) -> Graph:
        """Build the graph of given files."""
        headers = self._headers_of(entries, at)
        revisions: list[Revision] = []
        problems: list[Problem] = []
        for entry in entries:
            header = headers[entry.blob]
            if isinstance(header, Header):
                revisions.append(Revision(header, entry.path, entry.blob))
            elif not (header.foreign and self._is_bare):
                problems.append(_unreadable(entry, header))
        return Graph(revisions, problems)

    def revisions_of(self, entries: Sequence[Entry], at: str) -> list[Revision]:
        """Return the revisions of given files that can be read, the same id twice as well."""
        headers = self._headers_of(entries, at)
        return [
            Revision(header, entry.path, entry.blob)
            for entry in entries
            if isinstance(header := headers[entry.blob], Header)
        ]

    def texts(self, revisions: Iterable[Revision], at: str = WORKTREE) -> dict[str, bytes]:
        """Return the bytes of revision files as they were read, by blob."""
        return self._texts([Entry(one.path, one.blob) for one in revisions], at)

    def learn_text(self, entry: Entry, text: bytes) -> Header | Unreadable:
        """Take in a file that no place here has, and return its header."""
        from lback.core.header import read_header

        self._learned[entry.blob] = text
        self._headers[entry.blob] = header = read_header(text, entry.name)
        return header

    # Effects

    def effects(
        self,
        graph: Graph,
        ids: Iterable[str] | None = None,
        at: str = WORKTREE,
        *,
        upgrade_only: bool = False,
    ) -> dict[str, Effects]:
        """Return what the given revisions (default: all) do to which table."""
        wanted = graph.order() if ids is None else ids
        return self.effects_at(at).read(graph, wanted, upgrade_only=upgrade_only)

    def effects_at(self, at: str = WORKTREE) -> EffectsAt:
        """Return what reads effects at a place; the last one is kept, with what it has read."""
        from lback.app.effects import EffectsAt

        if self._effects is None or self._effects.at != at:
            self._effects = EffectsAt(self, at)
        return self._effects

    def tables(
        self, graph: Graph, ids: Iterable[str], effects: Mapping[str, Effects], at: str = WORKTREE
    ) -> dict[str, tuple[str, ...]]:
        """Return the tables of some revisions, whose effects are given, by id."""
        wanted = tuple(ids)
        if not any(effects[one].homeless for one in wanted):
            return {one: effects[one].tables for one in wanted}
        from lback.core.tables import tables_of

        below = graph.ancestors(wanted) - effects.keys()
        effects = {**self.effects(graph, below, at, upgrade_only=True), **effects}
        return tables_of(graph, effects, wanted)

    # Commits

    def commits(self, paths: Sequence[str], at: str = WORKTREE) -> Mapping[str, Commit]:
        """Return the commit that brought each path; a path without one is missing."""
        if self.repository is None or not paths:
            return {}
        if at in (WORKTREE, INDEX):
            at = self.repository.first_commit() or "HEAD"
        from lback.vcs.log import commits_of

        return commits_of(self.repository, paths, at)

    def published_among(self, graph: Graph, ids: Sequence[str]) -> frozenset[str]:
        """Return which of a few revisions are published, without reading the whole shared tree.

        A file with the same content at the same path of the shared ref settles it; only
        for another one all ids that the shared ref defines have to be known.
        """
        shared = self.shared
        if shared is None or not shared.publishes or self.repository is None:
            return frozenset()
        files = {f"{graph[one].blob} {graph[one].path}" for one in ids}
        if files <= self._seen_in(shared.commit):
            return frozenset(ids)
        from lback.vcs.lookups import path_ids

        paths = [graph[one].path for one in ids]
        there = path_ids(self.repository, [shared.commit], paths)[shared.commit]
        same = [graph[one].blob == blob for one, blob in zip(ids, there, strict=True)]
        if all(same):
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
        rows = sorted(one for one in files if "\n" not in one)
        self.repository.store.put_table(_SEEN, fsencode("\n".join([commit, *rows])))

    @cached_property
    def published(self) -> frozenset[str]:
        """Return the ids that the shared ref defines; empty where nothing is published."""
        shared = self.shared
        if shared is None or not shared.publishes:
            return frozenset()
        entries = self.entries(shared.commit)
        headers = self._headers_of(entries, shared.commit)
        found = (headers[entry.blob] for entry in entries)
        return frozenset(one.revision for one in found if isinstance(one, Header))

    @cached_property
    def shared(self) -> SharedRef | None:
        """Return the branch that the team releases from, or None."""
        if self.repository is None:
            return None
        return self.repository.upstream(self.ctx.project.settings.lback.upstream)

    # Inner parts

    @property
    def _is_bare(self) -> bool:
        """Tell whether every file below a folder is looked at, env.py too: nothing configures."""
        return self.ctx.options.script_location is not None

    def _graph_on_disk(self, look: Look) -> Graph:
        """Return the graph of the work tree; where nothing has changed, its heads cost nothing."""

        project = self.project_at(WORKTREE)

        def whole() -> Graph:
            return self.graph_of(wanted(look.entries, project), WORKTREE)

        kind = _tops_kind(project)
        tops = look.note(kind)
        if tops is not None:
            return RememberedGraph([_from_top(row) for row in json.loads(tops)], whole)
        graph = whole()
        if not graph.problems:
            rows = [_top(graph, head) for head in graph.heads]
            look.take_note(kind, json.dumps(rows, separators=(",", ":")).encode())
        return graph

    def _headers_of(self, entries: Sequence[Entry], at: str) -> dict[str, Header | Unreadable]:
        """Return all headers known by now, by blob, those of the entries among them.

        Every blob is parsed once in the life of its content.
        """
        known = self._headers
        unknown = {entry.blob: entry for entry in entries if entry.blob not in known}
        store = self.repository.store if self.repository else None
        if unknown and store:
            rows = store.get_many(HEADERS, unknown)
            parsed = json.loads(b"[" + b",".join(rows.values()) + b"]")
            for blob, row in zip(rows, parsed, strict=True):
                known[blob] = _from_row(row)
                del unknown[blob]
        if unknown:
            # Where all headers are known nobody pays for its regular expressions.
            from lback.core.header import read_header

            texts = self._texts(list(unknown.values()), at)
            fresh = {}
            for blob, entry in unknown.items():
                known[blob] = header = read_header(texts[blob], entry.name)
                if isinstance(header, Header):
                    fresh[blob] = json.dumps(_row(header), separators=(",", ":")).encode()
            if store:
                store.put_many(HEADERS, fresh)
        return known

    def _texts(self, entries: Sequence[Entry], at: str) -> dict[str, bytes]:
        own = self._learned
        learned = {one.blob: own[one.blob] for one in entries if one.blob in own}
        if learned:
            entries = [one for one in entries if one.blob not in own]
        if self.repository is not None:
            return learned | self.repository.read(at, entries)
        root = self.ctx.project.root
        return learned | {one.blob: (root / one.path).read_bytes() for one in entries}

    def _without_git(self, at: str, folders: tuple[str, ...], recursive: bool) -> tuple[Entry, ...]:
        if at != WORKTREE:
            raise LbackError(
                f"{command('--at', at)} needs git, and {self.ctx.cwd} is not in a git repository.",
                "Leave `--at` out to read the files as they are.",
            )
        from lback.vcs.trees import folder_entries

        return folder_entries(self.ctx.project.root, folders, recursive=recursive)


def wanted(entries: Iterable[Entry], project: Project) -> tuple[Entry, ...]:
    """Leave out what is no revision file or lies in one of the project's `ignore_folders`."""
    found = [one for one in entries if is_revision_file(one.name)]
    settings = project.settings.lback
    if settings.ignore_folders:
        found = [one for one in found if not settings.ignores(one.path)]
    return tuple(found)


def _unreadable(entry: Entry, header: Unreadable) -> Problem:
    hint = {
        "LB109": "resolve the conflict in this file, then `git add` it",
    }.get(header.code, "write `revision` and `down_revision` as plain strings")
    return Problem(header.code, header.message, hint, path=entry.path, line=header.line)


def _tops_kind(project: Project) -> bytes:
    """Return what the note of a graph is called: other folders left out, another graph."""
    ignored = project.settings.lback.ignore_folders
    kind = TOPS + spelling().encode()
    return kind + (b"-%08x" % crc32(repr(ignored).encode()) if ignored else b"")


def _top(graph: Graph, head: str) -> list[Any]:
    one = graph[head]
    return [_row(one.header), one.path, one.blob, sorted(graph.labels_of(head))]


def _from_top(row: list[Any]) -> Top:
    header, path, blob, labels = row
    return Top(Revision(_from_row(header), path, blob), frozenset(labels))


def _row(header: Header) -> list[Any]:
    return [
        header.revision,
        header.down_revisions,
        header.depends_on,
        header.branch_labels,
        header.doc,
        header.create_date,
        header.line,
        header.uncertain,
    ]


def _from_row(row: list[Any]) -> Header:
    revision, parents, depends_on, labels, doc, date, line, uncertain = row
    return Header(
        revision,
        tuple(parents),
        tuple(depends_on),
        tuple(labels),
        doc,
        date,
        line,
        tuple(uncertain),
    )
