"""The directives of alembic.op and of batch operations, as a table: name, parameters, effect."""

from __future__ import annotations

from collections.abc import Callable

from lback.core.effects import Effect
from lback.core.reader import tables_made
from lback.core.reader.arguments import Arguments
from lback.core.reader.directives_alter import alter_column
from lback.core.reader.directives_keys import (
    create_constraint,
    create_foreign_key,
    create_index,
    drop_constraint,
    drop_index,
    each,
)
from lback.core.reader.given import Given, full_names
from lback.core.reader.machine import Machine
from lback.core.reader.schema_values import ColumnV, Operation, TableV
from lback.core.reader.values import (
    NOTHING_KNOWN,
    Choice,
    Func,
    Handle,
    Instance,
    Opaque,
    Seq,
    Value,
    options,
)

OPERATIONS = {
    "AddColumnOp": "add_column",
    "DropColumnOp": "drop_column",
    "AlterColumnOp": "alter_column",
    "CreateTableOp": "create_table",
    "DropTableOp": "drop_table",
    "RenameTableOp": "rename_table",
    "CreateIndexOp": "create_index",
    "DropIndexOp": "drop_index",
    "CreateForeignKeyOp": "create_foreign_key",
    "CreateUniqueConstraintOp": "create_unique_constraint",
    "CreatePrimaryKeyOp": "create_primary_key",
    "CreateCheckConstraintOp": "create_check_constraint",
    "DropConstraintOp": "drop_constraint",
    "CreateTableCommentOp": "create_table_comment",
    "DropTableCommentOp": "drop_table_comment",
    "BulkInsertOp": "bulk_insert",
    "ExecuteSQLOp": "execute",
}


def perform(
    machine: Machine, directive: str, arguments: Arguments, batch: Handle | None = None
) -> Value:
    """Record what a directive does; return its value."""
    if directive in ("f", "inline_literal"):
        return arguments.get(0, "name", NOTHING_KNOWN)
    if directive in ("get_bind", "get_context"):
        return Handle("bind" if directive == "get_bind" else "context")
    if directive == "invoke":
        return _invoke(machine, arguments.get(0, "operation"))
    if directive == "run_async":
        return _run_async(machine, arguments)
    handler = _DIRECTIVES.get(directive)
    if handler is None:
        if batch is not None and directive in ("get_bind", "impl", "migration_context"):
            return Handle("bind")
        tables = batch.tables if batch is not None else ()
        machine.cannot_read(f"op.{directive}() is not a directive of Alembic's own", tables)
        return Opaque(reaches=True)
    return handler(Given(machine, directive, arguments, batch))


def _invoke(machine: Machine, value: Value) -> Value:
    if isinstance(value, Operation):
        return perform(machine, value.directive, Arguments(value.positional, value.keywords))
    machine.cannot_read("invoke() of an operation that is not in the text")
    return NOTHING_KNOWN


def _run_async(machine: Machine, arguments: Arguments) -> Value:
    from lback.core.reader.calls import run

    function = arguments.get(0, "async_function")
    if isinstance(function, Func):
        given = Arguments([Handle("bind"), *arguments.positional[1:]], arguments.keywords)
        return run(machine, function, given)
    machine.cannot_read("run_async() of a function whose code is not here")
    return NOTHING_KNOWN


# -- tables ------------------------------------------------------------------------


def _create_table(given: Given) -> Value:
    items: list[Value] = []
    for one in given.rest:
        items.extend(one.items if isinstance(one, Seq) else [one])
    made = TableV(given.get("table_name", NOTHING_KNOWN), given.get("schema"), tuple(items))
    guarded = given.get("if_not_exists") is True
    with given.machine.maybe(certain=not guarded):
        tables_made.create(given.machine, made)
        if given.open or any(_hides_columns(one) for one in items):
            names = full_names(made.name, made.schema)
            given.machine.cannot_read("columns of a new table that are not in the text", names)
    return made


def _hides_columns(value: Value) -> bool:
    return any(isinstance(one, Opaque | Instance) for one in options(value))


def _drop_table(given: Given) -> Value:
    guarded = given.get("if_exists") is True
    with given.machine.maybe(certain=not guarded):
        for_table = given.tables("table_name")
        each(
            given,
            for_table,
            lambda table: given.machine.emit(Effect("drop", "table", table, table)),
        )
    return None


def _rename_table(given: Given) -> Value:
    new = given.text("new_table_name")
    schema = given.get("schema")
    for table in given.tables("old_table_name"):
        if new is None:
            given.machine.cannot_read("renames a table to what is not in the text", (table,))
        else:
            to = f"{schema}.{new}" if isinstance(schema, str) else new
            given.machine.emit(Effect("rename", "table", table, table, to=to))
    return None


def _table_comment(given: Given) -> Value:
    kind = "alter" if given.directive == "create_table_comment" else "drop"
    each(
        given,
        given.tables("table_name"),
        lambda table: given.machine.emit(Effect(kind, "comment", table)),  # type: ignore[arg-type]
    )
    return None


# -- columns -----------------------------------------------------------------------


def _add_column(given: Given) -> Value:
    column = given.get("column", NOTHING_KNOWN)
    guarded = given.get("if_not_exists") is True

    def record(table: str) -> None:
        for one in options(column):
            if isinstance(one, ColumnV):
                with given.machine.maybe(certain=not isinstance(column, Choice)):
                    tables_made.column(given.machine, one, table, alone=True)
            else:
                given.machine.cannot_read("adds a column that is not in the text", (table,))

    with given.machine.maybe(certain=not guarded):
        each(given, given.tables("table_name"), record)
    return None


def _drop_column(given: Given) -> Value:
    names = given.names("column_name")
    guarded = given.get("if_exists") is True

    def record(table: str) -> None:
        if names == (None,):
            given.machine.cannot_read("drops a column whose name is not in the text", (table,))
            return
        for name in names:
            with given.machine.maybe(certain=len(names) == 1):
                given.machine.emit(Effect("drop", "column", table, name))

    with given.machine.maybe(certain=not guarded):
        each(given, given.tables("table_name"), record)
    return None


# -- data, SQL, batches ------------------------------------------------------------


def _bulk_insert(given: Given) -> Value:
    from lback.core.reader.handles import statement
    from lback.core.reader.statement_values import chain, dml

    inserted = dml("insert")(given.machine, Arguments([given.get("table", NOTHING_KNOWN)]))
    rows = Arguments([given.get("rows", NOTHING_KNOWN)])
    statement(given.machine, chain(given.machine, inserted, "values", rows))
    return None


def _execute(given: Given) -> Value:
    from lback.core.reader.handles import execute

    return execute(given.machine, Arguments([given.get("sqltext", NOTHING_KNOWN)]))


def _batch(given: Given) -> Value:
    tables = full_names(given.get("table_name", NOTHING_KNOWN), given.get("schema"))
    return Handle("batch", tables=tables)


def _sync_enum(given: Given) -> Value:
    """Record the directive of the library alembic-postgresql-enum."""
    schema, name = given.text("enum_schema"), given.text("enum_name")
    full = name if not name or schema in (None, "public") else f"{schema}.{name}"
    values = tables_made.listed(given.get("new_values"))
    given.machine.emit(
        Effect("alter", "enum", None, full, detail=", ".join(values), dialect="postgresql")
    )
    return None


_DIRECTIVES: dict[str, Callable[[Given], Value]] = {
    "add_column": _add_column,
    "alter_column": alter_column,
    "drop_column": _drop_column,
    "create_table": _create_table,
    "drop_table": _drop_table,
    "rename_table": _rename_table,
    "create_index": create_index,
    "drop_index": drop_index,
    "create_foreign_key": create_foreign_key,
    "create_unique_constraint": create_constraint,
    "create_primary_key": create_constraint,
    "create_check_constraint": create_constraint,
    "create_exclude_constraint": create_constraint,
    "drop_constraint": drop_constraint,
    "create_table_comment": _table_comment,
    "drop_table_comment": _table_comment,
    "bulk_insert": _bulk_insert,
    "execute": _execute,
    "batch_alter_table": _batch,
    "sync_enum_values": _sync_enum,
}
