"""Directives that Alembic's autogenerate lacks: renames, and how they are written down."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import ops
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
