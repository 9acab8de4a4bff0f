"""SARIF 2.1.0, for code scanning."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote_from_bytes

from lback.core.checks.findings import CODES, Finding
from lback.core.checks.report import CheckResult
from lback.core.checks.silencing import fingerprints
from lback.core.display import escaped
from lback.core.results import plain
from lback.core.shell import command
from lback.formats.pages import HOME, about, fix, page_of, version
from lback.formats.render import whole
from lback.formats.verdict import left_out

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "note": "note"}
_PROBLEM = {"error": "error", "warning": "warning", "note": "recommendation"}
# What code scanning shows of a description.
_MOST = 1024


def render(result: CheckResult) -> str:
    """Return one SARIF log with one run, as GitHub's code scanning takes it."""
    codes = sorted({finding.code for finding in result.findings})
    names = fingerprints(result.findings)
    anchor = result.anchor or "."
    run = {
        "tool": {"driver": _driver(codes)},
        "automationDetails": {"id": "lback/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The top of the repository."}}},
        "invocations": [_invocation(result)],
        "results": [
            _result(finding, codes.index(finding.code), name, anchor)
            for finding, name in zip(result.findings, names, strict=True)
        ],
        "properties": {"leftOut": plain(result.left_out)},
    }
    return escaped(json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2))


def _driver(codes: Sequence[str]) -> dict[str, Any]:
    return {
        "name": "lback",
        "informationUri": HOME,
        "fullName": f"lback {version()}",
        "version": version(),
        "semanticVersion": _semantic(version()),
        "rules": [_rule(code) for code in codes],
    }


def _semantic(text: str) -> str:
    """Return a version as Semantic Versioning writes it: 1.2 is 1.2.0, 1.2.0rc1 is 1.2.0-rc1."""
    match = re.match(r"\d+(?:\.\d+){0,2}", text)
    numbers = match[0] if match else "0"
    rest = re.sub(r"[^0-9A-Za-z.]+", ".", text[len(numbers) :]).strip(".")
    whole_numbers = ".".join([*numbers.split("."), "0", "0"][:3])
    return f"{whole_numbers}-{rest}" if rest else whole_numbers


def _invocation(result: CheckResult) -> dict[str, Any]:
    row: dict[str, Any] = {"executionSuccessful": True}
    if quiet := left_out(result):
        row["toolExecutionNotifications"] = [{"level": "note", "message": {"text": f"{quiet}."}}]
    return row


def _rule(code: str) -> dict[str, Any]:
    severity, title = CODES[code]
    way_out = fix(code) or f"See {command('lback explain', code)}."
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in re.findall(r"\w+", title)),
        "shortDescription": {"text": f"{title[:1].upper()}{title[1:]}."},
        "fullDescription": {"text": _sentence(about(code) or title)[:_MOST]},
        "help": {"text": _sentence(way_out), "markdown": page_of(code) or way_out},
        "helpUri": f"{HOME}/blob/main/docs/checks/{code}.md",
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {
            "precision": "high",
            "problem.severity": _PROBLEM[severity],
            "tags": ["database", "migrations"],
        },
    }


def _sentence(text: str) -> str:
    return text if text.endswith((".", ":", "!", "?")) else f"{text}."


def _result(finding: Finding, rule: int, fingerprint: str, anchor: str) -> dict[str, Any]:
    # A result without a place is refused by code scanning: such a one is about the configuration.
    path, line = finding.path or anchor, finding.line if finding.path else 1
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": _sentence(whole(finding))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(path), "uriBaseId": "SRCROOT"},
                    "region": {"startLine": line or 1},
                }
            }
        ],
        "partialFingerprints": {
            "lback/v1": fingerprint,
            "primaryLocationLineHash": _line_hash(fingerprint),
        },
    }


def _line_hash(fingerprint: str) -> str:
    """Return a fingerprint the way code scanning writes its own: the hash, and which of equals."""
    name, _, number = fingerprint.partition("-")
    return f"{name[:16]}:{number or 1}"


def _uri(path: str) -> str:
    """Return a relative URI; a colon is escaped too, or it would end a scheme."""
    return quote_from_bytes(os.fsencode(path))
