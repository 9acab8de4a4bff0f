"""NOT NULL beside rows: what they get, and in which order it comes about."""

from __future__ import annotations

import contextlib
import copy
import datetime
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy.schema import ColumnDefault

from lback.core.messages import makemigrations as messages
from lback.db.comparing.checks import CreateCheck, passes
from lback.db.directives import Fill, Filled, full_name, type_shown, without_not_null
from lback.db.questions import GivenAnswers
from lback.db.settling import Settled
from lback.db.values import own_value, read_value, stand_in, why_not
from lback.errors import UsageError

# Of the values in a check: texts and whole numbers.
_VALUES = re.compile(r"'((?:[^']|'')*)'|(?<![\w.])(-?\d{1,18})(?![\w.])")
_NAMES = re.compile(r""""([^"]+)"|`([^`]+)`|(\w+)""")


class NotNull:
    """Works out the steps for one comparison. Call both when the downgrade has been derived."""

    def __init__(
        self,
        context: MigrationContext,
        answers: GivenAnswers,
        settled: Settled,
    ) -> None:
        self.context = context
        self.answers = answers
        self.settled = settled

    def settle(self, upgrade: ops.UpgradeOps) -> None:
        """Give rows a value before their column refuses NULL."""
        result: list[ops.MigrateOperation] = []
        for changes in upgrade.ops:
            result += (
                self._settled(changes) if isinstance(changes, ops.ModifyTableOps) else [changes]
            )
        upgrade.ops[:] = result

    def bring_back(self, downgrade: ops.DowngradeOps) -> None:
        """Give rows something where a column comes back that does not take NULL."""
        result: list[ops.MigrateOperation] = []
        for changes in downgrade.ops:
            result.append(changes)
            if not isinstance(changes, ops.ModifyTableOps):
                continue
            later: list[ops.MigrateOperation] = []
            unique = _held(downgrade.ops, changes, _is_unique_made)
            keys = _held(downgrade.ops, changes, _is_key_made)
            checked = _held(downgrade.ops, changes, _is_check_made)
            for place, operation in enumerate(changes.ops):
                if not isinstance(operation, ops.AddColumnOp):
                    continue
                name, default = operation.column.name, operation.column.server_default
                needs = _needs_value(operation.column)
                if name in unique and (needs or isinstance(default, sa.DefaultClause)):
                    # All rows would have the one value.
                    own = None if name in keys else self._own_value(operation)
                    changes.ops[place], more = _each_its_own(operation, own)
                    later += more
                elif needs:
                    checks = [one for one in checked if name in one]
                    back = self._comes_back(operation, later, checks, is_key=name in keys)
                    changes.ops[place] = back
            fills = [one for one in later if isinstance(one, Fill)]
            alters = [one for one in later if not isinstance(one, Fill)]
            result += [*fills, *self._in_table(changes, alters)]
        downgrade.ops[:] = result

    def _comes_back(
        self,
        operation: ops.AddColumnOp,
        later: list[ops.MigrateOperation],
        checks: Sequence[str],
        *,
        is_key: bool,
    ) -> ops.AddColumnOp:
        value = None if is_key else self._stand_in(operation, checks)
        if value is None:
            return without_not_null(_added(operation, nullable=True))
        later.append(_altered(operation, existing_nullable=False, modify_server_default=None))
        return _added(operation, nullable=False, server_default=value)

    def _stand_in(self, operation: ops.AddColumnOp, checks: Sequence[str]) -> str | None:
        """Return a value that all rows can have, and that passes the checks of the column."""
        column, connection = operation.column, self.context.connection
        value = stand_in(column.type, self.context)
        if value is None or connection is None or not checks:
            return value
        said: list[str] = [
            found
            for check in checks
            for quoted, number in _VALUES.findall(check)
            for found in ([quoted] if not number else [number, str(int(number) + 1)])
        ]
        for given in (value, *said):
            with contextlib.suppress(UsageError):
                read_value(f"'{given}'", column.type, column.name, "", self.context)
                if all(passes(connection, one, column.name, given, column.type) for one in checks):
                    return given
        return None

    def _own_value(self, operation: ops.AddColumnOp) -> str | None:
        """Return SQL for a value that each row of the table has for itself."""
        table, schema = operation.table_name, operation.schema
        model = self.settled.models.get((schema, table))
        key = self.settled.inspector.get_pk_constraint(table, schema)["constrained_columns"]
        # What the models lack is not there either when the column comes back.
        columns = [] if model is None else [one for one in model.columns if one.name in key]
        if len(key) != 1 or not columns:
            return None
        return own_value(operation.column.type, columns[0], self.context)

    def _settled(self, changes: ops.ModifyTableOps) -> list[ops.MigrateOperation]:
        first: list[ops.MigrateOperation] = []
        fills: list[ops.MigrateOperation] = []
        last: list[ops.MigrateOperation] = []
        rest: list[ops.MigrateOperation] = []
        for operation in changes.ops:
            if isinstance(operation, ops.AddColumnOp) and _needs_value(operation.column):
                self._new_column(operation, first, fills, rest, last)
            elif isinstance(operation, ops.AddColumnOp) and self._is_one_default(operation):
                if operation.column.nullable:
                    added, more = _each_its_own(operation, None)
                    rest.append(added)
                    last += more
                elif self._one_for_several(operation, operation.column.name, "", there=False):
                    self._new_column(operation, first, fills, rest, last)
                else:
                    rest.append(operation)
            elif isinstance(operation, ops.AlterColumnOp) and operation.modify_nullable is False:
                self._no_more_null(operation, first, fills, rest)
            else:
                rest.append(operation)
        return [
            *self._in_table(changes, first),
            *fills,
            *self._in_table(changes, rest),
            *self._in_table(changes, last),
        ]

    def _in_table(
        self, changes: ops.ModifyTableOps, parts: list[ops.MigrateOperation]
    ) -> list[ops.MigrateOperation]:
        if not parts:
            return []
        return [ops.ModifyTableOps(changes.table_name, parts, schema=changes.schema)]

    def _new_column(
        self,
        operation: ops.AddColumnOp,
        first: list[ops.MigrateOperation],
        fills: list[ops.MigrateOperation],
        rest: list[ops.MigrateOperation],
        last: list[ops.MigrateOperation],
    ) -> None:
        column = operation.column
        name = f"{full_name(operation.table_name, operation.schema)}.{column.name}"
        type_ = type_shown(column.type, self.context.dialect)
        given = self.answers.default_for(name) is not None
        text = None if given else _models_default(column, self.context)
        if text is None or self._one_for_several(operation, column.name, text, there=False):

            def check(said: str) -> str:
                read_value(said, column.type, name, type_, self.context)
                self._try(operation, name, type_, said)
                if self._one_for_several(operation, column.name, said, there=False):
                    raise messages.wrong_value(name, type_, said, messages.EACH_ITS_OWN)
                return said

            one_default = column.server_default is not None
            question = messages.value_for_rows(name, type_, unique=one_default)
            text = self.answers.value(question, check)
        if text is None:
            rest.append(operation)
            return
        value = read_value(text, column.type, name, type_, self.context)
        if value.default is not None and column.server_default is None:
            rest.append(_added(operation, nullable=False, server_default=value.default))
            last.append(_altered(operation, existing_nullable=False, modify_server_default=None))
            return
        first.append(_added(operation, nullable=True))
        fills.append(Fill(operation.table_name, column.name, value.filled, schema=operation.schema))
        alter = _altered(operation, existing_nullable=True, modify_nullable=False)
        if column.server_default is not None:
            alter.modify_server_default = column.server_default
        rest.append(alter)

    def _no_more_null(
        self,
        change: ops.AlterColumnOp,
        first: list[ops.MigrateOperation],
        fills: list[ops.MigrateOperation],
        rest: list[ops.MigrateOperation],
    ) -> None:
        name = f"{full_name(change.table_name, change.schema)}.{change.column_name}"
        # What the database says of the type is less: a boolean of MySQL's is a number there.
        model = self.settled.models[change.schema, change.table_name]
        kind = next(column.type for column in model.columns if column.name == change.column_name)
        type_ = type_shown(kind, self.context.dialect)

        def check(said: str) -> str:
            read_value(said, kind, name, type_, self.context)
            self._try(change, name, type_, said)
            if self._one_for_several(change, change.column_name, said, there=True):
                raise messages.wrong_value(name, type_, said, messages.EACH_ITS_OWN)
            return said

        text = self.answers.value(messages.value_for_nulls(name, type_), check)
        if text is not None:
            value = read_value(text, kind, name, type_, self.context)
            fills.append(
                Fill(change.table_name, change.column_name, value.filled, schema=change.schema)
            )
            if change.modify_type is not None:
                before, change = _apart(change)
                first.append(before)
        rest.append(change)

    def _try(self, about: ops.AlterTableOp, name: str, type_: str, said: str) -> None:
        """Raise UsageError for an expression that the database would not take of a row."""
        connection, table, schema = self.context.connection, about.table_name, about.schema
        if connection is None or not said.startswith("sql:"):
            return
        before = self.settled.renames.before(table, schema)
        there = {row["name"] for row in sa.inspect(connection).get_columns(before, schema)}
        model = self.settled.models[schema, table]
        new = {*self.settled.renames.columns.get((schema, table), {}).values()}
        new |= {column.name for column in model.columns} - there
        source = sa.table(before, schema=schema)
        why = why_not(connection, source, table, new, said.removeprefix("sql:"))
        if why is not None:
            raise messages.wrong_value(name, type_, said, why)

    def _is_one_default(self, added: ops.AddColumnOp) -> bool:
        """Tell whether a column's default is one that no two rows could have."""
        default, name = added.column.server_default, added.column.name
        model = self.settled.models[added.schema, added.table_name]
        return isinstance(default, sa.DefaultClause) and _is_unique(model, name)

    def _one_for_several(
        self, about: ops.AlterTableOp, column: str, said: str, *, there: bool
    ) -> bool:
        """Tell whether several rows would get one value in a column that is unique by itself."""
        table, schema = about.table_name, about.schema
        if said.startswith("sql:") or not _is_unique(self.settled.models[schema, table], column):
            return False
        rows = self.settled.rows(table, schema, None) or 0
        values = (self.settled.rows(table, schema, column) or 0) if there else 0
        return rows - values > 1


def _needs_value(column: sa.Column[Any]) -> bool:
    return (
        not column.nullable
        and column.server_default is None
        and column.computed is None
        and column.identity is None
        and not column.primary_key
    )


def _is_unique(table: sa.Table, column: str) -> bool:
    unique = (sa.UniqueConstraint, sa.PrimaryKeyConstraint)
    alone: list[Any] = [one for one in table.constraints if isinstance(one, unique)]
    for index in table.indexes:
        where = [value for name, value in index.dialect_kwargs.items() if name.endswith("_where")]
        plain = not any(isinstance(part, sa.TextClause) for part in index.expressions)
        alone += [index] if index.unique and plain and not any(w is not None for w in where) else []
    return any(list(one.columns.keys()) == [column] for one in alone)


def _held(
    everything: Sequence[ops.MigrateOperation],
    changes: ops.ModifyTableOps,
    of: Callable[[Any], Iterable[str]],
) -> set[str]:
    """Return the columns of a table that what is made there holds.

    Keys may stand apart from the other changes of their table, when all columns are there.
    """
    place = changes.table_name, changes.schema
    parts = [one for one in everything if isinstance(one, ops.ModifyTableOps)]
    same = (one.ops for one in parts if (one.table_name, one.schema) == place)
    return {name for operation in chain.from_iterable(same) for name in of(operation)}


def _is_key_made(operation: Any) -> Iterable[str]:
    is_key = isinstance(operation, ops.CreateForeignKeyOp)
    return map(str, operation.to_constraint().column_keys) if is_key else ()


def _is_check_made(operation: Any) -> Iterable[str]:
    return [str(operation.condition)] if isinstance(operation, CreateCheck) else ()


def _is_unique_made(operation: Any) -> Iterator[str]:
    """Yield the columns, and the words of expressions, in which rows have to differ."""
    if isinstance(operation, ops.CreateUniqueConstraintOp):
        yield from map(str, operation.columns)
    elif isinstance(operation, ops.CreateIndexOp) and operation.unique:
        for part in operation.columns:
            if isinstance(part, (str, sa.Column)):
                yield str(getattr(part, "name", part))
            else:
                yield from ("".join(found) for found in _NAMES.findall(str(part)))


def _each_its_own(
    operation: ops.AddColumnOp, own: str | None
) -> tuple[ops.AddColumnOp, list[ops.MigrateOperation]]:
    """Return a column that rows have a value of their own in, or none at all, and what follows."""
    column = operation.column
    added = _added(operation, nullable=True)
    more: list[ops.MigrateOperation] = []
    alter = _altered(operation, existing_nullable=True)
    if isinstance(column.server_default, sa.DefaultClause):
        alter.modify_server_default = column.server_default
    if not column.nullable and own is None:
        without_not_null(added)
    elif not column.nullable:
        filled = Filled("text", own)
        more.append(Fill(operation.table_name, column.name, filled, schema=operation.schema))
        alter.modify_nullable = False
    return added, [*more, *([alter] if alter.has_changes() else [])]


def _models_default(column: sa.Column[Any], context: MigrationContext) -> str | None:
    """Return the model's own Python default as one would type it."""
    default = column.default
    if not isinstance(default, ColumnDefault):
        return None
    value = default.arg
    if default.is_clause_element:
        text = context.impl.render_ddl_sql_expr(value)
        return f"sql:{text}"
    if not default.is_scalar:
        return None
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, (int, float, Decimal, datetime.date, datetime.time)):
        return str(value)
    name = getattr(value, "name", None)  # of an enum
    return name if isinstance(name, str) else None


def _added(operation: ops.AddColumnOp, **options: Any) -> ops.AddColumnOp:
    """Return the same with a column of our own: the model's must not change. Keys stay apart."""
    old = operation.column
    column: sa.Column[Any] = sa.Column(old.name, old.type, comment=old.comment, **options)
    return ops.AddColumnOp(operation.table_name, column, schema=operation.schema, **operation.kw)


def _altered(added: ops.AddColumnOp, **options: Any) -> ops.AlterColumnOp:
    return ops.AlterColumnOp(
        added.table_name,
        added.column.name,
        schema=added.schema,
        existing_type=added.column.type,
        existing_comment=added.column.comment,
        **options,
    )


def _apart(change: ops.AlterColumnOp) -> tuple[ops.AlterColumnOp, ops.AlterColumnOp]:
    """Return the change without NOT NULL, and NOT NULL after it."""
    before, after = copy.copy(change), copy.copy(change)
    before.modify_nullable = None
    # How values are cast is said where the type changes, on both ways.
    after.kw = {name: value for name, value in change.kw.items() if name != "postgresql_using"}
    vars(after).pop("back", None)
    after.existing_type, after.modify_type = change.modify_type, None
    if change.modify_server_default is not False:
        after.existing_server_default, after.modify_server_default = (
            change.modify_server_default,
            False,
        )
    if change.modify_comment is not False:
        after.existing_comment, after.modify_comment = change.modify_comment, False
    return before, after
