"""Names for constraints that nobody named: without one they could not be dropped again."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.sql.elements import conv

_WORD = re.compile(r"[A-Za-z_]\w*")
_NAMED = (
    ops.DropConstraintOp,
    ops.CreateUniqueConstraintOp,
    ops.CreateForeignKeyOp,
    ops.CreateCheckConstraintOp,
)


def name_for(constraint: Any, table: str) -> str:
    """Return a name by the naming convention that `lback init` writes."""
    columns = "_".join(str(column.name) for column in constraint.columns)
    if isinstance(constraint, sa.ForeignKeyConstraint):
        target = constraint.elements[0].target_fullname.split(".")[-2]
        return f"fk_{table}_{columns}_{target}"
    if isinstance(constraint, sa.CheckConstraint):
        words = _WORD.findall(str(constraint.sqltext))
        return f"ck_{table}_{'_'.join(dict.fromkeys(words[:4])).lower()}"
    return f"uq_{table}_{columns}"


def name_all(upgrade: ops.UpgradeOps) -> None:
    """Name the constraints that come to tables that are there already, and those that go."""
    for changes in upgrade.ops:
        if not isinstance(changes, ops.ModifyTableOps):
            continue
        for operation in changes.ops:
            if isinstance(operation, _NAMED) and operation.constraint_name is None:
                constraint = operation.to_constraint()
                operation.constraint_name = conv(name_for(constraint, str(changes.table_name)))
