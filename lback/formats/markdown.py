"""Markdown for a comment on a pull request, with both sides drawn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from lback.core.checks.findings import CODES, Finding
from lback.core.checks.report import CheckResult, DrawnRevision, NewRevisionRow, SiblingRow
from lback.core.display import visible
from lback.formats.effects import effect_text, unknown_text
from lback.formats.mermaid import label
from lback.formats.verdict import left_out, verdict
from lback.formats.words import listing

# The first line, so that a later run finds the comment and edits it.
MARK = "<!-- lback check -->"
_ICONS = {"error": "❌", "warning": "⚠️", "note": "💬"}
_MOST = 60
_MOST_OF_CODE = 6  # a hundred times the same hides the one that matters
_MOST_NAMES = 10
_TAKES_AWAY = frozenset({"drop", "delete"})
# GitHub takes 65,536 characters, GitLab more; there is room for what a workflow adds.
_LONGEST = 60_000
_MEANS_SOMETHING = re.compile(r"([\\`*_{}\[\]()#+!|~<>@$:-])")


def render(result: CheckResult) -> str:
    """Return the comment; nothing that a branch brings is markup, a mention or a link."""
    parts = (
        _findings(result.findings),
        _siblings(result.siblings),
        _picture(result.picture),
        _new(result.new),
    )
    text = "\n".join([MARK, *_verdict(result)])
    for part in parts:
        longer = "\n".join([text, *part])
        if len(longer) > _LONGEST:
            return f"{text}\n\nThe rest is too long for a comment; `lback check` prints it."
        text = longer
    return text


def _verdict(result: CheckResult) -> Iterator[str]:
    yield f"### Migrations: {verdict(result)}"
    yield ""
    for merge in result.merges:
        heads = merge.would_be_heads
        word = "In place of" if merge.replaced else "Merged with"
        yield f"{word} {code(merge.against)} there {_number(heads)}: {plain(listing(heads))}."
    if quiet := left_out(result):
        yield ""
        yield f"{plain(quiet)}."


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    shown: Counter[str] = Counter()
    rows: list[Finding] = []
    for finding in findings:
        if shown[finding.code] < _MOST_OF_CODE and len(rows) < _MOST:
            shown[finding.code] += 1
            rows.append(finding)
    if rows:
        yield ""
        yield from _table(rows)
    left = Counter(finding.code for finding in findings) - shown
    if left:
        yield ""
        yield f"… and {', '.join(f'{number} more of {each}' for each, number in left.items())}."


def _siblings(rows: Sequence[SiblingRow]) -> Iterator[str]:
    """Yield the other open branches that this one meets, and on which tables."""
    met = [row for row in rows if row.overlaps]
    if met:
        yield ""
        yield "#### Other open branches on the same tables"
        yield ""
    for row in met[:_MOST]:
        names = ", ".join(code(branch) for branch in row.branches[:_MOST_NAMES])
        by = f" ({plain(row.author)})" if row.author else ""
        yield f"- {names}{by}"
        for overlap in row.overlaps[:_MOST_NAMES]:
            yield f"  - {plain(overlap.brief or overlap.message)}"
        if len(row.overlaps) > _MOST_NAMES:
            yield f"  - … and {len(row.overlaps) - _MOST_NAMES} more"
    if len(met) > _MOST:
        yield f"- … and {len(met) - _MOST} more"


def _new(rows: Sequence[NewRevisionRow]) -> Iterator[str]:
    """Yield what each new revision does, in the order in which they run."""
    if not rows:
        return
    yield ""
    yield "#### What this branch does"
    yield ""
    for row in rows:
        text = f": {plain(row.doc)}" if row.doc else ""
        yield f"- {code(row.revision)}{text}"
        for effect in row.effects.upgrade:
            mark = "🗑️ " if effect.kind in _TAKES_AWAY else ""
            yield f"  - {mark}{code(effect_text(effect))}"
        for unknown in row.effects.unknown:
            if unknown.direction == "upgrade":
                text = f"line {unknown.line} {unknown_text(unknown)}"
                yield f"  - {_ICONS['warning']} {plain(text)}"


def _number(heads: Sequence[str]) -> str:
    return "would be 1 head" if len(heads) == 1 else f"would be {len(heads)} heads"


def _table(findings: Sequence[Finding]) -> Iterator[str]:
    yield "| | code | where | what, and what to do |"
    yield "|---|---|---|---|"
    for finding in findings:
        place = f"{finding.path}:{finding.line}" if finding.line else finding.path
        hint = (
            f"<br>{commands(finding.hint[:1].upper() + finding.hint[1:])}" if finding.hint else ""
        )
        about = f"{finding.code} {CODES[finding.code][1]}"
        where = code(place) if place else ""
        yield f"| {_ICONS[finding.severity]} | {about} | {where} | {plain(finding.message)}{hint} |"


def _picture(rows: Sequence[DrawnRevision]) -> Iterator[str]:
    """Yield both sides as a Mermaid graph, as far as GitHub and GitLab draw it."""
    if not rows or len(rows) > _MOST:
        return
    names = {row.revision: f"r{at}" for at, row in enumerate(rows)}
    yield ""
    yield "```mermaid"
    yield "flowchart BT"
    for row in rows:
        text = label(f"{row.revision}: {row.doc}" if row.doc else row.revision, most=80)
        yield f'    {names[row.revision]}["{text}"]:::{row.side}'
    for row in rows:
        for parent in row.parents:
            if parent in names:
                yield f"    {names[parent]} --> {names[row.revision]}"
    yield "    classDef here fill:#d1f0d1,stroke:#2b7a2b,color:#000"
    yield "    classDef there fill:#d6e4ff,stroke:#2b4c9b,color:#000"
    yield "    classDef both fill:#eeeeee,stroke:#777777,color:#000"
    yield "```"
    yield ""
    yield "Green: this branch. Blue: the branch it will be merged into. Grey: both."


def plain(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    return _MEANS_SOMETHING.sub(_entity, _line(text))


def commands(text: str) -> str:
    """Return a hint of ours: what stands between backticks is code, all else is plain."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(code(part) if at % 2 else plain(part) for at, part in enumerate(parts) if part)


def code(text: str) -> str:
    """Return a text as code, whatever it holds."""
    return f"<code>{_MEANS_SOMETHING.sub(_entity, _line(text))}</code>"


def _line(text: str) -> str:
    return visible(text).replace("&", "&amp;")


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"
