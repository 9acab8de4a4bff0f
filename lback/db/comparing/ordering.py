"""In which order the operations of a migration are done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from lback.db.alembic_compat import copy_column, undone
from lback.db.comparing.checks import as_typed
from lback.db.directives import RenameColumn

_CREATES = (
    ops.CreateIndexOp,
    ops.CreateUniqueConstraintOp,
    ops.CreateCheckConstraintOp,
    ops.CreateForeignKeyOp,
    ops.CreatePrimaryKeyOp,
)


def put_in_order(upgrade: ops.UpgradeOps, *, batch: bool) -> None:
    """Sort operations so that each finds what it needs; turned round, they do so too."""
    tables = (ops.DropTableOp, ops.CreateTableOp, ops.ModifyTableOps)
    found = upgrade.ops
    first = next((place for place, one in enumerate(found) if isinstance(one, tables)), 0)
    before = [one for one in found[:first] if not isinstance(one, tables)]
    after = [one for one in found[first:] if not isinstance(one, tables)]
    changes = [one for one in found if isinstance(one, ops.ModifyTableOps)]
    new = [one for one in found if isinstance(one, ops.CreateTableOp)]
    for one in new:
        _sort_constraints(one)
    creates, later = _without_circles(new, batch=batch)
    gone = [one for one in found if isinstance(one, ops.DropTableOp)]
    gone.sort(key=lambda one: _name(one.schema, one.table_name))
    drops, sooner = _dropped(gone, batch=batch)
    for each in changes:
        added = {one.column.name for one in each.ops if isinstance(one, ops.AddColumnOp)}
        each.ops.sort(key=lambda one: (_place_in_table(added, one), _order_of(one)))
    dropped = {(one.table_name, one.schema) for one in drops}
    last = [one for one in changes if (one.table_name, one.schema) in dropped]
    changes = [one for one in changes if one not in last]
    if batch:
        upgrade.ops[:] = [*before, *last, *drops, *creates, *changes, *after]
        return
    upgrade.ops[:] = [
        *before,
        *sooner,
        *_parts([*last, *changes], _is_drop_of_key),
        *_parts(last, lambda one: not _is_drop_of_key(one)),
        *drops,
        *creates,
        *_parts(changes, lambda one: not _is_drop_of_key(one) and not _is_key(one)),
        *later,
        *_parts(changes, _is_key),
        *after,
    ]


def leave_indexes_to_tables(container: ops.UpgradeOps | ops.DowngradeOps) -> None:
    """Drop no index before its table: MySQL drops none that a foreign key needs."""
    gone = {
        _name(one.schema, one.table_name)
        for one in container.ops
        if isinstance(one, ops.DropTableOp)
    }
    for changes in list(container.ops):
        if not isinstance(changes, ops.ModifyTableOps):
            continue
        if _name(changes.schema, changes.table_name) in gone:
            changes.ops[:] = [one for one in changes.ops if not isinstance(one, ops.DropIndexOp)]
            if not changes.ops:
                container.ops.remove(changes)


def _is_key(operation: Any) -> bool:
    return isinstance(operation, ops.CreateForeignKeyOp)


def _is_drop_of_key(operation: Any) -> bool:
    return isinstance(operation, ops.DropConstraintOp) and operation.constraint_type == "foreignkey"


def _parts(
    changes: Iterable[ops.ModifyTableOps], chosen: Callable[[Any], bool]
) -> list[ops.ModifyTableOps]:
    made = []
    for each in changes:
        part = [one for one in each.ops if chosen(one)]
        if part:
            made.append(ops.ModifyTableOps(each.table_name, part, schema=each.schema))
    return made


def _is_computed(column: Any) -> bool:
    return column is not None and column.computed is not None


def _sort_constraints(create: ops.CreateTableOp) -> None:
    """Sort what a new table has behind its columns, which Alembic takes out of a set."""
    create.columns = sorted(_checks_apart(create.columns), key=_order_in_table)


def _checks_apart(items: Iterable[Any]) -> Iterator[Any]:
    """Yield what a new table has, and behind it what Alembic leaves out: checks of columns."""
    for item in items:
        checks = [one for one in getattr(item, "constraints", ()) if _is_check(one)]
        if not checks:
            yield item
            continue
        column = copy_column(item)
        column.constraints -= {one for one in column.constraints if _is_check(one)}
        yield column
        for check in checks:
            yield sa.CheckConstraint(check.sqltext, name=check.name)


def _is_check(constraint: Any) -> bool:
    return isinstance(constraint, sa.CheckConstraint) and not constraint._type_bound


def _order_in_table(item: Any) -> tuple[int, str, str]:
    if isinstance(item, sa.Column):
        return 0, "", ""
    kinds = (sa.PrimaryKeyConstraint, sa.ForeignKeyConstraint, sa.UniqueConstraint)
    place = next((at for at, kind in enumerate(kinds, 1) if isinstance(item, kind)), 9)
    about = str(item.sqltext) if isinstance(item, sa.CheckConstraint) else ""
    columns = [str(column) for column in getattr(item, "column_keys", ())]
    return place, str(item.name or ""), about or ", ".join(columns)


def _order_of(operation: Any) -> tuple[int, str]:
    """Return what orders operations that Alembic takes out of a set."""
    if isinstance(operation, (ops.DropIndexOp, ops.CreateIndexOp)):
        return 0, str(operation.index_name)
    if isinstance(operation, (ops.CreateUniqueConstraintOp, ops.CreateCheckConstraintOp)):
        return 1, str(operation.constraint_name)
    if isinstance(operation, ops.DropConstraintOp):
        return 1, str(operation.constraint_name)
    if isinstance(operation, ops.CreateForeignKeyOp):
        return 2, ", ".join(map(str, operation.local_cols))
    if isinstance(operation, ops.DropColumnOp):
        back = undone(operation)
        table = back.column.table if back is not None else None
        names = [] if table is None else [column.name for column in table.columns]
        known = operation.column_name in names
        return 0, f"{names.index(operation.column_name):05}" if known else operation.column_name
    return 0, ""


def _place_in_table(added: set[str], operation: Any) -> int:
    if isinstance(operation, (ops.DropIndexOp, ops.DropConstraintOp)):
        return 0
    if isinstance(operation, ops.DropColumnOp):
        old = undone(operation)
        away = operation.column_name in added or (old is not None and _is_computed(old.column))
        return 1 if away else 6
    if isinstance(operation, RenameColumn):
        return 2
    if isinstance(operation, ops.AddColumnOp):
        return 4 if _is_computed(operation.column) else 3
    return 5 if isinstance(operation, _CREATES) else 3


def _without_circles(
    creates: list[ops.CreateTableOp], *, batch: bool
) -> tuple[list[ops.CreateTableOp], list[ops.ModifyTableOps]]:
    """Return tables in an order in which they can be made, and the keys that come afterwards."""
    if batch:
        return creates, []
    left = list(creates)
    made: list[ops.CreateTableOp] = []
    # SQLAlchemy leaves these out of a new table.
    later = [part for one in creates for part in _apart(one, lambda key: bool(key.use_alter))]
    while left:
        names = {_name(one.schema, one.table_name) for one in left}
        free = [
            one for one in left if not (_needs(one) - {_name(one.schema, one.table_name)}) & names
        ]
        if not free:
            free = [left[0]]
            others = names - {_name(left[0].schema, left[0].table_name)}
            later += _apart(left[0], partial(_is_to, others))
        made += free
        left = [one for one in left if one not in free]
    return made, later


def _name(schema: str | None, table: str) -> str:
    return f"{schema}.{table}" if schema else str(table)


def _needs(create: ops.CreateTableOp) -> set[str]:
    return {_target(key) for key in create.columns if isinstance(key, sa.ForeignKeyConstraint)}


def _target(key: sa.ForeignKeyConstraint) -> str:
    return key.elements[0].target_fullname.rpartition(".")[0]


def _is_to(tables: set[str], key: sa.ForeignKeyConstraint) -> bool:
    return _target(key) in tables


def _apart(
    create: ops.CreateTableOp, chosen: Callable[[sa.ForeignKeyConstraint], bool]
) -> list[ops.ModifyTableOps]:
    """Take foreign keys out of a new table, to be made when all tables are there."""
    keys = [
        key for key in create.columns if isinstance(key, sa.ForeignKeyConstraint) and chosen(key)
    ]
    if not keys:
        return []
    apart = set(map(id, keys))
    create.columns = [one for one in create.columns if id(one) not in apart]
    made: list[ops.MigrateOperation] = []
    for key in keys:
        made.append(ops.CreateForeignKeyOp.from_constraint(key))
        made[-1].kw.pop("use_alter", None)  # type: ignore[attr-defined]
    return [ops.ModifyTableOps(create.table_name, made, schema=create.schema)]


def _dropped(
    drops: list[ops.DropTableOp], *, batch: bool
) -> tuple[list[ops.DropTableOp], list[ops.ModifyTableOps]]:
    """Return tables in an order in which they can be dropped, and which keys go sooner."""
    pairs = [(one.reverse(), one) for one in drops]
    made, later = _without_circles([create for create, _drop in pairs], batch=batch)
    order = {id(create): drop for create, drop in pairs}
    for create, drop in pairs:  # with its table a key would come back once more
        back, left = undone(drop), set(_keys(create.columns))
        if back is not None:
            again = set(_keys(back.columns)) - left
            left_there = [one for one in back.columns if not again & set(_keys([one]))]
            back.columns = [_check_as_typed(one) for one in left_there]
    sooner = [
        ops.ModifyTableOps(each.table_name, [one.reverse() for one in each.ops], schema=each.schema)
        for each in later
    ]
    return [order[id(create)] for create in reversed(made)], sooner


def _check_as_typed(item: Any) -> Any:
    if not isinstance(item, sa.CheckConstraint) or as_typed(str(item.sqltext)) == str(item.sqltext):
        return item
    return sa.CheckConstraint(as_typed(str(item.sqltext)), name=item.name)


def _keys(items: Iterable[Any]) -> Iterator[tuple[str, ...]]:
    for one in items:
        if isinstance(one, sa.ForeignKeyConstraint):
            yield tuple(one.column_keys)
