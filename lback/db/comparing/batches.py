"""Batches of SQLite: a table is copied there, and nothing of it may be left behind.

Alembic copies what SQLAlchemy reflects. A check without a name, an index on an expression and a
constraint without a name are not of that; a computed column it cannot copy. So a table that has
one of these is written down whole, as `copy_from`, by what it is when the batch comes.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op_text, renderers
from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Connection
from sqlalchemy.sql.elements import conv

from lback.core.messages import makemigrations as messages
from lback.db.alembic_compat import copy_column, in_batch, undone
from lback.db.comparing.twins import (
    checks_in,
    in_memory,
    index_there,
    plain,
    snapshot,
    table_text,
)
from lback.db.comparing.views import failing_views
from lback.db.schema import whole_computed


class WholeTable(ops.ModifyTableOps):
    """Changes of a table that is written down as it is before."""

    def __init__(self, table: str, operations: Any, before: sa.Table) -> None:
        super().__init__(table, operations)
        self.before = before


@renderers.dispatch_for(WholeTable)
def _render(context: AutogenContext, operation: WholeTable) -> list[str]:
    made = render_op_text(context, ops.CreateTableOp.from_table(operation.before))
    table = made[made.index("(") + 1 : -1].rstrip()
    name, _, rest = table.partition(",")
    indexes = [_index_text(index) for index in _indexes(operation.before)]
    body = "".join(f",\n{text}" for text in [rest.strip().rstrip(","), *indexes])
    prefix = context.opts["alembic_module_prefix"]
    lines = [
        f"with {prefix}batch_alter_table({operation.table_name!r}, copy_from=sa.Table(",
        f"{name}, sa.MetaData(){body}",
        ")) as batch_op:",
    ]
    with in_batch(context):
        for part in operation.ops:
            text = render_op_text(context, part)
            lines += text.split("\n")
    return ["\n".join(lines[:3]), *lines[3:], ""]


def _indexes(table: sa.Table) -> list[sa.Index]:
    return sorted(table.indexes, key=lambda index: str(index.name))


def _index_text(index: sa.Index) -> str:
    items = [
        repr(str(item.name)) if isinstance(item, sa.Column) else f"sa.text({str(item)!r})"
        for item in index.expressions
    ]
    where = index.dialect_options["sqlite"]["where"]
    if where is not None:
        items.append(f"sqlite_where=sa.text({str(where)!r})")
    return f"sa.Index({str(index.name)!r}, {', '.join(items)}, unique={bool(index.unique)!r})"


def settle_batches(
    upgrade: ops.UpgradeOps, downgrade: ops.DowngradeOps, connection: Connection
) -> None:
    """Write tables down whole where that is needed; all is tried on an empty copy of the schema."""
    try:
        with warnings.catch_warnings(), _empty_copy(connection) as trial:
            warnings.simplefilter("ignore")
            operations = Operations(MigrationContext.configure(trial))
            failed = failing_views(trial)
            for container in (upgrade, downgrade):
                made: list[Any] = []
                for operation in container.ops:
                    if isinstance(operation, ops.ModifyTableOps):
                        made += _settled(operation, trial, operations)
                    else:
                        operations.invoke(operation)
                        made.append(operation)
                container.ops[:] = made
                failing = sorted(failing_views(trial) - failed)
                if failing:
                    tables = {getattr(one, "table_name", None) for one in made} - {None}
                    place = ", ".join(sorted(map(str, tables)))
                    raise messages.views_in_the_way(place, failing, "changes")
    except sa.exc.OperationalError as err:
        # What env.py loads into its connections, SpatiaLite say, a database in memory lacks.
        # Where it does not, GeoAlchemy2 makes an index twice, and once in the file.
        passed = "no such (function|module|collation)|already a table named"
        if not re.search(passed, str(err.orig)):
            raise messages.fails_when_tried(str(err.orig)) from err


_MADE_BY = """
    SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
    ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 ELSE 3 END
"""


@contextmanager
def _empty_copy(connection: Connection) -> Iterator[Connection]:
    with in_memory() as trial:
        # What listens to all engines, as SpatiaLite may, has begun to fill this one as well.
        there = {name for name, _ in trial.exec_driver_sql(_MADE_BY)}
        for name, statement in connection.exec_driver_sql(_MADE_BY):
            if name not in there:
                trial.exec_driver_sql(statement)  # to whose driver % is no sign
        yield trial


def _is_about_index(operation: Any) -> bool:
    return isinstance(operation, (ops.CreateIndexOp, ops.DropIndexOp))


def _settled(
    changes: ops.ModifyTableOps, trial: Connection, operations: Operations
) -> list[ops.MigrateOperation]:
    """Return the changes of a table as they are written, and do them on the copy."""
    if all(map(_is_about_index, changes.ops)):
        for part in changes.ops:
            operations.invoke(part)
        return [changes]
    name = changes.table_name
    drops = [one for one in changes.ops if isinstance(one, ops.DropIndexOp)]
    creates = [one for one in changes.ops if isinstance(one, ops.CreateIndexOp)]
    parts = [one for one in changes.ops if not _is_about_index(one)]
    for drop in drops:
        operations.invoke(drop)
    before = whole_table(trial, name)
    named = _name_what_goes(parts, before)
    gone = {one.column_name for one in parts if isinstance(one, ops.DropColumnOp)}
    kept = [
        column
        for column in before.columns
        if column.computed is not None and column.name not in gone
    ]
    parts = [
        *(ops.DropColumnOp.from_column_and_tablename(None, name, column) for column in kept),
        *parts,
        *(ops.AddColumnOp.from_column_and_tablename(None, name, column) for column in kept),
    ]
    with operations.batch_alter_table(name, copy_from=before) as batch:
        invoke: Any = batch.invoke
        for part in parts:
            invoke(to_invoke(part))
    for create in creates:
        operations.invoke(create)
    if not any(map(_copies, parts)):
        return [changes]
    if named or _is_more_than_reflected(before):
        return [*drops, WholeTable(name, parts, before), *creates]
    return [*drops, ops.ModifyTableOps(name, parts), *creates]


def to_invoke(operation: Any) -> Any:
    """Return an operation as its text in a file does it: a default is no clause of a model's.

    The keys and indexes of a new column are operations of their own.
    """
    if isinstance(operation, ops.AddColumnOp):
        column = copy_column(operation.column)
        column.unique = column.index = False
        return ops.AddColumnOp(
            operation.table_name, column, schema=operation.schema, **operation.kw
        )
    default = getattr(operation, "modify_server_default", None)
    if not isinstance(default, sa.DefaultClause):
        return operation
    made = copy(operation)
    made.modify_server_default = default.arg
    return made


def _copies(operation: Any) -> bool:
    """Tell whether an operation makes Alembic copy the table."""
    if not isinstance(operation, ops.AddColumnOp):
        return not _is_about_index(operation)
    default = operation.column.server_default
    if isinstance(default, sa.Computed):
        return bool(default.persisted)
    return isinstance(default, sa.DefaultClause) and not isinstance(default.arg, str)


def _is_more_than_reflected(table: sa.Table) -> bool:
    return any(
        isinstance(one, sa.CheckConstraint) and not one.name for one in table.constraints
    ) or any(
        not isinstance(item, sa.Column) for index in table.indexes for item in index.expressions
    )


def whole_table(connection: Connection, name: str) -> sa.Table:
    """Return a table of SQLite with all that it has."""
    metadata = sa.MetaData()
    table = sa.Table(
        name,
        metadata,
        autoload_with=connection,
        resolve_fks=False,
        listeners=[("column_reflect", lambda _inspector, _table, column: whole_computed(column))],
    )
    for old in [one for one in table.constraints if isinstance(one, sa.CheckConstraint)]:
        table.constraints.discard(old)
    for check in checks_in(table_text(connection, name)):
        table.append_constraint(
            sa.CheckConstraint(
                sa.text(check["sqltext"]), name=check["name"] and conv(check["name"])
            )
        )
    found = snapshot(connection, sa.inspect(connection), name, None)
    table.indexes.clear()
    for index in found.indexes.values():
        if "items" in index:
            index_there(index, table)
    return table


def _name_what_goes(parts: list[Any], table: sa.Table) -> bool:
    """Give names to constraints without one, so that they can be dropped."""
    named = False
    names = {constraint.name for constraint in table.constraints}
    for part in parts:
        if (
            isinstance(part, ops.DropConstraintOp)
            and part.constraint_name not in names
            and undone(part) is not None
        ):
            wanted = _sign(part.to_constraint())
            for constraint in table.constraints:
                if constraint.name is None and _sign(constraint) == wanted:
                    constraint.name = part.constraint_name
                    named = True
                    break
    return named


def _sign(constraint: Any) -> tuple[Any, ...]:
    if isinstance(constraint, sa.CheckConstraint):
        return "check", plain(str(constraint.sqltext))
    columns = tuple(column.name for column in constraint.columns)
    if isinstance(constraint, sa.ForeignKeyConstraint):
        return "key", columns, constraint.elements[0].target_fullname.split(".")[-2]
    return type(constraint).__name__, columns
