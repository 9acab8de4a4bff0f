"""The text of `lback radar`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from lback.core.result import Result
from lback.report.style import Style, safe
from lback.report.words import counted, listing

_MOST = 4
_MOST_BRANCHES = 10


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield a summary, and a paragraph for each branch, the one that hurts most first."""
    rows, sums = result.data["branches"], result.data["summary"]
    compared = _branches(result.data["compared"])
    if not rows:
        yield f"{compared}: none holds a revision that is not here"
        return
    yield (
        f"{compared} compared with {safe(result.data['at'])}: {sums['branches']} with other "
        f"revisions, {sums['fork']} would fork, {sums['overlap']} overlap"
    )
    shown = rows if result.view["all"] else rows[:_MOST_BRANCHES]
    for row in shown:
        yield from _branch(row, style)
    rest = rows[len(shown) :]
    if rest:
        forks = sum(row["forks"] for row in rest)
        quiet = f", {forks} of them would fork" if forks else ""
        yield style.dim(f"and {_branches(len(rest), 'more branch')}{quiet} (`lback radar --all`)")


def _branches(number: int, word: str = "other branch") -> str:
    return counted(number, word).replace("branchs", "branches")


def _branch(row: Mapping[str, Any], style: Style) -> Iterator[str]:
    commit = row["commit"]
    word = style.green("adds")
    if row["overlaps"]:
        word = style.red("overlaps")
    elif row["forks"]:
        word = style.yellow("forks")
    also = f" (also {listing([safe(one) for one in row['also']], 3)})" if row["also"] else ""
    yield (
        f"{word}  {style.bold(safe(row['branch']))}{also}  "
        + style.dim(f"{safe(commit['author'])}, {age(commit['date'])}")
    )
    for one in row["revisions"][:_MOST]:
        yield f"    {style.yellow(safe(one['revision']))}  {safe(one['doc']) or '(no message)'}"
    if len(row["revisions"]) > _MOST:
        yield f"    and {len(row['revisions']) - _MOST} more"
    if row["reparents"]:
        yield f"    gives other parents to {listing(row['reparents'])}"
    for one in row["overlaps"][:_MOST]:
        yield f"    {one['verdict']}: {safe(one['message'])}"
    if len(row["overlaps"]) > _MOST:
        yield f"    and {len(row['overlaps']) - _MOST} more overlaps"


def age(date: str, now: datetime | None = None) -> str:
    """Return how long ago an ISO date was, in the largest unit that fits."""
    try:
        then = datetime.fromisoformat(date.replace("Z", "+00:00"))
    except ValueError:
        return date
    seconds = ((now or datetime.now(timezone.utc)) - then).total_seconds()
    for size, word in (
        (365 * 86400, "year"),
        (30 * 86400, "month"),
        (86400, "day"),
        (3600, "hour"),
    ):
        if seconds >= size:
            return f"{counted(int(seconds // size), word)} ago"
    return "within the hour"
