"""Check constraints, as the database has them on both sides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import ops
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import conv

from lback.db.alembic_compat import copy_column, is_in_batch, operations_prefix
from lback.db.comparing.twins import Snapshot, plain


class CreateCheck(ops.CreateCheckConstraintOp):
    """A new check that every supported Alembic can write."""

    def reverse(self) -> DropCheck:
        """Return the way back."""
        return DropCheck(self)


class DropCheck(ops.DropConstraintOp):
    """A check that goes, and can come back."""

    def __init__(self, check: CreateCheck) -> None:
        super().__init__(
            check.constraint_name,
            check.table_name,
            type_="check",
            schema=check.schema,
            _reverse=check,
        )
        self.check = check

    def reverse(self) -> CreateCheck:
        """Return the way back."""
        self.check.table_name = self.table_name
        self.check.constraint_name = self.constraint_name
        return self.check


@renderers.dispatch_for(CreateCheck)
def _render_check(context: AutogenContext, operation: CreateCheck) -> str:
    prefix = operations_prefix(context)
    name = operation.constraint_name
    shown = f"{prefix}f({str(name)!r})" if name is not None else "None"
    table = [] if is_in_batch(context) else [repr(str(operation.table_name))]
    schema = [f"schema={str(operation.schema)!r}"] if operation.schema and table else []
    text = repr(str(operation.condition))
    return f"{prefix}create_check_constraint({', '.join([shown, *table, text, *schema])})"


def compare_checks(
    context: AutogenContext, now: Snapshot, twin: Snapshot, there: sa.Table, model: sa.Table
) -> Iterator[ops.MigrateOperation]:
    """Yield the checks that go and those that come."""
    given = _given(model, context)
    old = [(row.get("name"), plain(row["sqltext"]), row["sqltext"]) for row in now.checks]
    new = [(row.get("name"), plain(row["sqltext"]), row["sqltext"]) for row in twin.checks]
    for check in list(new):
        same = [one for one in old if one[1] == check[1]]
        same = [one for one in same if check[0] not in given or one[0] == check[0]]
        if same:
            old.remove(same[0])
            new.remove(check)
    for reflected, rows in ((True, old), (False, new)):
        for name, _plain, text in rows:
            constraint = sa.CheckConstraint(sa.text(text), name=name)
            if context.run_object_filters(constraint, name, "check_constraint", reflected, None):
                known = name if reflected or name in given else None
                said = as_typed(text) if reflected else given.get(str(name), as_typed(text))
                made = CreateCheck(
                    conv(known) if known else None, there.name, said, schema=there.schema
                )
                yield DropCheck(made) if reflected else made


# What PostgreSQL has for IN and NOT IN of a VARCHAR. It reads that in another way than it wrote it.
_ANY = re.compile(
    r"""("(?:[^"]|"")+"|\w+)::text (= ANY|<> ALL) """
    r"""\(ARRAY\[((?:'(?:[^']|'')*'::character varying(?:, )?)+)\]::text\[\]\)"""
)


def as_typed(text: str) -> str:
    """Return a check of PostgreSQL as a person would write it."""

    def typed(match: re.Match[str]) -> str:
        values = ", ".join(re.findall("'(?:[^']|'')*'", match[3]))
        return f"{match[1]} {'IN' if 'ANY' in match[2] else 'NOT IN'} ({values})"

    return _ANY.sub(typed, text)


def without_own_checks(upgrade: ops.UpgradeOps) -> None:
    """Let no type bring the check that is written beside its column: it would be made twice."""
    for changes in upgrade.ops:
        if not isinstance(changes, ops.ModifyTableOps):
            continue
        written = "".join(str(one.condition) for one in changes.ops if isinstance(one, CreateCheck))
        for place, operation in enumerate(changes.ops):
            if isinstance(operation, ops.AddColumnOp) and operation.column.name in written:
                bare = _bare(operation.column.type)
                if bare is not None:
                    column = copy_column(operation.column)
                    column.type = bare
                    changes.ops[place] = ops.AddColumnOp(
                        operation.table_name, column, schema=operation.schema, **operation.kw
                    )
            elif isinstance(operation, ops.AlterColumnOp) and operation.column_name in written:
                bare = _bare(operation.modify_type)
                operation.modify_type = operation.modify_type if bare is None else bare


def _bare(type_: Any) -> Any:
    """Return a type without the check that it makes; None where it makes none."""
    kind: Any = type_.impl if isinstance(type_, sa.types.TypeDecorator) else type_
    if not getattr(kind, "create_constraint", False):
        return None
    made = kind.copy()
    made.create_constraint = False
    return made


def passes(connection: Connection, condition: str, column: str, value: str, type_: Any) -> bool:
    """Tell whether a row with such a value would pass a check, as far as that column goes."""
    refuses = sa.text("NOT ({})".format(condition.replace(":", "\\:")))
    place: Any = sa.cast(sa.literal(value, sa.String), type_).label(column)
    row = sa.select(place).subquery()
    query = sa.select(sa.literal(1)).select_from(row).where(refuses)
    try:
        with connection.begin_nested():
            return connection.execute(query).first() is None
    except sa.exc.SQLAlchemyError:  # it is about other columns too
        return True


def _given(table: sa.Table, context: AutogenContext) -> dict[str, str]:
    """Return constraints by the names that the models say, or their convention; checks as there."""
    preparer, write = context.dialect.identifier_preparer, context.migration_context.impl
    return {
        str(preparer.format_constraint(item)).strip('"`'): (
            write.render_ddl_sql_expr(item.sqltext) if isinstance(item, sa.CheckConstraint) else ""
        )
        for item in table.constraints
        if item.name is not None
    }
