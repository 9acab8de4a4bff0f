"""Who brought each revision, and who edited it since: what history and blame are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lback.core.effects import Effects
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Revision
from lback.core.graph.view import GraphView
from lback.core.messages import history as messages
from lback.core.source import INDEX, WORKTREE, Commit
from lback.project.context import Context
from lback.project.pasts import Past, pasts_of
from lback.project.revisions import Revisions
from lback.project.squash.unsquash import wholly_unsquashed
from lback.vcs.reach import is_outside


@dataclass(frozen=True, kw_only=True)
class BroughtRow:
    """A revision and what git knows of its file.

    `committed` is None where that cannot be seen: without git, or in a shallow clone.
    `picked_by` brought a commit here that somebody else wrote; `written` is the commit that had
    the file first, where `commit` only brought it back. `edits` come newest first.
    """

    revision: str
    path: str
    doc: str
    published: bool
    pushed: bool
    commit: Commit | None = None
    committed: bool | None
    co_authors: tuple[str, ...] = ()
    picked_by: str | None = None
    written: Commit | None = None
    edits: tuple[Commit, ...] = ()


@dataclass(slots=True)
class Sources:
    """The revisions that a history is told of: those at one place, and of other branches."""

    revisions: Revisions
    at: str
    graph: GraphView
    effects: dict[str, Effects]
    branches: dict[str, list[str]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def place(self, revision: str) -> str:
        """Return the commit, or "worktree", that a revision's file is read from."""
        return self.places.get(revision, self.at)


def gather(ctx: Context, at: str, *, everywhere: bool = False) -> Sources:
    """Read all revisions at a place, with `everywhere` those of other branches as well."""
    revisions = ctx.revisions
    opened = wholly_unsquashed(revisions, revisions.graph(at), at)
    graph = opened.graph
    sources = Sources(revisions, at, graph, revisions.effects(graph, at=at, upgrade_only=True))
    sources.places.update(opened.commits)
    if everywhere and revisions.repository is not None:
        _add_branches(sources)
    return sources


def brought_rows(
    sources: Sources, revisions: Sequence[str]
) -> tuple[dict[str, BroughtRow], dict[str, Past]]:
    """Return by revision who brought it, and the pasts of all files that are committed."""
    repository = sources.revisions.repository
    pasts = _pasts(sources, revisions)
    published = sources.revisions.published
    paths = {revision: sources.graph[revision].path for revision in revisions}
    local = [path for revision, path in paths.items() if revision not in published]
    pushed = repository.pushed(local) if repository is not None and local else frozenset()
    rows = {
        revision: BroughtRow(
            revision=revision,
            path=path,
            doc=sources.graph[revision].doc,
            published=revision in published,
            pushed=repository is not None and (revision in published or path in pushed),
            **_git_facts(
                pasts.get(revision), in_git=repository is not None and not is_outside(path)
            ),
        )
        for revision, path in paths.items()
    }
    return rows, pasts


def people(commit: Commit | None) -> dict[str, object]:
    """Return the fields of a row that say whose commit it is."""
    return {
        "commit": commit,
        "co_authors": commit.co_authors if commit else (),
        "picked_by": (commit.committer or None) if commit else None,
    }


def unseen(sources: Sources, rows: Iterable[BroughtRow]) -> tuple[str, ...]:
    """Say what is not to be seen from here: no git, a shallow clone."""
    repository = sources.revisions.repository
    if repository is None:
        return (messages.NO_REPOSITORY,)
    notes = []
    if repository.is_shallow:
        lacking = sum(1 for row in rows if row.commit is None)
        if lacking:
            notes.append(messages.shallow(lacking))
    if sources.at not in (WORKTREE, INDEX):
        notes.append(messages.as_of(sources.at))
    return tuple(notes)


def _git_facts(past: Past | None, *, in_git: bool) -> Mapping[str, Any]:
    if past is None:
        return {"committed": False if in_git else None}
    committed = True if past.brought else None  # None: beyond this clone
    return {
        "committed": committed,
        "written": past.written,
        "edits": past.edits,
        **people(past.brought),
    }


def _pasts(sources: Sources, revisions: Sequence[str]) -> dict[str, Past]:
    """Return the past of every revision that is told of, by its id."""
    graph = sources.graph
    here = [node for node in graph if node.id not in sources.places]
    known = pasts_of(sources.revisions, [node.path for node in here], sources.at)
    pasts = {node.id: known[node.path] for node in here if node.path in known}
    elsewhere: dict[str, list[str]] = {}
    for revision in revisions:
        place = sources.places.get(revision)
        if place is not None:
            elsewhere.setdefault(place, []).append(revision)
    for place, names in elsewhere.items():
        from lback.vcs.log import histories

        assert sources.revisions.repository is not None
        told = histories(sources.revisions.repository, [graph[name].path for name in names], place)
        for name in names:
            past = told.get(graph[name].path)
            if past is not None:
                pasts[name] = Past(past.brought, past.edits)
    return pasts


def _add_branches(sources: Sources) -> None:
    """Add the revisions that only other branches have, newest branch first."""
    revisions = sources.revisions
    repository = revisions.repository
    assert repository is not None
    tips = {branch.commit: branch.name for branch in reversed(repository.branches())}
    extra: dict[str, Revision] = {}
    for commit, entries in revisions.entries_of(list(tips)).items():
        graph = revisions.graph_of(entries, commit)
        fresh = graph.missing_from(sources.graph)
        if not fresh:
            continue
        for revision in fresh:
            sources.branches.setdefault(revision, []).append(tips[commit])
            if revision not in extra:
                extra[revision] = graph[revision]
                sources.places[revision] = commit
        lacking = [revision for revision in fresh if revision not in sources.effects]
        sources.effects.update(revisions.effects(graph, lacking, commit, upgrade_only=True))
    if extra:
        sources.graph = Graph([*sources.graph, *extra.values()])
