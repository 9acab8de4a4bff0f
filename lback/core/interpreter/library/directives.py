"""Operations of the project's own, registered with Alembic by decorators."""

from __future__ import annotations

import ast
from collections.abc import Callable

from lback.core.effects import Effect, Use, Used
from lback.core.interpreter.choices import options
from lback.core.interpreter.classes import member
from lback.core.interpreter.discharge import Discharge, effects, followed, pure, unknown
from lback.core.interpreter.library import tables_made
from lback.core.interpreter.library.catalogue import is_library
from lback.core.interpreter.library.core_statements import chain, dml
from lback.core.interpreter.library.directives_alter import (
    alter_column,
    create_constraint,
    create_foreign_key,
    create_index,
    drop_constraint,
    drop_index,
    each,
)
from lback.core.interpreter.library.given import Given
from lback.core.interpreter.library.key_values import full_names, table_items
from lback.core.interpreter.library.sql_sink import send, sql, statement
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import find, force, module
from lback.core.interpreter.schema import (
    ColumnV,
    ConstraintV,
    EntityV,
    Handle,
    IndexV,
    MetaDataV,
    TableV,
)
from lback.core.interpreter.text import strings
from lback.core.interpreter.values import (
    PLAIN,
    Arguments,
    Bound,
    Choice,
    Func,
    Instance,
    Klass,
    Lazy,
    Operation,
    Seq,
    Value,
)  # fmt: skip

_MOST_MODULES = 60


def registered_operation(machine: Machine, directive: str) -> tuple[Klass, str] | None:
    """Return the class and its method that `op.directive()` calls, or None."""
    if directive not in machine.registered:
        _load_all(machine)
    return machine.registered.get(directive)


def _load_all(machine: Machine) -> None:
    """Run what the modules that are imported by now register with Alembic."""
    for path in list(machine.imported)[:_MOST_MODULES]:
        if not is_library(path):
            module(machine, path)
    for scope in list(machine.modules.values())[:_MOST_MODULES]:
        if scope is None:
            continue
        for name, statements in list(scope.pending.items()):
            if any(_registers(statement) for statement in statements):
                find(machine, name, scope)


def _registers(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return False
    shown = " ".join(ast.unparse(decorator) for decorator in statement.decorator_list)
    return "register_operation" in shown or "implementation_for" in shown


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
# What geoalchemy2 adds: the same with spatial columns.
_SPATIAL = {
    "add_geospatial_column": "add_column",
    "drop_geospatial_column": "drop_column",
    "create_geospatial_table": "create_table",
    "drop_geospatial_table": "drop_table",
    "create_geospatial_index": "create_index",
    "drop_geospatial_index": "drop_index",
}


def perform(
    machine: Machine, directive: str, arguments: Arguments, batch: Handle | None = None
) -> Discharge:
    """Record what a directive does; return its value."""
    directive = _SPATIAL.get(directive, directive)
    if directive in ("f", "inline_literal"):
        return pure(f"alembic.op.{directive}", arguments.get(0, "name", PLAIN))
    if directive in ("get_bind", "get_context"):
        kind = Handle("bind") if directive == "get_bind" else Handle("context")
        return pure(f"alembic.op.{directive}", kind)
    if directive in ("invoke", "run_async"):
        return (_invoke if directive == "invoke" else _run_async)(machine, arguments)
    if directive in ("create_entity", "replace_entity", "drop_entity"):
        return _entity(machine, directive, arguments)
    handler = _DIRECTIVES.get(directive)
    if handler is None:
        return _registered(machine, directive, arguments, batch)
    given = Given(machine, directive, arguments, batch)
    before, machine.copied = machine.copied, batch.tables if batch and batch.whole else ()
    try:
        value = handler(given)
    finally:
        machine.copied = before
    strange = given.strange()
    if strange or (given.open and directive != "create_table"):
        which = strange[0] if strange else "that is not in the text"
        tables = given.tables(given.table_parameter) if given.table_parameter else ()
        reason = f"op.{directive}() has an argument {which}"
        return unknown(machine, reason, tables, value=value)
    return effects(value)


def _registered(
    machine: Machine, directive: str, arguments: Arguments, batch: Handle | None
) -> Discharge:
    if batch is not None and directive in ("impl", "migration_context"):
        return pure("a batch's context", Handle("bind"))
    operation = registered_operation(machine, directive)
    if operation is None:
        tables = batch.tables if batch is not None else ()
        reason = f"op.{directive}() is not a directive of Alembic's own"
        return unknown(machine, reason, tables)
    klass, name = operation
    method = member(machine, klass, name)
    first = (klass, batch or Handle("op"))
    return machine.call_with(Bound(method, first), arguments)


def _invoke(machine: Machine, arguments: Arguments) -> Discharge:
    value = arguments.get(0, "operation")
    if isinstance(value, Operation):
        return perform(machine, value.directive, value.arguments)
    if isinstance(value, Choice):
        return unknown(machine, "invoke() of one of several operations")
    if isinstance(value, Instance):
        implementation = machine.implementations.get(value.of)
        if implementation is not None:
            return followed(machine.call(implementation, Handle("op"), value))
    return unknown(machine, "invoke() of an operation that is not in the text")


def _run_async(machine: Machine, arguments: Arguments) -> Discharge:
    function = arguments.get(0, "async_function")
    given = Arguments([Handle("bind"), *arguments.positional[1:]], dict(arguments.keywords))
    given.keywords.pop("async_function", None)
    if isinstance(function, Func | Bound):
        value = machine.call_with(function, given).value
        if isinstance(value, Lazy):
            return machine.walk(value, lambda _: None)
        return followed(value)
    return unknown(machine, "run_async() of a function whose code is not here")


def _entity(machine: Machine, directive: str, arguments: Arguments) -> Discharge:
    value = arguments.get(0, "target")
    if not isinstance(value, EntityV):
        return unknown(machine, f"op.{directive}() of an entity that is not in the text")
    return sql(machine, value.drop if directive == "drop_entity" else value.create)


# -- tables ------------------------------------------------------------------------


def _create_table(given: Given) -> Value:
    unread: list[str] = []
    items: list[ColumnV | ConstraintV | IndexV | TableV] = []
    for item in table_items(given.rest):
        if isinstance(item, ColumnV | ConstraintV | IndexV):
            items.append(item)
        elif not isinstance(item, MetaDataV | None):  # of its own Alembic makes the table
            unread.append("columns of a new table that are not in the text")
    if given.open:
        unread.append("columns of a new table that are not in the text")
    names = full_names(given.get("table_name", PLAIN), given.get("schema"))
    made = TableV(names, tuple(items), unread=tuple(dict.fromkeys(unread)))
    with given.looking("if_not_exists"):
        tables_made.create(given.machine, made)
    return TableV(names, tuple(items))


def _drop_table(given: Given) -> Value:
    with given.looking("if_exists"):
        tables = given.tables("table_name")
        each(given, tables, lambda name: given.machine.emit(Effect("drop", "table", name, name)))
    return None


def _rename_table(given: Given) -> Value:
    new = given.text("new_table_name")
    schema = given.get("schema")
    tables = given.tables("old_table_name")

    def record(table: str) -> None:
        if new is None:
            given.machine.cannot_read("renames a table to what is not in the text", (table,))
        else:
            to = f"{schema}.{new}" if isinstance(schema, str) else new
            given.machine.emit(Effect("rename", "table", table, table, to=to))

    each(given, tables, record)
    return None


def _table_comment(given: Given) -> Value:
    create = given.directive == "create_table_comment"
    tables = given.tables("table_name")
    effect = Effect("alter" if create else "drop", "comment", None)
    each(given, tables, lambda table: given.machine.emit(effect._replace(table=table)))
    return None


# -- columns -----------------------------------------------------------------------


def _add_column(given: Given) -> Value:
    column = given.get("column", PLAIN)

    def record(table: str) -> None:
        for option in options(column):
            if isinstance(option, ColumnV):
                with given.machine.unsure(isinstance(column, Choice)):
                    tables_made.column(given.machine, option, table, alone=True)
            else:
                given.machine.cannot_read("adds a column that is not in the text", (table,))

    with given.looking("if_not_exists"):
        each(given, given.tables("table_name"), record)
    return None


def _drop_column(given: Given) -> Value:
    value = given.get("column_name")
    names = value.name if isinstance(value, ColumnV) else given.names("column_name")

    def record(table: str) -> None:
        if not names:
            given.machine.cannot_read("drops a column whose name is not in the text", (table,))
        for name in names or ():
            with given.machine.unsure(len(names or ()) > 1):
                given.machine.emit(Effect("drop", "column", table, name))

    with given.looking("if_exists"):
        each(given, given.tables("table_name"), record)
    return None


# -- data, SQL, batches ------------------------------------------------------------


def _bulk_insert(given: Given) -> Value:
    inserted = dml("insert")(given.machine, Arguments([given.get("table", PLAIN)]))
    rows = Arguments([given.get("rows", PLAIN)])
    statement(given.machine, chain(given.machine, inserted, "values", rows))
    return None


def _execute(given: Given) -> Value:
    return send(given.machine, given.get("sqltext", PLAIN)).value


def _batch(given: Given) -> Value:
    """Follow batch_alter_table(); a table to copy from may bring a name, never columns."""
    tables = full_names(given.get("table_name", PLAIN), given.get("schema"))
    copied = given.get("copy_from")
    if copied is not None and (not isinstance(copied, TableV) or copied.names != tables):
        touched = (*tables, *(copied.names if isinstance(copied, TableV) else ()))
        given.machine.cannot_read("a batch copies from another table than it is about", touched)
    elif copied is not None:
        # The table becomes what the text says that it is, whatever it has become meanwhile.
        for table in tables:
            kinds: tuple[Used, ...] = ("column", "index", "constraint")
            given.machine.has_asked(*(Use(kind, "*", table) for kind in kinds))
    extra = given.get("table_args")
    items = extra.content.items if isinstance(extra, Seq) else ()
    for item in items:
        for table in tables:
            if isinstance(item, ConstraintV):
                with given.machine.unsure():
                    tables_made.constraint(given.machine, item, table)
            else:
                given.machine.cannot_read("a batch remakes the table in another way", (table,))
    copies = copied is not None or given.get("recreate") not in (None, "auto", "never")
    return Handle("batch", tables, copies)


def _sync_enum(given: Given) -> Value:
    """Record the directive of the library alembic-postgresql-enum."""
    schema, name = given.text("enum_schema"), given.text("enum_name")
    full = name if not name or schema in (None, "public") else f"{schema}.{name}"
    values = given.get("new_values")
    items = values.content.items if isinstance(values, Seq) else ()
    shown = ", ".join(
        string for item in items for string in strings(force(given.machine, item)) or ()
    )
    given.machine.emit(Effect("alter", "enum", None, full, detail=shown, dialect="postgresql"))
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
