"""What every report of a check says: the verdict, and how many findings are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from lback.core.checks.report import CheckResult
from lback.core.results import plain
from lback.formats.words import counted

_BY: Mapping[str, str] = {
    "settings": "by settings",
    "command_line": "by the command line",
    "comments": "by comments",
    "baseline": "by the baseline",
}


def verdict(result: CheckResult) -> str:
    """Return the verdict in one line."""
    counts = Counter(finding.severity for finding in result.findings)
    if not counts:
        return "✓ nothing found"
    parts = [counted(counts[kind], kind) for kind in ("error", "warning", "note") if counts[kind]]
    return f"{'✗' if result.exit_code else '✓'} {', '.join(parts)}"


def last_line(result: CheckResult) -> str:
    """Return the line that ends a report of one line a finding."""
    quiet = left_out(result)
    return f"lback check: {verdict(result)}" + (f"; {quiet}" if quiet else "")


def left_out(result: CheckResult) -> str:
    """Return `3 findings left out: 2 by settings (LB405), 1 by comments (LB402)`, or ""."""
    counts: Mapping[str, int] = plain(result.left_out)
    total = sum(counts.values())
    if not total:
        return ""
    parts = [f"{number} {_BY[by]}{_codes(result, by)}" for by, number in counts.items() if number]
    return f"{counted(total, 'finding')} left out: {', '.join(parts)}"


def _codes(result: CheckResult, by: str) -> str:
    if by == "command_line":
        return ""  # whoever wrote it knows
    rows = result.left_out_findings
    codes = sorted({row.finding.code for row in rows if row.by.replace(" ", "_") == by})
    return f" ({', '.join(codes)})" if codes else ""
