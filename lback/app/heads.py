"""The use case of `heads`."""

from __future__ import annotations

from dataclasses import dataclass

from lback.core.checks.findings import doubted, from_graph
from lback.core.results import Result, text_only
from lback.core.source import WORKTREE, Commit
from lback.project.checking.trails import trailed
from lback.project.context import Context


@dataclass(frozen=True)
class HeadRow:
    """One head with its file, commit and tables."""

    revision: str
    path: str
    doc: str
    branch_labels: tuple[str, ...]
    tables: tuple[str, ...]
    published: bool
    commit: Commit | None


@dataclass(frozen=True, kw_only=True)
class HeadsResult(Result):
    """The heads at a place."""

    command = "heads"

    at: str
    heads: tuple[HeadRow, ...]
    in_git: bool = text_only(default=True)


def heads(ctx: Context, at: str = WORKTREE) -> HeadsResult:
    """Return the heads at a place, with their files, commits and tables."""
    revisions, at = ctx.revisions, ctx.place(at)
    graph = revisions.graph(at)
    commits = revisions.commits([graph[head].path for head in graph.heads], at)
    effects = revisions.effects(graph, graph.heads, at)
    tables = revisions.tables(graph, graph.heads, effects, at)
    published = revisions.published_among(graph, graph.heads)
    rows = [
        HeadRow(
            head,
            graph[head].path,
            graph[head].doc,
            tuple(sorted(graph.labels_of(head))),
            tables[head],
            head in published,
            commits.get(graph[head].path),
        )
        for head in graph.heads
    ]
    # Several heads are an answer; files that cannot be read make it an uncertain one.
    return HeadsResult(
        at=at,
        heads=tuple(rows),
        in_git=revisions.repository is not None,
        findings=tuple(
            doubted(
                trailed(revisions, graph, from_graph(graph, ctx.project.settings.lback.heads), at)
            )
        ),
        status="findings" if graph.problems else "ok",
        exit_code=1 if graph.problems else 0,
    )
