"""The use case of `show`."""

from __future__ import annotations

from dataclasses import dataclass

from lback.core.messages import revisions as messages
from lback.core.results import Result
from lback.core.rows import EffectsRow, RevisionRow, effects_row, revision_row
from lback.core.source import WORKTREE, Commit
from lback.project.context import Context


@dataclass(frozen=True, kw_only=True)
class ShowResult(Result, RevisionRow):
    """One revision: its row, what it does in both directions, its commit."""

    command = "show"

    at: str
    effects: EffectsRow
    commit: Commit | None
    published: bool
    children: tuple[str, ...]


def show(ctx: Context, token: str, at: str = WORKTREE) -> ShowResult:
    """Return one revision: its row, what it does in both directions, its commit."""
    revisions = ctx.revisions
    graph = revisions.graph(at)
    ids = graph.resolve(token)
    if len(ids) != 1:
        raise messages.not_one_revision(token, ids)
    revision = ids[0]
    effects = revisions.effects(graph, [revision], at)[revision]
    tables = revisions.tables(graph, [revision], {revision: effects}, at)
    row = revision_row(graph, revision, tables[revision], None)
    return ShowResult(
        **{**vars(row), "effects": effects_row(effects)},
        at=at,
        commit=revisions.commits([row.path], at).get(row.path),
        published=revision in revisions.published_among(graph, [revision]),
        children=tuple(graph.children(revision)),
    )
