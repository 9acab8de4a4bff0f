"""The text of `lback switch`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.core.messages.data_loss import loss
from lback.report.style import Style, safe
from lback.report.words import title

if TYPE_CHECKING:
    from lback.app.switch import SwitchResult


def lines(result: SwitchResult, style: Style) -> Iterator[str]:
    """Yield what goes down and what goes up."""
    done = result.done
    places = {row.revision: row.place for row in result.found}
    if not result.undoes and not result.applies:
        yield "nothing to do: the database is what this branch expects"
        return
    for row in result.undoes:
        place = places.get(row.revision)
        found = style.dim(f"  (found {safe(place)})") if place else ""
        sign = style.red("- undid " if done else "- undo  ")
        yield f"{sign} {title(row.revision, row.doc, style)}{found}"
    for row in result.applies:
        sign = style.green("+ applied" if done else "+ apply ")
        yield f"{sign} {title(row.revision, row.doc, style)}"
    for lost in result.losses:
        yield style.red(f"{'deleted' if done else 'deletes'}: {loss(lost)}")
    if not done and not result.failed:
        yield "nothing was done"
