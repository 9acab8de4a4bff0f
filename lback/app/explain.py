"""The use case of `explain`: one page a code, the same as in docs/checks/."""

from __future__ import annotations

from difflib import get_close_matches

from lback.core.findings import CODES
from lback.core.result import Result
from lback.errors import UsageError
from lback.report.pages import page_of


def explain(code: str) -> Result:
    """Return the page of a code."""
    wanted = code.upper()
    if wanted not in CODES:
        near = get_close_matches(wanted, CODES, n=3)
        raise UsageError(
            f"There is no code {code}.", f"Did you mean {', '.join(near) or ', '.join(CODES)}?"
        )
    severity, title = CODES[wanted]
    data = {"code": wanted, "severity": severity, "title": title, "text": page_of(wanted)}
    return Result("explain", data)
