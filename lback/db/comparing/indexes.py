"""Indexes that Alembic does not see to: on expressions, partial ones, and those of MySQL's keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops

from lback.db.comparing.twins import Snapshot, index_there, meaning


def compare_indexes(
    context: AutogenContext,
    found: list[Any],
    now: Snapshot,
    twin: Snapshot,
    there: sa.Table | None,
    model: sa.Table,
) -> list[ops.MigrateOperation]:
    """Return what is to be done about indexes that Alembic does not see to."""
    if context.dialect is None or context.dialect.name not in ("sqlite", "postgresql"):
        return []
    models = {str(index.name): index for index in model.indexes}
    made: list[ops.MigrateOperation] = []
    for name in sorted({*now.indexes, *twin.indexes}):
        old, new = now.indexes.get(name), twin.indexes.get(name)
        about = [
            one
            for one in found
            if isinstance(one, (ops.CreateIndexOp, ops.DropIndexOp)) and one.index_name == name
        ]
        if (old or new or {}).get("duplicates_constraint"):
            continue
        if old and new and meaning(old) == meaning(new):
            for one in about:  # Alembic has compared two spellings
                found.remove(one)
            continue
        kinds = {type(one) for one in about}
        if old and there is not None and ops.DropIndexOp not in kinds:
            index = index_there(old, there)
            if context.run_object_filters(index, name, "index", True, models.get(name)):
                made.append(ops.DropIndexOp.from_index(index))
        model_ = models.get(name)
        if new is None or model_ is None or ops.CreateIndexOp in kinds:
            continue
        if context.run_object_filters(model_, name, "index", False, None):
            made.append(ops.CreateIndexOp.from_index(model_))
    return made


def indexes_of_dropped(now: Snapshot, there: sa.Table) -> Iterator[ops.MigrateOperation]:
    """Yield the indexes on expressions of a table that goes: Alembic does not see them."""
    for index in now.indexes.values():
        if "items" in index:
            made = index_there(index, there)
            if not all(isinstance(item, sa.Column) for item in made.expressions):
                yield ops.DropIndexOp.from_index(made)


def indexes_of_keys(
    changes: ops.ModifyTableOps, there: sa.Table, model: sa.Table
) -> Iterator[ops.MigrateOperation]:
    """Yield the indexes that MySQL made for foreign keys that go, which it leaves behind.

    It names them after the key, or after the column of a key without a name. An index that it
    needs for a key that stays is not dropped, whatever it is called.
    """
    # Alembic has put its own copies of the indexes beside those that were reflected.
    found = {str(index.name): tuple(index.columns.keys()) for index in there.indexes}
    others = [tuple(index.columns.keys()) for index in model.indexes]
    uniques = (sa.UniqueConstraint, sa.PrimaryKeyConstraint)
    for one in model.constraints:
        others += [tuple(one.columns.keys())] if isinstance(one, uniques) else []
    kept = {tuple(key.column_keys) for key in model.foreign_key_constraints}
    needed = {key for key in kept if not any(key == other[: len(key)] for other in others)}
    for index in model.indexes:
        found.pop(str(index.name), None)
    for drop in [one for one in changes.ops if isinstance(one, ops.DropIndexOp)]:
        if found.pop(str(drop.index_name), None) in needed:
            changes.ops.remove(drop)
    for key in sorted(
        (one for one in changes.ops if isinstance(one, ops.DropConstraintOp)),
        key=lambda one: str(one.constraint_name),
    ):
        if key.constraint_type != "foreignkey":
            continue
        was: Any = key.to_constraint()
        columns = tuple(was.column_keys)
        for name in (str(key.constraint_name), columns[0]):
            if found.get(name) == columns and columns not in needed:
                index = next(one for one in there.indexes if one.name == name)
                del found[name]
                yield ops.DropIndexOp.from_index(index)
