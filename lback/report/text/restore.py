"""The text of `lback restore`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.report.style import Style, safe
from lback.report.words import counted, listing

if TYPE_CHECKING:
    from lback.app.restore import RestoreResult


def lines(result: RestoreResult, style: Style) -> Iterator[str]:
    """Yield what each table got back."""
    for row in result.tables:
        what = "whole rows" if row.whole else f"column {listing(row.columns)}"
        if not result.done:
            yield f"{safe(row.table)}: {counted(row.rows, 'row')} ({what})"
            continue
        yield style.green(f"{safe(row.table)}: {counted(row.restored, 'row')} put back ({what})")
        if row.present:
            yield f"    {counted(row.present, 'row')} left alone: their keys are there already"
        if row.missing:
            yield style.yellow(
                f"    {counted(row.missing, 'row')} not put back: deleted since they were saved"
            )
