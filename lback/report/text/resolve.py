"""The text of `lback resolve`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.report.forks import merge_lines, next_step, overlap_lines, rebase_lines
from lback.report.style import Style, safe

if TYPE_CHECKING:
    from lback.app.resolve import ResolveResult


def lines(result: ResolveResult, style: Style) -> Iterator[str]:
    """Yield what was chosen and why, then what it did."""
    if result.action == "none":
        yield f"nothing to resolve: {safe(result.reason)}"
        return
    yield from overlap_lines(result.overlaps, style)
    if result.action == "refused":
        return
    tell = merge_lines if result.action == "merge" else rebase_lines
    yield from tell(result, style)
    yield f"why: {safe(result.reason)}"
    if result.action == "merge" and not result.planned:
        yield f"{style.cyan('next:')} commit it, then `lback migrate`"
    elif result.planned and result.action == "rebase":
        yield "nothing was done"
    elif not result.planned:
        yield f"{style.cyan('next:')} {next_step(result)}"
