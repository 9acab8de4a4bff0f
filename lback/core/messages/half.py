"""What is said of a step that was cut off half-way."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lback.core.messages.record import NOT_WRITTEN
from lback.core.record.operations import HalfRun, SentOperation, shown, told
from lback.core.shell import command, sql, typed
from lback.errors import LbackError, LockedError

_CONCURRENTLY = re.compile(
    r"create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?([^\s(]+)",
    re.IGNORECASE,
)
NOT_KEPT = SentOperation(1, "other", "", f"all of it: {NOT_WRITTEN}", "blind")
_AGAIN = "`lback migrate --undo-half` takes back what ran; then run the revision as a whole."


def _function(half: HalfRun) -> str:
    return "downgrade()" if half.step.direction == "downgrade" else "upgrade()"


def half_run(half: HalfRun) -> str:
    """Say which step was cut off, whose it was, and what of it ran."""
    step = half.step
    place = f" ({step.path})" if step.path else ""
    when = f"{step.started_at:%Y-%m-%d %H:%M} UTC"
    ran = f"these ran: {told(half.ran)}" if half.ran else "nothing is known to have run"
    unknown = f"; whether this ran is not known: {told(half.unknown)}" if half.unknown else ""
    line = typed(step.command)
    why = f" ({shown(step.message)})" if step.message else ""
    return (
        f"{_function(half)} of {step.revision}{place} was cut off half-way{why}: {line} "
        f"of {step.who} on {step.host or 'an unknown host'}, {when}. Of its statements {ran}"
        f"{unknown}."
    )


def ways_out(half: HalfRun) -> str:
    """Say what settles it."""
    by_hand = (
        command("lback migrate", half.step.revision, then="--fake")
        if half.step.direction == "upgrade"
        else command("lback alembic stamp", *(half.step.parents or ("base",)))
    )
    hands = (
        f"By hand: finish it and say so with {by_hand}, or undo what ran and say so with "
        "`lback migrate --undone`."
    )
    names = [match[1] for one in half.unknown if (match := _CONCURRENTLY.search(one.text))]
    if half.unknown and len(names) == len(half.unknown):
        return f"{invalid_indexes(names)}Then `lback migrate --resume` builds it again. {hands}"
    if half.unknown:
        return f"Look whether it ran. {hands}"
    return (
        "`lback migrate --resume` goes on after the last one; `lback migrate --undo-half` takes "
        f"them back. {hands}"
    )


def invalid_indexes(names: Sequence[str]) -> str:
    """Say which indexes are left that PostgreSQL does not use, and how to drop them."""
    if not names:
        return ""
    drops = " ".join(f"DROP INDEX CONCURRENTLY {name};" for name in names)
    index = "Index" if len(names) == 1 else "Indexes"
    verb = "is" if len(names) == 1 else "are"
    pronoun = "it" if len(names) == 1 else "them"
    return f"{index} {' and '.join(names)} {verb} left INVALID: {sql(drops)} drops {pronoun}. "


def running(direction: str, revision: str, who: str) -> LbackError:
    """Say that a step has begun, and who is at work on the database at this moment."""
    return LockedError(
        f"{direction}() of {revision} has begun and not ended: a migration of this database is "
        f"running now, by {who}.",
        "Look again when it is done.",
    )


def refused(half: HalfRun) -> LbackError:
    """Make the error for a command that has to wait until it is settled."""
    if half.running:
        return running(half.step.direction, half.step.revision, half.running)
    return LbackError(half_run(half), ways_out(half))


def unknown_first(half: HalfRun) -> LbackError:
    """Make the error for going on, or back, where it is not known what ran."""
    return LbackError(half_run(half), ways_out(half))


def nothing_half() -> LbackError:
    """Make the error for settling where there is nothing to settle."""
    return LbackError(
        "No revision was cut off half-way on this database: there is nothing to settle.",
        "`lback status` shows where it stands.",
    )


def not_here(half: HalfRun) -> LbackError:
    """Make the error for going on with a revision whose file is not here, or stands elsewhere."""
    step = half.step
    return LbackError(
        f"{step.revision} was cut off when its file stood on "
        f"{', '.join(step.parents) or 'nothing'}; here it is missing, or stands elsewhere.",
        f"Bring that file back (`git stash pop`, or the branch that has it). {_AGAIN}",
    )


def another_statement(operation: SentOperation, now: str) -> LbackError:
    """Make the error for a statement that is not the one that ran at its place."""
    return LbackError(
        f"statement {operation.number} is another one than the one that ran: it was "
        f"{shown(operation.text)}, and is {shown(now)} now (or has other values). Nothing of it "
        "was run.",
        f"Let the revision send the same statements until then, or: {_AGAIN}",
    )


def sends_less(operation: SentOperation) -> LbackError:
    """Make the error for a revision that has lost a statement that ran."""
    return LbackError(
        f"the revision does not come to statement {operation.number} any more, which ran: "
        f"{shown(operation.text)}",
        f"Let the revision send the same statements until then, or: {_AGAIN}",
    )


def gave_rows(operation: SentOperation) -> LbackError:
    """Make the error for a statement whose rows are needed again."""
    return LbackError(
        f"statement {operation.number} ran, and gave rows that cannot be had again: "
        f"{shown(operation.text)}",
        _AGAIN,
    )


def succeeds_now(operation: SentOperation) -> LbackError:
    """Make the error for what had failed the first time, and does not now."""
    return LbackError(
        f"statement {operation.number} had failed the first time, and what follows it ran then; "
        f"now it went through: {shown(operation.text)}",
        "Look at both. `lback status` says how to settle the revision.",
    )


def no_inverse(half: HalfRun, stuck: Sequence[SentOperation]) -> LbackError:
    """Make the error for what cannot be taken back."""
    return LbackError(
        f"Of {half.step.revision} this ran, and nothing is known that takes it back: "
        f"{told(stuck)}. Nothing was done.",
        "`lback migrate --resume` goes on instead; or undo it by hand and say so with "
        "`lback migrate --undone`.",
    )


def holds_rows(operation: SentOperation, rows: int) -> LbackError:
    """Make the error for what would take rows along."""
    return LbackError(
        f"To take back statement {operation.number} would delete {rows} "
        f"{'value' if 'add' in operation.text.lower() else 'row'}{'s' if rows > 1 else ''} that "
        f"came since: {shown(operation.text)}",
        "`lback migrate --undo-half --yes` does it all the same.",
    )


def took_back(statement: str) -> str:
    """Tell of one statement that took something back."""
    return f"- {shown(statement)}"


def amend_cut_off(revision: str, old_blob: str) -> str:
    """Say that a kill has cut off an amending, where the old text is and what finishes it."""
    return (
        f"`makemigrations --amend` of {revision} was cut off. Its old text: "
        f"{command('git cat-file -p', old_blob)}. `lback migrate` brings up what it took down, "
        "by the text that the file has now; `lback makemigrations --amend` begins again."
    )
