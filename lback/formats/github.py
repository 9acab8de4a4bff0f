"""Annotations of GitHub Actions, as workflow commands."""

from __future__ import annotations

import json

from lback.core.checks.findings import CODES, Finding
from lback.core.checks.report import CheckResult
from lback.core.display import visible
from lback.formats.render import valid, whole
from lback.formats.verdict import last_line

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(result: CheckResult) -> str:
    """Return one workflow command a finding, and the verdict.

    What a branch brings can only stand in values, and in values whatever could begin a
    command or another property is escaped as the runner wants it.
    """
    lines = [_command(finding) for finding in result.findings]
    return "\n".join([*lines, last_line(result)])


def outputs(result: CheckResult) -> str:
    """Return `heads`, `status` and `findings` as a step gives them to the steps that follow.

    Each is one line whatever a branch calls its revisions, since JSON escapes line ends.
    """
    heads = json.dumps([valid(head) for head in result.heads])
    return f"status={result.status}\nfindings={len(result.findings)}\nheads={heads}"


def _command(finding: Finding) -> str:
    properties = {}
    if finding.path:
        properties["file"] = finding.path
        properties["line"] = str(finding.line or 1)
    properties["title"] = f"{finding.code} {CODES[finding.code][1]}"
    values = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {values}::{_data(whole(finding))}"


def _data(text: str) -> str:
    """Escape as `@actions/core` does; what acts on a terminal has no business in a log."""
    lines = text.replace("%", "%25").replace("\r", "%0D").split("\n")
    return "%0A".join(map(visible, lines))


def _property(text: str) -> str:
    return _data(valid(text)).replace(":", "%3A").replace(",", "%2C")
