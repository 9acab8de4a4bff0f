"""Merges the forks of a graph: what is planned, written, and told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lback.core.graph.forks import forks
from lback.core.graph.view import GraphView
from lback.core.merging.merge_plan import MergePlan, overlap_row, plan_merge
from lback.core.merging.overlap_rows import OverlapRow
from lback.project.context import Context
from lback.project.file_changes import change_files
from lback.vcs import committing
from lback.vcs.configuration import on_fork


def plan_merges(ctx: Context, graph: GraphView, *, force: bool = False) -> tuple[MergePlan, ...]:
    """Decide about every fork of a graph; without a fork no revision's effects are read."""
    lanes = forks(graph, ctx.project.settings.lback.heads)
    effects = ctx.revisions.effects(graph) if lanes else {}
    plans = (plan_merge(graph, fork, effects, force=force) for fork in lanes)
    return tuple(replace(plan, path=_path(ctx, graph, plan)) for plan in plans)


def _path(ctx: Context, graph: GraphView, plan: MergePlan) -> str | None:
    """Return where the merge revision goes: the version location of the first sorted head."""
    if plan.file is None:
        return None
    return f"{ctx.project.location_of(graph[plan.heads[0]].path)}/{plan.file.name}"


def write_merges(ctx: Context, plans: Sequence[MergePlan], *, stage: bool) -> tuple[str, ...]:
    """Write the merge revisions; return the paths that were staged."""
    contents = {plan.path: plan.file.content for plan in plans if plan.path and plan.file}
    change_files(ctx, contents)
    if not stage or not contents or ctx.repository is None:
        return ()
    committing.stage(ctx.repository, tuple(contents))
    return tuple(contents)


def overlap_rows(
    ctx: Context, graph: GraphView, plans: Sequence[MergePlan]
) -> tuple[OverlapRow, ...]:
    """Return every overlap of the forks, with the commits that brought its two revisions."""
    overlaps = [overlap for plan in plans for overlap in plan.overlaps]
    ids = {
        revision
        for overlap in overlaps
        for revision in (overlap.left_revision, overlap.right_revision)
    }
    paths = {graph[revision].path: revision for revision in sorted(ids)}
    commits = {paths[path]: commit for path, commit in ctx.revisions.commits(list(paths)).items()}
    return tuple(overlap_row(overlap, commits) for overlap in overlaps)


def preferred_way(ctx: Context) -> str:
    """Return how forks are to be closed: as this person's git says, else as the project."""
    own = on_fork(ctx.repository.git) if ctx.repository is not None else None
    return own or ctx.project.settings.lback.on_fork
