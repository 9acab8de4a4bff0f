"""The use case of `blame`: who brought each column of a table, and who changed it last."""

from __future__ import annotations

from typing import Any

from lback.app.context import Context
from lback.app.history import Sources, add_git, gather, unknown_table, unseen
from lback.app.origins import Origins
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
    pasts = add_git(found, list(rows.values()))
    origins = Origins(found.reader, at)
    here = {one: found.graph[one] for one in rows if one in pasts}
    origins.gather({one: pasts[one] for one in here}, here)
    data: dict[str, Any] = {
        "table": table,
        "names": list(told.names),
        "exists": told.exists,
        "columns": [_row(column, rows, origins) for column in told.columns],
        "gone": [_row(column, rows, origins) for column in told.gone],
        "doubts": [_doubt(found, one.revision, one.unknown) for one in told.doubts],
        "unseen": [*unseen(found, list(rows.values())), *_blind(origins)],
    }
    return Result("blame", data, from_problems(found.graph.problems))


def _row(column: Column, rows: dict[str, dict[str, Any]], origins: Origins) -> dict[str, Any]:
    def by(revision: str | None, deed: str) -> dict[str, Any] | None:
        if revision is None:
            return None
        row = dict(rows[revision])
        late, commit = origins.of(revision, column.last(deed))
        if late:  # its statement was put into the file by a later commit, or by none yet
            row["commit"] = commit.as_dict() if commit else None
            row["committed"] = commit is not None
            row["co_authors"] = list(commit.co_authors) if commit else []
        return row

    return {
        "name": column.name,
        "type": column.type or None,
        "names": list(column.names),
        "certain": column.certain,
        "added_by": by(column.added_by, "added"),
        "changed_by": by(column.changed_by, "changed"),
        "dropped_by": by(column.dropped_by, "dropped"),
    }


def _blind(origins: Origins) -> list[str]:
    if not origins.blind:
        return []
    return [
        f"this clone lacks older versions of the files of {', '.join(origins.blind[:3])}: shown is "
        "who brought the file"
    ]


def _doubt(found: Sources, revision: str, unknown: Any) -> dict[str, Any]:
    return {
        "revision": revision,
        "path": found.graph[revision].path,
        "line": unknown.line,
        "reason": unknown.reason,
    }
