"""Asks the rows that are there whether steps can be done, before the first of them runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lback.core.effects import Direction, Effects
from lback.core.messages import preflight as messages
from lback.core.messages.preflight import DeclinedError, RowsAtStake, RowsInTheWay
from lback.core.plans import Downgrade, Step, Upgrade
from lback.core.preflight.rows import PreflightRow, in_the_way
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.run import Run, attempted

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView
    from lback.core.preflight.questions import StepEffects
    from lback.db.events import RunOutcome
    from lback.db.runner import Database
    from lback.db.view import View

_CONSENTS = "LB402"  # a revision that says why it deletes data


def ask_rows(
    ctx: Context, database: Database, view: View, steps: Sequence[Step]
) -> tuple[PreflightRow, ...]:
    """Return what a database says to all that steps need of its rows; it is only read.

    An empty one is not asked, so that the first run on it costs nothing.
    """
    moves = [step for step in steps if isinstance(step, Upgrade | Downgrade) and not step.fake]
    if not moves:
        return ()
    from lback.core.preflight.questions import questions
    from lback.db.preflight.asking import ASKED, answers

    if view.stamp.dialect not in ASKED:
        return ()
    if not view.stamp.revisions and not view.has_tables():
        return ()
    read = list(_read(ctx, database, moves))
    rows = answers(view.connection, questions(read, view.stamp.dialect))
    texts = {step.revision: step for step in read}
    return tuple(_agreed(row, texts[row.revision]) for row in rows)


def refuse_rows(
    ctx: Context,
    database: Database,
    agreed: Sequence[PreflightRow] | None,
    view: View,
    steps: Sequence[Step],
) -> None:
    """Raise LbackError where rows are in the way, or where more go than was `agreed` to.

    None agrees to all of it.
    """
    rows = ask_rows(ctx, database, view, steps)
    stopping = list(in_the_way(rows, "stops"))
    if stopping:
        raise RowsInTheWay(rows, stopping)
    if agreed is None:
        return
    known = {(row.kind, row.revision, row.table, row.columns): row for row in agreed}
    losing = [
        row
        for row in in_the_way(rows, "loses")
        if (before := known.get((row.kind, row.revision, row.table, row.columns))) is None
        or (row.rows, row.more) > (before.rows, before.more)
    ]
    if losing:
        raise RowsAtStake(rows, losing)


def consented(ctx: Context, database: Database, run: Run) -> tuple[RunOutcome, LbackError | None]:
    """Do it; where rows would go, ask outside of the lock, and do it then."""
    losing: tuple[PreflightRow, ...]
    try:
        outcome, failed = attempted(ctx, database, run)
        errors = [database_outcome.error for database_outcome in outcome.failed]
        losing = tuple(row for err in errors if isinstance(err, RowsAtStake) for row in err.losing)
        if not losing:
            return outcome, failed
    except RowsAtStake as err:
        losing = err.losing
    _ask(ctx, losing)
    again = replace(run, preflight=partial(refuse_rows, ctx, database, losing))
    return attempted(ctx, database, again)


def _ask(ctx: Context, losing: Sequence[PreflightRow]) -> None:
    try:
        agreed = ctx.console.confirm(messages.question(losing), option="`--yes`")
    except LbackError as err:  # there is nobody to ask
        raise RowsAtStake(losing, losing) from err
    if not agreed:
        raise DeclinedError(losing)


def _read(
    ctx: Context, database: Database, moves: Sequence[Upgrade | Downgrade]
) -> Iterator[StepEffects]:
    """Yield what each step does, as the text says that is going to run."""
    graph, sources = database.graph, database.origin.sources
    own = [step.revision for step in moves if step.revision not in sources]
    effects = ctx.revisions.effects(graph, own)
    texts = ctx.revisions.texts([graph[revision] for revision in own])
    for step in moves:
        text = sources.get(step.revision) or texts[graph[step.revision].blob]
        known = effects.get(step.revision) or ctx.revisions.effects_at().read_text(text)
        yield _step(step, graph, known, text)


def _step(
    step: Upgrade | Downgrade, graph: GraphView, effects: Effects, text: bytes
) -> StepEffects:
    from lback.core.preflight.questions import StepEffects

    direction: Direction = "upgrade" if isinstance(step, Upgrade) else "downgrade"
    done = effects.upgrade if direction == "upgrade" else effects.downgrade
    return StepEffects(
        step.revision, graph[step.revision].path, direction, done, effects.unknowns(direction), text
    )


def _agreed(row: PreflightRow, step: StepEffects) -> PreflightRow:
    """Return an answer as told alone where what goes has been agreed to in another way."""
    if row.state != "loses":
        return row
    if step.direction == "downgrade":
        return replace(row, state="told", reason=messages.ASKED_ANYWAY)
    from lback.core.checks.silencing import by_code, comments_in

    why = by_code(comments_in(step.text)).get(_CONSENTS)
    return replace(row, state="told", reason=messages.agreed_in_file(why)) if why else row
