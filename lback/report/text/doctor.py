"""The text of `lback doctor`."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.report.style import Style, safe


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield a line for each thing that was looked at, and the fix below what is wrong."""
    paint = {"error": style.red, "warning": style.yellow, "note": style.cyan, "ok": style.green}
    for row in result.data["lines"]:
        mark = paint[row["level"]](f"{row['level']:<7}")
        yield f"{mark} {row['topic']:<13} {safe(row['text'])}"
        if row["fix"]:
            yield f"{'':<21} {style.cyan('next:')} {safe(row['fix'])}"
