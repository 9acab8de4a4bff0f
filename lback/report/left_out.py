"""What a check found and does not tell, counted: no format may lose that."""

from __future__ import annotations

from collections.abc import Mapping

from lback.core.result import Result
from lback.report.words import counted

_BY: Mapping[str, str] = {
    "settings": "by settings",
    "command_line": "by the command line",
    "comments": "by comments",
    "baseline": "by the baseline",
}


def left_out(result: Result) -> str:
    """Return `3 findings left out: 2 by settings (LB405), 1 by comments (LB402)`, or ""."""
    counts: Mapping[str, int] = result.data.get("left_out") or {}
    total = sum(counts.values())
    if not total:
        return ""
    parts = [f"{number} {_BY[by]}{_codes(result, by)}" for by, number in counts.items() if number]
    return f"{counted(total, 'finding')} left out: {', '.join(parts)}"


def _codes(result: Result, by: str) -> str:
    if by == "command_line":
        return ""  # whoever wrote it knows
    rows = result.view.get("left_out", ())
    codes = sorted({one.finding.code for one in rows if one.by.replace(" ", "_") == by})
    return f" ({', '.join(codes)})" if codes else ""
