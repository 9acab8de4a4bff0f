"""The use case of `show`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lback.core.messages import revisions as messages
from lback.core.record.standing import Standing
from lback.core.results import Result, optional, text_only
from lback.core.rows import EffectsRow, RevisionRow, effects_row, revision_row
from lback.core.source import WORKTREE, Commit
from lback.errors import UsageError
from lback.project.context import Context
from lback.project.record.applied import Applied
from lback.project.squash.unsquash import wholly_unsquashed


@dataclass(frozen=True, slots=True)
class ShowOptions:
    """What the command line asks of `show`; `revision` is any name that stands for one."""

    revision: str
    at: str = WORKTREE
    with_database: bool = False


@dataclass(frozen=True, kw_only=True)
class ShowResult(Result, RevisionRow):
    """One revision: its row, what it does in both directions, its commit.

    `standing` is there where the databases were asked.
    """

    command = "show"

    at: str
    effects: EffectsRow
    commit: Commit | None
    published: bool
    replaces: tuple[str, ...] = ()
    """What was squashed into it."""
    children: tuple[str, ...]
    standing: Standing | None = optional()
    in_git: bool = text_only(default=True)


def show(ctx: Context, options: ShowOptions) -> ShowResult:
    """Return one revision: its row, what it does in both directions, its commit."""
    options = replace(options, at=ctx.place(options.at))
    revisions = ctx.revisions
    graph, place = revisions.graph(options.at), options.at
    try:
        ids = graph.resolve(options.revision)
    except UsageError:  # perhaps one that was squashed
        opened = wholly_unsquashed(revisions, graph, options.at)
        if not opened:
            raise
        graph = opened.graph
        ids = graph.resolve(options.revision)
        place = opened.commits.get(ids[0], place) if ids else place
    if len(ids) != 1:
        raise messages.not_one_revision(options.revision, ids)
    revision = ids[0]
    effects = revisions.effects(graph, [revision], options.at)[revision]
    tables = revisions.tables(graph, [revision], {revision: effects}, options.at)
    row = revision_row(graph, revision, tables[revision], None)
    return ShowResult(
        **{**vars(row), "effects": effects_row(effects)},
        at=options.at,
        replaces=graph[revision].replaces,
        commit=revisions.commits([row.path], place).get(row.path),
        published=revision in revisions.published_among(graph, [revision]),
        children=tuple(graph.children(revision)),
        standing=(Applied.asked(ctx, graph).of(revision) if options.with_database else None),
        in_git=revisions.repository is not None,
    )
