"""One line a finding, for editors and whatever else jumps to `path:line:column`."""

from __future__ import annotations

from lback.core.checks.findings import Finding
from lback.core.checks.report import CheckResult
from lback.core.display import harmless_line, visible
from lback.formats.verdict import last_line


def render(result: CheckResult) -> str:
    """Return `path:line:column: CODE message` a finding, and the verdict as the last line.

    A finding of no file stands at the first line of `.`; columns are not known and are 1.
    """
    return "\n".join([*map(_line, result.findings), last_line(result)])


def _line(finding: Finding) -> str:
    message = " ".join(visible(finding.message).split())
    place = f"{visible(finding.path) or '.'}:{finding.line or 1}:1"
    # A log of CI may show it as well, and takes no command from a branch.
    return harmless_line(f"{place}: {finding.code} {message}")
