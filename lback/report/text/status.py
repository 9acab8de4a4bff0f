"""The text of `lback status`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lback.core.result import Result
from lback.report.style import Style, safe
from lback.report.words import counted, listing


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield one line each for database, checkout and shared branch, then what to do."""
    data = result.data
    yield f"database  {_database(data['database'], style)}"
    checkout = data["checkout"]
    where = f"{safe(checkout['ref'])}, " if checkout["ref"] else "no git repository, "
    yield f"checkout  {where}{_heads(checkout['heads'])}"
    yield f"upstream  {_upstream(data['upstream'])}"
    if data["lost"]:
        for revision in data["lost"]:
            place = result.view["lost"].get(revision, "found nowhere in git")
            yield style.red(f"lost      {safe(revision)}: applied, not in this checkout, {place}")
    if data["pending"]:
        yield f"pending   {counted(len(data['pending']), 'revision')}"
        for revision in data["pending"][:10]:
            doc = safe(result.view["docs"][revision])
            name = safe(revision)
            yield f"          {style.yellow(name)}  {style.cut(doc, 12 + len(name))}"
        if len(data["pending"]) > 10:
            yield f"          and {len(data['pending']) - 10} more"
    yield f"{style.cyan('next:')} {result.view['next']}"


def _database(database: Mapping[str, Any] | None, style: Style) -> str:
    if database is None:
        return "not asked"
    state = database["state"]
    if state == "unreachable":
        return style.red(f"unreachable: {safe(database['message'])}")
    paint = {"current": style.green, "lost": style.red}.get(state, style.yellow)
    at = f" at {listing(database['current'])}" if database["current"] else ""
    return f"{safe(database['url'])}: {paint(state)}{at}"


def _upstream(upstream: Mapping[str, Any] | None) -> str:
    if upstream is None:
        return "none"
    mine = counted(upstream["ahead"], "revision")
    theirs = counted(upstream["behind"], "revision")
    heads = _heads(upstream["heads"])
    return f"{safe(upstream['ref'])}, {heads}; only here {mine}, only there {theirs}"


def _heads(heads: list[str]) -> str:
    if not heads:
        return "no revisions"
    return f"{'head' if len(heads) == 1 else 'heads'} {listing(heads)}"
