"""Check constraints, as the database has them on both sides."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import ops
from sqlalchemy.sql.elements import conv

from lback.db.alembic_compat import is_in_batch, operations_prefix
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
    given = _names_given(model, context)
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
                made = CreateCheck(
                    conv(known) if known else None, there.name, text, schema=there.schema
                )
                yield DropCheck(made) if reflected else made


def _names_given(table: sa.Table, context: AutogenContext) -> set[str]:
    """Return the names of constraints that the models say, or their naming convention."""
    preparer = context.dialect.identifier_preparer
    return {
        str(preparer.format_constraint(item)).strip('"`')
        for item in table.constraints
        if item.name is not None
    }
