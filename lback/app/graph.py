"""The use case of `graph`."""

from __future__ import annotations

from lback.app.context import Context
from lback.app.reading import WORKTREE
from lback.app.rows import effects_rows, graph_row
from lback.core.findings import from_problems
from lback.core.result import Result


def graph(
    ctx: Context, at: str = WORKTREE, *, form: str = "text", with_effects: bool = False
) -> Result:
    """Return every revision at a place, parents first."""
    reader = ctx.revisions
    found = reader.graph(at)
    effects = reader.effects(found, at=at)
    tables = reader.tables(found, found.order(), effects, at)
    rows = []
    for revision in found.order():
        row = graph_row(found, revision, tables[revision])
        if with_effects:
            row["effects"] = effects_rows(effects[revision])
        rows.append(row)
    result = Result("graph", {"at": at, "revisions": rows}, view={"format": form})
    if found.problems:
        result.findings = from_problems(found.problems)
        result.status, result.exit_code = "findings", 1
    return result
