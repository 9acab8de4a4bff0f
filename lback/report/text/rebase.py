"""The text of `lback rebase`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lback.core.result import Result
from lback.report.overlaps import overlap_lines
from lback.report.style import Style, safe


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield what moved from where to where, and what the database did."""
    data = result.data
    yield from overlap_lines(data["overlaps"], style)
    if data["action"] == "none":
        yield f"nothing to move: {safe(data['reason'])}"
    if data["action"] != "rebase":
        return
    planned = result.view["plan"]
    yield from moved_lines(data, style, planned=planned)
    if planned:
        yield "nothing was done"
    else:
        yield f"{style.cyan('next:')} {next_step(data, staged=result.view['staged'])}"


def next_step(data: dict[str, Any], *, staged: bool) -> str:
    """Say what to do after a rebase; what could not run where it stands now comes first."""
    commit = "commit" if staged else "`git add` and commit"
    if data["held"]:
        names = _names(data["held"])
        return f"edit {names}, which cannot run as it is; then {commit} and `lback migrate`"
    row = data["database"]
    done = row is not None and row["state"] == "moved"
    return f"{commit} them" + ("" if done else ", then `lback migrate`")


def moved_lines(data: dict[str, Any], style: Style, *, planned: bool) -> Iterator[str]:
    """Yield a line for each file, and what becomes of the database."""
    move, give = ("would move", "would give") if planned else ("moved", "gave")
    for row in data["rewrites"]:
        name = style.yellow(safe(row["revision"]))
        if row["published"]:
            yield f"{give} {name} its published parent {_names(row['to'])} back"
        else:
            yield f"{move} {name} from {_names(row['from'])} onto {_names(row['to'])}"
        yield style.dim(f"    {safe(row['path'])}")
    for row in data["removes"]:
        verb = "would remove" if planned else "removed"
        yield f"{verb} {safe(row['path'])}: the merge has nothing left to merge"
    yield from _database(data["database"], planned=planned)


def _database(row: dict[str, Any] | None, *, planned: bool) -> Iterator[str]:
    if row is None or row["state"] == "untouched":
        return
    if row["state"] == "unreachable":
        yield f"the database does not answer: {safe(row['message'])}"
    elif row["restamped"]:
        yield "the database has run all of it; only its stamp changes"
    elif row["down"]:
        verb = "would undo" if planned else "has undone"
        again = ", ".join(row["up"]) or "nothing"
        yield f"the database {verb} {', '.join(row['down'])}, and then run {again}"


def _names(ids: Sequence[str]) -> str:
    return " and ".join(safe(one) for one in ids) or "the base"
