"""Unique constraints without a name, and foreign keys named after what is renamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.sql.elements import conv

from lback.db.alembic_compat import final_name, name_writer
from lback.db.comparing.enums import Statements


def uniques_without_name(
    inspector: Any, schema: str | None, there: sa.Table, model: sa.Table
) -> Iterator[ops.MigrateOperation]:
    """Yield the unique constraints without a name that go."""
    wanted = {
        tuple(column.name for column in item.columns)
        for item in model.constraints
        if isinstance(item, sa.UniqueConstraint)
    }
    if inspector.dialect.name == "sqlite":
        for row in inspector.get_unique_constraints(there.name, schema):
            columns = tuple(row["column_names"])
            if row["name"] is None and columns not in wanted:
                constraint = sa.UniqueConstraint(*(there.columns[name] for name in columns))
                yield ops.DropConstraintOp.from_constraint(constraint)


def names_of_keys(
    inspector: Any, schema: str | None, name: str, there: sa.Table, model: sa.Table
) -> Iterator[ops.MigrateOperation]:
    """Yield the foreign keys that are named after what is renamed now, by their new names."""
    renames = getattr(inspector, "renames", None)
    if renames is None:
        return
    dialect = inspector.dialect
    tables = set(renames.tables.values())
    for row in inspector.get_foreign_keys(name, schema):
        columns = row["constrained_columns"]
        about = {*columns, row["referred_table"], name}
        new = {*renames.columns.get((schema, name), {}).values(), *tables}
        same = [
            key
            for key in model.foreign_key_constraints
            if key.column_keys == columns and key.referred_table.name == row["referred_table"]
        ]
        if row["name"] is None or not about & new or len(same) != 1:
            continue
        options = {key: str(value).upper() for key, value in row["options"].items()}
        wanted = {
            key: str(value).upper()
            for key in ("ondelete", "onupdate", "deferrable", "initially")
            if (value := getattr(same[0], key)) and str(value).upper() != "IMMEDIATE"
        }
        if same[0].name is None or options != wanted:
            continue
        called = str(final_name(same[0], dialect))
        if called != row["name"] and dialect.name == "postgresql":
            yield _renamed(dialect, schema, name, row["name"], called)
        elif called != row["name"]:
            old = sa.ForeignKeyConstraint(
                [there.columns[column] for column in columns],
                [f"{row['referred_table']}.{column}" for column in row["referred_columns"]],
                name=conv(row["name"]),
                **row["options"],
            )
            old.parent = there
            yield ops.DropConstraintOp.from_constraint(old)
            yield ops.CreateForeignKeyOp.from_constraint(same[0])


def _renamed(dialect: Any, schema: str | None, table: str, old: str, new: str) -> Statements:
    quote = name_writer(dialect)
    place = f"{quote(schema)}.{quote(table)}" if schema else quote(table)
    alter = f"ALTER TABLE {place} RENAME CONSTRAINT"
    return Statements(
        f"rename constraint {old} to {new}",
        [f"{alter} {quote(old)} TO {quote(new)}"],
        f"rename constraint {new} to {old}",
        [f"{alter} {quote(new)} TO {quote(old)}"],
    )
