"""The use case of `resolve`: close the forks by what is right, and say why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lback.core.merging.merge_plan import nothing_to_merge
from lback.core.merging.rebase_plan import RebasePlan
from lback.core.merging.resolve_plan import plan_resolve
from lback.core.merging.results import (
    DatabaseRow,
    ForkResult,
    MergeRow,
    RemovedRow,
    merge_rows,
    most_moved,
)
from lback.core.messages import merging as messages
from lback.core.messages import rebasing
from lback.errors import LbackError
from lback.project.checking.renumbering import renumbered
from lback.project.checking.trails import refuse_broken
from lback.project.context import Context
from lback.project.file_changes import recover
from lback.project.merging import overlap_rows, plan_merges, preferred_way, write_merges
from lback.project.rebase_database import perform, stage
from lback.project.rebasing import PreparedRebase, RebaseOptions, prepare


@dataclass(frozen=True, slots=True)
class ResolveOptions:
    """What the command line asks of `resolve`; `database` False leaves every database alone."""

    onto: str | None = None
    plan: bool = False
    yes: bool = False
    stage: bool = True
    database: bool = True
    no_backup: bool = False


@dataclass(frozen=True, kw_only=True)
class ResolveResult(ForkResult):
    """What closed the forks or would: `merges`, or `rewrites` and `removes`."""

    command = "resolve"

    merges: tuple[MergeRow, ...] = ()
    removes: tuple[RemovedRow, ...] = ()
    held: tuple[str, ...] = ()
    onto: str | None = None
    database: DatabaseRow | None = None
    databases: tuple[DatabaseRow, ...] = ()


def resolve(ctx: Context, options: ResolveOptions) -> ResolveResult:
    """Merge or rebase, whichever is right; refuse where a person has to decide."""
    recover(ctx)
    renumbers = renumbered(ctx, plan=options.plan, stage=options.stage, database=options.database)
    if renumbers and options.plan:
        return ResolveResult(
            heads=ctx.revisions.graph().heads,
            action="rebase",
            reason=rebasing.number_taken(renumbers),
            renumbered=renumbers,
            planned=True,
        )
    if renumbers:
        ctx.console.warn(rebasing.number_given(renumbers))
        result = resolve(ctx.fresh(), options)
        return replace(result, renumbered=renumbers)
    graph = ctx.revisions.graph()
    refuse_broken(ctx.revisions, graph)
    merges = plan_merges(ctx, graph)
    if not merges:
        reason = nothing_to_merge(graph.heads)
        return ResolveResult(heads=graph.heads, action="none", reason=reason)
    ready, rebase = _plan_rebase(ctx, options)
    plan = plan_resolve(merges, rebase, preferred_way(ctx))
    result = ResolveResult(
        heads=graph.heads,
        action=plan.action,
        reason=plan.reason,
        overlaps=overlap_rows(ctx, graph, merges),
        planned=options.plan,
    )
    if ready is not None and plan.action == "rebase":
        result = replace(
            result,
            rewrites=ready.rewrites,
            removes=ready.removes,
            held=ready.held,
            onto=ready.onto,
        )
        return result if options.plan else _rebased(ctx, result, ready, options)
    first = merges[0]
    result = replace(result, revision=first.revision, path=first.path, merges=merge_rows(merges))
    if plan.action == "refused":
        return result.refused(messages.not_resolved(plan.reason, plan.hint))
    staged = () if options.plan else write_merges(ctx, merges, stage=options.stage)
    return replace(result, staged=staged)


def _plan_rebase(ctx: Context, options: ResolveOptions) -> tuple[PreparedRebase | None, RebasePlan]:
    """Prepare a rebase, never by force: what is pushed is closed by a merge."""
    try:
        ready = prepare(ctx, options.onto)
    except LbackError as err:
        reason = err.message.rstrip(".")
        return None, RebasePlan("refused", reason[:1].lower() + reason[1:], hint=err.hint or "")
    return ready, ready.plan


def _rebased(
    ctx: Context, result: ResolveResult, ready: PreparedRebase, options: ResolveOptions
) -> ResolveResult:
    asked = RebaseOptions(yes=options.yes, database=options.database, no_backup=options.no_backup)
    rows = perform(ctx, ready, asked)
    staged = stage(ctx, ready) if options.stage else ()
    return replace(result, database=most_moved(rows), databases=rows, staged=staged)
