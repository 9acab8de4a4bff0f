"""The text of `lback migrate`."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.report.style import Script, Style
from lback.report.words import counted, title


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield the plan, or what was done."""
    if "sql" in result.view:
        yield Script(result.view["sql"].rstrip("\n"))
        return
    steps = result.data["steps"]
    if not steps:
        yield "nothing to do: the database is up to date"
        return
    if result.data["planned"]:
        for step in steps:
            sign = style.green("+ apply") if step["direction"] == "up" else style.red("- undo ")
            yield f"{sign}  {title(step['revision'], step['doc'], style)}"
        yield f"{counted(len(steps), 'step')}; nothing was done"
        return
    up = sum(step["direction"] == "up" for step in steps)
    down = len(steps) - up
    parts = [f"applied {counted(up, 'revision')}"] if up else []
    parts += [f"undid {counted(down, 'revision')}"] if down else []
    note = ", written down only (nothing was run)" if result.data["fake"] else ""
    yield " and ".join(parts) + note
