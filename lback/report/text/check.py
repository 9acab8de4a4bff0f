"""The text of `lback check`: what was looked at; the findings follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lback.core.result import Result
from lback.report.left_out import left_out
from lback.report.style import Style, safe
from lback.report.words import counted, listing


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield what was compared with what, and how it stands."""
    data, view = result.data, result.view
    yield f"{safe(view['at'])}: {counted(view['count'], 'revision')}, {_heads(data['heads'])}"
    for merge in data["merges"]:
        conflicts = (
            f", {counted(len(merge['conflicts']), 'conflict')}" if merge["conflicts"] else ""
        )
        heads = _heads(merge["would_be_heads"])
        word = "in place of" if merge["replaced"] else "merged with"
        yield f"{word} {safe(merge['against'])}: {heads}{conflicts}"
    if not data["merges"] and all(one.code != "LB108" for one in result.findings):
        yield style.dim("merged with nothing: there is no other branch to compare with")
    if data["new_revisions"]:
        yield f"new here: {listing(data['new_revisions'])}"
    for row in data["siblings"]:
        forks = counted(len(row["forks"]), "fork") if row["forks"] else "no fork"
        news = listing(row["new_revisions"], 3)
        yield f"with {listing(row['branches'])} by {safe(row['author'])}: {forks} ({news})"
    if data["models"] and data["models"]["dialect"]:
        yield _run(data["models"])
    for one in view["left_out"]:
        if one.by == "comments":
            place = safe(one.finding.path)
            yield style.dim(f"silenced {one.finding.code} in {place}: {safe(one.reason)}")
    if quiet := left_out(result):
        yield style.dim(quiet)
    yield summary(result, style)


def _run(models: Mapping[str, Any]) -> str:
    """Say what was run, and in how many tables it met rows."""
    filled, refused = len(models["rows_in"]), len(models["no_rows_in"])
    parts = ["all migrations"]
    if models["tried"]:
        parts.append(f"{len(models['tried'])} of them up, down and up again")
    if filled or refused:
        parts.append(f"with a made-up row in {filled} of {counted(filled + refused, 'table')}")
    if models["differences"] is not None:
        parts.append("then compared with the models")
    return f"run on {models['dialect']}: {', '.join(parts)}"


def summary(result: Result, style: Style | None = None) -> str:
    """Return the verdict in one line."""
    plain = style or Style()
    found = Counter(one.severity for one in result.findings)
    if not found:
        return plain.green("✓ nothing found")
    parts = [counted(found[kind], kind) for kind in ("error", "warning", "note") if found[kind]]
    text = ", ".join(parts)
    return plain.red(f"✗ {text}") if result.exit_code else plain.green(f"✓ {text}")


def _heads(heads: list[str]) -> str:
    word = "head" if len(heads) == 1 else "heads"
    return f"{len(heads)} {word}" + (f" ({listing(heads)})" if heads else "")
