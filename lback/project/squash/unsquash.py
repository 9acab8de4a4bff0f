"""Looks through squashes into git: the graph with the revisions that one of them replaced."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.core.graph.view import GraphView
from lback.core.source import INDEX, WORKTREE, Entry
from lback.core.squash import messages
from lback.errors import HistoryMissing, LbackError
from lback.project.context import Context
from lback.project.lost import find_one
from lback.project.places import inside
from lback.project.revisions import Revisions

if TYPE_CHECKING:
    from lback.db.performing import Asked
    from lback.db.runner import Database
    from lback.vcs.walk import Stored


@dataclass(frozen=True, slots=True)
class Unsquashed:
    """A graph with the old revisions in the place of squashes; `sources` are their texts, by id.

    `commits` has a commit by each of their ids whose tree has the old file; "" where only another
    place of git has it. `squashes` are the ids that were looked through.
    """

    graph: GraphView
    sources: Mapping[str, bytes] = field(default_factory=dict)
    commits: Mapping[str, str] = field(default_factory=dict)
    squashes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.squashes)


def replacing(graph: GraphView, ids: Iterable[str]) -> dict[str, str]:
    """Return which squash of the graph stands for each of some ids that it does not have."""
    wanted = {name for name in ids if name not in graph}
    if not wanted:
        return {}
    return {name: node.id for node in graph if node.replaces for name in wanted & {*node.replaces}}


def unsquashed(revisions: Revisions, graph: GraphView, ids: Iterable[str]) -> Unsquashed:
    """Return the graph in which these revisions are again that squashes replaced.

    LbackError names the squash whose old files this clone does not have. What no squash
    replaced stays lost.
    """
    wanted = tuple(ids)
    found = Unsquashed(graph)
    while True:
        squashes = dict.fromkeys(replacing(found.graph, wanted).values())
        if not squashes:
            return found
        for squash in squashes:
            found = _opened(revisions, found, squash)


def opened(revisions: Revisions, graph: GraphView, squash: str) -> Unsquashed:
    """Return the graph with what this one squash replaced; LbackError where git lacks a file."""
    return _opened(revisions, Unsquashed(graph), squash)


def below_squashes(revisions: Revisions, graph: GraphView) -> Unsquashed:
    """Return the graph with old revisions where one here still stands on them."""
    return unsquashed(revisions, graph, [up for node in graph for up in node.parents])


def wholly_unsquashed(revisions: Revisions, graph: GraphView, at: str | None = None) -> Unsquashed:
    """Return the graph without any squash that git can look through; others stay as they are."""
    found = Unsquashed(graph)
    closed: set[str] = set()
    while not graph.problems:
        squash = next((n.id for n in found.graph if n.replaces and n.id not in closed), None)
        if squash is None:
            break
        try:
            found = _opened(revisions, found, squash, at)
        except LbackError:
            closed.add(squash)
    return found


def _opened(
    revisions: Revisions, before: Unsquashed, squash: str, at: str | None = None
) -> Unsquashed:
    """Put the revisions that a squash replaced in its place."""
    node = before.graph[squash]
    versions = _versions(revisions, at)
    found = dict(_old(revisions, node, versions))
    inner = {name for one, _ in found.values() for name in one.replaces}
    members = {name: one for name, one in found.items() if name not in inner}
    lacking = [name for name in (*node.replaces, squash) if name not in found and name not in inner]
    if lacking:
        raise messages.old_files_missing(squash, lacking, shallow=_shallow(revisions))
    texts = revisions.repository.blobs(one.blob for one, _ in members.values())  # type: ignore[union-attr]
    for one, _ in members.values():
        revisions.contents.learn(Entry(one.path, one.blob), texts[one.blob])
    others = [one for one in before.graph if one.id != squash]
    graph = Graph([*others, *(one for one, _ in members.values())])
    if not {*graph.problems} <= {*before.graph.problems}:
        raise messages.old_files_missing(squash, (), shallow=_shallow(revisions))
    return Unsquashed(
        graph,
        {**before.sources, **{name: texts[one.blob] for name, (one, _) in members.items()}},
        {**before.commits, **{name: commit for name, (_, commit) in members.items()}},
        (*before.squashes, squash),
    )


def _shallow(revisions: Revisions) -> bool:
    return revisions.repository is not None and revisions.repository.is_shallow


@dataclass(frozen=True, slots=True)
class _Version:
    """A file as a commit of this line had it."""

    path: str
    blob: str
    commit: str


def _versions(revisions: Revisions, at: str | None) -> list[_Version]:
    """Return the files that were there and are not any more, or are others, newest first."""
    from lback.vcs.walk import replaced

    repository = revisions.repository
    if repository is None:
        return []
    given = None if at in (None, WORKTREE, INDEX) else at
    head = repository.commit(given) if given is not None else repository.head().commit
    if head is None:
        return []
    folders = revisions.folders()
    try:
        line: list[Stored] = replaced(repository, folders[0], head)
    except HistoryMissing:
        line = []
    # A squash that is not committed yet has its old files in HEAD.
    here = [_Version(one.path, one.blob, head) for one in revisions.entries(head)]
    old = [_Version(one.path, one.blob, f"{one.commit.sha}^") for one in line]
    return [one for one in (*here, *old) if inside(one.path, folders)]


def _old(
    revisions: Revisions, squash: Revision, versions: Collection[_Version]
) -> Iterator[tuple[str, tuple[Revision, str]]]:
    """Yield the newest version of each revision that a squash replaced, and of itself before."""
    entries = [Entry(one.path, one.blob) for one in versions]
    headers = revisions.contents.headers(entries, "HEAD") if entries else {}
    wanted = {*squash.replaces, squash.id}
    for one in versions:
        header = headers.get(one.blob)
        if not isinstance(header, Header) or header.revision not in wanted:
            continue
        if header.revision == squash.id and not {*header.replaces} < {*squash.replaces}:
            continue  # the squash itself, as it is or was
        wanted.discard(header.revision)
        yield header.revision, (Revision(header, one.path, one.blob), one.commit)
    for name in sorted(wanted - {squash.id}):
        lost = find_one(revisions, name)
        if lost is not None:
            commit = lost.commit.sha if lost.commit is not None else ""
            yield name, (lost.revision, commit)


def with_old_files(ctx: Context, database: Database) -> Database | None:
    """Return the database with the old revisions where it stands inside a squash; None elsewhere.

    LbackError where git does not have the old files.
    """
    graph = database.graph
    answers = database.ask(lambda view: view.stamp.revisions)
    opened = unsquashed(ctx.revisions, graph, _stamps(answers))
    if not opened:
        return None
    ctx.console.note(messages.by_old_files(opened.squashes[0], len(opened.sources)))
    return ctx.database_of(opened.graph, opened.sources, graph.heads)


def _stamps(answers: Iterable[Asked[Any]]) -> list[str]:
    return [name for one in answers if one.stamp is not None for name in one.stamp.revisions]
