"""Counts rows, so that a person knows what a step would delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from lback.db.runner import explained

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

    from lback.db.runner import Database

Place = tuple[str, str | None]


def count_rows(database: Database, places: Sequence[Place]) -> dict[Place, int]:
    """Count the rows of tables, or the values of columns that are not NULL.

    A place is ("schema.table" or "table", column or None); one that is not in the
    database is left out.
    """
    found: dict[Place, int] = {}

    def work(_stamp: Any, context: MigrationContext) -> Sequence[Any]:
        connection = context.connection
        if connection is not None:
            for place in places:
                rows = _count(connection, *place)
                if rows is not None:
                    found[place] = rows
        return ()

    with database.opened("current") as session, explained(session.at):
        session.run_env(work)
    return found


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
