"""The use case of `explain`: one page a code, the same as in docs/checks/."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from lback.core.findings import CODES
from lback.core.result import Result
from lback.errors import UsageError


def explain(code: str) -> Result:
    """Return the page of a code."""
    wanted = code.upper()
    if wanted not in CODES:
        near = get_close_matches(wanted, CODES, n=3)
        raise UsageError(
            f"There is no code {code}.", f"Did you mean {', '.join(near) or ', '.join(CODES)}?"
        )
    severity, title = CODES[wanted]
    data = {"code": wanted, "severity": severity, "title": title, "text": _page(wanted)}
    return Result("explain", data)


def _page(code: str) -> str:
    package = Path(__file__).parents[1]
    # The wheel carries the pages; a source checkout has them where people read them.
    for folder in (package / "_checks", package.parent / "docs" / "checks"):
        page = folder / f"{code}.md"
        if page.is_file():
            return page.read_text(encoding="utf-8")
    return ""
