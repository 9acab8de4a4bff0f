"""JUnit XML, which Jenkins, Buildkite, CircleCI and many more show."""

from __future__ import annotations

from lback.core.display import visible
from lback.core.findings import CODES, Finding
from lback.core.result import Result
from lback.core.rules.silencing import fails
from lback.report.formats import hint_of


def render(result: Result) -> str:
    """Return one test suite: a case a finding, and one for each code that found nothing.

    A case fails where the finding makes the exit status 1; other findings are its output.
    """
    limit = result.view.get("fail_on", "error")
    seen = {one.code for one in result.findings}
    cases = [_case(one, failed=fails([one], limit)) for one in result.findings]
    cases += [f'  <testcase classname="lback" name={_attribute(_name(code))}/>'
              for code in result.view["codes"] if code not in seen]  # fmt: skip
    failures = sum(fails([one], limit) for one in result.findings)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="0" time="0"'
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f"<testsuites {counts.replace(' skipped=' + chr(34) + '0' + chr(34), '')}>",
            f' <testsuite name="lback check" {counts}>',
            *cases,
            " </testsuite>",
            "</testsuites>",
        ]
    )


def _case(finding: Finding, *, failed: bool) -> str:
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    name = f"{_name(finding.code)}: {place or ', '.join(finding.revisions) or 'project'}"
    # The place stands in the name: Jenkins' schema knows no attribute for it.
    head = f'  <testcase classname="lback" name={_attribute(name)}'
    # A line of a log may be a command to whoever reads it; only our own breaks stay.
    text = "\n".join(_text(part) for part in (finding.message, hint_of(finding)) if part)
    if failed:
        message = _attribute(finding.message)
        kind = _attribute(finding.severity)
        body = f"<failure message={message} type={kind}>{text}</failure>"
    else:
        body = f"<system-out>{finding.severity}: {text}</system-out>"
    return f"{head}>\n   {body}\n  </testcase>"


def _name(code: str) -> str:
    return f"{code} {CODES[code][1]}"


def _text(text: str) -> str:
    """Escape for an element; what XML 1.0 cannot hold, or nobody would see, is spelled out."""
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attribute(text: str) -> str:
    """Escape and quote for an attribute."""
    escaped = _text(text).replace('"', "&quot;")
    return f'"{escaped}"'
