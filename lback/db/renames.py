"""A drop and an add that may be one rename: found here, decided by whoever knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column

from lback.db.directives import RenameColumn, RenameTable, full_name
from lback.db.questions import Questioner


def settle_renames(upgrade: ops.UpgradeOps, context: MigrationContext, ask: Questioner) -> None:
    """Replace each drop and add that is a rename, table and column, in place."""
    for gone, new in _table_pairs(upgrade, context):
        if gone not in upgrade.ops or new not in upgrade.ops:
            continue  # one of them has been renamed already
        old_name = full_name(gone.table_name, gone.schema)
        if ask.rename_table(old_name, full_name(new.table_name, new.schema)):
            _rename_table(upgrade, gone, new)
    for changes in upgrade.ops:
        if isinstance(changes, ops.ModifyTableOps):
            _settle_columns(changes, context, ask)


def _table_pairs(
    upgrade: ops.UpgradeOps, context: MigrationContext
) -> list[tuple[ops.DropTableOp, ops.CreateTableOp]]:
    dropped = [one for one in upgrade.ops if isinstance(one, ops.DropTableOp)]
    created = [one for one in upgrade.ops if isinstance(one, ops.CreateTableOp)]
    return [
        (gone, new)
        for gone in dropped
        for new in created
        if gone.schema == new.schema and _same_columns(gone, new, context)
    ]


def _same_columns(gone: ops.DropTableOp, new: ops.CreateTableOp, context: MigrationContext) -> bool:
    old = {column.name: column for column in gone.to_table().columns}
    fresh = {one.name: one for one in new.columns if isinstance(one, Column)}
    return old.keys() == fresh.keys() and all(
        _same_type(old[name], fresh[name], context) for name in old
    )


def _same_type(old: Column[Any], new: Column[Any], context: MigrationContext) -> bool:
    return not context.impl.compare_type(old, new)


def _rename_table(upgrade: ops.UpgradeOps, gone: ops.DropTableOp, new: ops.CreateTableOp) -> None:
    rename = RenameTable(gone.table_name, new.table_name, schema=gone.schema)
    upgrade.ops[upgrade.ops.index(new)] = rename
    upgrade.ops.remove(gone)
    # First of all: what else is done to the table calls it by its new name.
    upgrade.ops.remove(rename)
    upgrade.ops.insert(0, rename)
    dropped, created = (
        [
            index
            for changes in _changes_of(upgrade, name, gone.schema)
            for index in changes.ops
            if isinstance(index, kind)
        ]
        for name, kind in (
            (gone.table_name, ops.DropIndexOp),
            (new.table_name, ops.CreateIndexOp),
        )
    )
    for drop in dropped:
        for create in created:
            if _same_index(drop, create):
                _take_out(upgrade, drop)
                _take_out(upgrade, create)
    for changes in _changes_of(upgrade, gone.table_name, gone.schema):
        changes.table_name = new.table_name
        for one in changes.ops:
            one.table_name = new.table_name  # type: ignore[attr-defined]


def _changes_of(
    upgrade: ops.UpgradeOps, table: str, schema: str | None
) -> Iterator[ops.ModifyTableOps]:
    for one in upgrade.ops:
        if isinstance(one, ops.ModifyTableOps) and (one.table_name, one.schema) == (table, schema):
            yield one


def _same_index(drop: Any, create: Any) -> bool:
    old, new = drop.to_index(), create.to_index()
    return bool(
        old.name == new.name
        and bool(old.unique) == bool(new.unique)
        and [str(one.name) for one in old.columns] == [str(one.name) for one in new.columns]
    )


def _take_out(upgrade: ops.UpgradeOps, unwanted: ops.MigrateOperation) -> None:
    for changes in list(upgrade.ops):
        if isinstance(changes, ops.ModifyTableOps) and unwanted in changes.ops:
            changes.ops.remove(unwanted)
            if not changes.ops:
                upgrade.ops.remove(changes)


def _settle_columns(
    changes: ops.ModifyTableOps, context: MigrationContext, ask: Questioner
) -> None:
    table = full_name(changes.table_name, changes.schema)
    for gone in [one for one in changes.ops if isinstance(one, ops.DropColumnOp)]:
        old = gone.to_column(context)
        for new in [one for one in changes.ops if isinstance(one, ops.AddColumnOp)]:
            if not _same_type(old, new.column, context):
                continue
            type_ = new.column.type.compile(context.dialect)
            if ask.rename_column(table, gone.column_name, new.column.name, type_):
                changes.ops[changes.ops.index(new)] = RenameColumn(
                    changes.table_name,
                    gone.column_name,
                    new.column.name,
                    schema=changes.schema,
                    type_=new.column.type,
                    nullable=old.nullable,
                )
                changes.ops.remove(gone)
                _settle_null(changes, old, new.column)
                break


def _settle_null(changes: ops.ModifyTableOps, old: Column[Any], new: Column[Any]) -> None:
    """Keep the other half of a rename that also changes whether NULL is allowed."""
    if old.nullable == new.nullable:
        return
    changes.ops.append(
        ops.AlterColumnOp(
            changes.table_name,
            new.name,
            schema=changes.schema,
            existing_type=new.type,
            existing_nullable=old.nullable,
            modify_nullable=new.nullable,
        )
    )
