"""A migration that failed: which one, where, what the database said, what state is left."""

from __future__ import annotations

from sqlalchemy import exc as sa

from lback.core.plans import Restamp, Step
from lback.db.failures import Situation, line_in, reason, statement_of
from lback.db.performing import Turn
from lback.errors import LbackError


def migration_failure(
    err: BaseException, turn: Turn, at: Situation, now: tuple[str, ...] | None
) -> LbackError:
    """Describe the failure of `turn.current`; `now` is the stamp read afterwards."""
    step = turn.current
    if step is None or turn.script is None:  # pragma: no cover
        return LbackError(at.hide(f"The database could not be stamped: {reason(err)}"))
    script = turn.script
    line = line_in(err, script.path)
    place = at.relative(script.path) + (f":{line}" if line else "")
    if turn.loading:
        kind = "" if isinstance(err, LbackError) else f"{type(err).__name__}: "
        return LbackError(
            at.hide(f"Revision {script.revision} ({place}) cannot be loaded: {kind}{reason(err)}"),
            "Nothing was run. Correct the file and run the command again.",
        )
    if turn.offline:
        return LbackError(
            at.hide(
                f"The SQL of revision {script.revision} ({place}) cannot be written: "
                f"{type(err).__name__}: {reason(err)}"
            ),
            "Offline there is no connection: code that asks the database cannot be written as "
            "SQL. Run `migrate` without --sql.",
        )
    kind = "" if isinstance(err, (sa.DBAPIError, LbackError)) else f"{type(err).__name__}: "
    message = f"Revision {script.revision} ({place}) failed: {kind}{reason(err)}"
    sql = statement_of(err)
    if sql:
        message += f"; in: {sql}"
    return LbackError(at.hide(message), at.hide(state_left(turn, now)))


def state_left(turn: Turn, now: tuple[str, ...] | None) -> str:
    """Say what a broken run has left in the database."""
    return f"{_kept(turn)} {_partly(turn)}{_position(turn, now)}"


def _kept(turn: Turn) -> str:
    done, total = len(turn.done), turn.total
    if turn.transactional and not turn.kept_each:
        if turn.outside:
            return "env.py's own transaction decides what stays."
        return "Everything of this run was rolled back."
    if not done:
        return "No step of this run was completed."
    return f"{done} of {total} steps were completed and stay."


def _partly(turn: Turn) -> str:
    if turn.current is None or isinstance(turn.current, Restamp):
        return ""
    name = _name(turn.current)
    if turn.transactional:
        return "" if turn.outside or not turn.kept_each else f"{name} was rolled back. "
    return (
        f"{turn.dialect} does not roll back every change of a schema: what {name} had done "
        "before may still be there, look before you run it again. "
    )


def _position(turn: Turn, now: tuple[str, ...] | None) -> str:
    if now is None:
        return "Where the database stands now could not be read."
    where = ", ".join(now) or "base"
    return f"The database is at {where}{', as before' if now == turn.before else ''}."


def _name(step: Step) -> str:
    return "" if isinstance(step, Restamp) else step.revision
