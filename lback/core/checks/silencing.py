"""Which findings count: chosen codes, severities, reasons in the file, the baseline."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from hashlib import sha256
from typing import Literal, NamedTuple, cast

from lback.core.checks.findings import CODES, Finding, Severity
from lback.core.display import encoded
from lback.core.messages import checks as messages
from lback.errors import UsageError

FailOn = Literal["error", "warning", "never"]

_INLINE = re.compile(rb"#[ \t]*lback:[ \t]*ignore\[([A-Za-z0-9, \t]*)\][ \t]*([^\r\n]*)")
# Comments and strings, so that the one is never taken for the other. Each part of it takes
# whatever comes in the end, so that the time grows with the text alone.
_TOKEN = re.compile(
    rb"#[^\r\n]*"
    rb"|\"{3}(?:[^\\\"]+|\\(?:.|\Z)|\"(?!\"\"))*(?:\"{3}|\Z)"
    rb"|'{3}(?:[^\\']+|\\(?:.|\Z)|'(?!''))*(?:'{3}|\Z)"
    rb"|\"(?:[^\\\"\r\n]+|\\(?:\r\n|.|\Z))*\"?"
    rb"|'(?:[^\\'\r\n]+|\\(?:\r\n|.|\Z))*'?",
    re.DOTALL,
)
_LINE_END = re.compile(rb"\r\n?|\n")
_SEVERITIES = ("error", "warning", "note")
_MOST_OF_A_CODE = 2000
_RANK: Mapping[Severity, int] = {"note": 0, "warning": 1, "error": 2}
# Nothing was looked at: no old finding can stand for it.
_BLIND = frozenset({"LB107", "LB108", "LB505"})
# Choosing codes must not turn "could not look" into a pass, nor hide who changes the rules;
# only their full names do.
_ALWAYS = _BLIND | {"LB106", "LB109", "LB112"}

# No line of a file may hide that nothing was looked at, or that the rules change.
DEAF = _BLIND | {"LB112"}

_FORMAT = 1
EMPTY = b'{"lback_baseline": 1, "findings": []}'
By = Literal["settings", "command line", "comments", "baseline"]


class Comment(NamedTuple):
    """One code that a line of a file silences; `reason` is "" where none is given."""

    code: str
    reason: str
    line: int


class LeftOut(NamedTuple):
    """A finding that is not told, by whose word, and the reason that a comment gives."""

    finding: Finding
    by: By
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CodeChoice:
    """What the settings want to hear of; codes may be prefixes such as "LB4".

    `said` is what the command line wants; its `select` takes the place of the settings' one.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, str] = field(default_factory=dict)
    said: CodeChoice | None = None

    def wants(self, code: str) -> bool:
        """Tell whether findings of a code are wanted."""
        return self.left_out_by(code) is None

    def left_out_by(self, code: str) -> By | None:
        """Return whose word leaves a code out, None where it is wanted."""
        named, begun = code in self.ignore, code.startswith(self.ignore or ("-",))
        if named or (begun and code not in _ALWAYS):
            return "settings"
        said = self.said
        if said is not None and said.left_out_by(code) is not None:
            return "command line"
        if code in _ALWAYS or not self.select or code.startswith(self.select):
            return None
        return "settings"

    def graded(self, finding: Finding) -> Finding:
        """Return a finding with the severity that the project gives its code."""
        severity = self.severity.get(finding.code)
        return finding._replace(severity=cast(Severity, severity)) if severity else finding


def read_choice(
    select: Iterable[str],
    ignore: Iterable[str],
    severity: Mapping[str, str],
    said: CodeChoice | None = None,
) -> CodeChoice:
    """Check codes and severities as people wrote them; UsageError names the wrong one."""
    for code, grade in severity.items():
        if grade not in _SEVERITIES:
            raise UsageError(
                f"severity of {code} cannot be {grade!r}", f"allowed: {', '.join(_SEVERITIES)}"
            )
    graded = {_codes([code])[0]: grade for code, grade in severity.items()}
    chosen = () if said is not None and said.select else _codes(select)
    return CodeChoice(chosen, _codes(ignore), graded, said)


def _codes(words: Iterable[str]) -> tuple[str, ...]:
    """Split at commas and check: every code or prefix has to mean something."""
    codes = []
    for word in words:
        for part in word.split(","):
            code = part.strip().upper()
            if not code:
                continue
            if not any(known.startswith(code) for known in CODES):
                near = get_close_matches(code, CODES, n=3) or ["LB1", "LB2", "LB3", "LB4", "LB5"]
                raise UsageError(f"There is no code {part.strip()}", f"Known: {', '.join(near)} …")
            codes.append(code)
    return tuple(codes)


def comments_in(text: bytes) -> tuple[Comment, ...]:
    """Return the codes that a file silences, line by line; a string holds no comment."""
    if b"lback:" not in text:
        return ()
    comments = []
    line, at = 1, 0
    for token in _TOKEN.finditer(text):
        match = _INLINE.search(text, *token.span()) if token[0][:1] == b"#" else None
        if match is None:
            continue
        line += len(_LINE_END.findall(text, at, match.start()))
        at = match.start()
        reason = match[2].decode("utf-8", "replace").strip()
        codes = match[1].decode("ascii").upper().split(",")
        comments += [Comment(code.strip(), reason, line) for code in codes if code.strip()]
    return tuple(comments)


class Comments(NamedTuple):
    """The comments of a file that count: the codes with their reasons, and whose they are.

    `theirs` stand in the branch that the check is against, or nobody judges but the tree
    itself; `own` are what the branch adds.
    """

    theirs: Mapping[str, str] = {}
    own: Mapping[str, str] = {}
    is_new: bool = False


def by_code(comments: Iterable[Comment]) -> dict[str, str]:
    """Return comments as code and reason; the last one of a code counts."""
    return {comment.code: comment.reason for comment in comments}


def may_be_silenced_by_its_branch(code: str, severity: Severity) -> bool:
    """Tell whether a comment may silence a finding in the very branch that adds it.

    What a new file holds is its author's to explain. What it does to the graph, to what is
    published and to others is not, as long as it is an error.
    """
    return code.startswith("LB4") or (severity != "error" and code not in _ALWAYS)


def not_silenced(
    findings: Iterable[Finding], comments: Mapping[str, Comments]
) -> tuple[list[Finding], list[LeftOut]]:
    """Split findings into those that count and those that their file silences with a reason.

    `comments` are by path. A comment without a reason silences nothing, nor does one that
    has no say; the finding tells which.
    """
    kept: list[Finding] = []
    silenced: list[LeftOut] = []
    for finding in findings:
        here = comments.get(finding.path, Comments())
        reason = here.theirs.get(finding.code) if finding.code not in DEAF else None
        own = here.own.get(finding.code)
        if not reason and own and here.is_new:
            reason = (
                own if may_be_silenced_by_its_branch(finding.code, finding.severity) else reason
            )
        if reason:
            silenced.append(LeftOut(finding, "comments", reason))
        elif own:
            kept.append(_with_hint(finding, "does not count because this branch adds it"))
        elif reason is not None or own is not None:
            kept.append(_with_hint(finding, "needs a reason"))
        else:
            kept.append(finding)
    return kept, silenced


def _with_hint(finding: Finding, why: str) -> Finding:
    return finding._replace(
        hint=f"The comment that ignores {finding.code} {why}. {finding.hint}".strip()
    )


def fails(findings: Iterable[Finding], fail_on: FailOn) -> bool:
    """Tell whether any finding is at least as severe as what the caller fails on."""
    if fail_on == "never":
        return False
    return any(_RANK[finding.severity] >= _RANK[fail_on] for finding in findings)


def shortened(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings with the first ones of each code only, and how many more there are.

    A report of a hundred thousand lines helps nobody, and its reader may not survive it.
    """
    seen: dict[str, int] = {}
    kept = []
    for finding in findings:
        seen[finding.code] = seen.get(finding.code, 0) + 1
        if seen[finding.code] <= _MOST_OF_A_CODE:
            kept.append(finding)
    for code, count in seen.items():
        if count > _MOST_OF_A_CODE:
            first = next(finding for finding in kept if finding.code == code)
            more = f"{count - _MOST_OF_A_CODE:,} more findings of this kind are left out"
            kept.append(Finding(code, more, severity=first.severity))
    return kept


def arranged(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings without repetitions, by severity, code and place."""
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda f: (-_RANK[f.severity], f.code, f.path, f.line, f.message))


def read_baseline(path: str, text: bytes) -> frozenset[str]:
    """Return the fingerprints that a baseline lists; UsageError where it is not one."""
    try:
        data = json.loads(text)
        if data["lback_baseline"] != _FORMAT:
            raise ValueError
        return frozenset(str(row["fingerprint"]) for row in data["findings"])
    except (ValueError, KeyError, TypeError) as err:
        raise messages.not_a_baseline(path) from err


def baseline_text(findings: Sequence[Finding]) -> str:
    """Return a baseline that lists these findings, one a line, sorted, for small diffs."""
    rows = [
        {"fingerprint": name, "code": old.code, "path": old.path, "message": old.message}
        for name, old in zip(fingerprints(findings), findings, strict=True)
        if can_be_old(old)
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
    for name, finding in zip(fingerprints(findings), findings, strict=True):
        (known if name in old and can_be_old(finding) else kept).append(finding)
    return kept, known


def can_be_old(finding: Finding) -> bool:
    """Tell whether a baseline may list a finding: not one that says nothing was looked at."""
    return finding.code not in DEAF


def fingerprints(findings: Sequence[Finding]) -> list[str]:
    """Return one name a finding that stays the same while lines move; equal ones are counted."""
    seen: dict[str, int] = {}
    names = []
    for finding in findings:
        place = finding.path.rpartition("/")[2]
        parts = (finding.code, place, *sorted(finding.revisions), "", *sorted(finding.tables))
        name = sha256(encoded("\0".join(parts))).hexdigest()[:32]
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names
