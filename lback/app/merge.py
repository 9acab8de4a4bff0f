"""The use case of `merge`: close every fork by a merge revision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lback.core.graph.forks import Lane
from lback.core.graph.view import GraphView
from lback.core.merging.merge_plan import MergePlan, nothing_to_merge
from lback.core.merging.results import ForkResult, MergeRow, merge_rows
from lback.core.messages import merging as messages
from lback.project.checking.trails import refuse_broken
from lback.project.context import Context
from lback.project.file_changes import recover
from lback.project.merging import overlap_rows, plan_merges, write_merges
from lback.project.proofs import MergeProof, prove_merge


@dataclass(frozen=True, slots=True)
class MergeOptions:
    """What the command line asks of `merge`.

    `prove` runs both orders on a scratch database first, and refuses where they differ.
    """

    force: bool = False
    plan: bool = False
    stage: bool = True
    prove: bool = False


@dataclass(frozen=True, kw_only=True)
class MergeResult(ForkResult):
    """What was merged or would be; `revision` and `path` are those of the first fork."""

    command = "merge"

    merges: tuple[MergeRow, ...] = ()
    proof: tuple[MergeProof, ...] = ()


def merge(ctx: Context, options: MergeOptions) -> MergeResult:
    """Merge the heads of every fork; refuse where the sides are not known to commute."""
    recover(ctx)
    graph = ctx.revisions.graph()
    refuse_broken(ctx.revisions, graph)
    plans = plan_merges(ctx, graph, force=options.force)
    if not plans:
        return MergeResult(heads=graph.heads, action="none", reason=nothing_to_merge(graph.heads))
    proofs = _proofs(ctx, graph, plans) if options.prove else {}
    if not options.force:
        plans = tuple(_proved(plan, proofs.get(plan.heads)) for plan in plans)
    staged = () if options.plan else write_merges(ctx, plans, stage=options.stage)
    result = MergeResult(
        heads=graph.heads,
        action="merge",
        reason="; ".join(plan.reason for plan in plans),
        revision=plans[0].revision,
        path=plans[0].path,
        overlaps=overlap_rows(ctx, graph, plans),
        merges=merge_rows(plans),
        proof=tuple(proofs.values()),
        staged=staged,
        planned=options.plan,
    )
    refused = next((plan for plan in plans if plan.action == "refused"), None)
    if refused is None:
        return result
    failed = any(proof.state == "failed" for proof in result.proof)
    why = messages.not_merged(refused, proof_failed=failed)
    return replace(result, action="refused").refused(why)


def _proofs(ctx: Context, graph: GraphView, plans: Sequence[MergePlan]) -> dict[Lane, MergeProof]:
    """Run what would be merged in both orders on a scratch database."""
    return {plan.heads: prove_merge(ctx, graph, plan) for plan in plans if plan.action == "merge"}


def _proved(plan: MergePlan, proof: MergeProof | None) -> MergePlan:
    """Return a plan as its proof leaves it: refused where the two orders do not agree."""
    if proof is None or proof.state == "equal":
        return plan
    return MergePlan(plan.heads, "refused", proof.message, plan.overlaps)
