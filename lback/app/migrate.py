"""The use case of `migrate`: apply what is pending."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from lback.core.databases import BAD, DatabaseName, StatedDatabase
from lback.core.effects import Effect
from lback.core.graph.graph import Graph
from lback.core.graph.view import GraphView
from lback.core.lines import to_heads
from lback.core.merging.skipped import NOTHING_SKIPPED, Skips
from lback.core.messages import half as half_messages
from lback.core.messages import listed as listed_messages
from lback.core.messages import migrate as messages
from lback.core.messages import skipped as skipped_messages
from lback.core.messages.preflight import RowsRefused
from lback.core.plans import (
    Downgrade,
    Restamp,
    Step,
    Upgrade,
    plan_migration,
    redundant,
    refuse_forks,
)
from lback.core.preflight.rows import PreflightRow
from lback.core.results import Result, optional
from lback.errors import LbackError, LockedError, LostError
from lback.project.checking.preflight import ask_rows, consented, refuse_rows
from lback.project.checking.trails import refuse_broken
from lback.project.context import Context
from lback.project.file_changes import recover
from lback.project.keeping.amend_notes import settle_cut_off, tell_of_cut_off
from lback.project.keeping.saved_rows import keeper_for, tell
from lback.project.run import (
    Run,
    asked,
    failure,
    key,
    refuse_half,
    refuse_unknown,
    stamps,
)
from lback.project.skipped import late, note_said, skips

if TYPE_CHECKING:
    from lback.core.record.operations import HalfRun
    from lback.core.rollback.stakes import DataLoss
    from lback.db.events import DatabaseOutcome, RunOutcome, Stamp
    from lback.db.performing import Asked, Decide
    from lback.db.runner import Database
    from lback.db.view import View


_LONGEST_WAIT = 60.0  # seconds, for the lock of one of many


@dataclass(frozen=True, slots=True)
class MigrateOptions:
    """What the command line asks of `migrate`."""

    target: str | None = None
    plan: bool = False
    sql: bool = False
    fake: bool = False
    yes: bool = False
    only_behind: bool = False
    lock_timeout: float | None = None
    preflight: bool = True
    resume: bool = False
    undo_half: bool = False
    undone: bool = False

    @property
    def settles(self) -> bool:
        """Tell whether this is about a revision that was cut off half-way."""
        return self.resume or self.undo_half or self.undone

    @property
    def brings_up(self) -> bool:
        """Tell whether all that is pending runs."""
        looks = self.plan or self.sql or self.fake or self.settles
        return self.target is None and not looks


@dataclass(frozen=True)
class MigrationStep:
    """One revision that goes up or down; `late` where the stamp stood for it already."""

    direction: Literal["up", "down"]
    revision: str
    doc: str
    path: str
    late: bool = False


@dataclass(frozen=True, kw_only=True)
class MigratedDatabase(StatedDatabase):
    """One database, where it was, and its steps, planned or done.

    `unknown` are revisions below its stamp of which it is not known whether they have run;
    `preflight` is what its rows were asked before; `settled`: nothing is left of a revision that
    was cut off.
    """

    before: tuple[str, ...] = ()
    steps: tuple[MigrationStep, ...] = ()
    mended: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    preflight: tuple[PreflightRow, ...] = ()
    settled: bool = False


@dataclass(frozen=True, kw_only=True)
class MigrateResult(Result):
    """The steps, planned or done; `sql` are the lines of the SQL, where that was asked for.

    `before` is of the first database, `steps` are those of all. With --all both are empty, and
    `summary` counts the databases by state.
    """

    command: ClassVar[str] = "migrate"

    before: tuple[str, ...] = ()
    steps: tuple[MigrationStep, ...] = ()
    planned: bool = False
    fake: bool = False
    sql: tuple[str, ...] | None = None
    mended: tuple[str, ...] = ()
    """Rows of the stamp that went, since others stand on them."""
    preflight: tuple[PreflightRow, ...] = ()
    """What the rows of all databases were asked, where nothing was done since."""
    databases: tuple[MigratedDatabase, ...] = ()
    summary: Mapping[str, int] | None = optional()


class _Foreseen(NamedTuple):
    """What would be done, and what the rows say to it."""

    steps: tuple[Step, ...] = ()
    rows: tuple[PreflightRow, ...] = ()


class _WayDown(NamedTuple):
    """What going down would undo, and what that deletes; not yet under the lock."""

    going: tuple[str, ...]
    effects: Sequence[Effect]
    losses: tuple[DataLoss, ...]


def prepare(ctx: Context, options: MigrateOptions) -> None:
    """Raise LbackError where nothing can be done on any database."""
    recover(ctx)
    graph = ctx.revisions.graph()
    # Before anything connects: to connect is to create a SQLite file.
    refuse_broken(ctx.revisions, graph)
    if not graph.heads:
        raise messages.no_revisions(ctx.revisions.folders()[0])
    if options.target is None and not options.settles:
        refuse_forks(graph, ctx.project.settings.lback.heads)
    tell_of_cut_off(ctx)


def migrate(ctx: Context, options: MigrateOptions) -> MigrateResult:
    """Bring each database to the heads, or to `target`; only tell, under `plan` and `sql`."""
    prepare(ctx, options)
    result = _through_squashes(ctx, options)
    if options.brings_up and not result.failed:
        settle_cut_off(ctx, [row.key for row in result.databases])
    return result


def _through_squashes(ctx: Context, options: MigrateOptions) -> MigrateResult:
    """Migrate; what stands inside a squash is brought on by the old files, which git has."""
    database = _with_the_text_that_ran(ctx) if options.resume else ctx.database
    try:
        result = _migrate(ctx, options, database)
    except LostError:
        older = _with_old_files(ctx, database)
        if older is None:
            raise
        return _migrate(ctx, options, older)
    if not any(row.state == "lost" for row in result.databases):
        return result
    older = _with_old_files(ctx, database)
    if older is None:
        return result
    again = _migrate(ctx, options, older)
    moved = {row.title: row for row in result.databases if row.steps and row.state == "done"}
    rows = tuple(moved.get(row.title, row) for row in again.databases)
    steps = tuple(step for row in rows for step in row.steps)
    return replace(again, databases=rows, steps=steps)


def _with_old_files(ctx: Context, database: Database) -> Database | None:
    from lback.project.squash.unsquash import with_old_files

    return with_old_files(ctx, database)


def _migrate(ctx: Context, options: MigrateOptions, database: Database) -> MigrateResult:
    graph = database.graph
    steps = _Steps(ctx, graph, options)
    decide = steps.decide

    def result(*databases: MigratedDatabase) -> MigrateResult:
        _warn_of_unknown(ctx, databases)
        return MigrateResult(
            before=databases[0].before if databases else (),
            steps=tuple(step for database in databases for step in database.steps),
            planned=options.plan,
            fake=options.fake,
            mended=tuple(dict.fromkeys(row for database in databases for row in database.mended)),
            preflight=tuple(row for database in databases for row in database.preflight),
            databases=databases,
        )

    command = "stamp" if options.fake else "upgrade"
    line = (command, options.target) if options.target else to_heads(graph, command)
    if options.sql:
        from lback.db.events import Stamp

        lines = database.sql(decide, line=line).rstrip("\n").split("\n")
        nowhere = Stamp((), "", "", DatabaseName(""))
        return replace(result(), steps=_rows(graph, decide(nowhere)), sql=tuple(lines))
    # With a target, it is a person who says where the schema stands.
    told = (options.fake and options.target is not None) or options.settles
    before = None if told else partial(_refuse_unstamped, ctx, graph, options.fake)

    def look(view: View) -> _Foreseen:
        steps.look(view)
        if before is not None:
            before(view)
        planned = decide(view.stamp)
        rows = ask_rows(ctx, database, view, planned) if options.preflight else ()
        return _Foreseen(planned, rows)

    if options.plan:
        answers = asked(database, look)
        rows = [_answered(graph, answer, steps.found) for answer in answers]
        return _settled(result(*rows), failure(answers))
    if options.only_behind:
        answers = asked(database, lambda view: _Foreseen(steps.ahead(view)))
        if all(answer.value is not None and not answer.value.steps for answer in answers):
            return result(*(_answered(graph, answer, steps.found) for answer in answers))
    keeper = None if options.fake else keeper_for(ctx, graph, keeps=False)
    run = Run(
        decide,
        line=line,
        before=before,
        lock_timeout=options.lock_timeout,
        look=steps.look,
        keeper=keeper,
        settle=steps.settle if options.settles or options.fake else None,
    )
    if options.preflight and not options.settles:
        agreed = None if options.yes else ()
        run = replace(run, preflight=partial(refuse_rows, ctx, database, agreed))
    return _perform(ctx, database, options, steps, run, result)


def _refuse_unstamped(ctx: Context, graph: GraphView, fake: bool, view: View) -> None:
    if not view.stamp.revisions:
        from lback.project.checking.unstamped import refuse_unstamped

        refuse_unstamped(ctx, graph, fake, view)


def _with_the_text_that_ran(ctx: Context) -> Database:
    """Return the database with the recorded text of a step that no file here goes on with."""
    from lback.project.lost import of_half, with_lost

    here = ctx.database.graph
    answers = ctx.database.ask(lambda view: of_half(ctx.revisions, here, view))
    lost = {name: each for answer in answers for name, each in (answer.value or {}).items()}
    if not lost:
        return ctx.database
    known = with_lost(Graph(node for node in here if node.id not in lost), lost.values())
    return ctx.database_of(known, {name: each.text for name, each in lost.items()}, here.heads)


class _Steps:
    """Chooses the steps of each database; `found` is what each has not run below its stamp."""

    def __init__(self, ctx: Context, graph: GraphView, options: MigrateOptions) -> None:
        self.ctx = ctx
        self.graph = graph
        self.options = options
        self.found: dict[str, Skips] = {}
        self.half: dict[str, HalfRun | None] = {}
        self.settled: set[str] = set()

    def look(self, view: View) -> None:
        """Learn what a database has not run; LbackError where its stamp does not tell that."""
        if not self.options.settles and not self.options.fake:
            refuse_half(self.ctx, self.graph, view)
        self.found[view.stamp.database.key] = skips(self.ctx, self.graph, view)

    def ahead(self, view: View) -> tuple[Step, ...]:
        """Return what would be done on a database."""
        self.look(view)
        return self.decide(view.stamp)

    def settle(self, view: View, half: HalfRun | None) -> None:
        """Do what was asked about the step that was cut off on a database."""
        options, key = self.options, view.stamp.database.key
        self.half[key] = half
        if half is None or options.resume or options.fake:
            return
        self.half[key] = None
        if options.undone:
            view.declare_undone(half)
        else:
            view.undo(half, rows_go=options.yes, tell=self._took_back)
        self.settled.add(key)

    def _took_back(self, statement: str) -> None:
        self.ctx.console.note(half_messages.took_back(statement))

    def _going_on(self, stamp: Stamp) -> tuple[Step, ...]:
        """Choose the step that was cut off, and what comes after it on the way up."""
        half = self.half.get(stamp.database.key)
        if half is None:
            return ()
        if half.unknown:
            raise half_messages.unknown_first(half)
        revision, graph = half.step.revision, self.graph
        if revision not in graph or set(graph[revision].parents) != set(half.step.parents):
            raise half_messages.not_here(half)
        if half.step.direction == "downgrade":
            return (Downgrade(revision),)
        late = revision in graph.ancestors(stamp.revisions)
        return (Upgrade(revision, late=late),)

    def decide(self, stamp: Stamp) -> tuple[Step, ...]:
        """Choose the steps: first what was skipped below the stamp, then what is pending."""
        if self.options.settles:
            return self._going_on(stamp)
        found = self.found.get(stamp.database.key, NOTHING_SKIPPED)
        target, fake = self.options.target, self.options.fake
        if fake and target is not None and found:
            named = [
                name
                for name in self.graph.resolve(target, stamp.revisions)
                if name in found.revisions
            ]
            if named:
                return tuple(Upgrade(name, fake=True, late=True) for name in named)
        apart = self.ctx.project.settings.lback.heads
        steps = plan_migration(self.graph, stamp.revisions, target, apart, fake=fake)
        again = [step.revision for step in steps if isinstance(step, Upgrade) and not step.fake]
        again = [name for name in again if name in found.ahead]
        if again:
            raise skipped_messages.ran_already(again)
        refuse_unknown(found.unknown, steps)
        if not found.skipped:
            return steps
        if _downgrades(steps):
            raise skipped_messages.would_go_down(found.skipped)
        mending = sum(isinstance(step, Restamp) for step in steps)
        return (*steps[:mending], *self._late(stamp, found), *steps[mending:])

    def _late(self, stamp: Stamp, found: Skips) -> tuple[Upgrade, ...]:
        plan = late(self.ctx.revisions, self.graph, stamp.revisions, found)
        if self.options.fake:
            return tuple(replace(step, fake=True) for step in plan.steps)
        if plan.refused:
            raise skipped_messages.cannot_run_late(found.skipped, plan)
        return plan.steps

    def note(self, outcome: RunOutcome) -> None:
        """Note of what somebody has said that it was done; refuse where there was nothing half."""
        if self.options.settles and not (outcome.steps or self.settled or outcome.failed):
            raise half_messages.nothing_half()
        for moved in outcome.databases if self.options.fake else ():
            late_ones = [step for step in moved.steps if isinstance(step, Upgrade) and step.late]
            if late_ones:
                key = moved.database.key
                note_said(self.ctx, key, [step.revision for step in late_ones])


def _perform(
    ctx: Context,
    database: Database,
    options: MigrateOptions,
    steps: _Steps,
    run: Run,
    result: Callable[..., MigrateResult],
) -> MigrateResult:
    """Do it, where a person agrees to what goes; return what was done on each database."""
    graph = steps.graph
    if options.target is not None and not options.fake and not options.settles:
        ways = asked(database, lambda view: _way_down(ctx, view, steps))
        down = {item.stamp.database.key: item.value for item in ways if item.stamp and item.value}
        going = tuple(dict.fromkeys(name for way in down.values() for name in way.going))
        losses = {str(item.database): item.value.losses for item in ways if item.value}
        if going:
            run = replace(run, line=("downgrade", options.target))
        from lback.project.keeping.data_loss import consents

        if options.yes:
            pass
        elif not going:
            run = replace(run, decide=partial(_refuse_down, steps.decide))
        elif consents(ctx, losses, messages.goes_down(going)):
            run = replace(run, planned=stamps(ways), before=partial(_refuse_more, down))
        else:
            stay = (
                MigratedDatabase.of(
                    item.database,
                    item.error,
                    before=_before(item),
                    state=item.error.state if item.error is not None else "left",
                )
                for item in ways
            )
            declined = result(*stay)
            return replace(declined, status="refused", exit_code=3, message=messages.DECLINED)
    try:
        outcome, failed = consented(ctx, database, run)
    except RowsRefused as err:
        return replace(result(), preflight=err.rows).refused(err)
    steps.note(outcome)
    if run.keeper is not None:
        tell(ctx, [run.keeper])
    rows = [
        replace(_moved(graph, moved, steps.found), settled=moved.database.key in steps.settled)
        for moved in outcome.databases
    ]
    return _settled(result(*rows), failed)


def migrated(ctx: Context, options: MigrateOptions) -> tuple[MigratedDatabase, ...]:
    """Do it with one of the listed databases, and return its row; or a row for each schema."""
    # Nobody waits for one of hundreds without an end.
    wait = ctx.lock_timeout(options.lock_timeout)
    options = replace(options, lock_timeout=_LONGEST_WAIT if wait is None else wait)
    result = _through_squashes(ctx, options)
    if result.failed and not any(row.message for row in result.databases):
        raise LbackError(result.message, result.hint)
    return result.databases


def together(
    ctx: Context,
    options: MigrateOptions,
    rows: Sequence[MigratedDatabase],
    counts: Mapping[str, int],
    *,
    interrupted: bool = False,
) -> MigrateResult:
    """Return the result for all listed databases; `counts` may count more than there are rows."""
    result = MigrateResult(
        planned=options.plan, fake=options.fake, databases=tuple(rows), summary=dict(counts)
    )
    wrong = sum(number for state, number in counts.items() if state in BAD)
    if not wrong:
        if options.brings_up:
            settle_cut_off(ctx, [row.key for row in rows])
        return result
    why = listed_messages.not_all(wrong, sum(counts.values()), interrupted=interrupted)
    refused = result.refused(why)
    return replace(refused, exit_code=130) if interrupted else refused


def _settled(result: MigrateResult, failed: LbackError | None) -> MigrateResult:
    return result if failed is None else result.refused(failed)


def _answered(
    graph: GraphView, answer: Asked[_Foreseen], found: Mapping[str, Skips]
) -> MigratedDatabase:
    foreseen = answer.value or _Foreseen()
    row = _row(graph, answer.database, answer.error, _before(answer), foreseen.steps)
    return replace(
        row,
        unknown=_unknown(answer.database, row, found),
        preflight=foreseen.rows,
        state="pending" if row.state == "done" else row.state,
    )


def _before(answer: Asked[Any]) -> tuple[str, ...]:
    return answer.stamp.revisions if answer.stamp else ()


def _moved(
    graph: GraphView, moved: DatabaseOutcome, found: Mapping[str, Skips]
) -> MigratedDatabase:
    row = _row(graph, moved.database, moved.error, moved.before, moved.steps)
    return replace(row, unknown=_unknown(moved.database, row, found))


def _unknown(
    database: DatabaseName | None, row: MigratedDatabase, found: Mapping[str, Skips]
) -> tuple[str, ...]:
    """Return of which revisions below the stamp it is still not known whether they have run."""
    skipped = found.get(key(database), NOTHING_SKIPPED)
    done = {step.revision for step in row.steps}
    return tuple(name for name in skipped.unknown if name not in done)


def _warn_of_unknown(ctx: Context, databases: Iterable[MigratedDatabase]) -> None:
    told = dict.fromkeys(database.unknown for database in databases if database.unknown)
    for unknown in told:
        ctx.console.warn(skipped_messages.not_known(unknown))


def _row(
    graph: GraphView,
    database: DatabaseName | None,
    error: LbackError | None,
    before: tuple[str, ...],
    steps: Sequence[Step],
) -> MigratedDatabase:
    mended = redundant(graph, before) if steps else ()
    rows = _rows(graph, steps)
    state = error.state if error is not None else "done" if steps else "current"
    return MigratedDatabase.of(
        database, error, before=before, steps=rows, mended=mended, state=state
    )


def _way_down(ctx: Context, view: View, steps: _Steps) -> _WayDown:
    try:
        steps.look(view)
    except LockedError:  # under the lock it is looked at again, and nothing goes down unasked
        return _WayDown((), (), ())
    from lback.project.keeping.data_loss import count_along, count_losses, downgrade_effects

    going = _downgrades(steps.decide(view.stamp))
    effects = downgrade_effects(going, ctx.revisions.effects(steps.graph, going))
    losses = (*count_losses(view, effects), *count_along(view, effects))
    return _WayDown(going, effects, losses)


def _refuse_down(decide: Decide, stamp: Stamp) -> Sequence[Step]:
    """Choose steps under the lock, where going down was not asked about."""
    steps = decide(stamp)
    going = _downgrades(steps)
    if going:
        raise messages.would_go_down(going)
    return steps


def _downgrades(steps: Iterable[Step]) -> tuple[str, ...]:
    return tuple(step.revision for step in steps if isinstance(step, Downgrade))


def _refuse_more(down: Mapping[str, _WayDown], view: View) -> None:
    from lback.project.keeping.data_loss import refuse_more

    way = down[view.stamp.database.key]
    refuse_more(view, way.effects, way.losses)


def _rows(graph: GraphView, steps: Iterable[Step]) -> tuple[MigrationStep, ...]:
    return tuple(
        MigrationStep(
            "up" if isinstance(step, Upgrade) else "down",
            step.revision,
            graph[step.revision].doc,
            graph[step.revision].path,
            isinstance(step, Upgrade) and step.late,
        )
        for step in steps
        if not isinstance(step, Restamp)
    )
