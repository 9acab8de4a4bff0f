"""Counts rows, so that a person knows what a step would delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

Place = tuple[str, str | None]


def count_rows(connection: sa.Connection, places: Sequence[Place]) -> dict[Place, int]:
    """Count the rows of tables, or the values of columns that are not NULL.

    A place is ("schema.table" or "table", column or None); one that is not in the
    database is left out.
    """
    counts = {place: _count(connection, *place) for place in places}
    return {place: rows for place, rows in counts.items() if rows is not None}


def _count(connection: sa.Connection, table: str, column: str | None) -> int | None:
    schema, _, name = table.rpartition(".")
    inspector = sa.inspect(connection)
    if not inspector.has_table(name, schema=schema or None):
        return None
    target = sa.table(name, schema=schema or None)
    counted: Any = sa.func.count()
    if column is not None:
        if column not in {one["name"] for one in inspector.get_columns(name, schema or None)}:
            return None
        counted = sa.func.count(sa.column(column))
    return int(connection.execute(sa.select(counted).select_from(target)).scalar_one())
