"""The one way to ask databases, and to move them: under the lock, with progress."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from lback.core.graph.view import GraphView
from lback.core.lines import Line
from lback.core.messages import half as half_messages
from lback.core.messages import runs as messages
from lback.core.messages import skipped as skipped_messages
from lback.core.plans import Downgrade, Restamp, Step, Upgrade, redundant, refuse_moved
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.file_changes import change_files
from lback.project.interrupted_step import noting_steps, refuse_interrupted
from lback.project.notes import remember_stamps
from lback.project.rebase_notes import (
    forget_followed_rebase,
    forget_hook_rebase,
    refuse_hook_rebase,
    refuse_undone_rebase,
)
from lback.project.skipped import skips

if TYPE_CHECKING:
    from lback.core.databases import DatabaseName
    from lback.core.record.operations import HalfRun
    from lback.db.events import Event, OnEvent, RunOutcome, Stamp
    from lback.db.keeping.keeper import Keeper
    from lback.db.performing import After, Asked, Before, Decide
    from lback.db.runner import Database
    from lback.db.view import View

T = TypeVar("T")
Preflight = Callable[["View", Sequence[Step]], None]


@dataclass(frozen=True, slots=True)
class Run:
    """The ways of the databases of one env.py, each performed under its lock.

    `decide` chooses the steps by the stamp that one has then; with `planned` that must be the
    stamp, by the key of the database, that the steps were chosen for. `before` asks or saves on
    the same connection when there is something to do. `files` change (None removes one) once the
    steps are chosen and before the first one runs. Raising leaves the database and the files as
    they are. `line` is the Alembic command that env.py sees.
    """

    decide: Decide
    planned: Mapping[str, Sequence[str]] | None = None
    before: Before | None = None
    files: Mapping[str, bytes | None] | None = None
    line: Line = ("upgrade", "heads")
    lock_timeout: float | None = None
    keeper: Keeper | None = None
    """What saves rows on the way down, and puts them back on the way up."""
    graph_before: GraphView | None = None
    """The graph that the stamp is of, where the files change."""
    look: Before | None = None
    """Asks a database before its steps are chosen; without it one is refused that has not run
    what lies below its stamp."""
    settle: Callable[[View, HalfRun | None], None] | None = None
    """Is told of the step that was cut off on a database; without it that is refused."""
    preflight: Preflight | None = None
    """Asks the rows whether the steps can be done, after `before` and before the first of them."""
    after: After | None = None
    """Looks at what came of it; raising takes back what can be."""


def perform(ctx: Context, database: Database, run: Run) -> RunOutcome:
    """Take the lock, make sure of the stamp, do the steps, remember where the database is then."""
    graph = run.graph_before or database.graph
    files = run.files
    refused: LbackError | None = None
    chosen_for: dict[str, Sequence[Step]] = {}
    unknown: dict[str, tuple[str, ...]] = {}

    def decide(stamp: Stamp) -> Sequence[Step]:
        nonlocal refused
        if refused is not None:  # files may not change where one database does not follow
            raise refused
        try:
            chosen_for[stamp.database.key] = steps = chosen(stamp)
            return steps
        except LbackError as err:
            refused = err if run.files is not None else None
            raise

    def chosen(stamp: Stamp) -> Sequence[Step]:
        nonlocal files
        if run.planned is not None:
            refuse_moved(run.planned.get(stamp.database.key, ()), stamp.revisions)
        steps = _mending(ctx, graph, stamp, run.decide(stamp))
        if steps and run.settle is not None:
            refuse_unsettled(ctx, graph, stamp)
        refuse_unknown(unknown.get(stamp.database.key, ()), steps)
        _refuse_left_out(ctx, database, steps)
        if files is not None or (steps and run.files is None):
            refuse_changed_files(ctx, run.graph_before or ctx.database.graph)
        if files is not None:
            change_files(ctx, files)
            files = None  # for all databases that env.py configures
        return steps

    def first(view: View) -> None:
        half = half_of(graph, view)
        if run.settle is not None:
            run.settle(view, half)
        elif half is not None:
            raise half_messages.refused(half)
        if run.settle is None:
            refuse_unsettled(ctx, graph, view.stamp)
        if run.look is not None:
            run.look(view)
        else:  # the files may be about to put right what lies below the stamp
            then = database.graph if run.files is not None else None
            unknown[view.stamp.database.key] = unsettled(ctx, graph, view, then)

    def before(view: View) -> None:
        if run.before is not None:
            run.before(view)
        if run.preflight is not None:
            run.preflight(view, chosen_for[view.stamp.database.key])

    def move(listener: OnEvent) -> RunOutcome:
        return database.run(
            decide,
            first=first,
            on_event=listener,
            lock_timeout=ctx.lock_timeout(run.lock_timeout),
            line=run.line,
            before=before,
            keeper=run.keeper,
            after=run.after,
        )

    return noted(ctx, lambda: database.graph, move, _Teller(ctx, database.graph))


def attempted(ctx: Context, database: Database, run: Run) -> tuple[RunOutcome, LbackError | None]:
    """Do what `perform` does; where some of several databases failed, return that as well."""
    from lback.db.events import SeveralError

    try:
        return perform(ctx, database, run), None
    except SeveralError as err:
        return err.outcome, err


def noted(
    ctx: Context,
    graph: Callable[[], GraphView],
    move: Callable[[OnEvent], RunOutcome],
    tell: OnEvent | None = None,
) -> RunOutcome:
    """Let `move` move a database; note the step at work, and where the database is then.

    It is given a listener, which tells a person of the lock, and of the steps by `tell`. The
    `graph` is only asked for where something ran.
    """
    from lback.db.events import SeveralError

    failed: SeveralError | None = None
    with noting_steps(ctx, partial(_tell, ctx, tell)) as listener:
        try:
            outcome = move(listener)
        except SeveralError as err:
            failed, outcome = err, err.outcome
        for database in outcome.databases:
            if database.error is None:
                now = database.after or ()
                forget_followed_rebase(ctx, database.database.key, graph(), now)
    remember_stamps(
        ctx,
        {
            str(database_outcome.database): database_outcome.after
            for database_outcome in outcome.databases
        },
    )
    if failed is not None:
        raise failed
    forget_hook_rebase(
        ctx, [database_outcome.database.key for database_outcome in outcome.databases]
    )
    return outcome


def refuse_changed_files(ctx: Context, before: GraphView) -> None:
    """Raise LbackError where files are not as they were when the steps were chosen by them.

    Whoever held the lock before may have rewritten them; new ones are only pending.
    """
    now = ctx.revisions.graph()
    given = ctx.database.origin.sources  # which come out of git
    changed = [
        revision.path
        for revision in before
        if revision.id not in given
        and (
            revision.id not in now
            or (now[revision.id].path, now[revision.id].blob) != (revision.path, revision.blob)
        )
    ]
    if changed:
        raise messages.files_changed(changed)


def _refuse_left_out(ctx: Context, database: Database, steps: Sequence[Step]) -> None:
    """Raise LbackError where a sparse checkout leaves out a file that would be run."""
    if ctx.repository is None or not ctx.repository.is_sparse:
        return
    for step in steps:
        if isinstance(step, Upgrade | Downgrade) and not step.fake:
            path = database.graph[step.revision].path
            known = step.revision in database.origin.sources
            if not known and not (ctx.project.root / path).exists():
                raise messages.left_out(path)


def half_of(graph: GraphView, view: View) -> HalfRun | None:
    """Return the step that was cut off on a database, unless its stamp was set since."""
    half = view.half
    if half is None or half.step.before is None or half.step.revision not in graph:
        return half
    known = [name for name in half.step.before if name in graph]
    now = [name for name in view.stamp.revisions if name in graph]
    revision = half.step.revision
    moved = (revision in graph.ancestors(known)) != (revision in graph.ancestors(now))
    return None if moved else half


def refuse_half(ctx: Context, graph: GraphView, view: View) -> None:
    """Raise LbackError where a step was cut off, or a stamp does not tell what has run."""
    half = half_of(graph, view)
    if half is not None:
        raise half_messages.refused(half)
    refuse_unsettled(ctx, graph, view.stamp, view.at_work)


def refuse_unsettled(
    ctx: Context, graph: GraphView, stamp: Stamp, at_work: Callable[[], str] = str
) -> None:
    """Raise LbackError where a stamp does not tell what this database has run."""
    refuse_interrupted(ctx, graph, stamp, at_work)
    refuse_undone_rebase(ctx, graph, stamp)
    refuse_hook_rebase(ctx, graph, stamp)


def _mending(ctx: Context, graph: GraphView, stamp: Stamp, steps: Sequence[Step]) -> Sequence[Step]:
    """Let rows of the stamp that others stand on go first, where the steps do not do that."""
    if not steps or isinstance(steps[0], Restamp):
        return steps
    more = redundant(graph, stamp.revisions)
    if not more:
        return steps
    ctx.console.note(messages.mended(more))
    return (Restamp(tuple(row for row in stamp.revisions if row not in more)), *steps)


def refuse_skipped(ctx: Context, graph: GraphView, view: View) -> None:
    """Raise LbackError where a database has not run what lies below its stamp."""
    unsettled(ctx, graph, view)


def unsettled(
    ctx: Context, graph: GraphView, view: View, then: GraphView | None = None
) -> tuple[str, ...]:
    """Raise LbackError where a database has not run what lies below its stamp.

    With the graph `then`, which the files will have, that has to be so by both. Return of what it
    is not known whether it has run.
    """
    found = skips(ctx, graph, view)
    skipped = found.skipped
    if skipped and then is not None:
        still = skips(ctx, then, view, foreseen=True).skipped
        skipped = tuple(revision for revision in skipped if revision in still)
    if skipped:
        raise skipped_messages.in_the_way(skipped)
    return found.unknown


def refuse_unknown(unknown: Collection[str], steps: Iterable[Step]) -> None:
    """Raise LbackError where steps lead down over what may not have run."""
    down = [step.revision for step in steps if isinstance(step, Downgrade) and not step.fake]
    unsettled = [revision for revision in down if revision in unknown]
    if unsettled:
        raise skipped_messages.settle_first(unsettled)


def _tell(ctx: Context, more: OnEvent | None, event: Event) -> None:
    if event.kind in ("waiting", "note"):
        ctx.console.note(event.text)
    elif more is not None:
        more(event)


class _Teller:
    """Tells of each step that is done, under the name of its database where there are several."""

    def __init__(self, ctx: Context, graph: GraphView) -> None:
        self.ctx = ctx
        self.graph = graph
        self.met: set[str] = set()
        self.told = ""

    def __call__(self, event: Event) -> None:
        """Tell of one event."""
        database = event.database
        if database is not None:
            self.met.add(database.key)
            several = len(self.met) > 1 or database.distinct
            if event.kind == "plan" and event.total and several and self.told != database.key:
                self.told = database.key
                self.ctx.console.note(messages.on_database(str(database)))
        if event.kind == "done" and event.step is not None:
            sign, name = _shown(self.graph, event.step)
            told = messages.step_done(sign, name, event.number, event.total, event.seconds)
            self.ctx.console.note(told)


def _shown(graph: GraphView, step: Step) -> tuple[str, str]:
    if isinstance(step, Upgrade | Downgrade):
        doc = graph[step.revision].doc if step.revision in graph else ""
        return "+" if isinstance(step, Upgrade) else "-", f"{step.revision}  {doc}"
    return "=", ", ".join(step.revisions) or "nothing"


# -- several databases -----------------------------------------------------------------


def asked(database: Database, gather: Callable[[View], T]) -> tuple[Asked[T], ...]:
    """Ask each database; LbackError where the only one has no answer."""
    answers = database.ask(gather)
    if len(answers) == 1 and answers[0].error is not None:
        raise answers[0].error
    return answers


def failure(answers: Sequence[Asked[Any]]) -> LbackError | None:
    """Return which of the databases failed, and why; None where none did."""
    if all(answer.error is None for answer in answers):
        return None
    known = [(str(item.database), item.error) for item in answers if item.database is not None]
    broken = next((item.error for item in answers if item.database is None), None)
    return messages.some_failed(known, broken)


def stamps(answers: Sequence[Asked[Any]]) -> dict[str, tuple[str, ...]]:
    """Return where each database is, by its key; those that did not answer are left out."""
    known = [answer.stamp for answer in answers if answer.stamp is not None]
    return {stamp.database.key: stamp.revisions for stamp in known}


def key(database: DatabaseName | None) -> str:
    """Return the key of a database, "" where it is not known which it is."""
    return database.key if database is not None else ""
