"""SARIF 2.1.0, for code scanning."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote_from_bytes

from lback.core.findings import CODES, Finding
from lback.core.result import Result
from lback.core.rules.silencing import fingerprints
from lback.core.shell import command
from lback.report.formats import whole

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "note": "note"}


def render(result: Result) -> str:
    """Return one SARIF log with one run."""
    codes = sorted({one.code for one in result.findings})
    names = fingerprints(result.findings)
    run = {
        "tool": {"driver": {"name": "lback", "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The top of the repository"}}},
        "results": [
            _result(one, codes.index(one.code), name)
            for one, name in zip(result.findings, names, strict=True)
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(code: str) -> dict[str, Any]:
    severity, title = CODES[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in title.replace("-", " ").split()),
        "shortDescription": {"text": title[:1].upper() + title[1:]},
        "help": {"text": f"See {command('lback explain', code)}."},
        "defaultConfiguration": {"level": _LEVELS[severity]},
    }


def _result(finding: Finding, rule: int, fingerprint: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": whole(finding)},
        "partialFingerprints": {"lback/v1": fingerprint},
    }
    if finding.path:
        place: dict[str, Any] = {
            "artifactLocation": {"uri": _uri(finding.path), "uriBaseId": "SRCROOT"}
        }
        if finding.line:
            place["region"] = {"startLine": finding.line}
        row["locations"] = [{"physicalLocation": place}]
    return row


def _uri(path: str) -> str:
    """Return a relative URI; a colon is escaped too, or it would end a scheme."""
    return quote_from_bytes(os.fsencode(path))
