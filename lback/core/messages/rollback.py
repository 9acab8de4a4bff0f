"""What `lback rollback` says when it refuses or asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lback.core.display import visible
from lback.core.effects import Effect, Unknown
from lback.core.shell import code, command, pathspec
from lback.core.source import Commit
from lback.errors import LbackError, UsageError

BY_HAND = (
    "Write the reverse as a new migration: change the model back and run "
    "`lback makemigrations`; or `lback makemigrations NAME --empty` and write it by hand."
)
DECLINED = "Aborted; nothing was undone."


class Refusal(NamedTuple):
    """Why a rollback is refused, and what to do instead."""

    reason: str
    hint: str


def nothing_applied() -> LbackError:
    """Say that there is nothing to undo."""
    return LbackError(
        "Nothing is applied to this database, so there is nothing to undo.",
        "`lback status` shows where the database is.",
    )


def fewer_applied(steps: int, count: int) -> UsageError:
    """Refuse to undo more revisions than there are: another number was meant, or another place."""
    verb = "is" if count == 1 else "are"
    return UsageError(
        f"{steps} revisions are to be undone, and {count} {verb} applied.",
        f"{command('lback log')} shows what ran; {command('lback migrate base')} undoes all.",
    )


def unknown_table(table: str, near: Sequence[str]) -> UsageError:
    """Say that no applied revision changes this table."""
    meant = f"Did you mean {', '.join(near)}? " if near else ""
    return UsageError(
        f"No applied revision changes a table called {table}.",
        f"{meant}`lback history` lists what each revision changes.",
    )


def not_a_revision(given: str) -> UsageError:
    """Say that `--revision` names nothing that can be undone."""
    return UsageError(
        f"--revision {given} is no revision that could be undone.",
        "`lback history --database` lists what is applied.",
    )


def written_already(revision: str, path: str, undoes: Iterable[str]) -> LbackError:
    """Say that the reverting revision exists."""
    return LbackError(
        f"{path} undoes {', '.join(undoes)} already.",
        f"{command('lback show', revision)} shows it, "
        f"{command('lback migrate', revision)} applies it.",
    )


def done_already(target: Iterable[str]) -> LbackError:
    """Say that what is asked for was done by a run that was cut off then."""
    return LbackError(
        "This rollback was cut off once it had been done: nothing is left to do, and the database "
        f"is at {', '.join(target) or 'nothing'}.",
        "Run it once more to undo the change before that.",
    )


def edited_later(revision: str, path: str, part: str, commit: Commit | None) -> LbackError:
    """Say that it is not known which version of a file has run."""
    by = f"by {commit.author} in commit {commit.sha[:7]}" if commit else "in this work tree"
    return LbackError(
        f"{path}: {part} of {revision} was edited later ({by}), and which version this database "
        "has run is not known.",
        f"Compare the versions ({command('git log -p --', pathspec(path))}) and put the one that "
        "ran back; or say with `--strategy downgrade` or `--strategy revert` that the file as it "
        "is now is right.",
    )


def amended(revision: str, path: str, part: str, before: Commit) -> LbackError:
    """Say that it is not known whether a file was amended before or after it ran."""
    return LbackError(
        f"{path}: {part} of {revision} was another in commit {before.sha[:7]} by {before.author}, "
        "where this checkout has been, and which version this database has run is not known.",
        f"Compare them ({command('git diff', before.sha[:12], '--', pathspec(path))}) and put the "
        "one that ran back; or say with `--strategy downgrade` or `--strategy revert` that the "
        "file as it is now is right.",
    )


def published_unknown(revisions: Sequence[str], why: str) -> Refusal:
    """Refuse to choose between going down and reverting, for which git would be asked."""
    return Refusal(
        f"whether {', '.join(revisions)} is published is not known: {why}",
        "`--strategy downgrade` undoes it here alone, by the file as it is; `--strategy revert` "
        "writes a revision that undoes it for everybody.",
    )


def record_changed(revisions: Iterable[str]) -> LbackError:
    """Say that the database's record was changed while the rollback was planned."""
    return LbackError(
        "Somebody else moved the database while this was being planned: its record says "
        f"something else of {', '.join(revisions)} now.",
        "Nothing was changed. Run the same command again.",
    )


def not_on_all(name: str, error: LbackError | None) -> LbackError:
    """Say that one of several databases does not let it be planned, so that none is touched."""
    why = f": {error.message}" if error is not None else "."
    return LbackError(
        f"On {name} this cannot be planned{why}",
        f"Nothing was changed on any database. {(error.hint if error else None) or ''}".rstrip(),
    )


def otherwise_on(
    value: tuple[str, str, Sequence[str]], other: tuple[str, str, Sequence[str]]
) -> LbackError:
    """Say that it would not be the same on two databases; each is name, strategy, revisions."""
    told = [
        f"on {name} it is {strategy} of {', '.join(undoes)}"
        for name, strategy, undoes in (value, other)
    ]
    return LbackError(
        f"This is not the same on every database: {', and '.join(told)}.",
        "Nothing was changed. Bring the databases to one revision first with `lback migrate`, or "
        "name what is meant with `--revision REV` and `--strategy`.",
    )


def other_text_on(name: str, revision: str) -> LbackError:
    """Say that two databases have run different texts of one revision."""
    return LbackError(
        f"{name} has run another text of {revision} than a database before it.",
        "Nothing was changed. Undo it on one of them at a time, with an env.py that connects to "
        "that one alone.",
    )


def unreadable_later(
    table: str | None, revision: str, path: str, unknown: Unknown, undoes: str
) -> Refusal:
    """Refuse because a later revision may change the table."""
    return Refusal(
        f"{path}:{unknown.line}: {revision} does something that cannot be read "
        f"({unknown.reason}); it may be a later change of {table}",
        "Look at it, then name the revision to undo: "
        f"{command('lback rollback --revision', undoes)}.",
    )


def not_undone(
    revision: str, left: Sequence[Effect], extra: Sequence[Effect], told: Sequence[str]
) -> Refusal:
    """Refuse a downgrade() that does not bring back what was; `told` says it line by line."""
    types = [effect.name for effect in left if effect.object == "enum"]
    if not extra and len(types) == len(left):
        drops = ", ".join(code(f"sa.Enum(name={name!r}).drop(op.get_bind())") for name in types)
        change = f"Add {drops} to"
    else:
        change = "Complete"
    return Refusal(
        "; ".join(told),
        f"{change} the downgrade() of {revision}, or take it as it is with `--strategy downgrade`.",
    )


def cannot_revert_missing(reason: str, revisions: Iterable[str]) -> Refusal:
    """Refuse to put a reverting revision on top of revisions without a file here."""
    return Refusal(
        f"{reason}; and a reverting revision cannot go on top of {', '.join(revisions)}, which no "
        "file of this checkout defines",
        "Check the branch out that has them; or bring the database to this checkout: "
        "`lback switch`.",
    )


def still_needed(revision: str, path: str, line: int, message: str) -> Refusal:
    """Refuse because an applied revision that stays needs what would go."""
    return Refusal(
        f"{path}:{line}: {revision} needs what would go: {message}",
        f"Undo that first: {command('lback rollback --revision', revision)}.",
    )


def proved_wrong(message: str, revision: str, path: str, *, downgrade: bool) -> Refusal:
    """Refuse what did not come out right on a scratch database."""
    also = "; or take it as it is with `--strategy downgrade`" if downgrade else ""
    return Refusal(
        f"the rollback would not be right: {message}",
        f"Correct the downgrade() of {revision} ({path}){also}.",
    )


def not_as_promised(
    what: str, told: str, takes_back: str, dialect: str, backup: object | None
) -> LbackError:
    """Say that what a rollback did is not what it was to lead to."""
    message = f"{what} does not lead back: {told}."
    if takes_back != "nothing":
        kept = "Nothing was changed" if takes_back == "all" else "Its last step was taken back"
        return LbackError(
            message, f"{kept}. Correct it, or take it as it is with `--strategy downgrade`."
        )
    saved = f" What went is saved: {command('lback restore', str(backup))}." if backup else ""
    return LbackError(
        message,
        f"It is done all the same: {dialect} keeps each statement at once.{saved} Correct the "
        "schema in a new revision, and the downgrade() for the next time.",
    )


def rows_went(table: str, rows: int) -> str:
    """Say that rows of a table went that the rollback is not about."""
    word = "row" if rows == 1 else "rows"
    return f"{rows} {word} of {visible(table)} would go with it, as of a foreign key that cascades"


def neither_read_nor_proved(path: str, unknown: Unknown, message: str) -> Refusal:
    """Refuse what can be read no more than it could be proved."""
    return Refusal(
        f"{path}:{unknown.line}: this cannot be read ({unknown.reason}), and it could not be "
        f"proved either: {message}",
        BY_HAND,
    )


def no_downgrade(revision: str, path: str, line: int, gap: str) -> Refusal:
    """Refuse a revision whose downgrade() is missing, empty or raises."""
    return Refusal(
        f"{path}:{line}: {revision} {cannot_go_down(gap)}",
        "Write its downgrade(); or let the inverse of its upgrade() be computed, where there "
        "is one: `--strategy revert`.",
    )


def cannot_go_down(gap: str) -> str:
    """Say why a revision has no way down; `gap` is that of its effects."""
    words = {
        "empty": "cannot be undone: its downgrade() does nothing",
        "missing": "has no downgrade()",
        "raises": "cannot be undone: its downgrade() raises",
    }
    return words[gap]


def forked(heads: Iterable[str]) -> Refusal:
    """Refuse a reverting revision that would need one head."""
    return Refusal(
        "the migrations fork: a reverting revision would need one head, and there are "
        f"{', '.join(heads)}",
        "Join them with `lback resolve` and `lback migrate`, then roll back.",
    )


def not_at_head(pending: Iterable[str]) -> Refusal:
    """Refuse a reverting revision on top of one that is not applied yet."""
    return Refusal(
        f"the database is not at {', '.join(pending)} yet, and a reverting revision goes on top "
        "of that",
        "Run `lback migrate` first, or delete the files of what is not to come back; then roll "
        "back.",
    )


def as_a_whole(steps: int | None, revision: str, otherwise: str) -> str:
    """Say what undoes a revision with all that it does, before what else can be done."""
    line = command("lback rollback --steps", str(steps)) if steps else ""
    line = line or command("lback rollback --revision", revision)
    return f"{line} undoes all of {revision}. Or: {otherwise[:1].lower()}{otherwise[1:]}"


def unreadable_revert(why: str) -> str:
    """Say that the template makes a file without a readable header."""
    return f"the reverting revision could not be read: {why}"


def hook_changed_revert() -> LbackError:
    """Say that a post-write hook made something else of the reverting revision."""
    return LbackError(
        "A post-write hook changed what the reverting revision does.",
        "Nothing was changed and no file was left behind. Look at the hooks.",
    )


def sentence(reason: str) -> str:
    """Return a reason as a sentence; a path at its beginning stays as it is."""
    first = reason[:1] if "/" in reason.partition(":")[0] else reason[:1].upper()
    return first + reason[1:] + ("" if reason.endswith(".") else ".")


def also_undoes(revisions: Sequence[str]) -> str:
    """Say what goes along."""
    return f"This also undoes {', '.join(revisions)}." if revisions else ""


def revert_stays(path: object) -> str:
    """Warn that a written file was not removed again."""
    return f"{path} stays: the database may have run a part of it"
