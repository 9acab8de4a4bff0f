"""The use case of `graph`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lback.core.checks.findings import doubted, from_problems
from lback.core.results import Result
from lback.core.rows import RevisionRow, revision_row
from lback.core.source import WORKTREE
from lback.project.context import Context


@dataclass(frozen=True, slots=True)
class GraphOptions:
    """What the command line asks of `graph`."""

    at: str = WORKTREE
    effects: bool = False


@dataclass(frozen=True, kw_only=True)
class GraphResult(Result):
    """The revisions at a place, parents first."""

    command = "graph"

    at: str
    revisions: tuple[RevisionRow, ...]


def graph(ctx: Context, options: GraphOptions) -> GraphResult:
    """Return every revision at a place, parents first."""
    options = replace(options, at=ctx.place(options.at))
    revisions = ctx.revisions
    view = revisions.graph(options.at)
    effects = revisions.effects(view, at=options.at)
    tables = revisions.tables(view, view.order(), effects, options.at)
    rows = [
        revision_row(
            view, revision, tables[revision], effects[revision] if options.effects else None
        )
        for revision in view.order()
    ]
    return GraphResult(
        at=options.at,
        revisions=tuple(rows),
        findings=tuple(doubted(from_problems(view.problems))),
        status="findings" if view.problems else "ok",
        exit_code=1 if view.problems else 0,
    )
