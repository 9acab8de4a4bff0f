"""Where a stamp moved without a row in the record, and which rows can still be gone by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lback.core.graph.view import GraphView
from lback.core.record.steps import RecordedStep

_TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class UnrecordedMove:
    """A move of the stamp that lback did not make; `behind` is the id of the step before it.

    It was between `since` and `until`, in UTC; None is now.
    """

    behind: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    since: str
    until: str | None


def gaps(steps: Iterable[RecordedStep], now: Sequence[str]) -> tuple[UnrecordedMove, ...]:
    """Return the moves between recorded steps, in their order, that were nobody's of them.

    What was before the first row is not one: there was no record then.
    """
    moves = []
    last: RecordedStep | None = None
    at: tuple[str, ...] = ()
    for step in steps:
        if last is not None and step.before is not None and set(step.before) != set(at):
            until = shown_time(step.started_at)
            moves.append(UnrecordedMove(last.id, at, step.before, _ended(last), until))
        at = _left(step, at)
        last = step
    if last is not None and set(now) != set(at):
        moves.append(UnrecordedMove(last.id, at, tuple(now), _ended(last), None))
    return tuple(moves)


def reliable(
    steps: Sequence[RecordedStep], now: Sequence[str], graph: GraphView, revisions: Iterable[str]
) -> frozenset[str]:
    """Return the revisions of which the record knows the text that the database has run.

    Their last step is an upgrade that lback ran to its end, and each stamp that the record did
    not see coming since then still stands on them.
    """
    last = {step.revision: step for step in steps if step.outcome == "done"}
    moves = gaps(steps, now)
    known = {
        revision
        for revision in revisions
        if revision in last and last[revision].direction == "upgrade"
    }
    for move in moves:
        still = _below(graph, move.before) & _below(graph, move.after)
        known = {name for name in known if name in still or last[name].id > move.behind}
    return frozenset(known)


def _left(step: RecordedStep, at: tuple[str, ...]) -> tuple[str, ...]:
    """Return where a step has left the stamp."""
    if step.after is not None:
        return step.after
    return step.before if step.before is not None else at


def shown_time(moment: datetime) -> str:
    """Return a time as results have it."""
    return moment.strftime(_TIME)


def _ended(step: RecordedStep) -> str:
    return shown_time(step.started_at + timedelta(seconds=step.seconds or 0))


def _below(graph: GraphView, stamp: Collection[str]) -> frozenset[str]:
    """Return what a stamp stands on; nothing of a row that no file defines is known."""
    return frozenset(graph.ancestors([name for name in stamp if name in graph]))
