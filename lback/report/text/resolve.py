"""The text of `lback resolve`."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.report.overlaps import overlap_lines
from lback.report.style import Style, safe
from lback.report.text import merge
from lback.report.text.rebase import moved_lines, next_step


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield what was chosen and why, then what it did."""
    data = result.data
    if data["action"] == "none":
        yield f"nothing to resolve: {safe(data['reason'])}"
        return
    if data["action"] == "merge":
        yield from merge.lines(result, style)
        return
    yield from overlap_lines(data["overlaps"], style)
    if data["action"] != "rebase":
        return
    planned = result.view["plan"]
    yield from moved_lines(data, style, planned=planned)
    yield f"why: {safe(data['reason'])}"
    if planned:
        yield "nothing was done"
    else:
        yield f"{style.cyan('next:')} {next_step(data, staged=result.view['staged'])}"
