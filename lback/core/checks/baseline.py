"""The list of old findings, which a check leaves out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256

from lback.core.checks.findings import Finding
from lback.core.checks.silencing import DEAF
from lback.core.display import encoded
from lback.core.messages import checks as messages

_FORMAT = 1
EMPTY = b'{"lback_baseline": 1, "findings": []}'


def read_baseline(path: str, text: bytes) -> frozenset[str]:
    """Return the fingerprints that a baseline lists; UsageError where it is not one."""
    try:
        data = json.loads(text)
        if data["lback_baseline"] != _FORMAT:
            raise ValueError
        return frozenset(str(one["fingerprint"]) for one in data["findings"])
    except (ValueError, KeyError, TypeError) as err:
        raise messages.not_a_baseline(path) from err


def baseline_text(findings: Sequence[Finding]) -> str:
    """Return a baseline that lists these findings, one a line, sorted, for small diffs."""
    rows = [
        {"fingerprint": name, "code": one.code, "path": one.path, "message": one.message}
        for name, one in zip(fingerprints(findings), findings, strict=True)
        if can_be_old(one)
    ]
    rows.sort(key=lambda row: (row["path"], row["code"], row["fingerprint"]))
    lines = ",\n".join("  " + json.dumps(row) for row in rows)
    return f'{{"lback_baseline": {_FORMAT}, "findings": [\n{lines}\n]}}\n'


def without_old(
    findings: Sequence[Finding], old: frozenset[str]
) -> tuple[list[Finding], list[Finding]]:
    """Split findings into those that are new, and those that the baseline lists."""
    kept: list[Finding] = []
    known: list[Finding] = []
    for name, one in zip(fingerprints(findings), findings, strict=True):
        (known if name in old and can_be_old(one) else kept).append(one)
    return kept, known


def can_be_old(finding: Finding) -> bool:
    """Tell whether a baseline may list a finding: not one that says nothing was looked at."""
    return finding.code not in DEAF


def fingerprints(findings: Sequence[Finding]) -> list[str]:
    """Return one name a finding that stays the same while lines move; equal ones are counted."""
    seen: dict[str, int] = {}
    found = []
    for one in findings:
        place = one.path.rpartition("/")[2]
        parts = (one.code, place, *sorted(one.revisions), "", *sorted(one.tables))
        name = sha256(encoded("\0".join(parts))).hexdigest()[:32]
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return found
