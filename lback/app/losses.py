"""Counts the rows and values that going down would delete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lback.app.context import Context
from lback.core.effects import Effects


def count_losses(
    ctx: Context, going: Iterable[str], effects: Mapping[str, Effects]
) -> list[dict[str, Any]]:
    """Return `{"table", "column", "rows"}` for each table or column with data at stake.

    `column` is None for a whole table; what is empty is left out.
    """
    wanted: dict[tuple[str, str | None], None] = {}
    for revision in going:
        for effect in effects[revision].downgrade:
            if effect.kind == "drop" and effect.object == "table" and effect.table:
                wanted[effect.table, None] = None
            elif effect.kind == "drop" and effect.object == "column" and effect.table:
                wanted[effect.table, effect.name] = None
    if not wanted:
        return []
    from lback.db.counting import count_rows

    counts = count_rows(ctx.database, tuple(wanted))
    return [
        {"table": table, "column": column, "rows": rows}
        for (table, column), rows in counts.items()
        if rows
    ]
