"""The use case of `resolve`: close the forks by what is right, and say why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lback.app.context import Context
from lback.app.fork_story import preferred_way
from lback.app.journal import recover
from lback.app.merge import Joined, join_path, merge_data, perform_joins, plan_joins
from lback.app.moving import perform, stage
from lback.app.reading import Reader
from lback.app.rebase_plan import Ready, RebaseOptions, prepare, rebase_data
from lback.core.forks.choosing import Choice, choose
from lback.core.forks.rebasing import Rebase
from lback.core.graph import Graph
from lback.core.plans import refuse_problems
from lback.core.result import Result
from lback.errors import LbackError


@dataclass(frozen=True, slots=True)
class Fork:
    """The forks of a graph, both ways to close them, and the choice."""

    reader: Reader
    graph: Graph
    joined: list[Joined]
    ready: Ready | None
    choice: Choice


def resolve(ctx: Context, options: RebaseOptions) -> Result:
    """Merge or rebase, whichever is right; refuse where a person has to decide."""
    recover(ctx)
    fork = choose_way(ctx, ctx.revisions, options)
    data = fork_data(fork)
    view: dict[str, Any] = {"plan": options.plan, "staged": False, "onto": data.get("onto")}
    if fork.choice.way == "refused":
        return Result(
            "resolve",
            data,
            status="refused",
            exit_code=3,
            message=f"A person has to decide: {fork.choice.reason}.",
            hint=fork.choice.hint,
            view=view,
        )
    if not options.plan:
        view["staged"] = perform_choice(ctx, fork, options, data)
    return Result("resolve", data, view=view)


def choose_way(ctx: Context, reader: Reader, options: RebaseOptions) -> Fork:
    """Plan both ways and choose; writes nothing."""
    graph = reader.graph()
    refuse_problems(graph)
    joins = plan_joins(reader, graph)
    joined = [Joined(join, join_path(ctx, graph, join)) for join in joins]
    ready, plan = None, Rebase("none", "nothing forks")
    if joins:
        ready, plan = _rebase_plan(ctx, reader, options)
    choice = choose(joins, plan, preferred_way(ctx))
    return Fork(reader, graph, joined, ready, choice)


def _rebase_plan(
    ctx: Context, reader: Reader, options: RebaseOptions
) -> tuple[Ready | None, Rebase]:
    try:
        # Never by force: what is pushed is joined by a merge.
        ready = prepare(ctx, replace(options, force=False))
    except LbackError as err:
        reason = err.message.rstrip(".")
        return None, Rebase("refused", reason[:1].lower() + reason[1:], hint=err.hint or "")
    return ready, ready.plan


def fork_data(fork: Fork) -> dict[str, Any]:
    """Return the keys of the contract for what was chosen."""
    data = merge_data(fork.reader, fork.graph, fork.joined)
    way = fork.choice.way
    if way == "rebase" and fork.ready is not None:
        overlaps = data["overlaps"]
        data = {**rebase_data(fork.ready), "overlaps": overlaps}
    data["action"] = way
    if way != "none":
        data["reason"] = fork.choice.reason
    return data


def perform_choice(ctx: Context, fork: Fork, options: RebaseOptions, data: dict[str, Any]) -> bool:
    """Do what was chosen; tell whether anything was staged."""
    if fork.choice.way == "merge":
        perform_joins(ctx, fork.joined, stage=options.stage)
        return options.stage and ctx.repository is not None
    if fork.choice.way == "rebase" and fork.ready is not None:
        data["database"] = perform(ctx, fork.ready, options)
        return options.stage and stage(ctx, fork.ready, data)
    return False
