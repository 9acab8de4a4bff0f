"""What autogenerate leaves open, settled by whoever knows: renames, and NOT NULL beside rows."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, TextClause, types
from sqlalchemy import text as sql_text
from sqlalchemy.schema import ColumnDefault

from lback.db.directives import RenameColumn, RenameTable, full_name
from lback.db.questions import Questioner
from lback.errors import UsageError

# What SQLAlchemy's text() would take for a parameter.
_BIND = re.compile(r"(?<![:\w\\]):(?=\w)")
_NOW = {"now", "now()", "current_timestamp", "current_timestamp()"}
_TRUE, _FALSE = {"true", "t", "yes", "1"}, {"false", "f", "no", "0"}


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
    dropped = [operation for operation in upgrade.ops if isinstance(operation, ops.DropTableOp)]
    created = [operation for operation in upgrade.ops if isinstance(operation, ops.CreateTableOp)]
    return [
        (gone, new)
        for gone in dropped
        for new in created
        if gone.schema == new.schema and _same_columns(gone, new, context)
    ]


def _same_columns(gone: ops.DropTableOp, new: ops.CreateTableOp, context: MigrationContext) -> bool:
    old = {column.name: column for column in gone.to_table().columns}
    fresh = {column.name: column for column in new.columns if isinstance(column, Column)}
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
        for operation in changes.ops:
            operation.table_name = new.table_name  # type: ignore[attr-defined]


def _changes_of(
    upgrade: ops.UpgradeOps, table: str, schema: str | None
) -> Iterator[ops.ModifyTableOps]:
    for operation in upgrade.ops:
        if isinstance(operation, ops.ModifyTableOps) and (
            operation.table_name,
            operation.schema,
        ) == (table, schema):
            yield operation


def _same_index(drop: Any, create: Any) -> bool:
    old, new = drop.to_index(), create.to_index()
    return bool(
        old.name == new.name
        and bool(old.unique) == bool(new.unique)
        and [str(column.name) for column in old.columns]
        == [str(column.name) for column in new.columns]
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
    for gone in [operation for operation in changes.ops if isinstance(operation, ops.DropColumnOp)]:
        old = gone.to_column(context)
        for new in [
            operation for operation in changes.ops if isinstance(operation, ops.AddColumnOp)
        ]:
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


def settle_not_null(
    upgrade: ops.UpgradeOps, context: MigrationContext, ask: Questioner, *, batch: bool
) -> None:
    """Give new NOT NULL columns a default for as long as the change takes.

    Call it when the downgrade has been derived: there is nothing in it to undo.
    """
    result: list[ops.MigrateOperation] = []
    for changes in upgrade.ops:
        before: list[ops.MigrateOperation] = []
        after: list[ops.MigrateOperation] = []
        if isinstance(changes, ops.ModifyTableOps):
            _settle(changes, context, ask, before, after)
        result += [*before, changes]
        # SQLite changes a column only by copying the table; without that the default stays.
        if after and (batch or context.dialect.name != "sqlite"):
            later = cast("ops.ModifyTableOps", changes)
            result.append(ops.ModifyTableOps(later.table_name, after, schema=later.schema))
    upgrade.ops[:] = result


def _settle(
    changes: ops.ModifyTableOps,
    context: MigrationContext,
    ask: Questioner,
    before: list[ops.MigrateOperation],
    after: list[ops.MigrateOperation],
) -> None:
    for place, operation in enumerate(changes.ops):
        if isinstance(operation, ops.AddColumnOp) and _needs_value(operation.column):
            value = _value_for(operation.column, changes, context, ask)
            if value is None:
                continue
            column = _with_default(
                operation.column, _storable(value, operation.column.type, context)
            )
            changes.ops[place] = ops.AddColumnOp(
                operation.table_name, column, schema=operation.schema, **operation.kw
            )
            after.append(_drop_default(operation))
        elif isinstance(operation, ops.AlterColumnOp) and operation.modify_nullable is False:
            fill = _fill(operation, context, ask)
            if fill is not None:
                before.append(fill)


def _needs_value(column: Column[Any]) -> bool:
    return (
        not column.nullable
        and column.server_default is None
        and column.computed is None
        and column.identity is None
        and not column.primary_key
    )


def _value_for(
    column: Column[Any], changes: ops.ModifyTableOps, context: MigrationContext, ask: Questioner
) -> str | TextClause | None:
    default = column.default
    if isinstance(default, ColumnDefault) and default.is_scalar:
        said = _python_literal(default.arg)
        if said is not None:
            return said
    table = full_name(changes.table_name, changes.schema)
    type_ = column.type.compile(context.dialect)
    answer = ask.default_for_not_null(table, column.name, type_)
    return None if answer is None else parse_value(answer, column.type, f"{table}.{column.name}")


def _python_literal(value: Any) -> str | None:
    """Return the model's own Python default as the text of a SQL default."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (int, float, Decimal, str, datetime.date, datetime.time)):
        return str(value)
    return None


def parse_value(text: str, type_: Any, name: str) -> str | TextClause:
    """Read a value as people write it; UsageError when it cannot be of the type."""
    if text.startswith("sql:"):
        return sql_text(text[4:])
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    word = text.strip().lower()
    if isinstance(type_, types.Boolean):
        if word in _TRUE:
            return "1"
        if word in _FALSE:
            return "0"
        raise UsageError(f"{name} is a boolean: write true or false, not {text!r}")
    if isinstance(type_, (types.Integer, types.Numeric)):
        try:
            number = Decimal(word)
        except InvalidOperation:
            raise UsageError(f"{name} is a number; {text!r} is none") from None
        if isinstance(type_, types.Integer) and number != number.to_integral_value():
            raise UsageError(f"{name} is a whole number; {text!r} is none")
        return word
    if isinstance(type_, (types.Date, types.DateTime)) and word in _NOW:
        return sql_text("CURRENT_TIMESTAMP")
    return text


def _storable(value: str | TextClause, type_: Any, context: MigrationContext) -> str | TextClause:
    """Return the value as a default that the database takes for this type."""
    long = isinstance(type_, (types.Text, types.LargeBinary, types.JSON))
    if long and isinstance(value, str) and context.dialect.name in ("mysql", "mariadb"):
        # MySQL has no literal defaults for long types. Alembic writes text() without the
        # escapes, so a colon that would make a parameter must not stand there.
        parts = [_sql(part) for part in _BIND.split(value)]
        joined = f"CONCAT({', CHAR(58), '.join(parts)})" if len(parts) > 1 else parts[0]
        return sql_text(f"({joined})")
    return value


def _with_default(column: Column[Any], value: str | TextClause) -> Column[Any]:
    """Return a column of our own: the model's must not change. Keys are directives apart."""
    fresh: Column[Any] = Column(
        column.name,
        column.type,
        nullable=False,
        server_default=value,
        comment=column.comment,
    )
    return fresh


def _drop_default(added: ops.AddColumnOp) -> ops.AlterColumnOp:
    return ops.AlterColumnOp(
        added.table_name,
        added.column.name,
        schema=added.schema,
        existing_type=added.column.type,
        existing_nullable=False,
        modify_server_default=None,
    )


def _fill(
    change: ops.AlterColumnOp, context: MigrationContext, ask: Questioner
) -> ops.ExecuteSQLOp | None:
    """Return the UPDATE that leaves no NULL behind before NOT NULL comes."""
    table = full_name(change.table_name, change.schema)
    type_ = change.modify_type or change.existing_type
    shown = type_.compile(context.dialect) if type_ is not None else ""
    answer = ask.default_for_not_null(table, change.column_name, shown)
    if answer is None:
        return None
    value = parse_value(answer, type_, f"{table}.{change.column_name}")
    quote = context.dialect.identifier_preparer.quote
    place = f"{quote(change.schema)}." if change.schema else ""
    place, column = f"{place}{quote(change.table_name)}", quote(change.column_name)
    return ops.ExecuteSQLOp(f"UPDATE {place} SET {column} = {_sql(value)} WHERE {column} IS NULL")


def _sql(value: str | TextClause) -> str:
    if isinstance(value, TextClause):
        return value.text
    escaped = value.replace("'", "''")
    return _BIND.sub(r"\\\g<0>", f"'{escaped}'")
