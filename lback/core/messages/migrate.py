"""What `lback migrate` asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lback.core.shell import command
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.core.baseline import Baseline

DECLINED = "Aborted; nothing was changed."


def no_revisions(folders: Iterable[str]) -> LbackError:
    """Say that there is nothing to apply, which is not to be up to date."""
    return LbackError(
        f"There are no revision files in {', '.join(folder or '.' for folder in folders)}.",
        "`lback makemigrations NAME` writes the first one. Where there should be some, see "
        "`lback doctor` for the configuration that counts.",
    )


def unstamped(found: Baseline) -> LbackError:
    """Say that tables are there already, and up to which revision the schema fits."""
    tables = ", ".join(found.tables[:5]) + (", …" if len(found.tables) > 5 else "")
    return LbackError(
        f"The database has no stamp and holds {tables} already: {found.first} would create what "
        f"is there. {_fits(found)}",
        _note(found),
    )


def fits_less(found: Baseline, heads: Sequence[str]) -> LbackError:
    """Say that not all revisions can be noted as applied."""
    return LbackError(
        f"{', '.join(heads)} would be noted as applied, and the schema does not have what it "
        f"does. {_fits(found)}",
        _note(found),
    )


def _fits(found: Baseline) -> str:
    if not found.fits:
        return "Its tables and columns fit none of the revisions."
    more = ""
    if found.unseen:
        more = f", and {', '.join(found.unseen)} change neither: look whether that was done"
    return f"Its tables and columns fit up to {' and '.join(found.fits)}{more}."


def _note(found: Baseline) -> str:
    if not found.fits:
        return (
            "Make the schema what one of them leaves (`lback show REVISION` tells what it does), "
            "then note that one: `lback migrate REVISION --fake`."
        )
    notes = "; ".join(command("lback migrate --fake", fit) for fit in found.fits)
    return f"Note what is there: {notes}. Then `lback migrate` applies the rest."


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
