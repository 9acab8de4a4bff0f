"""The text of `lback history`, in the manner of `git log`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lback.core.result import Result
from lback.core.rows import OperationRow
from lback.report.style import Style, safe
from lback.report.text.show import operation_text
from lback.report.words import commit_of, listing, title, who


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield each change with its commit and what it did."""
    data = result.data
    table = data["table"]
    for note in data["unseen"]:
        yield style.yellow(f"note: {safe(note)}")
    if table and len(data["names"]) > 1:
        yield f"{safe(table)} was also called {listing([n for n in data['names'] if n != table])}"
    if not data["changes"]:
        yield "no revisions yet" if table is None else f"no change of {safe(table)} is known"
    for number, change in enumerate(data["changes"]):
        if number and table is not None:
            yield ""
        yield title(change["revision"], change["doc"], style) + _where(change, style)
        yield style.dim(f"    {_people(change)}{_standing(change)}{_applied(change)}")
        if change["picked_by"]:
            yield style.dim(f"    brought by {safe(change['picked_by'])}")
        if change["written"]:
            yield style.dim(f"    written by {who(commit_of(change['written']))}")
        for edit in change["edits"][:3]:
            yield style.yellow(f"    edited later: {who(commit_of(edit))}: {safe(edit['subject'])}")
        yield style.dim(f"    {safe(change['path'])}:{change['line']}")
        if "patch" in change:
            yield from (f"      {safe(line)}".rstrip() for line in change["patch"])
        else:
            yield from _operations(change, style, short=table is None)


def _people(change: Mapping[str, Any]) -> str:
    if change["committed"] is None:
        return "by whom is not known"
    people = change["co_authors"]
    return who(commit_of(change["commit"])) + (f", with {listing(people)}" if people else "")


def _standing(change: Mapping[str, Any]) -> str:
    if change["published"]:
        return "; published"
    if change["committed"] is None:
        return ""  # without git nobody can say
    return "; pushed" if change["pushed"] else "; local"


def _where(change: Mapping[str, Any], style: Style) -> str:
    branches = change["branches"]
    return style.cyan(f"  (only on {listing(branches, 3)})") if branches else ""


def _applied(change: Mapping[str, Any]) -> str:
    if change["applied"] is None:
        return ""
    return "; applied" if change["applied"] else "; pending"


def _operations(change: Mapping[str, Any], style: Style, *, short: bool) -> Iterator[str]:
    operations = change["operations"]
    shown = operations[:3] if short else operations
    for operation in shown:
        yield f"      {operation_text(OperationRow(**operation))}"
    if len(shown) < len(operations):
        yield f"      and {len(operations) - len(shown)} more"
    if not change["certain"]:
        yield style.yellow("      and something that cannot be read for certain")
