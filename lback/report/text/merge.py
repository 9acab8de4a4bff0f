"""The text of `lback merge`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.report.forks import merge_lines, overlap_lines
from lback.report.style import Style, safe

if TYPE_CHECKING:
    from lback.app.merge import MergeResult


def lines(result: MergeResult, style: Style) -> Iterator[str]:
    """Yield what was joined, why, and what to do with the new file."""
    yield from overlap_lines(result.overlaps, style)
    if result.action == "none":
        yield f"nothing to merge: {result.reason}"
    if result.action != "merge":
        return
    yield from merge_lines(result, style)
    yield f"why: {safe(result.reason)}"
    for proof in result.proof:
        yield f"proof: {safe(proof.message)}"
    if not result.planned:
        yield f"{style.cyan('next:')} commit it, then `lback migrate`"
