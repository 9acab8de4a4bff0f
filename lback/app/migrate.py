"""The use case of `migrate`: apply what is pending."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from lback.core.effects import Effect
from lback.core.graph.view import GraphView
from lback.core.lines import to_heads
from lback.core.messages import migrate as messages
from lback.core.plans import (
    Downgrade,
    Restamp,
    Step,
    Upgrade,
    plan_migration,
    redundant,
    refuse_forks,
    refuse_problems,
)
from lback.core.results import Result
from lback.core.rows import DataLoss
from lback.project.applied import refuse_unstamped
from lback.project.context import Context
from lback.project.data_loss import consents, count_losses, downgrade_effects, refuse_more
from lback.project.file_changes import recover
from lback.project.run import Run, perform

if TYPE_CHECKING:
    from lback.db.events import Stamp
    from lback.db.performing import Decide
    from lback.db.view import View


@dataclass(frozen=True, slots=True)
class MigrateOptions:
    """What the command line asks of `migrate`."""

    target: str | None = None
    plan: bool = False
    sql: bool = False
    fake: bool = False
    yes: bool = False
    lock_timeout: float | None = None


@dataclass(frozen=True)
class MigrationStep:
    """One revision that goes up or down."""

    direction: Literal["up", "down"]
    revision: str
    doc: str
    path: str


@dataclass(frozen=True, kw_only=True)
class MigrateResult(Result):
    """The steps, planned or done; `sql` are the lines of the SQL, where that was asked for."""

    command: ClassVar[str] = "migrate"

    before: tuple[str, ...] = ()
    steps: tuple[MigrationStep, ...] = ()
    planned: bool = False
    fake: bool = False
    sql: tuple[str, ...] | None = None
    mended: tuple[str, ...] = ()
    """Rows of the stamp that went, since others stand on them."""


class _WayDown(NamedTuple):
    """What going down would undo, and what that deletes; not yet under the lock."""

    stamp: tuple[str, ...]
    going: tuple[str, ...]
    effects: Sequence[Effect]
    losses: tuple[DataLoss, ...]


def migrate(ctx: Context, options: MigrateOptions) -> MigrateResult:
    """Bring the database to the heads, or to `target`; only tell, under `plan` and `sql`."""
    recover(ctx)
    graph = ctx.database.graph
    apart = ctx.project.settings.lback.heads
    # Before anything connects: to connect is to create a SQLite file.
    refuse_problems(graph)
    if not graph.heads:
        raise messages.no_revisions(ctx.revisions.folders()[0])
    if options.target is None:
        refuse_forks(graph, apart)

    def decide(stamp: tuple[str, ...]) -> tuple[Step, ...]:
        return plan_migration(graph, stamp, options.target, apart, fake=options.fake)

    def result(before: tuple[str, ...], steps: Iterable[Step] = ()) -> MigrateResult:
        steps = tuple(steps)
        return MigrateResult(
            before=before,
            steps=_rows(graph, steps),
            planned=options.plan,
            fake=options.fake,
            mended=redundant(graph, before) if steps else (),
        )

    command = "stamp" if options.fake else "upgrade"
    line = (command, options.target) if options.target else to_heads(graph, command)
    if options.sql:
        lines = ctx.database.sql(decide, line=line).rstrip("\n").split("\n")
        return replace(result((), decide(())), sql=tuple(lines))
    # With a target, it is a person who says where the schema stands.
    told = options.fake and options.target is not None
    before = None if told else partial(refuse_unstamped, ctx, graph, options.fake)

    def look(view: View) -> Stamp:
        if before is not None:
            before(view)
        return view.stamp

    if options.plan:
        stamp = ctx.database.look_first(look).revisions
        return result(stamp, decide(stamp))
    run = Run(decide, line=line, before=before, lock_timeout=options.lock_timeout)
    if options.target is not None and not options.fake:
        down = ctx.database.look_first(lambda view: _way_down(ctx, view, decide))
        if down.going:
            run = replace(run, line=("downgrade", options.target))
        if options.yes:
            pass
        elif not down.going:
            run = replace(run, decide=partial(_refuse_down, decide))
        elif consents(ctx, down.losses, messages.goes_down(down.going)):
            run = replace(run, planned=down.stamp, before=partial(_refuse_more, down))
        else:
            declined = result(down.stamp)
            return replace(declined, status="refused", exit_code=3, message=messages.DECLINED)
    outcome = perform(ctx, ctx.database, run)
    return result(outcome.before, outcome.steps)


def _way_down(ctx: Context, view: View, decide: Decide) -> _WayDown:
    stamp = view.stamp.revisions
    going = _downgrades(decide(stamp))
    effects = downgrade_effects(going, ctx.revisions.effects(ctx.database.graph, going))
    return _WayDown(stamp, going, effects, count_losses(view, effects))


def _refuse_down(decide: Decide, stamp: tuple[str, ...]) -> Sequence[Step]:
    """Choose steps under the lock, where going down was not asked about."""
    steps = decide(stamp)
    going = _downgrades(steps)
    if going:
        raise messages.would_go_down(going)
    return steps


def _downgrades(steps: Iterable[Step]) -> tuple[str, ...]:
    return tuple(step.revision for step in steps if isinstance(step, Downgrade))


def _refuse_more(down: _WayDown, view: View) -> None:
    refuse_more(view, down.effects, down.losses)


def _rows(graph: GraphView, steps: Iterable[Step]) -> tuple[MigrationStep, ...]:
    return tuple(
        MigrationStep(
            "up" if isinstance(step, Upgrade) else "down",
            step.revision,
            graph[step.revision].doc,
            graph[step.revision].path,
        )
        for step in steps
        if not isinstance(step, Restamp)
    )
