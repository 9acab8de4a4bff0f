"""What `lback migrate` asks."""

from __future__ import annotations

from collections.abc import Iterable

from lback.errors import LbackError

DECLINED = "Aborted; nothing was changed."


def no_revisions(folders: Iterable[str]) -> LbackError:
    """Say that there is nothing to apply, which is not to be up to date."""
    return LbackError(
        f"There are no revision files in {', '.join(folder or '.' for folder in folders)}.",
        "`lback makemigrations NAME` writes the first one. Where there should be some, see "
        "`lback doctor` for the configuration that counts.",
    )


def would_go_down(revisions: Iterable[str]) -> LbackError:
    """Say that by now revisions would be undone that nobody was asked about."""
    return LbackError(
        "Somebody else moved the database while this was being planned: it would undo "
        f"{', '.join(revisions)} now.",
        "Nothing was changed. Run the same command again.",
    )


def goes_down(revisions: Iterable[str]) -> str:
    """Say that revisions are undone."""
    return f"This goes down and undoes {', '.join(revisions)}."
