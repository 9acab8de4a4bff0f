"""The text of `lback hooks install`, `uninstall` and `status`."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.report.style import Style, safe

_GOOD = frozenset({"installed", "updated", "unchanged", "removed", "restored", "absent"})

_EITHER_WAY = "add the lines, or let `lback hooks install --write` do it"
_BY_HAND = "add them by hand: `--write` leaves alone what has an entry for the hook, or ends early"


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield one line a hook, then the lines to add for another hook manager."""
    root = result.view["root"]
    for row in result.data["hooks"]:
        path = row["path"].removeprefix(f"{root}/") if root else row["path"]
        paint = style.green if row["state"] in _GOOD else style.yellow
        state = f"{row['state']:<10}"
        message = f"  {safe(row['message'])}" if row["message"] else ""
        yield f"{row['hook']:<14} {paint(state)} {safe(path)}{style.dim(message)}"
    for row in result.data["hooks"]:
        if row["lines"]:
            yield ""
            yield f"{row['manager']} runs {row['hook']}: add this to {safe(row['into'])}"
            yield from (f"    {line}" for line in row["lines"])
    if any(row["lines"] for row in result.data["hooks"]):
        yield ""
        yield f"{style.cyan('next:')} {_BY_HAND if result.view['wrote'] else _EITHER_WAY}"
