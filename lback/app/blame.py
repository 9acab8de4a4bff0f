"""The use case of `blame`: who brought each column of a table, and who changed it last."""

from __future__ import annotations

from typing import Any

from lback.app.context import Context
from lback.app.history import Sources, add_git, gather, unknown_table, unseen
from lback.app.reading import WORKTREE
from lback.core.findings import from_problems
from lback.core.result import Result
from lback.core.tables import Column, life


def blame(ctx: Context, table: str, at: str = WORKTREE) -> Result:
    """Return the columns of a table, and those that are gone, each with who and when."""
    found = gather(ctx, at)
    told = life(table, found.graph, found.effects)
    if not told.found:
        raise unknown_table(table, told.near)
    both = (*told.columns, *told.gone)
    revisions = {
        one
        for column in both
        for one in (column.added_by, column.changed_by, column.dropped_by)
        if one is not None
    }
    rows: dict[str, dict[str, Any]] = {
        one: {"revision": one, "path": found.graph[one].path, "doc": found.graph[one].doc}
        for one in found.graph.order()
        if one in revisions
    }
    for row in rows.values():
        row.update(commit=None, published=False, pushed=False, co_authors=[], edits=[])
    add_git(found, list(rows.values()))
    data: dict[str, Any] = {
        "table": table,
        "names": list(told.names),
        "exists": told.exists,
        "columns": [_row(column, rows) for column in told.columns],
        "gone": [_row(column, rows) for column in told.gone],
        "doubts": [_doubt(found, one.revision, one.unknown) for one in told.doubts],
        "unseen": unseen(found, list(rows.values())),
    }
    return Result("blame", data, from_problems(found.graph.problems))


def _row(column: Column, rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    def by(revision: str | None) -> dict[str, Any] | None:
        return dict(rows[revision]) if revision is not None else None

    return {
        "name": column.name,
        "type": column.type or None,
        "names": list(column.names),
        "certain": column.certain,
        "added_by": by(column.added_by),
        "changed_by": by(column.changed_by),
        "dropped_by": by(column.dropped_by),
    }


def _doubt(found: Sources, revision: str, unknown: Any) -> dict[str, Any]:
    return {
        "revision": revision,
        "path": found.graph[revision].path,
        "line": unknown.line,
        "reason": unknown.reason,
    }
