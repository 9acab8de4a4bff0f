"""What is said when a stamp does not tell what a database has run, and while steps run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lback.core.effects import Direction, Effects, described
from lback.core.shell import command, pathspec
from lback.errors import LbackError

# Alembic changes most of a table there by copying it; the rows may be in the copy alone.
_COPIES = (
    "A table `_alembic_tmp_NAME` is a copy that was being made: rename it to NAME if that is "
    "gone, and else drop it. "
)


NOT_NOTED = (
    "git's own folder cannot be written: if this command is killed in a step, the next one will "
    "not know of it"
)


def interrupted(
    direction: Direction, revision: str, path: str, dialect: str, effects: Effects | None
) -> LbackError:
    """Say which step a kill has left half done; `effects` are None where its file is not here."""
    place = f" ({path})" if path else ""
    whole = "still" if direction == "downgrade" else "not yet"
    return LbackError(
        f"An earlier command was killed in {direction}() of {revision}{place}, and {dialect} does "
        f"not roll such a step back: what had been done by then is there, and by its stamp "
        f"{revision} is {whole} applied. It would {_deeds(direction, effects)}.",
        "Look which of it has been done and undo that by hand, so that "
        f"{revision} is {whole} applied in full. {_COPIES if dialect == 'sqlite' else ''}"
        "Then run the command again (this is said once).",
    )


def _deeds(direction: Direction, effects: Effects | None) -> str:
    if effects is None:
        return "do what its file says, which is not here"
    told = effects.upgrade if direction == "upgrade" else effects.downgrade
    lines = [f"do what line {unknown.line} says" for unknown in effects.unknowns(direction)]
    return "; ".join([*map(described, told), *lines]) or "do nothing that could be read"


def rebased_by_hook(
    ran: Sequence[str], below: Sequence[str], commit: str, paths: Iterable[str]
) -> LbackError:
    """Say that a hook has moved what this database had run."""
    onto = " and ".join(below)
    back = command("git checkout", commit, "--", *map(pathspec, paths))
    return LbackError(
        f"A hook has put {' and '.join(ran)} onto {onto} without asking this database, which had "
        f"run {'it' if len(ran) == 1 else 'them'} before: it would never run {onto}.",
        f"Take the files back: {back}; then `lback rebase`, which moves the database too.",
    )


def rebase_undone(stamp: Iterable[str], has_run: Sequence[str]) -> LbackError:
    """Say that the files of a rebase are gone again, which the database has followed."""
    return LbackError(
        "The files of an earlier `lback rebase` were taken back after this database had followed "
        f"it: its stamp {', '.join(stamp)} stands for the parents in those files, and not for "
        "those in the files here, so that revisions would run twice.",
        "Bring the rewritten files back (`git stash pop`, or the branch that has them); or say "
        f"what this database has run: {command('lback alembic stamp --purge', *has_run)}.",
    )


def files_changed(paths: Sequence[str]) -> LbackError:
    """Say that migrations were changed between the plan and the lock."""
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return LbackError(
        f"{paths[0]}{more} changed while this was being planned.",
        "Nothing was changed in the database. Run the same command again.",
    )


def left_out(path: str) -> LbackError:
    """Say that a sparse checkout leaves out a file that would be run."""
    folder = path.rpartition("/")[0] or "."
    return LbackError(
        f"{path} is not on disk: this sparse checkout leaves it out.",
        f"{command('git sparse-checkout add', folder)} brings it; then run the command again.",
    )


def step_done(sign: str, name: str, number: int, total: int, seconds: float) -> str:
    """Tell of one step that is done."""
    place = f"[{number}/{total}]" if total > 1 else ""
    return f"{sign} {name} {place} {seconds:.2f} s"


def mended(rows: Sequence[str]) -> str:
    """Say which rows go out of a stamp."""
    lead = "goes" if len(rows) == 1 else "go"
    return f"{', '.join(rows)} {lead} out of the stamp: another row of it stands on that"


def on_database(name: str) -> str:
    """Say on which database the steps that follow run."""
    return f"{name}:"


def on_one(name: str, message: str, number: int) -> str:
    """Return what is said of one database, with its name where there are several."""
    return f"{name}: {message}" if number > 1 else message


def some_failed(
    rows: Sequence[tuple[str, LbackError | None]], broken: LbackError | None = None
) -> LbackError:
    """Say which of several databases failed, each with its reason, and which did not."""
    failed = [(name, error) for name, error in rows if error is not None]
    right = [name for name, error in rows if error is None]
    parts = [f"{len(failed)} of {len(rows)} databases failed."] if failed else []
    parts += _together([(name, ended(error.message)) for name, error in failed])
    if broken is not None:
        parts.append(
            f"env.py broke off before it came to any other database: {ended(broken.message)}"
        )
    if right:
        parts.append(f"All was done on {', '.join(right)}.")
    hints = [
        f"On {told}" for told in _together([(name, error.hint or "") for name, error in failed])
    ]
    hints += [broken.hint] if broken is not None and broken.hint else []
    return LbackError(" ".join(parts), " ".join(dict.fromkeys(hints)))


def ended(text: str) -> str:
    """Return a text that something follows, with an end to its sentence."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _together(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Return what is said of databases, what is the same of several once."""
    told: dict[str, list[str]] = {}
    for name, text in rows:
        told.setdefault(text, []).append(name)
    return [f"{', '.join(names)}: {text}" for text, names in told.items() if text]


def batch_takes_rows(table: str, others: Sequence[str]) -> LbackError:
    """Make the error for a batch operation that would delete or empty rows of other tables."""
    return LbackError(
        f"the batch operation copies {table} and drops the original, which with `PRAGMA "
        f"foreign_keys=ON` deletes or empties rows of {' and '.join(others)}; a transaction is "
        "open that cannot be done again without them: begin the revision with the batch operation"
    )


def batch_breaks_keys(table: str, other: str) -> LbackError:
    """Make the error for a batch operation after which rows refer to nothing."""
    return LbackError(f"after the batch operation on {table}, rows of {other} refer to no row")


def batch_let_go(others: Sequence[str]) -> LbackError:
    """Make the error for what would do otherwise, had a batch operation not let go of keys."""
    after = f": rows of {' and '.join(others)} refer to no row" if others else ""
    return LbackError(
        "foreign keys are not heeded after a batch operation until its revision ends, and what "
        f"follows it here would come out otherwise{after}; put it into a revision of its own"
    )
