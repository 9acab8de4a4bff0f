"""NOT NULL on a table that may have rows: existing rows get a value first."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, TextClause, types
from sqlalchemy import text as sql_text
from sqlalchemy.schema import ColumnDefault

from lback.db.directives import full_name
from lback.db.questions import Questioner
from lback.errors import UsageError

# What SQLAlchemy's text() would take for a parameter.
_BIND = re.compile(r"(?<![:\w\\]):(?=\w)")
_NOW = {"now", "now()", "current_timestamp", "current_timestamp()"}
_TRUE, _FALSE = {"true", "t", "yes", "1"}, {"false", "f", "no", "0"}


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
    for place, one in enumerate(changes.ops):
        if isinstance(one, ops.AddColumnOp) and _needs_value(one.column):
            value = _value_for(one.column, changes, context, ask)
            if value is None:
                continue
            column = _with_default(one.column, _storable(value, one.column.type, context))
            changes.ops[place] = ops.AddColumnOp(
                one.table_name, column, schema=one.schema, **one.kw
            )
            after.append(_drop_default(one))
        elif isinstance(one, ops.AlterColumnOp) and one.modify_nullable is False:
            fill = _fill(one, context, ask)
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


def _drop_default(one: ops.AddColumnOp) -> ops.AlterColumnOp:
    return ops.AlterColumnOp(
        one.table_name,
        one.column.name,
        schema=one.schema,
        existing_type=one.column.type,
        existing_nullable=False,
        modify_server_default=None,
    )


def _fill(
    one: ops.AlterColumnOp, context: MigrationContext, ask: Questioner
) -> ops.ExecuteSQLOp | None:
    """Return the UPDATE that leaves no NULL behind before NOT NULL comes."""
    table = full_name(one.table_name, one.schema)
    type_ = one.modify_type or one.existing_type
    shown = type_.compile(context.dialect) if type_ is not None else ""
    answer = ask.default_for_not_null(table, one.column_name, shown)
    if answer is None:
        return None
    value = parse_value(answer, type_, f"{table}.{one.column_name}")
    quote = context.dialect.identifier_preparer.quote
    place = f"{quote(one.schema)}." if one.schema else ""
    column = quote(one.column_name)
    return ops.ExecuteSQLOp(
        f"UPDATE {place}{quote(one.table_name)} SET {column} = {_sql(value)} WHERE {column} IS NULL"
    )


def _sql(value: str | TextClause) -> str:
    if isinstance(value, TextClause):
        return value.text
    escaped = value.replace("'", "''")
    return _BIND.sub(r"\\\g<0>", f"'{escaped}'")
