"""The text of the git hooks: short lines that name their speaker."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.core.shell import command
from lback.report.style import Style, safe


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield the lines of a hook, the first ones of each matter marked with `lback:`."""
    for line in result.view.get("lines", ()):
        if line.startswith("  "):
            yield safe(line)
        elif line.startswith("next: "):
            yield f"{style.cyan('next:')} {safe(line[6:])}"
        else:
            yield f"{style.bold('lback:')} {safe(line)}"
    what = result.view.get("stopped")
    if what:
        passes = command(f"git {what} --no-verify")  # `what` is ours: commit or push
        yield f"{style.bold('lback:')} this {what} is stopped ({passes} passes)"
