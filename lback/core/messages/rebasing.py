"""What `lback rebase` says when it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lback.core.shell import command, pathspec
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.core.merging.results import RenumberRow


def not_rebased(reason: str, hint: str) -> LbackError:
    """Say why the local revisions stay where they are."""
    return LbackError(f"Nothing was rebased: {reason}.", hint)


def nothing_shared(folder: str) -> LbackError:
    """Say that there is no git here."""
    return LbackError(
        f"{folder} is not in a git repository, so there is no shared branch to rebase onto.",
        "Merge the heads with `lback merge`.",
    )


def no_shared_branch() -> LbackError:
    """Say that it is not known what to rebase onto."""
    return LbackError(
        "There is no shared branch to rebase onto: no remote, and no main or master.",
        "Name one with `--onto REF`, or in `[tool.lback] upstream`.",
    )


def behind(onto: str, missing: Sequence[str], way: str) -> LbackError:
    """Say which revisions of the shared branch this checkout lacks."""
    count = "1 revision" if len(missing) == 1 else f"{len(missing)} revisions"
    return LbackError(
        f"{onto} has {count} that this checkout lacks ({', '.join(missing[:3])}), so "
        "nothing can be rebased onto them here.",
        f"Run {way}; then `lback rebase` again.",
    )


def depends_on_edited(revision: str, path: str, onto: str) -> LbackError:
    """Say that a shared revision was given other dependencies."""
    back = command("git checkout", onto, "--", pathspec(path))
    return LbackError(
        f"{path}: `depends_on` of {revision} was edited, and {revision} is on {onto}: "
        "databases that are past it would not run what it needs now.",
        f"Undo the edit: {back}; then `lback rebase` again.",
    )


def not_known_what_ran(revisions: Sequence[str]) -> LbackError:
    """Say that a stamp does not tell whether a revision below it has run."""
    names = " and ".join(revisions)
    return LbackError(
        f"Whether the database has run {names} is not known: its stamp stands above, and may be "
        "older than the edit that put a published revision on top.",
        "`lback rebase --no-database` rewrites the files; then `lback migrate` runs "
        f"{names}, or, if the database has run that already, `lback migrate --fake` notes it.",
    )


def number_taken(rows: Sequence[RenumberRow]) -> str:
    """Say why local revisions get other numbers."""
    return f"published revisions have the numbers {', '.join(row.revision for row in rows)}"


def number_given(rows: Sequence[RenumberRow]) -> str:
    """Say which local revisions have other numbers now."""
    return "; ".join(f"{row.path} is {row.to_path} now, with the id {row.to}" for row in rows)


DECLINED = "Aborted; nothing was moved."


def not_asked(err: LbackError) -> LbackError:
    """Say that it is not known what the database has run."""
    return LbackError(
        f"Whether the database has run what would move could not be asked: {err.message}",
        f"{err.hint or 'Start the database.'} Or, if no database has run them: "
        "`lback rebase --no-database`.",
    )


def on_either(taken: str, child: str, local: str, new: str) -> LbackError:
    """Say that git does not tell on which of two revisions with one id a local one stands."""
    return LbackError(
        f"{child} stands on {taken}, and two files have that id: the commit that brought it does "
        "not tell which one is meant. Nothing was changed.",
        f"Give {local} the id {new} by hand, in `revision` and in its file name, and in "
        f"`down_revision` of {child} if it stands on that one; then `lback rebase`.",
    )


def either_has_run(
    rows: Sequence[str],
    published: str,
    local: str,
    way: tuple[str, str, str] | None,
    *,
    certain: bool,
) -> LbackError:
    """Say that a database has run one of two revisions with one id, and how to go on with each.

    `certain`: it is known to have run the local one.

    `way`: below both, the shared head, and what the database is at, by its new id.
    """
    files = "`lback rebase --no-database`"
    fake = ""
    if way:
        below, top, now = way
        steps = [command("lback migrate --fake", below), command("lback migrate", top)]
        fake = f"{files}, {', '.join(steps)}, then {command('lback migrate --fake', now)}"
    else:
        fake = f"undo it in a checkout without {published} first, then `lback rebase`"
    at = f"The database is at {', '.join(rows)}, and"
    if certain:
        return LbackError(
            f"{at} has run {local}, not {published}, which has the same id. Nothing was changed.",
            f"{fake[:1].upper()}{fake[1:]}.",
        )
    return LbackError(
        f"{at} may have run {published} or {local}, which have the same id. Nothing was changed.",
        f"If it has run {published}: {files}, then `lback migrate`. If it has run {local}: {fake}.",
    )


def cannot_run_again(revision: str, gap: str, lacking: Sequence[str]) -> LbackError:
    """Say that what the database has run has nothing to go down by."""
    return LbackError(
        f"The database has run {revision}, and its downgrade() is {gap}: it cannot be undone and "
        "run again above the shared head.",
        f"{_keep(lacking)} Or merge the heads with `lback merge`.",
    )


def runs_again(revisions: Sequence[str], lacking: Sequence[str]) -> str:
    """Say what the database does, and how it can be spared that."""
    return f"The database undoes {', '.join(revisions)} and runs them again. {_keep(lacking)}"


def database_moved(stamp: Sequence[str]) -> LbackError:
    """Say that the database is not where it was when the rebase was planned."""
    return LbackError(
        "Somebody else moved the database meanwhile: it is at "
        f"{', '.join(stamp) or 'nothing'}; no file was changed.",
        "Run `lback rebase` again.",
    )


def _keep(lacking: Sequence[str]) -> str:
    first = " and ".join(command("lback migrate", name) for name in lacking)
    return f"Run {first} first: what has run its new ancestors already is not undone."
