"""The SQL that a drafted revision would run, without writing the revision."""

from __future__ import annotations

import io
from typing import Any

from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, Table

from lback.db.alembic_compat import copy_column
from lback.db.directives import full_name


def sql_of(upgrade: ops.UpgradeOps, context: MigrationContext, *, batch: bool) -> str:
    """Return the statements of the directives for the context's dialect."""
    buffer = io.StringIO()
    offline = MigrationContext.configure(
        dialect=context.dialect,
        opts={"as_sql": True, "output_buffer": buffer, "literal_binds": True},
    )
    operations = Operations(offline)
    tables: dict[str, Table] = {}
    for one in upgrade.ops:
        if not isinstance(one, ops.ModifyTableOps):
            operations.invoke(one)
        elif batch:
            _in_batch(one, context, operations, tables)
        else:
            for part in one.ops:
                operations.invoke(part)
    return buffer.getvalue()


def _in_batch(
    changes: ops.ModifyTableOps,
    context: MigrationContext,
    operations: Operations,
    tables: dict[str, Table],
) -> None:
    """Write a batch, which offline has to be told what the table looks like."""
    name = full_name(changes.table_name, changes.schema)
    if name not in tables:
        tables[name] = Table(
            changes.table_name,
            MetaData(),
            schema=changes.schema,
            autoload_with=context.connection,
        )
    table = tables[name]
    with operations.batch_alter_table(
        changes.table_name, schema=changes.schema, copy_from=table
    ) as batch:
        for part in changes.ops:
            invoke: Any = batch.invoke
            invoke(part)
    for part in changes.ops:
        if isinstance(part, ops.AddColumnOp):
            table.append_column(copy_column(part.column))
