"""The use case of `resolve`: close the forks by what is right, and say why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lback.core.graph.graph import Graph
from lback.core.merging.choosing import ResolvePlan, plan_resolve
from lback.core.merging.joining import MergePlan, MergeRow, merge_rows, nothing_to_merge
from lback.core.merging.moving import DatabaseRow
from lback.core.merging.rebasing import RebasePlan, RemovedRow, RewriteRow
from lback.core.messages import merging as messages
from lback.core.plans import refuse_problems
from lback.core.results import Result, text_only
from lback.core.rows import OverlapRow
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.file_changes import recover
from lback.project.merging import overlap_rows, plan_merges, preferred_way, write_merges
from lback.project.rebase_database import perform, stage
from lback.project.rebasing import PreparedRebase, RebaseOptions, prepare


@dataclass(frozen=True, kw_only=True)
class ResolveResult(Result):
    """What closed the forks or would: by `merges`, or by `rewrites` and `removes`."""

    command = "resolve"

    heads: tuple[str, ...]
    action: str
    reason: str
    revision: str | None = None
    path: str | None = None
    rewrites: tuple[RewriteRow, ...] = ()
    overlaps: tuple[OverlapRow, ...] = ()
    merges: tuple[MergeRow, ...] = ()
    removes: tuple[RemovedRow, ...] = ()
    held: tuple[str, ...] = ()
    onto: str | None = None
    database: DatabaseRow | None = None
    staged: tuple[str, ...] = ()
    planned: bool = text_only(default=False)


def resolve(ctx: Context, options: RebaseOptions) -> ResolveResult:
    """Merge or rebase, whichever is right; refuse where a person has to decide."""
    recover(ctx)
    graph = ctx.revisions.graph()
    refuse_problems(graph)
    merges = plan_merges(ctx, graph)
    if not merges:
        reason = nothing_to_merge(graph.heads)
        return ResolveResult(heads=graph.heads, action="none", reason=reason)
    ready, rebase = _rebase_plan(ctx, options)
    plan = plan_resolve(merges, rebase, preferred_way(ctx))
    result = _result(ctx, graph, merges, ready if plan.action == "rebase" else None, plan)
    result = replace(result, planned=options.plan)
    if plan.action == "refused":
        return result.refused(messages.not_resolved(plan.reason, plan.hint))
    if options.plan:
        return result
    if plan.action == "rebase" and ready is not None:
        database = perform(ctx, ready, options)
        staged = stage(ctx, ready) if options.stage else ()
        return replace(result, database=database, staged=staged)
    return replace(result, staged=write_merges(ctx, merges, stage=options.stage))


def _rebase_plan(ctx: Context, options: RebaseOptions) -> tuple[PreparedRebase | None, RebasePlan]:
    """Prepare a rebase, never by force: what is pushed is joined by a merge."""
    try:
        ready = prepare(ctx, options.onto)
    except LbackError as err:
        reason = err.message.rstrip(".")
        return None, RebasePlan("refused", reason[:1].lower() + reason[1:], hint=err.hint or "")
    return ready, ready.plan


def _result(
    ctx: Context,
    graph: Graph,
    merges: tuple[MergePlan, ...],
    rebase: PreparedRebase | None,
    plan: ResolvePlan,
) -> ResolveResult:
    """Return what the chosen way does; `rebase` is None where that is a merge or nothing."""
    result = ResolveResult(
        heads=graph.heads,
        action=plan.action,
        reason=plan.reason,
        overlaps=overlap_rows(ctx, graph, merges),
    )
    if rebase is None:
        return replace(
            result,
            revision=merges[0].revision,
            path=merges[0].path,
            merges=merge_rows(merges),
        )
    return replace(result, rewrites=rebase.rewrites, removes=rebase.removes, onto=rebase.onto)
