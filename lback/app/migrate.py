"""The use case of `migrate`: apply what is pending."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from lback.app.context import Context
from lback.app.journal import recover
from lback.app.losses import count_effects, may_lose, refuse_more
from lback.app.running import run, settled
from lback.core.graph import Graph
from lback.core.plans import (
    Downgrade,
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

if TYPE_CHECKING:
    from lback.core.effects import Effect
    from lback.db.performing import Before
    from lback.db.view import View


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
    before: Before | None = None
    if options.target is not None and not options.yes and not options.fake:
        down = ctx.database.look_first(lambda view: _way_down(ctx, view, decide))
        if down.going:
            agreed, before = down.stamp, down.refuse_more
            if not may_lose(
                ctx, down.losses, f"This goes down and undoes {', '.join(down.going)}."
            ):
                return _result(graph, down.stamp, (), options, planned=False)
    choose = settled(ctx, ctx.database, decide, agreed)
    outcome = run(ctx, ctx.database, choose, lock_timeout=options.lock_timeout, before=before)
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


class _WayDown(NamedTuple):
    stamp: tuple[str, ...]
    going: list[str]
    losses: list[dict[str, Any]]
    effects: list[Effect]

    def refuse_more(self, view: View) -> None:
        """Raise LbackError when more would go by now than was agreed to."""
        refuse_more(view, self.effects, self.losses)


def _way_down(
    ctx: Context, view: View, decide: Callable[[tuple[str, ...]], tuple[Step, ...]]
) -> _WayDown:
    """Find what would be undone, and what that deletes; not yet under the lock."""
    stamp = view.stamp.revisions
    going = [step.revision for step in decide(stamp) if isinstance(step, Downgrade)]
    effects = ctx.revisions.effects(ctx.database.graph, going)
    undoing = [one for revision in going for one in effects[revision].downgrade]
    return _WayDown(stamp, going, count_effects(view, undoing), undoing)


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
