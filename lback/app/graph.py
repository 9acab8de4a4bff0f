"""The use case of `graph`."""

from __future__ import annotations

from dataclasses import dataclass

from lback.core.checks.findings import from_problems
from lback.core.results import Result
from lback.core.rows import RevisionRow, revision_row
from lback.core.source import WORKTREE
from lback.project.context import Context


@dataclass(frozen=True, kw_only=True)
class GraphResult(Result):
    """The revisions at a place, parents first."""

    command = "graph"

    at: str
    revisions: tuple[RevisionRow, ...]


def graph(ctx: Context, at: str = WORKTREE, *, with_effects: bool = False) -> GraphResult:
    """Return every revision at a place, parents first."""
    revisions = ctx.revisions
    found = revisions.graph(at)
    effects = revisions.effects(found, at=at)
    tables = revisions.tables(found, found.order(), effects, at)
    rows = [
        revision_row(found, one, tables[one], effects[one] if with_effects else None)
        for one in found.order()
    ]
    return GraphResult(
        at=at,
        revisions=tuple(rows),
        findings=from_problems(found.problems),
        status="findings" if found.problems else "ok",
        exit_code=1 if found.problems else 0,
    )
