"""The use case of `rebase`: local revisions onto the shared head, with their database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lback.core.merging.overlap_rows import OverlapRow
from lback.core.merging.rebase_plan import with_parents
from lback.core.merging.results import (
    DatabaseRow,
    ForkResult,
    HolderRow,
    RemovedRow,
    RenumberRow,
    most_moved,
)
from lback.core.messages import rebasing as messages
from lback.project.checking.renumbering import renumbered
from lback.project.context import Context
from lback.project.file_changes import recover
from lback.project.merging import overlap_rows, plan_merges
from lback.project.rebase_database import foresee, go_on, perform, stage
from lback.project.rebasing import PreparedRebase, RebaseOptions, holders, prepare


@dataclass(frozen=True, kw_only=True)
class RebaseResult(ForkResult):
    """What was rewritten or would be.

    `held` cannot run as it is where it stands now; `pushed_to` are others' ways to have it.
    """

    command = "rebase"

    removes: tuple[RemovedRow, ...] = ()
    held: tuple[str, ...] = ()
    pushed_to: tuple[HolderRow, ...] = ()
    onto: str
    database: DatabaseRow | None = None
    databases: tuple[DatabaseRow, ...] = ()


def rebase(ctx: Context, options: RebaseOptions) -> RebaseResult:
    """Move the local revisions onto the shared head, or say why they stay."""
    recover(ctx)
    renumbers = renumbered(ctx, plan=options.plan, stage=options.stage, database=options.database)
    if renumbers:
        return _then_rebased(ctx, options, renumbers)
    ready = prepare(ctx, options.onto, force=options.force)
    overlaps = _overlaps(ctx, ready)
    ready = replace(ready, held=_held(ready, overlaps))
    plan = ready.plan
    result = RebaseResult(
        heads=ready.graph.heads,
        action=plan.action,
        reason=plan.reason,
        rewrites=ready.rewrites,
        overlaps=overlaps,
        removes=ready.removes,
        held=ready.held,
        pushed_to=holders(ready) if options.force else (),
        onto=ready.onto,
        planned=options.plan,
    )
    if plan.action == "refused":
        return result.refused(messages.not_rebased(plan.reason, plan.hint))
    if plan.action == "none":
        rows = go_on(ctx, options) if options.database and not options.plan else ()
        return replace(result, database=most_moved(rows), databases=rows)
    if options.plan:
        rows = foresee(ctx, ready) if options.database else ()
        return replace(result, database=most_moved(rows), databases=rows)
    rows = perform(ctx, ready, options)
    staged = stage(ctx, ready) if options.stage else ()
    return replace(result, database=most_moved(rows), databases=rows, staged=staged)


def _then_rebased(
    ctx: Context, options: RebaseOptions, rows: tuple[RenumberRow, ...]
) -> RebaseResult:
    """Rebase what has other numbers now; a plan tells those, and stops where files are needed."""
    if options.plan:
        reason, shared = messages.number_taken(rows), ctx.revisions.shared
        heads, onto = ctx.revisions.graph().heads, options.onto or (shared.name if shared else "")
        return RebaseResult(
            heads=heads, action="rebase", reason=reason, renumbered=rows, onto=onto, planned=True
        )
    ctx.console.warn(messages.number_given(rows))
    result = rebase(ctx.fresh(), options)
    return replace(result, renumbered=rows)


def _overlaps(ctx: Context, ready: PreparedRebase) -> tuple[OverlapRow, ...]:
    """Return what the sides overlap in: a rebase gives them an order, a conflict it cannot end."""
    back = {row.revision: row.to for row in ready.rewrites if row.published}
    graph = with_parents(ready.graph, back)
    return overlap_rows(ctx, graph, plan_merges(ctx, graph))


def _held(ready: PreparedRebase, overlaps: Sequence[OverlapRow]) -> tuple[str, ...]:
    """Return which of the moved revisions are known to fail where they will stand."""
    clash = [overlap for overlap in overlaps if overlap.verdict == "conflict"]
    sides = {side.revision for overlap in clash for side in (overlap.left, overlap.right)}
    known = ready.moved & sides | frozenset(ready.held)
    return tuple(revision for revision in ready.graph.order() if revision in known)
