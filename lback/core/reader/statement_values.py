"""SQLAlchemy Core statements: what they write, and what they read on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lback.core.reader.arguments import Arguments
from lback.core.reader.classes import table_of
from lback.core.reader.machine import Machine
from lback.core.reader.schema_values import ColumnV, Statement, TableV
from lback.core.reader.values import Klass, Map, Method, Opaque, Seq, Value, options


def full_name(table: TableV) -> str | None:
    """Return "schema.table", "table", or None where the text hides it."""
    if not isinstance(table.name, str):
        return None
    return f"{table.schema}.{table.name}" if isinstance(table.schema, str) else table.name


def table_value(machine: Machine, value: Value) -> Value:
    """Return the table that a value is or stands for, else the value itself."""
    value = machine.force(value)
    if isinstance(value, Klass):
        return table_of(machine, value) or value
    if isinstance(value, Method) and value.name in ("alias", "join", "outerjoin"):
        return table_value(machine, value.owner)
    return value


def names_of(machine: Machine, values: Iterable[Value]) -> tuple[str, ...]:
    """Return the tables that values name."""
    found: dict[str, None] = {}
    for value in values:
        for one in options(value):
            table = table_value(machine, one)
            name = full_name(table) if isinstance(table, TableV) else None
            if name is not None:
                found[name] = None
            if isinstance(table, Statement):
                found.update(dict.fromkeys(table.reads))
                if table.kind == "select" and table.table is not None:
                    found.update(dict.fromkeys(names_of(machine, [table.table])))
    return tuple(found)


def dml(kind: str) -> Callable[[Machine, Arguments], Statement]:
    """Return the maker of sa.insert, sa.update, sa.delete."""

    def make(machine: Machine, arguments: Arguments) -> Statement:
        return Statement(kind, table_value(machine, arguments.get(0, "table", Opaque())))

    return make


def _select(machine: Machine, arguments: Arguments) -> Statement:
    return Statement("select", reads=_read_by(machine, arguments))


def _read_by(machine: Machine, arguments: Arguments) -> tuple[str, ...]:
    values: list[Value] = []
    for one in arguments.all():
        values.extend(one.items if isinstance(one, Seq) else [one])
    return names_of(machine, values)


def _schema_statement(kind: str) -> Callable[[Machine, Arguments], Statement]:
    def make(_: Machine, arguments: Arguments) -> Statement:
        return Statement(kind, element=arguments.get(0, "element"))

    return make


def chain(machine: Machine, statement: Statement, name: str, arguments: Arguments) -> Statement:
    """Follow a method of a statement, which gives a statement again."""
    reads = (*statement.reads, *_read_by(machine, arguments))
    columns = statement.columns
    if name == "values":
        columns = (*columns, *_written(arguments))
    nested = statement.nested
    for one in arguments.all():
        if isinstance(one, Statement) and one.kind in ("insert", "update", "delete"):
            nested = (*nested, one)
    kind = statement.kind
    table = statement.table
    if kind == "select" and name == "select_from" and table is None:
        table = arguments.get(0, "table")
    return Statement(kind, table, columns, tuple(dict.fromkeys(reads)), statement.element, nested)


def _written(arguments: Arguments) -> tuple[str, ...]:
    found = list(arguments.keywords)
    for one in arguments.positional:
        rows = one.items if isinstance(one, Seq) else [one]
        for row in rows:
            if isinstance(row, Map):
                found.extend(_key(key) for key in row.items)
    return tuple(dict.fromkeys(one for one in found if one))


def _key(key: Value) -> str:
    if isinstance(key, ColumnV):
        return key.name if isinstance(key.name, str) else ""
    return key if isinstance(key, str) else ""


STATEMENTS: dict[str, Callable[[Machine, Arguments], Statement]] = {
    "insert": dml("insert"),
    "update": dml("update"),
    "delete": dml("delete"),
    "select": _select,
    "exists": _select,
    "union": _select,
    "union_all": _select,
    "CreateTable": _schema_statement("create table"),
    "DropTable": _schema_statement("drop table"),
    "CreateIndex": _schema_statement("create index"),
    "DropIndex": _schema_statement("drop index"),
    "CreateSchema": _schema_statement("create schema"),
    "DropSchema": _schema_statement("drop schema"),
    "CreateSequence": _schema_statement("create sequence"),
    "DropSequence": _schema_statement("drop sequence"),
    "AddConstraint": _schema_statement("add constraint"),
    "DropConstraint": _schema_statement("drop constraint"),
    "Sequence": _schema_statement("sequence"),
}
