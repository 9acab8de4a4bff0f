"""The beginning of a data migration: all rows of a table, a batch at a time."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from lback.core.messages import makemigrations as messages
from lback.db.view import View


class Batched(NamedTuple):
    """A table as its rows are gone through: by its key, and a column to begin with."""

    table: str
    schema: str | None
    key: tuple[str, ...]
    column: str


def batched(view: View, name: str) -> Batched:
    """Look up how the rows of a table are told apart; LbackError where they are not."""
    schema, table = None, name
    seen = sa.inspect(view.connection)
    if not seen.has_table(table) and "." in name:
        schema, _, table = name.rpartition(".")
    if not seen.has_table(table, schema=schema):
        raise messages.no_table(name)
    key = tuple(seen.get_pk_constraint(table, schema=schema).get("constrained_columns") or ())
    others = [
        str(column["name"])
        for column in seen.get_columns(table, schema=schema)
        if column["name"] not in key and not column.get("computed") and not column.get("identity")
    ]
    if not key or not others:
        raise messages.no_batches(name, has_key=bool(key))
    return Batched(table, schema, key, others[0])


def upgrade_text(rows: Batched) -> str:
    """Return the code of upgrade(), indented but for its first line."""
    columns = ", ".join(f"sa.column({name!r})" for name in (*rows.key, rows.column))
    schema = f", schema={rows.schema!r}" if rows.schema else ""
    keys = ", ".join(f"table.c[{name!r}]" for name in rows.key)
    key = keys if len(rows.key) == 1 else f"sa.tuple_({keys})"
    each, last = ("row[0] for row in rows", "rows[-1][0]")
    if len(rows.key) > 1:
        each, last = "tuple(row) for row in rows", "sa.tuple_(*rows[-1])"
    lines = [
        f"table = sa.table({rows.table!r}, {columns}{schema})",
        f"key = {key}",
        "# In batches: no statement works on more rows than these, and memory holds their keys.",
        f"batch = sa.select({keys}).order_by({keys}).limit(1000)",
        "connection = op.get_bind()",
        "rows = connection.execute(batch).all()",
        "while rows:",
        "    # Say here what the rows get; as it is written each keeps what it has.",
        f"    change = sa.update(table).values({{{rows.column!r}: table.c[{rows.column!r}]}})",
        f"    connection.execute(change.where(key.in_([{each}])))",
        f"    rows = connection.execute(batch.where(key > {last})).all()",
    ]
    return "\n    ".join(lines)
