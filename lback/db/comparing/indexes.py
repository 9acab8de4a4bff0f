"""Indexes that Alembic does not see to: on expressions, partial ones, and those of MySQL's keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from sqlalchemy.engine import Dialect

from lback.db.alembic_compat import final_name
from lback.db.comparing.enums import Statements
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
    assert context.dialect is not None
    # MySQL makes indexes for keys, which the models do not have: those here it has as they are.
    others = context.dialect.name not in ("sqlite", "postgresql")
    models = {final_name(index, context.dialect): index for index in model.indexes}
    made: list[ops.MigrateOperation] = []
    for name in sorted({*now.indexes, *twin.indexes}):
        old, new = now.indexes.get(name), twin.indexes.get(name)
        about = [
            one
            for one in found
            if isinstance(one, (ops.CreateIndexOp, ops.DropIndexOp))
            and final_name(one.to_index(), context.dialect) == name
        ]
        if (old or new or {}).get("duplicates_constraint"):
            continue
        if old and new and meaning(old) == meaning(new):
            for one in about:  # Alembic has compared two spellings
                found.remove(one)
            continue
        if others:
            continue
        if old and "items" in old and there is not None:
            index = index_there(old, there)
            if not all(isinstance(item, sa.Column) for item in index.expressions):
                # Alembic knows the columns, and not how they are sorted.
                drops = [one for one in about if isinstance(one, ops.DropIndexOp)]
                for one in drops:
                    found[found.index(one)] = ops.DropIndexOp.from_index(index)
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
    changes: ops.ModifyTableOps, there: sa.Table, model: sa.Table, dialect: Dialect
) -> Iterator[ops.MigrateOperation]:
    """Yield the indexes that MySQL made for foreign keys that go, which it leaves behind.

    It names them after the key, or after the column of a key without a name.
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
        found.pop(str(final_name(index, dialect)), None)
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


class _Index(NamedTuple):
    name: str
    columns: tuple[str, ...]
    unique: bool


def indexes_in_use(
    changes: ops.ModifyTableOps, there: sa.Table, model: sa.Table, quote: Callable[[str], str]
) -> Iterator[ops.MigrateOperation]:
    """Yield what takes the place of indexes that go, and that MySQL needs for a foreign key."""
    before = {tuple(key.column_keys) for key in there.foreign_key_constraints}
    kept = {tuple(key.column_keys): key for key in model.foreign_key_constraints}
    going = {one.name: (drop, one) for drop in changes.ops if (one := _going(drop, there))}
    called = {str(index.name) for index in there.indexes}
    stay = [tuple(one.columns.keys()) for one in there.indexes if one.name not in going]
    stay.append(tuple(there.primary_key.columns.keys()))
    for name, (drop, old) in sorted(going.items()):
        key = next((one for one in kept if old.columns[: len(one)] == one and one in before), None)
        if key is None or any(other[: len(key)] == key for other in stay):
            continue
        changes.ops.remove(drop)
        stay.append(key)
        coming = [(one, made) for one in changes.ops if (made := _coming(one, there))]
        create, new = next(
            ((one, made) for one, made in coming if made.columns[: len(key)] == key), (None, None)
        )
        if create is not None:
            changes.ops.remove(create)
        elif old.columns == key and not old.unique:
            continue  # it would make the same one
        if new is None:
            given = kept[key].name
            word = str(given) if isinstance(given, str) else key[0]
            new = _Index(f"{word}_key" if word in called else word, key, False)
        place = f"{quote(there.schema)}." if there.schema else ""
        table = f"{place}{quote(str(there.name))}"
        yield Statements(
            f"replace index {name} of {there.name} by {new.name}",
            [_replaced(table, old, new, quote)],
            f"replace index {new.name} of {there.name} by {name}",
            [_replaced(table, new, old, quote)],
        )


def _replaced(table: str, old: _Index, new: _Index, quote: Callable[[str], str]) -> str:
    kind = "UNIQUE INDEX" if new.unique else "INDEX"
    columns = ", ".join(map(quote, new.columns))
    return (
        f"ALTER TABLE {table} DROP INDEX {quote(old.name)}, "
        f"ADD {kind} {quote(new.name)} ({columns})"
    )


def _going(operation: Any, there: sa.Table) -> _Index | None:
    """Return the index that an operation drops; a unique constraint is one, too."""
    if isinstance(operation, ops.DropConstraintOp) and operation.constraint_type == "unique":
        unique: Any = operation.to_constraint()
        return _Index(str(operation.constraint_name), tuple(unique.columns.keys()), True)
    if not isinstance(operation, ops.DropIndexOp):
        return None
    for one in there.indexes:
        if one.name == operation.index_name:
            return _Index(str(one.name), tuple(one.columns.keys()), bool(one.unique))
    return None


def _coming(operation: Any, there: sa.Table) -> _Index | None:
    """Return the plain index of columns that are there which an operation makes."""
    columns: Sequence[Any]
    if isinstance(operation, ops.CreateUniqueConstraintOp):
        columns, unique, name = operation.columns, True, operation.constraint_name
    elif isinstance(operation, ops.CreateIndexOp) and not operation.kw:
        columns, unique, name = operation.columns, bool(operation.unique), operation.index_name
    else:
        return None
    names = tuple(str(getattr(one, "name", one)) for one in columns)
    return _Index(str(name), names, unique) if all(one in there.columns for one in names) else None
