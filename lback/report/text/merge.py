"""The text of `lback merge`."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.report.overlaps import overlap_lines
from lback.report.style import Style, safe


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield what was joined, why, and what to do with the new file."""
    data = result.data
    yield from overlap_lines(data["overlaps"], style)
    if data["action"] == "none":
        yield f"nothing to join: {data['reason']}"
    if data["action"] != "merge":
        return
    verb = "would write" if result.view["plan"] else "wrote"
    staged = " and staged" if result.view["staged"] and not result.view["plan"] else ""
    for merge in data["merges"]:
        heads = " and ".join(style.yellow(safe(head)) for head in merge["heads"])
        yield f"{verb}{staged} {safe(merge['path'])}, which joins {heads}"
    yield f"why: {safe(data['reason'])}"
    for proof in data.get("proof", ()):
        yield f"proof: {safe(proof['message'])}"
    if not result.view["plan"]:
        yield f"{style.cyan('next:')} commit it, then `lback migrate`"
