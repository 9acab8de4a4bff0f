"""Alembic's directives: the renames that autogenerate lacks, and a line for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import ops
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from lback.db.alembic_compat import is_in_batch, operations_prefix, type_text


class RenameTable(ops.RenameTableOp):
    """A rename of a table that autogenerate can write and turn round."""

    def reverse(self) -> RenameTable:
        """Return the way back."""
        return RenameTable(self.new_table_name, self.table_name, schema=self.schema)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return it in the form of Alembic's diffs."""
        return ("rename_table", self.schema, self.table_name, self.new_table_name)


class RenameColumn(ops.AlterColumnOp):
    """A rename of a column that autogenerate can write and turn round."""

    def __init__(
        self,
        table: str,
        old: str,
        new: str,
        *,
        schema: str | None,
        type_: TypeEngine[Any] | None,
        nullable: bool | None,
    ) -> None:
        super().__init__(
            table,
            old,
            schema=schema,
            modify_name=new,
            existing_type=type_,
            existing_nullable=nullable,
        )
        self.new_name = new

    def reverse(self) -> RenameColumn:
        """Return the way back."""
        return RenameColumn(
            self.table_name,
            self.new_name,
            self.column_name,
            schema=self.schema,
            type_=self.existing_type,
            nullable=self.existing_nullable,
        )

    def has_changes(self) -> bool:
        """Tell that there is something to do."""
        return True

    def to_diff_tuple(self) -> Any:
        """Return it in the form of Alembic's diffs."""
        return [("rename_column", self.schema, self.table_name, self.column_name, self.new_name)]


@renderers.dispatch_for(RenameTable)
def _render_rename_table(context: AutogenContext, op: RenameTable) -> str:
    schema = f", schema={str(op.schema)!r}" if op.schema else ""
    prefix = context.opts["alembic_module_prefix"]
    return f"{prefix}rename_table({str(op.table_name)!r}, {str(op.new_table_name)!r}{schema})"


@renderers.dispatch_for(RenameColumn)
def _render_rename_column(context: AutogenContext, op: RenameColumn) -> str:
    # Within a batch the table is named by the batch.
    batch = is_in_batch(context)
    names = [] if batch else [repr(str(op.table_name))]
    names += [repr(str(op.column_name)), f"new_column_name={str(op.new_name)!r}"]
    if op.existing_type is not None:
        names.append(f"existing_type={type_text(op.existing_type, context)}")
    if op.existing_nullable is not None:
        names.append(f"existing_nullable={op.existing_nullable!r}")
    if op.schema and not batch:
        names.append(f"schema={str(op.schema)!r}")
    return f"{operations_prefix(context)}alter_column({', '.join(names)})"


def full_name(table: str, schema: str | None) -> str:
    """Return a table's name as people write it."""
    return f"{schema}.{table}" if schema else str(table)


def describe(container: ops.OpContainer, dialect: Dialect) -> tuple[str, ...]:
    """Return one line for each change that the directives make."""
    return tuple(_line(operation, dialect) for operation in _walk(container.ops))


def _walk(operations: Iterable[Any]) -> Iterator[Any]:
    for operation in operations:
        if isinstance(operation, ops.OpContainer):
            yield from _walk(operation.ops)
        else:
            yield operation


def _line(operation: Any, dialect: Dialect) -> str:
    table = full_name(
        getattr(operation, "table_name", "") or "", getattr(operation, "schema", None)
    )
    if isinstance(operation, RenameTable):
        return f"rename table {table} to {operation.new_table_name}"
    if isinstance(operation, RenameColumn):
        return f"rename column {table}.{operation.column_name} to {operation.new_name}"
    if isinstance(operation, ops.CreateTableOp):
        return f"create table {table}"
    if isinstance(operation, ops.DropTableOp):
        return f"drop table {table}"
    if isinstance(operation, ops.AddColumnOp):
        column = operation.column
        null = "" if column.nullable else " NOT NULL"
        return f"add column {table}.{column.name} {_type(column.type, dialect)}{null}"
    if isinstance(operation, ops.DropColumnOp):
        return f"drop column {table}.{operation.column_name}"
    if isinstance(operation, ops.AlterColumnOp):
        return f"alter column {table}.{operation.column_name}: {_alteration(operation, dialect)}"
    if isinstance(operation, ops.ExecuteSQLOp):
        return f"execute {operation.sqltext}"
    return _named(operation, table)


def _alteration(change: ops.AlterColumnOp, dialect: Dialect) -> str:
    parts = []
    if change.modify_type is not None:
        old = _type(change.existing_type, dialect) if change.existing_type is not None else "?"
        parts.append(f"type {old} to {_type(change.modify_type, dialect)}")
    if change.modify_nullable is not None:
        parts.append("NULL allowed" if change.modify_nullable else "NOT NULL")
    if change.modify_server_default is not False:
        parts.append(
            "default removed" if change.modify_server_default is None else "default changed"
        )
    if change.modify_comment is not False:
        parts.append("comment changed")
    return ", ".join(parts) or "changed"


def _named(item: Any, table: str) -> str:
    name = getattr(item, "index_name", None) or getattr(item, "constraint_name", None)
    shown = f" {name}" if name else ""
    if isinstance(item, ops.CreateIndexOp):
        kind = "unique index" if item.unique else "index"
        return f"create {kind}{shown} on {table} ({_columns(item.columns)})"
    if isinstance(item, ops.DropIndexOp):
        return f"drop index{shown} on {table}"
    if isinstance(item, ops.CreateForeignKeyOp):
        there = full_name(item.referent_table, item.kw.get("referent_schema"))
        here = full_name(item.source_table, item.kw.get("source_schema"))
        return (
            f"add foreign key{shown} from {here}"
            f" ({_columns(item.local_cols)}) to {there} ({_columns(item.remote_cols)})"
        )
    if isinstance(item, ops.DropConstraintOp):
        return f"drop constraint{shown} of {table}"
    if isinstance(item, ops.CreateUniqueConstraintOp):
        return f"add unique constraint{shown} on {table} ({_columns(item.columns)})"
    if isinstance(item, ops.CreateTableCommentOp):
        return f"change comment of table {table}"
    if isinstance(item, ops.DropTableCommentOp):
        return f"drop comment of table {table}"
    words = type(item).__name__.removesuffix("Op")
    return f"{words}{shown} {table}".strip()


def _columns(columns: Iterable[Any]) -> str:
    return ", ".join(str(getattr(column, "name", None) or column) for column in columns)


def _type(type_: Any, dialect: Dialect) -> str:
    try:
        return str(type_.compile(dialect))
    except Exception:  # types of the user's own may need more than a dialect
        return repr(type_)
