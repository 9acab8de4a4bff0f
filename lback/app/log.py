"""The use case of `log`: what ran on each database, by its own record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lback.core.databases import NamedDatabase
from lback.core.graph.view import GraphView
from lback.core.messages import record as messages
from lback.core.record.gaps import UnrecordedMove, gaps, shown_time
from lback.core.record.steps import Direction, Outcome, RecordedStep
from lback.core.results import Result, text_only
from lback.core.tables import life
from lback.errors import UsageError
from lback.project.context import Context
from lback.project.run import asked, failure

if TYPE_CHECKING:
    from lback.db.performing import Asked
    from lback.db.view import View


@dataclass(frozen=True)
class LogRow:
    """One step of the record; `at` is when it began, in UTC.

    `before` and `after` are the stamp; `before` is None where it was not known, and `after`
    where the step did not end.
    """

    id: int
    at: str
    direction: Direction
    revision: str
    outcome: Outcome
    seconds: float | None
    message: str | None
    git_user: str | None
    run_by: str
    host: str
    process: int | None
    command: str
    branch: str | None
    commit: str | None
    path: str
    blob: str
    parents: tuple[str, ...]
    depends_on: tuple[str, ...]
    before: tuple[str, ...] | None
    after: tuple[str, ...] | None
    run: str
    lback: str
    who: str = text_only(default="")


@dataclass(frozen=True, kw_only=True)
class RecordOfDatabase(NamedDatabase):
    """One database: where it is, and its steps, newest first; `total` counts all of them.

    `unrecorded` are the moves between the steps that are shown, newest first too. `doubt` says
    why nothing could be read, None where that is because nothing was recorded.
    """

    current: tuple[str, ...] = ()
    total: int = 0
    steps: tuple[LogRow, ...] = ()
    unrecorded: tuple[UnrecordedMove, ...] = ()
    doubt: str | None = None


@dataclass(frozen=True, kw_only=True)
class LogResult(Result):
    """The record of each database.

    Of a `table` only the steps of revisions that change it; `elsewhere` are those on record that
    no file here defines, of which that is not known.
    """

    command = "log"

    databases: tuple[RecordOfDatabase, ...]
    table: str | None = None
    docs: Mapping[str, str] = text_only()
    name: str | None = text_only(default=None)
    elsewhere: tuple[str, ...] = ()


class _Read(NamedTuple):
    """What one database's record says, oldest first."""

    steps: tuple[RecordedStep, ...]
    doubt: str | None


def log(ctx: Context, most: int, name: str | None = None) -> LogResult:
    """Return the newest steps of each database, `most` at most.

    With a `name`, those of one revision, or of the revisions that change a table.
    """
    kept = ctx.project.settings.lback.ledger

    def read(view: View) -> _Read:
        if not kept:
            return _Read((), messages.TURNED_OFF)
        return _Read(view.record.steps(), view.record.why_not)

    graph = ctx.revisions.graph()
    wanted, table = _meant(ctx, graph, name) if name is not None else (None, None)
    answers = asked(ctx.database, read)
    steps = [step for answer in answers if answer.value for step in answer.value.steps]
    missing = dict.fromkeys(step.revision for step in steps if step.revision not in graph)
    result = LogResult(
        databases=tuple(_database(answer, most, wanted) for answer in answers),
        docs={node.id: node.doc for node in graph},
        name=name,
        table=table,
        elsewhere=tuple(missing) if table is not None else (),
    )
    failed = failure(answers)
    return result if failed is None else result.refused(failed)


def _meant(ctx: Context, graph: GraphView, name: str) -> tuple[tuple[str, ...], str | None]:
    """Return the revisions that a name means, and the table if it is one.

    A revision that no file defines is itself.
    """
    if name not in graph:
        told = life(name, graph, ctx.revisions.effects(graph, upgrade_only=True))
        if told.found:
            return tuple(change.revision for change in told.changes), name
    try:
        return tuple(graph.resolve(name)) or (name,), None
    except UsageError:
        return (name,), None


def _database(answer: Asked[_Read], most: int, wanted: Sequence[str] | None) -> RecordOfDatabase:
    if answer.value is None or answer.stamp is None:
        return RecordOfDatabase.of(answer.database, answer.error)
    current, (steps, doubt) = answer.stamp.revisions, answer.value
    moves = gaps(steps, current) if wanted is None else ()
    chosen = [step for step in steps if wanted is None or step.revision in wanted]
    shown = chosen[-most:] if most else []
    first = shown[0].id if shown else 0
    return RecordOfDatabase.of(
        answer.database,
        None,
        current=current,
        total=len(chosen),
        steps=tuple(map(_row, reversed(shown))),
        unrecorded=tuple(move for move in reversed(moves) if move.behind >= first),
        doubt=doubt,
    )


def _row(step: RecordedStep) -> LogRow:
    return LogRow(
        id=step.id,
        at=shown_time(step.started_at),
        direction=step.direction,
        revision=step.revision,
        outcome=step.outcome,
        seconds=step.seconds,
        message=step.message,
        git_user=step.git_user,
        run_by=step.run_by,
        host=step.host,
        process=step.process,
        command=step.command,
        branch=step.branch,
        commit=step.commit,
        path=step.path,
        blob=step.blob,
        parents=step.parents,
        depends_on=step.depends_on,
        before=step.before,
        after=step.after,
        run=step.run,
        lback=step.lback,
        who=step.who,
    )
