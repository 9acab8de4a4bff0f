"""Unique constraints without a name, and foreign keys named after what is renamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from sqlalchemy.sql.elements import conv

from lback.db.alembic_compat import comes_back_with, final_name, name_writer
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


Waiting = dict[tuple["str | None", str, str], dict[str, Any]]
_WAITING = """
    SELECT n.nspname, c.relname, k.conname, k.condeferred
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE k.contype = 'u' AND k.condeferrable
"""


def waiting(connection: Any, inspector: Any) -> Waiting:
    """Return how unique constraints of PostgreSQL wait, by schema, table and name as they will be.

    SQLAlchemy reflects that of foreign keys alone.
    """
    renames = getattr(inspector, "renames", None)
    found = {}
    for place, was, name, late in connection.execute(sa.text(_WAITING)):
        schema = None if place == inspector.default_schema_name else place
        table = was if renames is None else renames.after(was, schema)
        names = {} if renames is None else renames.names.get((schema, table), {})
        found[schema, table, names.get(name, name)] = {
            "deferrable": True,
            "initially": "DEFERRED" if late else None,
        }
    return found


def compare_waiting(
    context: AutogenContext,
    changes: ops.ModifyTableOps,
    found: Waiting,
    key: tuple[str | None, str],
    there: sa.Table,
    model: sa.Table,
) -> Iterator[ops.MigrateOperation]:
    """Let keys that go come back as they were; yield those that are to wait in another way."""
    inspector: Any = context.inspector
    matches = {
        row["name"]: match
        for row in inspector.get_foreign_keys(key[1], key[0])
        if (match := row["options"].get("match"))
    }
    gone = set()
    for change in changes.ops:
        if isinstance(change, ops.DropConstraintOp):
            name = str(change.constraint_name)
            gone.add(name)
            options = dict(found.get((*key, name), {}))
            if name in matches:
                options["match"] = matches[name]
            comes_back_with(change, options)
    columns = {str(column.name) for column in there.columns}
    for constraint in model.constraints:
        name = str(final_name(constraint, inspector.dialect))
        if not isinstance(constraint, sa.UniqueConstraint) or name in gone:
            continue
        rows = inspector.get_unique_constraints(key[1], key[0])
        held = [row for row in rows if row["name"] == name]
        was = found.get((*key, name), {})
        waits = bool(constraint.deferrable), str(constraint.initially or "").upper() == "DEFERRED"
        if not held or waits == (bool(was), was.get("initially") == "DEFERRED"):
            continue
        seen = context.run_object_filters(constraint, name, "unique_constraint", False, None)
        if not seen or not columns.issuperset(held[0]["column_names"]):
            continue
        old = sa.UniqueConstraint(
            *(there.columns[column] for column in held[0]["column_names"]),
            name=conv(name),
            **was,
            **held[0].get("dialect_options", {}),
        )
        old.parent = there
        yield ops.DropConstraintOp.from_constraint(old)
        yield ops.CreateUniqueConstraintOp.from_constraint(constraint)
