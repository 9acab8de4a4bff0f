"""The text of `lback hooks install`, `uninstall` and `status`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.report.style import Style, safe

if TYPE_CHECKING:
    from lback.app.hooks import HooksResult

_GOOD = frozenset({"installed", "updated", "unchanged", "removed", "restored", "absent"})

_EITHER_WAY = "add the lines, or let `lback hooks install --write` do it"
_BY_HAND = "add them by hand: `--write` leaves alone what has an entry for the hook, or ends early"


def lines(result: HooksResult, style: Style) -> Iterator[str]:
    """Yield one line a hook, then the lines to add for another hook manager."""
    for row in result.hooks:
        path = row.path.removeprefix(f"{result.root}/") if result.root else row.path
        paint = style.green if row.state in _GOOD else style.yellow
        message = f"  {safe(row.message)}" if row.message else ""
        yield f"{row.hook:<14} {paint(f'{row.state:<10}')} {safe(path)}{style.dim(message)}"
    advised = [row for row in result.hooks if row.lines]
    for row in advised:
        yield ""
        yield f"{row.manager} runs {row.hook}: add this to {safe(row.into or '')}"
        yield from (f"    {line}" for line in row.lines)
    if advised:
        yield ""
        yield f"{style.cyan('next:')} {_BY_HAND if result.wrote else _EITHER_WAY}"
