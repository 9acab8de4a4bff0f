"""The use case of `migrate`: apply what is pending."""

from __future__ import annotations

from typing import NamedTuple

from lback.app.context import Context
from lback.app.cut_off import refuse_unsettled, watched
from lback.app.journal import recover
from lback.app.last_seen import remember
from lback.core.graph import Graph
from lback.core.plans import (
    Step,
    Upgrade,
    applied,
    plan_downgrade,
    plan_upgrade,
    refuse_forks,
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
        stamp = ctx.database.stamp()
        return _result(graph, stamp.revisions, decide(stamp.revisions), options, planned=True)
    timeout = options.lock_timeout
    if timeout is None:
        timeout = ctx.project.settings.lback.lock_timeout

    def choose(stamp: tuple[str, ...]) -> tuple[Step, ...]:
        refuse_unsettled(ctx, graph, stamp)
        return decide(stamp)

    with watched(ctx, graph) as listener:
        outcome = ctx.database.run(choose, on_event=listener, lock_timeout=timeout)
    remember(ctx, outcome.after)
    return _result(graph, outcome.before, outcome.steps, options, planned=False)


def decide_migrate(
    ctx: Context, graph: Graph, stamp: tuple[str, ...], options: MigrateOptions
) -> tuple[Step, ...]:
    """Choose the steps from a stamp; going down needs consent."""
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
    plan = plan_downgrade(graph, stamp, undone, fake=options.fake)
    if not options.plan and not options.sql and not options.yes and not options.fake:
        names = ", ".join(step.revision for step in plan.steps)
        if not ctx.console.confirm(
            f"This goes down and undoes {names}. Data in what they created is lost. Go on?",
            option="--yes",
        ):
            return ()
    return plan.steps


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
