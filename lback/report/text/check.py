"""The text of `lback check`: what was looked at; the findings follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lback.core.rules.report import CheckResult, ModelsRow
from lback.report.style import Style, safe
from lback.report.verdict import left_out, verdict
from lback.report.words import counted, listing


def lines(result: CheckResult, style: Style) -> Iterator[str]:
    """Yield what was compared with what, and how it stands."""
    yield f"{safe(result.at)}: {counted(result.count, 'revision')}, {_heads(result.heads)}"
    for merge in result.merges:
        conflicts = f", {counted(len(merge.conflicts), 'conflict')}" if merge.conflicts else ""
        word = "in place of" if merge.replaced else "merged with"
        yield f"{word} {safe(merge.against)}: {_heads(merge.would_be_heads)}{conflicts}"
    if not result.merges and all(one.code != "LB108" for one in result.findings):
        yield style.dim("merged with nothing: there is no other branch to compare with")
    if result.new_revisions:
        yield f"new here: {listing(result.new_revisions)}"
    for row in result.siblings:
        forks = counted(len(row.forks), "fork") if row.forks else "no fork"
        news = listing(row.new_revisions, 3)
        yield f"with {listing(row.branches)} by {safe(row.author)}: {forks} ({news})"
    if result.models and result.models.dialect:
        yield _run(result.models)
    for one in result.left_out_findings:
        if one.by == "comments":
            place = safe(one.finding.path)
            yield style.dim(f"silenced {one.finding.code} in {place}: {safe(one.reason)}")
    if quiet := left_out(result):
        yield style.dim(quiet)
    paint = style.red if result.exit_code else style.green
    yield paint(verdict(result))


def _run(models: ModelsRow) -> str:
    """Say what was run, and in how many tables it met rows."""
    filled, refused = len(models.rows_in), len(models.no_rows_in)
    parts = ["all migrations"]
    if models.tried:
        parts.append(f"{len(models.tried)} of them up, down and up again")
    if filled or refused:
        parts.append(f"with a test row in {filled} of {counted(filled + refused, 'table')}")
    if models.differences is not None:
        parts.append("then compared with the models")
    return f"run on {models.dialect}: {', '.join(parts)}"


def _heads(heads: Sequence[str]) -> str:
    word = "head" if len(heads) == 1 else "heads"
    return f"{len(heads)} {word}" + (f" ({listing(heads)})" if heads else "")
