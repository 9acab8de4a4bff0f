"""The text of `lback restore`."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.report.style import Style, safe
from lback.report.words import counted, listing


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield what each table got back."""
    done = result.view["done"]
    for row in result.data["tables"]:
        what = "whole rows" if row["whole"] else f"column {listing(row['columns'])}"
        if not done:
            yield f"{safe(row['table'])}: {counted(row['rows'], 'row')} ({what})"
            continue
        yield style.green(
            f"{safe(row['table'])}: {counted(row['restored'], 'row')} put back ({what})"
        )
        if row["present"]:
            yield f"    {counted(row['present'], 'row')} left alone: their keys are there already"
        if row["missing"]:
            yield style.yellow(
                f"    {counted(row['missing'], 'row')} not put back: deleted since they were saved"
            )
