"""The use case of `rebase`: local revisions onto the shared head, with their database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lback.app.context import Context
from lback.app.journal import recover
from lback.app.moving import foresee, perform, stage
from lback.app.rebase_plan import Ready, RebaseOptions, prepare, rebase_data
from lback.core.forks.rebasing import with_parents
from lback.core.result import Result, refused

__all__ = ["RebaseOptions", "rebase"]


def rebase(ctx: Context, options: RebaseOptions) -> Result:
    """Move the local revisions onto the shared head, or say why they stay."""
    recover(ctx)
    ready = prepare(ctx, options)
    overlaps = _overlaps(ready)
    ready = replace(ready, held=_held(ready, overlaps))
    data = {**rebase_data(ready), "overlaps": overlaps}
    view: dict[str, Any] = {"plan": options.plan, "onto": ready.onto, "staged": False}
    if ready.plan.action == "refused":
        message = f"Nothing was moved: {ready.plan.reason}."
        return refused("rebase", data, message, ready.plan.hint)
    if ready.plan.action == "none":
        return Result("rebase", data, view=view)
    if options.plan:
        data["database"] = foresee(ctx, ready) if options.database else None
        return Result("rebase", data, view=view)
    data["database"] = perform(ctx, ready, options)
    view["staged"] = options.stage and stage(ctx, ready, data)
    return Result("rebase", data, view=view)


def _overlaps(ready: Ready) -> list[dict[str, Any]]:
    """Return what the sides overlap in: a rebase gives them an order, a conflict it cannot end."""
    from lback.app.merge import Joined, merge_data, plan_joins

    back = {one.revision: one.new for one in ready.plan.rewrites if ready.gives_back(one.revision)}
    graph = with_parents(ready.graph, back)
    joined = [Joined(join, None) for join in plan_joins(ready.reader, graph)]
    overlaps: list[dict[str, Any]] = merge_data(ready.reader, graph, joined)["overlaps"]
    return overlaps


def _held(ready: Ready, overlaps: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return which of the moved revisions are known to fail where they will stand."""
    clash = [one for one in overlaps if one["verdict"] == "conflict"]
    sides = {one[side]["revision"] for one in clash for side in ("left", "right")}
    return tuple(
        one.revision
        for one in ready.plan.rewrites
        if one.revision in sides and not ready.gives_back(one.revision)
    )
