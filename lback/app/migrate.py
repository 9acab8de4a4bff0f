"""The use case of `migrate`: apply what is pending."""

from __future__ import annotations

from typing import NamedTuple

from lback.app.context import Context
from lback.app.cut_off import refuse_unsettled, watched
from lback.app.journal import recover
from lback.app.last_seen import remember
from lback.core.graph import Graph
from lback.core.plans import (
    Downgrade,
    Step,
    Upgrade,
    applied,
    plan_downgrade,
    plan_upgrade,
    refuse_forks,
    refuse_moved,
    refuse_problems,
    undone_by,
)
from lback.core.result import Result


class MigrateOptions(NamedTuple):
    """What the command line asks of `migrate`."""

    target: str | None = None
    plan: bool = False
    sql: bool = False
    fake: bool = False
    yes: bool = False
    lock_timeout: float | None = None


def migrate(ctx: Context, options: MigrateOptions) -> Result:
    """Bring the database to the heads, or to `target`; tell only, under `plan` and `sql`."""
    recover(ctx)
    graph = ctx.database.graph
    # Before anything connects: to connect is to create a SQLite file.
    refuse_problems(graph)
    if options.target is None:
        refuse_forks(graph, ctx.project.settings.lback.heads)

    def decide(stamp: tuple[str, ...]) -> tuple[Step, ...]:
        return decide_migrate(ctx, graph, stamp, options)

    if options.sql:
        text = ctx.database.sql(decide)
        return Result("migrate", {"sql": text.splitlines()}, view={"sql": text})
    if options.plan:
        stamp = ctx.database.stamp().revisions
        return _result(graph, stamp, decide(stamp), options, planned=True)
    agreed: tuple[str, ...] | None = None
    if options.target is not None and not options.yes and not options.fake:
        stamp = ctx.database.stamp().revisions
        steps = decide(stamp)
        if any(isinstance(step, Downgrade) for step in steps):
            agreed = stamp
            if not _may_go_down(ctx, graph, steps):
                return _result(graph, stamp, (), options, planned=False)

    def choose(stamp: tuple[str, ...]) -> tuple[Step, ...]:
        if agreed is not None:
            refuse_moved(agreed, stamp)
        refuse_unsettled(ctx, graph, stamp)
        return decide(stamp)

    timeout = ctx.lock_timeout(options.lock_timeout)
    with watched(ctx, graph) as listener:
        outcome = ctx.database.run(choose, on_event=listener, lock_timeout=timeout)
    remember(ctx, outcome.after)
    return _result(graph, outcome.before, outcome.steps, options, planned=False)


def decide_migrate(
    ctx: Context, graph: Graph, stamp: tuple[str, ...], options: MigrateOptions
) -> tuple[Step, ...]:
    """Choose the steps from a stamp."""
    apart = ctx.project.settings.lback.heads
    if options.target is None:
        return plan_upgrade(graph, stamp, (), apart, fake=options.fake)
    targets = graph.resolve(options.target, stamp)
    done = applied(graph, stamp)
    if targets and not set(targets) <= done:
        return plan_upgrade(graph, stamp, targets, apart, fake=options.fake)
    undone = undone_by(graph, stamp, targets)
    if not undone:
        return ()
    return plan_downgrade(graph, stamp, undone, fake=options.fake).steps


def _may_go_down(ctx: Context, graph: Graph, steps: tuple[Step, ...]) -> bool:
    """Ask before anything is undone, with what that deletes; not yet under the lock."""
    going = [step.revision for step in steps if isinstance(step, Downgrade)]
    from lback.app.losses import count_losses, may_lose
    from lback.app.reading import Reader

    losses = count_losses(ctx, going, Reader(ctx).effects(graph, going))
    return may_lose(ctx, losses, f"This goes down and undoes {', '.join(going)}.")


def _result(
    graph: Graph,
    before: tuple[str, ...],
    steps: tuple[Step, ...],
    options: MigrateOptions,
    *,
    planned: bool,
) -> Result:
    rows = [
        {
            "direction": "up" if isinstance(step, Upgrade) else "down",
            "revision": step.revision,
            "doc": graph[step.revision].doc,
            "path": graph[step.revision].path,
        }
        for step in steps
        if hasattr(step, "revision")
    ]
    data = {"before": list(before), "steps": rows, "planned": planned, "fake": options.fake}
    return Result("migrate", data)
