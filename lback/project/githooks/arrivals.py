"""What `post-merge` and `post-rewrite` do: find out which revisions arrived, and close a fork."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from lback.core import hook_facts as facts
from lback.core.graph.forks import forks
from lback.core.graph.graph import Graph
from lback.core.graph.problems import still_here
from lback.core.graph.view import GraphView
from lback.core.merging.merge_plan import MergePlan
from lback.core.messages import hooks as messages
from lback.core.source import WORKTREE
from lback.errors import LbackError, UsageError
from lback.project.context import Context
from lback.project.file_changes import recover
from lback.project.githooks.beneath import beneath
from lback.project.githooks.forks import cycles, fork, known
from lback.project.merging import plan_merges, preferred_way, write_merges
from lback.project.models import arrived_findings, arrived_models
from lback.project.notes import recall_stamps
from lback.vcs.comparing import autostash


def arrivals(ctx: Context, *, squashed: bool = False) -> facts.HookReport:
    """Look at what a merge, a pull or a rebase has brought since ORIG_HEAD."""
    recover(ctx)
    before = _before(ctx)
    # git has moved a submodule's commit, and leaves its files to `git submodule update`.
    at = "HEAD" if _in_submodule(ctx) else WORKTREE
    graph = ctx.revisions.graph(at)
    new = known(ctx, graph, _new(ctx, graph, before), at)
    told = _problems(ctx, graph)
    merges: tuple[str, ...] = ()
    if not told and at != WORKTREE:
        lanes = forks(graph, ctx.project.settings.lback.heads)
        told = tuple(fork(ctx, graph, lane, at) for lane in lanes)
    elif not told:
        told = _stashed(ctx, graph)
        if not told:
            told, merges = _close_forks(ctx, graph, squashed=squashed)
    if before is not None and at == WORKTREE:
        told = (*beneath(ctx.revisions.graph(before), graph, recall_stamps(ctx)), *told)
    if new:
        ready = at == WORKTREE and all(isinstance(fact, facts.Beneath) for fact in told)
        told = (facts.Arrived(new, ready=ready), *told)
    models = arrived_models(ctx, before) if before else ()
    findings = tuple(arrived_findings(ctx, models))
    return facts.HookReport(
        heads=graph.heads, merges=merges, facts=told, findings=findings, models=models
    )


def _in_submodule(ctx: Context) -> bool:
    """Tell whether a submodule holds the migrations."""
    folders, _ = ctx.revisions.folders()
    repository = ctx.repository
    return bool(repository and repository.modules_around(f"{name}/" for name in folders))


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
    return [revision for revision in graph.order() if revision not in there]


def _problems(ctx: Context, graph: GraphView) -> tuple[facts.HookFact, ...]:
    """Return what is wrong with the graph; where a cycle is explained, its fact says what to do."""
    explained = list(cycles(ctx, graph))
    problems = [
        problem._replace(hint="") if explained and problem.code == "LB105" else problem
        for problem in (*graph.problems, *still_here(graph))
    ]
    return (*problems, *explained)


# -- closing forks -----------------------------------------------------------------


def _stashed(ctx: Context, graph: GraphView) -> tuple[facts.HookFact, ...]:
    """Tell what the changes that git brings back after this hook make of the graph, if anything.

    A merge revision that was written now would lack them.
    """
    stash = autostash(ctx.repository.git_dir) if ctx.repository is not None else None
    if stash is None:
        return ()
    before, back = ctx.revisions.graph(f"{stash}^"), ctx.revisions.graph(stash)
    changed = [
        revision
        for revision in back
        if revision.id not in before or before[revision.id].blob != revision.blob
    ]
    if not changed:
        return ()
    ids = {value.id for value in changed}
    together = Graph([*(revision for revision in graph if revision.id not in ids), *changed])
    lanes = [] if together.problems else forks(together, ctx.project.settings.lback.heads)
    told = facts.Stashed(tuple(value.id for value in changed), forks=bool(lanes))
    return (*(fork(ctx, together, lane) for lane in lanes), told)


def _close_forks(
    ctx: Context, graph: GraphView, *, squashed: bool
) -> tuple[tuple[facts.HookFact, ...], tuple[str, ...]]:
    """Close every fork as the settings say; return what to tell, and the files of merges."""
    plans = plan_merges(ctx, graph)
    sides = [fork(ctx, graph, plan.heads) for plan in plans]
    way = preferred_way(ctx) if plans else "tell"
    if way == "tell":
        return _merged(sides, plans, "none"), ()
    if way == "rebase":
        from lback.project.githooks.rebasing import rebase

        rebased = rebase(ctx, plans)
        if rebased is not None:
            return (*sides, rebased), ()
    paths = write_merges(ctx, plans, stage=True)
    done, note = _commit(ctx, paths)
    told = _merged(sides, plans, done, note, squashed=squashed)
    return told, tuple(plan.path for plan in plans if plan.path)


def _merged(
    sides: Sequence[facts.Fork],
    plans: Sequence[MergePlan],
    done: Literal["none", "staged", "committed", "amended"],
    note: str = "",
    *,
    squashed: bool = False,
) -> tuple[facts.HookFact, ...]:
    merges = [facts.ForkMerge(plan, done, note, squashed) for plan in plans]
    return tuple(fact for pair in zip(sides, merges, strict=True) for fact in pair)


def _commit(
    ctx: Context, paths: Sequence[str]
) -> tuple[Literal["staged", "committed", "amended"], str]:
    """Commit the staged merge revisions where the settings say so; else they stay staged.

    The second is why they stay staged: what git said, or "" where there is no more to say.
    """
    how = ctx.project.settings.lback.merge_commit
    if ctx.repository is None or not paths or how == "stage":
        return "staged", ""
    from lback.vcs.committing import amend_merge, commit_staged

    try:
        if how == "amend" and amend_merge(ctx.repository, paths):
            return "amended", ""
        if commit_staged(ctx.repository, paths, messages.MERGE_COMMIT):
            return "committed", ""
    except LbackError as err:
        return "staged", err.message
    return "staged", messages.OTHERS_STAGED
