"""GitLab's Code Quality report (a subset of Code Climate's)."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from lback.core.checks.findings import Finding
from lback.core.checks.report import CheckResult
from lback.core.checks.silencing import fingerprints
from lback.core.display import encoded, escaped, visible
from lback.formats.render import valid
from lback.formats.verdict import left_out

_SEVERITIES = {"error": "critical", "warning": "minor", "note": "info"}


def render(result: CheckResult) -> str:
    """Return a JSON list with the five keys that GitLab asks for; [] is a clean report."""
    names = fingerprints(result.findings)
    rows = [_row(finding, name) for finding, name in zip(result.findings, names, strict=True)]
    if quiet := left_out(result):
        rows.append(_counted(quiet))
    return escaped(json.dumps(rows, indent=2))


def _counted(quiet: str) -> dict[str, Any]:
    """Return a row about the findings that have none: a report that is a list has no other room."""
    return {
        "description": f"{quiet}.",
        "check_name": "lback",
        "fingerprint": sha256(encoded(quiet)).hexdigest()[:32],
        "severity": _SEVERITIES["note"],
        "location": {"path": ".", "lines": {"begin": 1}},
    }


def _row(finding: Finding, fingerprint: str) -> dict[str, Any]:
    hint = f" {finding.hint[:1].upper()}{finding.hint[1:]}" if finding.hint else ""
    return {
        "description": visible(f"{finding.code}: {finding.message}.{hint}"),
        "check_name": finding.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        # GitLab drops a row without a place; the whole project is the folder itself.
        "location": {
            "path": valid(finding.path) or ".",
            "lines": {"begin": finding.line or 1},
        },
    }
