"""What `post-merge` and `post-rewrite` do: find out which revisions arrived, and close a fork."""

from __future__ import annotations

from lback.core import hook_facts as facts
from lback.core.graph.view import GraphView
from lback.errors import UsageError
from lback.project.context import Context
from lback.project.file_changes import recover
from lback.project.githooks.closing import close_forks
from lback.project.githooks.forks import cycles, known
from lback.project.githooks.models import arrived_models


def arrivals(ctx: Context) -> facts.HookReport:
    """Look at what a merge, a pull or a rebase has brought since ORIG_HEAD."""
    recover(ctx)
    before = _before(ctx)
    graph = ctx.revisions.graph()
    new = known(ctx, graph, _new(ctx, graph, before))
    told, merges = (_problems(ctx, graph), ()) if graph.problems else close_forks(ctx, graph)
    if new:
        told = (facts.Arrived(new, ready=not told), *told)
    found = tuple(arrived_models(ctx, before)) if before else ()
    return facts.HookReport(heads=graph.heads, merges=merges, facts=told, findings=found)


def _before(ctx: Context) -> str | None:
    """Return the commit that was here before, None where there was none."""
    try:
        return ctx.repository.commit("ORIG_HEAD") if ctx.repository is not None else None
    except UsageError:
        return None


def _new(ctx: Context, graph: GraphView, before: str | None) -> list[str]:
    """Return the revisions that the other side brought."""
    if before is None:
        return []
    there = set(ctx.revisions.graph(before).order())
    return [one for one in graph.order() if one not in there]


def _problems(ctx: Context, graph: GraphView) -> tuple[facts.HookFact, ...]:
    """Return what is wrong with the graph; where a cycle is explained, its fact says what to do."""
    explained = list(cycles(ctx, graph))
    problems = [
        problem._replace(hint="") if explained and problem.code == "LB105" else problem
        for problem in graph.problems
    ]
    return (*problems, *explained)
