"""The text of `lback rebase`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.report.forks import next_step, overlap_lines, rebase_lines
from lback.report.style import Style, safe

if TYPE_CHECKING:
    from lback.app.rebase import RebaseResult


def lines(result: RebaseResult, style: Style) -> Iterator[str]:
    """Yield what moved from where to where, and what the database did."""
    yield from overlap_lines(result.overlaps, style)
    if result.action == "none":
        yield f"nothing to rebase: {safe(result.reason)}"
    if result.action != "rebase":
        return
    yield from rebase_lines(result, style)
    if result.planned:
        yield "nothing was done"
    else:
        yield f"{style.cyan('next:')} {next_step(result)}"
