"""The text of `lback doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.report.style import Style, safe

if TYPE_CHECKING:
    from lback.app.doctor import DoctorResult


def lines(result: DoctorResult, style: Style) -> Iterator[str]:
    """Yield a line for each thing that was looked at, and the fix below what is wrong."""
    paint = {"error": style.red, "warning": style.yellow, "note": style.cyan, "ok": style.green}
    for line in result.lines:
        mark = paint[line.level](f"{line.level:<7}")
        yield f"{mark} {line.topic:<13} {safe(line.text)}"
        if line.fix:
            yield f"{'':<21} {style.cyan('next:')} {safe(line.fix)}"
