"""SQLAlchemy Core statements: what they write, and what they read on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lback.core.interpreter.choices import options
from lback.core.interpreter.library.mapped import table_of
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import force
from lback.core.interpreter.schema import (
    ColumnV,
    ConstraintV,
    ExprV,
    IndexV,
    SequenceV,
    StatementV,
    TableV,
    TypeV,
)  # fmt: skip
from lback.core.interpreter.schema_expressions import expression
from lback.core.interpreter.text import strings
from lback.core.interpreter.values import (
    PLAIN,
    Arguments,
    Klass,
    Map,
    Method,
    Name,
    Opaque,
    Seq,
    Value,
)  # fmt: skip


def table_value(machine: Machine, value: Value) -> Value:
    """Return the table that a value is or stands for, else the value itself."""
    value = force(machine, value)
    if isinstance(value, Klass):
        table = table_of(machine, value)
        return table if table is not None else value
    if isinstance(value, Method) and value.name in ("alias", "join", "outerjoin"):
        return table_value(machine, value.owner)
    return value


def names_of(machine: Machine, values: Iterable[Value]) -> tuple[str, ...]:
    """Return the tables that values name."""
    names: dict[str, None] = {}
    for value in values:
        for option in options(value):
            table = table_value(machine, option)
            if isinstance(table, TableV):
                names.update(dict.fromkeys(table.names))
            elif isinstance(table, StatementV):
                names.update(dict.fromkeys((*table.reads, *table.tables)))
            elif isinstance(table, ExprV):
                names.update(dict.fromkeys(table.reads))
            elif isinstance(table, ColumnV) and table.table:
                names[table.table] = None
            elif isinstance(table, Seq):
                names.update(dict.fromkeys(names_of(machine, table.content.items)))
    return tuple(names)


def dml(kind: str) -> Callable[[Machine, Arguments], StatementV]:
    """Return the maker of sa.insert, sa.update, sa.delete."""

    def make(machine: Machine, arguments: Arguments) -> StatementV:
        given = arguments.get(0, "table", PLAIN)
        tables = names_of(machine, [given])
        whole = any(isinstance(force(machine, option), Klass) for option in options(given))
        return StatementV(kind, tables, whole=whole)

    return make


def select(machine: Machine, arguments: Arguments) -> StatementV:
    """Make sa.select(...)."""
    values: list[Value] = []
    for item in arguments.all():
        values.extend(item.content.items if isinstance(item, Seq) else [item])
    made = _used(machine, values)
    whole = any(is_entity(machine, value) for value in values)
    return StatementV("select", (), (), (*made.reads, *names_of(machine, values)), None, None,
                      made.nested, made.uses, whole, made.unread)  # fmt: skip


def is_entity(machine: Machine, value: Value) -> bool:
    """Tell whether a query for this may give objects of a mapped class."""
    entity = force(machine, value)
    if isinstance(entity, TableV):
        return entity.whole
    return isinstance(entity, Klass | Opaque | Name)


def _used(machine: Machine, values: Iterable[Value]) -> ExprV:
    expressions = [expression(table_value(machine, value)) for value in values]
    unread = tuple(
        "a part of a statement that is not in the text" for value in values if _is_strange(value)
    )
    reads = tuple(dict.fromkeys(name for item in expressions for name in item.reads))
    uses = tuple(dict.fromkeys(use for item in expressions for use in item.uses))
    nested = tuple(inner for item in expressions for inner in item.nested)
    words = tuple(dict.fromkeys(word for item in expressions for word in item.unread))
    return ExprV("", uses, reads, None, nested, (*words, *unread[:1]))


def _is_strange(value: Value) -> bool:
    """Tell whether a part of a statement may hold SQL that nobody has seen."""
    return isinstance(value, Opaque)


def chain(machine: Machine, statement: StatementV, name: str, arguments: Arguments) -> StatementV:
    """Follow a method of a statement, which gives a statement again."""
    made = _used(machine, arguments.all())
    columns = statement.columns
    unread = (*statement.unread, *made.unread)
    if name in ("values", "ordered_values", "set_"):
        written, known = columns_written(arguments)
        columns = (*columns, *written) if known else ()
    tables = statement.tables
    reads = tuple(
        dict.fromkeys((*statement.reads, *made.reads, *names_of(machine, arguments.all())))
    )
    if name in ("on_conflict_do_update", "on_duplicate_key_update"):
        given = arguments.keywords.get("set_")
        several = Arguments([given]) if given is not None else arguments
        written, known = columns_written(several)
        columns = (*columns, *written) if known else ()
    return StatementV(
        statement.kind,
        tables,
        tuple(dict.fromkeys(columns)),
        reads,
        statement.element,
        statement.name,
        (*statement.nested, *made.nested),
        tuple(dict.fromkeys((*statement.uses, *made.uses))),
        statement.whole,
        tuple(dict.fromkeys(unread)),
    )


def columns_written(arguments: Arguments) -> tuple[tuple[str, ...], bool]:
    """Return the columns that `values(...)` sets, and whether these are all."""
    columns: dict[str, None] = dict.fromkeys(arguments.keywords)
    known = not arguments.open
    for given in arguments.positional:
        rows = given.content.items if isinstance(given, Seq) else (given,)
        if isinstance(given, Seq) and given.content.open and not given.content.alike:
            known = False
        for row in rows:
            if isinstance(row, Map):
                known = known and not row.content.open
                for key in row.content.items:
                    if isinstance(key, str):
                        columns[key] = None
                    else:
                        known = False
            elif isinstance(row, Seq) and row.content.items:
                first = row.content.items[0]
                name = first.column if isinstance(first, ExprV) else first
                if isinstance(name, str):
                    columns[name] = None
            elif row is not None:
                known = False
    return tuple(columns), known


def schema_statement(kind: str) -> Callable[[Machine, Arguments], StatementV]:
    """Return the maker of CreateTable and its like."""

    def make(machine: Machine, arguments: Arguments) -> StatementV:
        given = table_value(machine, arguments.get(0, "element"))
        if isinstance(given, TableV | IndexV | ConstraintV | SequenceV | TypeV):
            return StatementV(kind, element=given)
        if kind.endswith("schema"):
            return StatementV(kind, name=strings(given) or ())
        return StatementV(kind)

    return make
