"""The text of `lback switch`."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.report.style import Style, safe
from lback.report.words import lost_rows, title


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield what goes down and what goes up."""
    data, done = result.data, result.view.get("done")
    places = result.view.get("places", {})
    if not data["undoes"] and not data["applies"]:
        yield "nothing to do: the database is what this branch expects"
        return
    for row in data["undoes"]:
        place = places.get(row["revision"])
        found = style.dim(f"  (found {safe(place)})") if place else ""
        shown = title(row["revision"], row["doc"], style)
        yield f"{style.red('- undid ' if done else '- undo  ')} {shown}{found}"
    for row in data["applies"]:
        shown = title(row["revision"], row["doc"], style)
        yield f"{style.green('+ applied' if done else '+ apply ')} {shown}"
    for loss in data["losses"]:
        yield style.red(f"{'deleted' if done else 'deletes'}: {lost_rows(loss)}")
    if not done and result.status == "ok":
        yield "nothing was done"
