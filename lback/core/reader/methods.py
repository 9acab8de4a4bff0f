"""Methods of values: of tables, types, statements, containers; of handles in their own module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lback.core.effects import Effect
from lback.core.reader import handles, tables_made
from lback.core.reader.arguments import Arguments
from lback.core.reader.conditions import dialect_named
from lback.core.reader.machine import Machine
from lback.core.reader.pythonic import map_method, seq_method
from lback.core.reader.schema_values import ColumnV, IndexV, MetaData, Sql, Statement, TableV, TypeV
from lback.core.reader.statement_values import chain, dml, full_name
from lback.core.reader.strings import string_method
from lback.core.reader.values import (
    NOTHING_KNOWN,
    DialectV,
    Func,
    Handle,
    Holed,
    Instance,
    Klass,
    Map,
    Method,
    Opaque,
    Seq,
    Value,
    reaches,
)

Maker = Callable[[Machine, Any, str, Arguments], Value]


def call_method(machine: Machine, method: Method, arguments: Arguments, bare: bool) -> Value:
    """Evaluate a call of a method."""
    owner, name = method.owner, method.name
    if isinstance(owner, str | Holed):
        return string_method(owner, name, arguments.positional, arguments.keywords)
    if isinstance(owner, Handle):
        return handles.call(machine, owner, name, arguments, bare)
    handler = _METHODS.get(type(owner))
    if handler is not None:
        found = handler(machine, owner, name, arguments)
        if found is not NOT_A_METHOD:
            return found
    return _unknown(machine, owner, name, arguments, bare)


NOT_A_METHOD = Opaque()


def _unknown(machine: Machine, owner: Value, name: str, arguments: Arguments, bare: bool) -> Value:
    from lback.core.reader.calls import run, unread
    from lback.core.reader.foreign import QUIET_METHODS

    if (
        name in handles.EXECUTES
        and arguments.positional
        and handles.is_sql(arguments.positional[0])
    ):
        return handles.execute(machine, arguments)
    if isinstance(owner, Method) and isinstance(owner.owner, Handle | Opaque):
        inner = owner.owner
        if isinstance(inner, Handle) or inner.reaches:
            owner = Opaque(reaches=not (isinstance(inner, Handle) and inner.kind in _HARMLESS))
    functions = [one for one in arguments.all() if isinstance(one, Func)]
    for function in functions:
        with machine.maybe():
            run(machine, function, Arguments(open=True))
    if name in QUIET_METHODS or name.startswith("get"):
        return Opaque(reaches=reaches(owner))
    if isinstance(owner, Opaque) and (owner.reaches or owner.foreign):
        return unread(machine, name, owner, arguments, bare)
    if any(reaches(one) for one in arguments.all()):
        return unread(machine, name, Opaque(foreign=True), arguments, bare)
    return Opaque(reaches=False, foreign=isinstance(owner, Opaque) and owner.foreign)


_HARMLESS = frozenset({"inspector", "result"})


def _table(machine: Machine, owner: TableV, name: str, arguments: Arguments) -> Value:
    if name in ("insert", "update", "delete"):
        return chain(machine, dml(name)(machine, Arguments([owner])), "values", arguments)
    if name == "select":
        return Statement("select", reads=tuple(filter(None, [full_name(owner)])))
    if name in ("create", "drop"):
        first = arguments.get(1, "checkfirst", False)
        with machine.maybe(certain=first is not True):
            if name == "create":
                tables_made.create(machine, owner)
            else:
                tables_made.drop(machine, owner)
        return None
    if name in ("alias", "join", "outerjoin", "to_metadata", "tometadata"):
        return owner
    if name == "append_column":
        owner.items = (*owner.items, *arguments.positional)
    return NOTHING_KNOWN


def _metadata(machine: Machine, owner: MetaData, name: str, arguments: Arguments) -> Value:
    if name not in ("create_all", "drop_all"):
        return NOTHING_KNOWN
    chosen = arguments.keywords.get("tables")
    listed = owner.tables if chosen is None else getattr(chosen, "items", [])
    # It skips what exists, so nothing of it is certain.
    with machine.maybe():
        for one in listed:
            if isinstance(one, TableV):
                (tables_made.create if name == "create_all" else tables_made.drop)(machine, one)
            else:
                machine.cannot_read(f"{name}() of a table that is not in the text")
        if not listed:
            machine.cannot_read(f"{name}() of tables that are not in the text")
    return None


def _type(machine: Machine, owner: TypeV, name: str, arguments: Arguments) -> Value:
    if name in ("create", "drop") and owner.enum:
        first = arguments.get(1, "checkfirst", owner.postgresql)
        with machine.maybe(certain=first is not True):
            tables_made.enum(machine, "create" if name == "create" else "drop", owner)
        return None
    if name == "with_variant":
        return TypeV(
            owner.text, owner.name, owner.enum, owner.values, owner.create, owner.postgresql
        )
    return owner


def _statement(machine: Machine, owner: Statement, name: str, arguments: Arguments) -> Value:
    if name in ("create", "drop") and owner.kind == "sequence":
        with machine.maybe(certain=False):
            handles.statement(machine, Statement(f"{name} sequence", element=owner))
        return None
    if name in ("subquery", "cte", "alias", "scalar_subquery", "label", "lateral", "as_scalar"):
        return owner
    if name in ("execute", "execute_if"):
        return handles.statement(machine, owner)
    return chain(machine, owner, name, arguments)


def _sql(machine: Machine, owner: Sql, name: str, arguments: Arguments) -> Value:
    if name == "execute":
        return handles.sql(machine, owner.text)
    return owner


def _index(machine: Machine, owner: IndexV, name: str, _: Arguments) -> Value:
    if name == "create":
        tables_made.index(machine, owner, owner.table)
    elif name == "drop":
        machine.emit(Effect("drop", "index", _text(owner.table), name=_text(owner.name)))
    return None


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _seq(machine: Machine, owner: Seq, name: str, arguments: Arguments) -> Value:
    return seq_method(machine, owner, name, arguments)


def _map(machine: Machine, owner: Map, name: str, arguments: Arguments) -> Value:
    return map_method(machine, owner, name, arguments)


def _dialect(_: Machine, owner: DialectV, name: str, arguments: Arguments) -> Value:
    first = arguments.get(0, "x")
    if name in ("startswith", "__eq__", "__contains__") and isinstance(first, str):
        return dialect_named(first)
    if name in ("lower", "strip", "upper", "casefold") or name.startswith("get_"):
        return owner
    return NOTHING_KNOWN


def _instance(machine: Machine, owner: Instance, name: str, arguments: Arguments) -> Value:
    from lback.core.reader.attributes import item

    if owner.of == "globals" and name in ("get", "__getitem__"):
        return item(machine, owner, arguments.get(0, "key"))
    if owner.of == "tables" and name == "get":
        return item(machine, owner, arguments.get(0, "key"))
    if owner.of in ("columns", "tables", "automap", "bool"):
        return NOTHING_KNOWN
    if owner.table is not None:
        return NOTHING_KNOWN
    return NOT_A_METHOD


def _klass(_: Machine, __: Klass, name: str, ___: Arguments) -> Value:
    return NOTHING_KNOWN if name in ("metadata", "__members__") else NOT_A_METHOD


def _column(_: Machine, __: ColumnV, ___: str, ____: Arguments) -> Value:
    return NOTHING_KNOWN


_METHODS: dict[type, Maker] = {
    TableV: _table,
    MetaData: _metadata,
    TypeV: _type,
    Statement: _statement,
    Sql: _sql,
    IndexV: _index,
    Seq: _seq,
    Map: _map,
    DialectV: _dialect,
    Instance: _instance,
    Klass: _klass,
    ColumnV: _column,
}
