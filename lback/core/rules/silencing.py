"""Which findings count: chosen codes, severities, reasons in the file, sins of the past."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from lback.core.findings import CODES, Finding, Severity
from lback.errors import UsageError

FailOn = Literal["error", "warning", "never"]

_INLINE = re.compile(rb"#[ \t]*lback:[ \t]*ignore\[([A-Za-z0-9, \t]*)\][ \t]*([^\r\n]*)")
_SEVERITIES = ("error", "warning", "note")
_MOST_OF_A_CODE = 2000
_RANK: Mapping[Severity, int] = {"note": 0, "warning": 1, "error": 2}
# Nothing was looked at: no old finding can stand for it.
_BLIND = frozenset({"LB107", "LB108", "LB505"})
# Choosing codes must not turn "could not look" into a pass; only their full names do.
_ALWAYS = _BLIND | {"LB106", "LB109"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a caller wants to hear of; codes may be prefixes such as "LB4"."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, str] = field(default_factory=dict)

    def wants(self, code: str) -> bool:
        """Tell whether findings of a code are wanted."""
        if code in _ALWAYS:
            return code not in self.ignore
        if code.startswith(self.ignore or ("-",)):
            return False
        return not self.select or code.startswith(self.select)

    def graded(self, finding: Finding) -> Finding:
        """Return a finding with the severity that the project gives its code."""
        wished = self.severity.get(finding.code)
        return finding._replace(severity=cast(Severity, wished)) if wished else finding


def read_choice(
    select: Iterable[str], ignore: Iterable[str], severity: Mapping[str, str]
) -> Choice:
    """Check codes and severities as people wrote them; UsageError names the wrong one."""
    for code, wished in severity.items():
        if wished not in _SEVERITIES:
            raise UsageError(
                f"severity of {code} cannot be {wished!r}", f"allowed: {', '.join(_SEVERITIES)}"
            )
    graded = {_codes([code])[0]: wished for code, wished in severity.items()}
    return Choice(_codes(select), _codes(ignore), graded)


def _codes(words: Iterable[str]) -> tuple[str, ...]:
    """Split at commas and check: every code or prefix has to mean something."""
    found = []
    for word in words:
        for part in word.split(","):
            code = part.strip().upper()
            if not code:
                continue
            if not any(known.startswith(code) for known in CODES):
                from difflib import get_close_matches

                near = get_close_matches(code, CODES, n=3) or ["LB1", "LB2", "LB3", "LB4", "LB5"]
                raise UsageError(f"There is no code {part.strip()}", f"Known: {', '.join(near)} …")
            found.append(code)
    return tuple(found)


def inline_ignores(text: bytes) -> dict[str, str]:
    """Return the codes that a file silences, each with its reason ("" where none is given)."""
    found: dict[str, str] = {}
    for match in _INLINE.finditer(text):
        reason = match[2].decode("utf-8", "replace").strip()
        for code in match[1].decode("ascii").upper().split(","):
            if code.strip():
                found[code.strip()] = reason
    return found


def not_silenced(
    findings: Iterable[Finding], ignores: Mapping[str, Mapping[str, str]]
) -> tuple[list[Finding], list[tuple[Finding, str]]]:
    """Split findings into those that count and those that their file silences with a reason.

    `ignores` has, by path, what `inline_ignores` gave. A comment without a reason silences
    nothing, and the finding says so.
    """
    kept: list[Finding] = []
    silenced: list[tuple[Finding, str]] = []
    for one in findings:
        reason = ignores.get(one.path, {}).get(one.code)
        if reason:
            silenced.append((one, reason))
        elif reason is not None:
            lacking = f"The comment that ignores {one.code} lacks a reason. {one.hint}"
            kept.append(one._replace(hint=lacking.strip()))
        else:
            kept.append(one)
    return kept, silenced


def can_be_old(finding: Finding) -> bool:
    """Tell whether a baseline may list a finding: not one that says nothing was looked at."""
    return finding.code not in _BLIND


def fingerprints(findings: Sequence[Finding]) -> list[str]:
    """Return one name a finding that stays the same while lines move; equal ones are counted."""
    from hashlib import sha256

    seen: dict[str, int] = {}
    found = []
    for one in findings:
        place = one.path.rpartition("/")[2]
        parts = (one.code, place, *sorted(one.revisions), "", *sorted(one.tables))
        name = sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return found


def fails(findings: Iterable[Finding], fail_on: FailOn) -> bool:
    """Tell whether any finding is at least as severe as what the caller fails on."""
    if fail_on == "never":
        return False
    return any(_RANK[one.severity] >= _RANK[fail_on] for one in findings)


def shortened(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings with the first ones of each code only, and how many more there are.

    A report of a hundred thousand lines helps nobody, and its reader may not survive it.
    """
    seen: dict[str, int] = {}
    kept = []
    for one in findings:
        seen[one.code] = seen.get(one.code, 0) + 1
        if seen[one.code] <= _MOST_OF_A_CODE:
            kept.append(one)
    for code, count in seen.items():
        if count > _MOST_OF_A_CODE:
            first = next(one for one in kept if one.code == code)
            more = f"{count - _MOST_OF_A_CODE:,} more findings of this kind are left out"
            kept.append(Finding(code, more, severity=first.severity))
    return kept


def arranged(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings without repetitions, by severity, code and place."""
    unique = dict.fromkeys(findings)
    return sorted(
        unique, key=lambda one: (-_RANK[one.severity], one.code, one.path, one.line, one.message)
    )
