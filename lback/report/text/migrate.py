"""The text of `lback migrate`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.report.style import Script, Style
from lback.report.words import counted, title

if TYPE_CHECKING:
    from lback.app.migrate import MigrateResult


def lines(result: MigrateResult, style: Style) -> Iterator[str]:
    """Yield the plan, or what was done."""
    steps = result.steps
    if result.sql is not None:
        yield Script("\n".join(result.sql))
    elif not steps:
        yield "nothing to do: the database is up to date"
    elif result.planned:
        for step in steps:
            sign = style.green("+ apply") if step.direction == "up" else style.red("- undo ")
            yield f"{sign}  {title(step.revision, step.doc, style)}"
        yield f"{counted(len(steps), 'step')}; nothing was done"
    else:
        up = sum(step.direction == "up" for step in steps)
        down = len(steps) - up
        parts = [f"applied {counted(up, 'revision')}"] if up else []
        parts += [f"undid {counted(down, 'revision')}"] if down else []
        note = ", noted only (nothing was run)" if result.fake else ""
        yield " and ".join(parts) + note
