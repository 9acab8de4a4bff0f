"""The use case of `heads`."""

from __future__ import annotations

from lback.app.context import Context
from lback.app.reading import WORKTREE
from lback.app.rows import head_row
from lback.core.findings import Finding, finding, from_problems
from lback.core.graph import Graph
from lback.core.lanes import forks
from lback.core.result import Result


def heads(ctx: Context, at: str = WORKTREE) -> Result:
    """Return the heads at a place, with their files, commits and tables."""
    reader = ctx.revisions
    graph = reader.graph(at)
    commits = reader.commits([graph[head].path for head in graph.heads], at)
    effects = reader.effects(graph, graph.heads, at)
    tables = reader.tables(graph, graph.heads, effects, at)
    published = reader.published_among(graph, graph.heads)
    rows = [head_row(graph, head, tables[head], head in published, commits) for head in graph.heads]
    found = (*from_problems(graph.problems), *fork_findings(graph, ctx))
    # Several heads are an answer; files that cannot be read make it an uncertain one.
    if graph.problems:
        return Result("heads", {"at": at, "heads": rows}, found, status="findings", exit_code=1)
    return Result("heads", {"at": at, "heads": rows}, found)


def fork_findings(graph: Graph, ctx: Context) -> list[Finding]:
    """Return LB101 for every group of heads that the project does not keep apart."""
    return [
        finding(
            "LB101",
            f"{len(fork)} heads: {', '.join(fork)}",
            "close the fork with `lback resolve`",
            revisions=fork,
        )
        for fork in forks(graph, ctx.project.settings.lback.heads)
    ]
