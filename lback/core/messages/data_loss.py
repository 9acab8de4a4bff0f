"""What is said before and after rows and values are deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lback.core.display import visible
from lback.core.rollback.stakes import DataLoss
from lback.errors import LbackError


def loss(lost: DataLoss) -> str:
    """Return `1 row of users` or `up to 20 values of users.boss, along with bosses`."""
    table = visible(lost.table)
    most, along = "", ""
    if lost.along_with is not None:
        most, along = "up to ", f", along with {visible(lost.along_with)}"
    if lost.column is None:
        return f"{most}{_counted(lost.rows, 'row')} of {table}{along}"
    return f"{most}{_counted(lost.rows, 'value')} of {table}.{visible(lost.column)}{along}"


def more_than_agreed(losses: Sequence[DataLoss]) -> LbackError:
    """Say that there is more to delete by now than a person has agreed to."""
    return LbackError(
        f"There is more to delete than you were asked about, {'; '.join(map(loss, losses))} now.",
        "Nothing was changed. Run the same command again.",
    )


def question(
    losses: Mapping[str, Sequence[DataLoss]], also: str = "", *, saved: bool = False
) -> str:
    """Ask for consent to what goes from each database; `also` says what else happens.

    `saved` says that the rows go to a file first.
    """
    parts = [also] if also else []
    told = [
        f"{loss(data_loss)} on {name}" if len(losses) > 1 else loss(data_loss)
        for name, rows in losses.items()
        for data_loss in rows
    ]
    if told:
        parts.append(f"This deletes {'; '.join(told)}.")
        if saved:
            parts.append("What goes is saved to a file first.")
    return " ".join([*parts, "Go on?"])


def rows_saved(rows: int, path: object) -> str:
    """Say where rows were saved."""
    return f"  saved {_counted(rows, 'row')} to {path}"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
