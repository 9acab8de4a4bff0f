"""JUnit XML, which Jenkins, Buildkite, CircleCI and many more show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lback.core.checks.findings import CODES, Finding
from lback.core.checks.report import CheckResult
from lback.core.checks.silencing import FailOn, fails
from lback.core.display import mute, visible
from lback.core.results import plain
from lback.formats.render import hint_of


def render(result: CheckResult) -> str:
    """Return one test suite with a case for each code that was looked for.

    A case fails where a finding of its code makes the exit status 1; other findings are its
    output. It is skipped where all findings of its code were left out.
    """
    limit = result.fail_on
    by_code: dict[str, list[Finding]] = {}
    for finding in result.findings:
        by_code.setdefault(finding.code, []).append(finding)
    quiet: dict[str, list[str]] = {}
    for row in result.left_out_findings:
        quiet.setdefault(row.finding.code, []).append(row.by)
    looked_for = {*result.codes, *by_code, *quiet}
    codes = [code for code in CODES if code in looked_for]
    cases = [_case(code, by_code.get(code, []), quiet.get(code, []), limit) for code in codes]
    failures = sum(fails(findings, limit) for findings in by_code.values())
    skipped = sum(code not in by_code for code in quiet)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0"'
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites {counts} time="0">',
            f' <testsuite name="lback check" {counts} skipped="{skipped}" time="0">',
            *_properties(result),
            *cases,
            " </testsuite>",
            "</testsuites>",
        ]
    )


def _properties(result: CheckResult) -> Iterator[str]:
    """Yield the counts of what was left out, by whose word."""
    yield "  <properties>"
    for by, number in plain(result.left_out).items():
        yield f'   <property name="left_out.{by}" value="{number}"/>'
    yield "  </properties>"


def _case(code: str, findings: Sequence[Finding], quiet: Sequence[str], limit: FailOn) -> str:
    head = f'  <testcase classname="lback" name={_attribute(_name(code))}'
    bodies = []
    bad = [finding for finding in findings if fails([finding], limit)]
    if bad:
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        message = _attribute(f"{bad[0].message}{more}")
        kind = _attribute(bad[0].severity)
        text = "\n".join(_told(finding) for finding in bad)
        bodies.append(f"<failure message={message} type={kind}>{text}</failure>")
    elif quiet and not findings:
        bodies.append("<skipped/>")
    lines = [f"{finding.severity}: {_told(finding)}" for finding in findings if finding not in bad]
    lines += [f"{quiet.count(by)} left out by {by}" for by in dict.fromkeys(quiet)]
    if lines:
        bodies.append(f"<system-out>{chr(10).join(lines)}</system-out>")
    if not bodies:
        return f"{head}/>"
    inner = "\n".join(f"   {body}" for body in bodies)
    return f"{head}>\n{inner}\n  </testcase>"


def _told(finding: Finding) -> str:
    """Return place, message and hint; Jenkins' schema knows no attribute for the place."""
    place = f"{finding.path}:{finding.line}: " if finding.line else ""
    if finding.path and not finding.line:
        place = f"{finding.path}: "
    # A line of a log may be a command to whoever reads it; only our own breaks stay.
    parts = (f"{place}{finding.message}", hint_of(finding))
    return "\n".join(_text(part) for part in parts if part)


def _name(code: str) -> str:
    return f"{code} {CODES[code][1]}"


def _text(text: str) -> str:
    """Escape for an element; what XML 1.0 cannot hold, or nobody would see, is spelled out."""
    shown = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return mute(shown, "&#35;")


def _attribute(text: str) -> str:
    """Escape and quote for an attribute."""
    escaped = _text(text).replace('"', "&quot;")
    return f'"{escaped}"'
