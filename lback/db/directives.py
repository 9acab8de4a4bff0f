"""Alembic's directives: the renames that autogenerate lacks, and a line for each of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import ops
from sqlalchemy import Column
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import DefaultClause

from lback.core.display import visible
from lback.core.drafting.naming import NamedChange
from lback.db.alembic_compat import copy_column, default_text, name_writer, sql_of, type_text

# What SQLAlchemy's text() would take for a parameter.
_BIND = re.compile(r"(?<![:\w\\]):(?=\w)")


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

    def __init__(self, table: str, new: str, old: Column[Any], *, schema: str | None) -> None:
        default = old.server_default
        plain = isinstance(default, DefaultClause) and "nextval(" not in str(default.arg)
        super().__init__(
            table,
            old.name,
            schema=schema,
            modify_name=new,
            existing_type=old.type,
            existing_nullable=old.nullable,
            # MySQL writes the whole column anew, and what is not said here would be gone.
            existing_server_default=default if plain else False,
            existing_comment=old.comment,
        )
        if old.autoincrement is True:
            self.kw["existing_autoincrement"] = True
        self.new_name = new
        self.old = old

    def reverse(self) -> RenameColumn:
        """Return the way back."""
        renamed = copy_column(self.old)
        renamed.name = self.new_name
        return RenameColumn(self.table_name, self.column_name, renamed, schema=self.schema)

    def has_changes(self) -> bool:
        """Tell that there is something to do."""
        return True

    def to_diff_tuple(self) -> Any:
        """Return it in the form of Alembic's diffs."""
        return [("rename_column", self.schema, self.table_name, self.column_name, self.new_name)]


class RenameName(ops.ExecuteSQLOp):
    """A rename of what a table has with a name of its own: an index, a constraint, a sequence."""

    def __init__(
        self, kind: str, table: str, old: str, new: str, *, schema: str | None, dialect: Dialect
    ) -> None:
        quote = name_writer(dialect)
        place = f"{quote(schema)}." if schema else ""
        change = f"RENAME TO {quote(new)}"
        if kind == "column":
            start = f"TABLE {place}{quote(table)}"
            change = f"RENAME COLUMN {quote(old)} TO {quote(new)}"
        elif dialect.name != "postgresql":
            kind, start = "index", f"TABLE {place}{quote(table)}"
            change = f"RENAME INDEX {quote(old)} TO {quote(new)}"
        elif kind == "constraint":
            start = f"TABLE {place}{quote(table)}"
            change = f"RENAME CONSTRAINT {quote(old)} TO {quote(new)}"
        else:
            start = f"{kind.upper()} {place}{quote(old)}"
        super().__init__(escaped(f"ALTER {start} {change}"))
        self.kind, self.table, self.schema, self.dialect = kind, table, schema, dialect
        self.old_name, self.new_name = old, new

    def reverse(self) -> RenameName:
        """Return the way back."""
        return RenameName(
            self.kind,
            self.table,
            self.new_name,
            self.old_name,
            schema=self.schema,
            dialect=self.dialect,
        )

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return it in the form of Alembic's diffs."""
        return (f"rename_{self.kind}", self.schema, self.old_name, self.new_name)


class Filled(NamedTuple):
    """What an UPDATE sets: SQL as it is ("text"), or a value of Python's for a type of sa."""

    how: Literal["text", "value"]
    value: Any
    type: str = ""


class Fill(ops.ExecuteSQLOp):
    """An UPDATE that leaves no NULL in a column."""

    def __init__(self, table: str, column: str, filled: Filled, *, schema: str | None) -> None:
        self.table, self.column, self.filled, self.schema = table, column, filled, schema
        place = sa.column(column, *([getattr(sa, filled.type)()] if filled.type else []))
        value = sa.text(escaped(filled.value)) if filled.how == "text" else filled.value
        statement = sa.update(sa.table(table, place, schema=schema))
        super().__init__(statement.where(place.is_(None)).values({column: value}))


def escaped(sql: str) -> str:
    """Return SQL in which nothing is a parameter to SQLAlchemy's text()."""
    return _BIND.sub(r"\\\g<0>", sql.replace("\\:", "\\\\:"))


@renderers.dispatch_for(Fill)
def _render_fill(context: AutogenContext, op: Fill) -> str:
    sqla, alembic = (context.opts[f"{name}_module_prefix"] for name in ("sqlalchemy", "alembic"))
    filled = op.filled
    type_ = f", {sqla}{filled.type}()" if filled.type else ""
    column = f"{sqla}column({str(op.column)!r}{type_})"
    schema = f", schema={str(op.schema)!r}" if op.schema else ""
    value = repr(filled.value)
    if filled.how == "text":
        value = f"{sqla}text({escaped(filled.value)!r})"
    return (
        f"{alembic}execute({sqla}update({sqla}table({str(op.table)!r}, {column}{schema}))"
        f".where({sqla}column({str(op.column)!r}).is_(None))"
        f".values({{{str(op.column)!r}: {value}}}))"
    )


class _LosingTable(ops.DropTableOp):
    """A drop that says in the file what it loses."""


class _LosingColumn(ops.DropColumnOp):
    """A drop that says in the file what it loses."""


class _BareColumn(ops.AddColumnOp):
    """A column that says in the file why it takes NULL."""


def without_not_null(added: ops.AddColumnOp) -> ops.AddColumnOp:
    """Let the column say in the file why it takes NULL, which it did not before."""
    added.__class__ = _BareColumn
    return added


def mark_loss(drop: ops.DropTableOp | ops.DropColumnOp) -> None:
    """Let the drop say in the file what it loses."""
    drop.__class__ = _LosingTable if isinstance(drop, ops.DropTableOp) else _LosingColumn


@renderers.dispatch_for(_LosingTable)
def _render_losing_table(context: AutogenContext, op: _LosingTable) -> list[str]:
    name = visible(full_name(op.table_name, op.schema))
    return [f"# The rows of {name} are lost.", renderers.dispatch(ops.DropTableOp)(context, op)]


@renderers.dispatch_for(_LosingColumn)
def _render_losing_column(context: AutogenContext, op: _LosingColumn) -> list[str]:
    name = visible(f"{full_name(op.table_name, op.schema)}.{op.column_name}")
    return [f"# The values of {name} are lost.", renderers.dispatch(ops.DropColumnOp)(context, op)]


@renderers.dispatch_for(_BareColumn)
def _render_bare_column(context: AutogenContext, op: _BareColumn) -> list[str]:
    name = visible(f"{full_name(op.table_name, op.schema)}.{op.column.name}")
    why = f"# {name} comes back without NOT NULL: nothing says what rows would have in it."
    return [why, renderers.dispatch(ops.AddColumnOp)(context, op)]


@renderers.dispatch_for(RenameTable)
def _render_rename_table(context: AutogenContext, op: RenameTable) -> str:
    schema = f", schema={str(op.schema)!r}" if op.schema else ""
    prefix = context.opts["alembic_module_prefix"]
    return f"{prefix}rename_table({str(op.table_name)!r}, {str(op.new_table_name)!r}{schema})"


@renderers.dispatch_for(RenameColumn)
def _render_rename_column(context: AutogenContext, op: RenameColumn) -> str:
    # Never in a batch, which makes the table anew: what refers to the column would not follow.
    names = [repr(str(op.table_name)), repr(str(op.column_name))]
    names.append(f"new_column_name={str(op.new_name)!r}")
    names.append(f"existing_type={type_text(op.old.type, context)}")
    names.append(f"existing_nullable={op.existing_nullable!r}")
    if op.existing_server_default is not False:
        default = default_text(op.existing_server_default, context)
        names.append(f"existing_server_default={default}")
    if op.existing_comment is not None:
        names.append(f"existing_comment={op.existing_comment!r}")
    names += [f"{name}={value!r}" for name, value in op.kw.items()]
    if op.schema:
        names.append(f"schema={str(op.schema)!r}")
    prefix = context.opts["alembic_module_prefix"]
    return f"{prefix}alter_column({', '.join(names)})"


def full_name(table: str, schema: str | None) -> str:
    """Return a table's name as people write it."""
    return f"{schema}.{table}" if schema else str(table)


def describe(container: ops.OpContainer, dialect: Dialect) -> tuple[str, ...]:
    """Return one line for each change that the directives make."""
    return tuple(_line(operation, dialect) for operation in _walk(container.ops))


def named_changes(container: ops.OpContainer) -> tuple[NamedChange, ...]:
    """Return what the directives do, as far as it is worth a word of the name of a migration."""
    found = [one for operation in _walk(container.ops) for one in _named_changes(operation)]
    others = {
        full_name(operation.table_name, getattr(operation, "schema", None))
        for operation in _walk(container.ops)
        if getattr(operation, "table_name", None)
    } - {one.table for one in found}
    return (*found, *(NamedChange("change", table) for table in sorted(others)))


def _named_changes(operation: Any) -> Iterator[NamedChange]:
    table = full_name(getattr(operation, "table_name", ""), getattr(operation, "schema", None))
    if isinstance(operation, RenameTable):
        yield NamedChange("rename", table, new=str(operation.new_table_name))
    elif isinstance(operation, RenameColumn):
        yield NamedChange("rename", table, str(operation.column_name), str(operation.new_name))
    elif isinstance(operation, (ops.CreateTableOp, ops.DropTableOp)):
        yield NamedChange("add" if isinstance(operation, ops.CreateTableOp) else "drop", table)
    elif isinstance(operation, ops.AddColumnOp):
        yield NamedChange("add", table, str(operation.column.name))
    elif isinstance(operation, ops.DropColumnOp):
        yield NamedChange("drop", table, str(operation.column_name))
    elif isinstance(operation, ops.AlterColumnOp):
        yield NamedChange("change", table, str(operation.column_name))


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
    if isinstance(operation, RenameName):
        return f"rename {operation.kind} {operation.old_name} to {operation.new_name}"
    if isinstance(operation, ops.CreateTableOp):
        return f"create table {table}"
    if isinstance(operation, ops.DropTableOp):
        return f"drop table {table}"
    if isinstance(operation, ops.AddColumnOp):
        column = operation.column
        null = "" if column.nullable else " NOT NULL"
        return f"add column {table}.{column.name} {type_shown(column.type, dialect)}{null}"
    if isinstance(operation, ops.DropColumnOp):
        return f"drop column {table}.{operation.column_name}"
    if isinstance(operation, ops.AlterColumnOp):
        return f"alter column {table}.{operation.column_name}: {_alteration(operation, dialect)}"
    if isinstance(operation, Fill):
        return f"fill NULL in {full_name(operation.table, operation.schema)}.{operation.column}"
    if hasattr(operation, "told"):
        return str(operation.told)
    if isinstance(operation, ops.ExecuteSQLOp):
        return f"execute {operation.sqltext}"
    return _named(operation, table)


def _alteration(change: ops.AlterColumnOp, dialect: Dialect) -> str:
    parts = []
    if change.modify_type is not None:
        old = type_shown(change.existing_type, dialect) if change.existing_type is not None else "?"
        parts.append(f"type {old} to {type_shown(change.modify_type, dialect)}")
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
    if isinstance(item, ops.CreateCheckConstraintOp):
        return f"add check{shown} on {table} ({item.condition})"
    if isinstance(item, ops.CreateTableCommentOp):
        return f"change comment of table {table}"
    if isinstance(item, ops.DropTableCommentOp):
        return f"drop comment of table {table}"
    words = type(item).__name__.removesuffix("Op")
    entity: Any = getattr(item, "target", None)
    if hasattr(entity, "signature"):  # of alembic_utils: a view, a function, a trigger
        kind = type(entity).__name__.removeprefix("PG").lower()
        return f"{words.lower()} {kind} {full_name(entity.signature, entity.schema)}"
    return f"{words}{shown} {table}".strip()


def _columns(columns: Iterable[Any]) -> str:
    return ", ".join(
        str(column.name if isinstance(column, Column) else column) for column in columns
    )


def type_shown(type_: Any, dialect: Dialect) -> str:
    """Return a type as a person is shown it."""
    try:
        return sql_of(type_, dialect)
    except Exception:  # types of the user's own may need more than a dialect
        return repr(type_)
