"""The use case of `explain`: one page a code, the same as in docs/checks/."""

from __future__ import annotations

from dataclasses import dataclass

from lback.core.checks.findings import CODES, Severity
from lback.core.messages import checks as messages
from lback.core.results import Result
from lback.formats.pages import page_of


@dataclass(frozen=True, kw_only=True)
class ExplainResult(Result):
    """The page of a code."""

    command = "explain"

    code: str
    severity: Severity
    title: str
    text: str


def explain(code: str) -> ExplainResult:
    """Return the page of a code."""
    wanted = code.upper()
    if wanted not in CODES:
        raise messages.no_such_code(code)
    severity, title = CODES[wanted]
    return ExplainResult(code=wanted, severity=severity, title=title, text=page_of(wanted))
