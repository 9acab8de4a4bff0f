"""The directives of alembic.op and of batch operations, as a table: name, parameters, effect."""

from __future__ import annotations

from collections.abc import Callable

from lback.core.effects import Effect
from lback.core.reader import tables_made
from lback.core.reader.arguments import Arguments
from lback.core.reader.machine import Machine
from lback.core.reader.values import (
    NOTHING_KNOWN,
    Choice,
    ColumnV,
    ConstraintV,
    Func,
    Handle,
    IndexV,
    Instance,
    Opaque,
    Operation,
    Seq,
    TableV,
    TypeV,
    Value,
    options,
    strings,
)

# The positional parameters; "@" marks the table, which a batch operation does not take.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "add_column": ("@table_name", "column"),
    "alter_column": ("@table_name", "column_name"),
    "drop_column": ("@table_name", "column_name"),
    "create_table": ("table_name",),
    "drop_table": ("table_name",),
    "rename_table": ("old_table_name", "new_table_name"),
    "create_index": ("index_name", "@table_name", "columns"),
    "drop_index": ("index_name", "@table_name"),
    "create_foreign_key": (
        "constraint_name",
        "@source_table",
        "referent_table",
        "local_cols",
        "remote_cols",
    ),
    "create_unique_constraint": ("constraint_name", "@table_name", "columns"),
    "create_primary_key": ("constraint_name", "@table_name", "columns"),
    "create_check_constraint": ("constraint_name", "@table_name", "condition"),
    "create_exclude_constraint": ("constraint_name", "@table_name"),
    "drop_constraint": ("constraint_name", "@table_name", "type_"),
    "create_table_comment": ("@table_name", "comment"),
    "drop_table_comment": ("@table_name",),
    "bulk_insert": ("table", "rows"),
    "execute": ("sqltext",),
    "batch_alter_table": ("table_name",),
    "sync_enum_values": ("enum_schema", "enum_name", "new_values", "affected_columns"),
}

# Names that older versions of Alembic had for the same parameters.
_FORMER = {
    "name": ("constraint_name", "index_name", "table_name"),
    "tablename": ("table_name",),
    "table_name": ("source_table",),
    "source": ("table_name", "source_table"),
    "referent": ("referent_table",),
    "local_cols": ("columns",),
    "cols": ("columns",),
    "type": ("type_",),
    "old_table_name": ("table_name",),
    "sqltext": ("statement",),
}

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


class Given:
    """The arguments of one directive, by name; `table` are the tables it may be about."""

    def __init__(
        self, machine: Machine, directive: str, arguments: Arguments, batch: Handle | None
    ) -> None:
        self.machine = machine
        self.directive = directive
        self.open = arguments.open
        self.rest: list[Value] = []
        self.values: dict[str, Value] = dict(arguments.keywords)
        self.batch = batch
        self.table_parameter = ""
        self._place(arguments.positional)
        self._former_names()

    def _place(self, positional: list[Value]) -> None:
        names = []
        for name in PARAMETERS[self.directive]:
            if name.startswith("@"):
                self.table_parameter = name[1:]
            if not (name.startswith("@") and self.batch is not None):
                names.append(name.lstrip("@"))
        for name, value in zip(names, positional, strict=False):
            self.values.setdefault(name, value)
        self.rest = positional[len(names) :]

    def _former_names(self) -> None:
        known = {name.lstrip("@") for name in PARAMETERS[self.directive]}
        for old, news in _FORMER.items():
            if old in self.values and old not in known:
                for new in news:
                    if new in known and new not in self.values:
                        self.values[new] = self.values[old]

    def get(self, name: str, default: Value = None) -> Value:
        """Return an argument."""
        return self.machine.force(self.values.get(name, default))

    def has(self, name: str) -> bool:
        """Tell whether an argument is given."""
        return name in self.values

    def tables(self, name: str, schema: str = "schema") -> tuple[str, ...]:
        """Return the full names a table argument may have; records an unknown when hidden."""
        if self.batch is not None and name == self.table_parameter:
            found = self.batch.tables
        else:
            found = _full(self.get(name, NOTHING_KNOWN), self.get(schema))
        if not found:
            self.machine.cannot_read(f"{self.directive}() on a table whose name is not in the text")
        return found

    def text(self, name: str) -> str | None:
        """Return a string argument where it is known."""
        found = strings(self.get(name))
        return found[0] if found and len(found) == 1 else None

    def names(self, name: str) -> tuple[str | None, ...]:
        """Return the names an argument may have; (None,) where there is none or it is hidden."""
        return strings(self.get(name)) or (None,)


def _full(name: Value, schema: Value) -> tuple[str, ...]:
    if isinstance(name, TableV):
        name, schema = name.name, name.schema
    found = strings(name) or ()
    prefix = f"{schema}." if isinstance(schema, str) and schema else ""
    return tuple(prefix + one for one in found)


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


def _each(given: Given, tables: tuple[str, ...], record: Callable[[str], None]) -> None:
    """Record for every table that may be meant; surely where there is only one."""
    for table in tables:
        with given.machine.maybe(certain=len(tables) == 1):
            record(table)


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
            names = _full(made.name, made.schema)
            given.machine.cannot_read("columns of a new table that are not in the text", names)
    return made


def _hides_columns(value: Value) -> bool:
    return any(isinstance(one, Opaque | Instance) for one in options(value))


def _drop_table(given: Given) -> Value:
    guarded = given.get("if_exists") is True
    with given.machine.maybe(certain=not guarded):
        for_table = given.tables("table_name")
        _each(
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
    _each(
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
        _each(given, given.tables("table_name"), record)
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
        _each(given, given.tables("table_name"), record)
    return None


def _alter_column(given: Given) -> Value:
    names = given.names("column_name")
    new = given.text("new_column_name") or given.text("name")
    hidden = (given.get("new_column_name") is not None and new is None) or names == (None,)
    aspects, detail = _changes(given)

    def record(table: str) -> None:
        if hidden:
            given.machine.cannot_read("alters a column whose name is not in the text", (table,))
            return
        for name in names:
            with given.machine.maybe(certain=len(names) == 1):
                if aspects or new is None:
                    given.machine.emit(
                        Effect("alter", "column", table, name, detail=detail, aspects=aspects)
                    )
                if new is not None and new != name:
                    given.machine.emit(Effect("rename", "column", table, name, to=new))

    _each(given, given.tables("table_name"), record)
    return None


def _changes(given: Given) -> tuple[tuple[str, ...], str]:
    aspects: list[str] = []
    detail: list[str] = []
    type_ = given.get("type_")
    if type_ is not None:
        aspects.append("type")
        detail.append(f"type {_type_text(type_)}")
    nullable = given.get("nullable")
    if nullable is not None:
        aspects.append("nullable")
        if nullable is not True:
            aspects.append("not null")
        shown = str(nullable).lower() if isinstance(nullable, bool) else "?"
        detail.append(f"nullable={shown}")
    for name, word in (("server_default", "default"), ("comment", "comment")):
        if given.has(name) and given.get(name) is not False:
            aspects.append(word)
            detail.append(f"no {word}" if given.get(name) is None else word)
    if given.get("autoincrement") is not None:
        aspects.append("default")
        detail.append("autoincrement")
    return tuple(dict.fromkeys(aspects)), ", ".join(detail)


def _type_text(value: Value) -> str:
    for one in options(value):
        if isinstance(one, TypeV):
            return one.text
        last = getattr(one, "last", None)
        if isinstance(last, str):
            return last
    return "?"


# -- indexes and constraints -------------------------------------------------------


def _create_index(given: Given) -> Value:
    made = IndexV(
        given.get("index_name"), given.get("columns", NOTHING_KNOWN), given.get("unique") is True
    )
    guarded = given.get("if_not_exists") is True
    with given.machine.maybe(certain=not guarded):
        _each(
            given,
            given.tables("table_name"),
            lambda table: tables_made.index(given.machine, made, table),
        )
    return None


def _drop_index(given: Given) -> Value:
    names = given.names("index_name")
    known = given.batch is not None or given.get("table_name") is not None
    tables: tuple[str | None, ...] = given.tables("table_name") if known else (None,)
    if isinstance(given.get("index_name"), IndexV):
        names = strings(given.get("index_name").name) or (None,)
    if names == (None,) and tables == (None,):
        given.machine.cannot_read("drops an index whose name is not in the text")
        return None
    guarded = given.get("if_exists") is True
    schema = given.get("schema")
    for table in tables:
        for name in names:
            full = f"{schema}.{name}" if isinstance(schema, str) and table is None else name
            sure = not guarded and len(tables) == len(names) == 1
            with given.machine.maybe(certain=sure):
                given.machine.emit(Effect("drop", "index", table, full))
    return None


def _create_foreign_key(given: Given) -> Value:
    referred = _full(given.get("referent_table"), given.get("referent_schema"))
    target: Value = f"{referred[0]}." if len(referred) == 1 else NOTHING_KNOWN
    made = ConstraintV("foreignkey", given.get("constraint_name"), given.get("local_cols"), target)
    tables = given.tables("source_table", "source_schema")
    if len(referred) != 1:
        given.machine.cannot_read("a foreign key to a table whose name is not in the text", tables)
    _each(given, tables, lambda table: tables_made.constraint(given.machine, made, table))
    return None


_KINDS = {
    "create_unique_constraint": "unique",
    "create_primary_key": "primary",
    "create_check_constraint": "check",
    "create_exclude_constraint": "exclude",
}


def _create_constraint(given: Given) -> Value:
    condition = given.get("condition")
    text = condition if isinstance(condition, str) else getattr(condition, "text", "")
    made = ConstraintV(
        _KINDS[given.directive],
        given.get("constraint_name"),
        given.get("columns"),
        detail=text if isinstance(text, str) else "",
    )
    _each(
        given,
        given.tables("table_name"),
        lambda table: tables_made.constraint(given.machine, made, table),
    )
    return None


def _drop_constraint(given: Given) -> Value:
    guarded = given.get("if_exists") is True
    kind = given.text("type_") or ""
    made = ConstraintV(kind, given.get("constraint_name"))
    with given.machine.maybe(certain=not guarded):
        _each(
            given,
            given.tables("table_name"),
            lambda table: tables_made.constraint(given.machine, made, table, "drop"),
        )
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
    tables = _full(given.get("table_name", NOTHING_KNOWN), given.get("schema"))
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
    "alter_column": _alter_column,
    "drop_column": _drop_column,
    "create_table": _create_table,
    "drop_table": _drop_table,
    "rename_table": _rename_table,
    "create_index": _create_index,
    "drop_index": _drop_index,
    "create_foreign_key": _create_foreign_key,
    "create_unique_constraint": _create_constraint,
    "create_primary_key": _create_constraint,
    "create_check_constraint": _create_constraint,
    "create_exclude_constraint": _create_constraint,
    "drop_constraint": _drop_constraint,
    "create_table_comment": _table_comment,
    "drop_table_comment": _table_comment,
    "bulk_insert": _bulk_insert,
    "execute": _execute,
    "batch_alter_table": _batch,
    "sync_enum_values": _sync_enum,
}
