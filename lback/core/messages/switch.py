"""What `lback switch` says when it refuses."""

from __future__ import annotations

from lback.core.display import visible
from lback.core.messages.rollback import cannot_go_down
from lback.core.revision_code import ChangedSince
from lback.core.shell import command
from lback.errors import LbackError

DECLINED = "Aborted; nothing was changed."
NO_FILES = "no file to write: each revision that went down with this branch is in a commit, or here"


def other_parent(collateral: str, undone: str, ref: str | None) -> LbackError:
    """Say that going down would take along a revision that the target has."""
    return LbackError(
        f"{collateral} stands on {undone}, which {_named(ref)} does not have: the same revision "
        "has another parent there.",
        "Switch back to the branch that the database was migrated on, and undo it there.",
    )


def no_downgrade(revision: str, path: str, gap: str, ref: str | None) -> LbackError:
    """Say that a revision which has to go has nothing to go down by."""
    name = _named(ref)
    return LbackError(
        f"{path}: {revision} {cannot_go_down(gap)}.",
        f"{name[:1].upper()}{name[1:]} does not have it, so it has to be undone by hand; then "
        "`lback alembic stamp` notes where the database is.",
    )


def edited_since_it_ran(edited: ChangedSince) -> LbackError:
    """Say that the file would undo something else than what ran."""
    undo = command("lback rollback --revision", edited.revision)
    return LbackError(
        f"{edited.path}: {edited.part} of {edited.revision} was edited since {edited.who} ran it "
        f"on {edited.url} on {edited.at[:10]}: the file undoes something else than what ran.",
        f"{undo} undoes it with the text that ran; then switch again.",
    )


def moved() -> LbackError:
    """Say that by now a database has run other revisions than when the steps were chosen."""
    return LbackError(
        "Somebody else has run revisions below the stamp while this was being planned.",
        "Nothing was changed. Run the same command again.",
    )


def _named(ref: str | None) -> str:
    return ref or "this checkout"


def in_the_way(path: str) -> LbackError:
    """Say that a file of another content has the name of one that is to be written."""
    return LbackError(
        f"{path} is there already, and does not define the revision that had this name.",
        "Move it away, then run the same command again.",
    )


def file_written(path: str, place: str) -> str:
    """Say that a file is there again, and where its text comes from."""
    return f"  wrote {visible(path)} ({visible(place)})"
