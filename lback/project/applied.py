"""Which versions of the files a database may have run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from lback.core.graph.revision import Header, Revision
from lback.core.graph.view import GraphView
from lback.core.revision_code import OtherText, changed_part, code_of, upward
from lback.core.rollback.facts import EditedRevision
from lback.core.source import WORKTREE, Commit, Entry
from lback.errors import HistoryMissing
from lback.project.places import inside
from lback.project.revisions import Revisions
from lback.vcs.lookups import as_committed
from lback.vcs.reach import is_outside
from lback.vcs.repository import Repository

if TYPE_CHECKING:
    pass


def edited_since(
    revisions: Revisions, graph: GraphView, ids: Sequence[str]
) -> tuple[EditedRevision, ...]:
    """Return which of some files say something else than a version that git has, or had here."""
    repository = revisions.repository
    if repository is None or repository.head().commit is None:
        return ()
    from lback.vcs.log import histories

    code = _code_as_committed(repository, revisions, [graph[revision] for revision in ids])
    by_path = histories(repository, [graph[revision].path for revision in ids], whole=True)
    edited = []
    for revision in ids:
        node = graph[revision]
        history = by_path.get(node.path)
        if history is None:
            continue
        now = code[revision]
        names = (*history.names, node.path)
        newest: Commit | None = None  # of the version that the loop has come from
        for commit in (None, *history.edits, history.brought):
            at = "HEAD" if commit is None else commit.sha
            text = next(iter(repository.files(at, names).values()), None)
            if text is not None and code_of(text) != now:
                part = changed_part(code_of(text), now)
                edited.append(EditedRevision(revision, node.path, part, newest))
                break
            newest = commit if commit is not None else newest
    known = {each.revision for each in edited}
    amended = other_texts(revisions, graph, [name for name in ids if name not in known])
    edited += [EditedRevision(a.revision, a.path, a.part, None, a.commit) for a in amended]
    return tuple(edited)


def _code_as_committed(
    repository: Repository, revisions: Revisions, nodes: Sequence[Revision]
) -> dict[str, dict[str, str]]:
    """Return the code of revisions by id, without what a checkout made of their texts."""
    here = {node.path: node.blob for node in revisions.graph()}
    on_disk = [Entry(node.path, node.blob) for node in nodes if here.get(node.path) == node.blob]
    blobs = {node.path: node.blob for node in nodes}
    blobs |= {file.path: file.blob for file in as_committed(repository, on_disk)}
    texts = revisions.texts([node._replace(blob=blobs[node.path]) for node in nodes])
    return {node.id: code_of(texts[blobs[node.path]]) for node in nodes}


def other_texts(
    revisions: Revisions, graph: GraphView, ids: Iterable[str]
) -> tuple[OtherText, ...]:
    """Return which local revisions had another upgrade() in a commit that HEAD has been at.

    Amended, rebased, reset or edited since. Where this clone lacks a text nothing is claimed.
    """
    inner = [revision for revision in ids if not is_outside(graph[revision].path)]
    repository = revisions.repository
    if repository is None or repository.is_bare or not inner:
        return ()
    public = revisions.published_among(graph, inner)
    nodes = {revision: graph[revision] for revision in inner if revision not in public}
    if not nodes:
        return ()
    try:
        past = _past_texts(repository, revisions, nodes)
    except HistoryMissing:
        return ()
    code = _code_as_committed(repository, revisions, [nodes[name] for name in past])
    other: dict[str, OtherText] = {}
    for revision, versions in past.items():
        now = upward(code[revision])
        for commit, was, text in versions:
            then = upward(code_of(text))
            if then != now:
                part = changed_part(then, now)
                other[revision] = OtherText(revision, nodes[revision].path, part, commit, was)
                break
    return tuple(other[revision] for revision in nodes if revision in other)


def _past_texts(
    repository: Repository, revisions: Revisions, nodes: Mapping[str, Revision]
) -> dict[str, list[tuple[Commit, str, bytes]]]:
    """Return by revision the other texts of it that HEAD was at, newest first.

    Each has the first commit with it and its path there.
    """
    from lback.vcs.walk import where_head_was

    folders, present = revisions.folders(), {node.blob for node in nodes.values()}
    seen: dict[str, tuple[Commit, Entry]] = {}
    for commit, entries in where_head_was(repository, folders[0]):
        for entry in revisions.wanted(entries, WORKTREE):
            if entry.blob not in present and inside(entry.path, folders):
                seen[entry.blob] = (commit, entry)
    headers = revisions.contents.headers([entry for _, entry in seen.values()], "HEAD")
    by_blob = {blob: header for blob in seen if isinstance(header := headers[blob], Header)}
    texts = repository.blobs(blob for blob, value in by_blob.items() if value.revision in nodes)
    found: dict[str, list[tuple[Commit, str, bytes]]] = {}
    for blob, text in texts.items():
        commit, entry = seen[blob]
        found.setdefault(by_blob[blob].revision, []).append((commit, entry.path, text))
    return found
