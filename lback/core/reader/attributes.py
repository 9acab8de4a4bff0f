"""Attributes and items of values."""

from __future__ import annotations

import ast
import re
from typing import Any

from lback.core.reader.machine import MISSING, Machine
from lback.core.reader.schema_values import Base, ColumnV, MetaData, TableV, TypeV
from lback.core.reader.values import (
    NOTHING_KNOWN,
    Choice,
    DialectV,
    Func,
    Handle,
    Holed,
    Instance,
    Klass,
    Map,
    Method,
    Module,
    Name,
    Opaque,
    Seq,
    Value,
    choice,
    is_constant,
    reaches,
)

_TO_CONNECTION = frozenset({"bind", "connection", "engine", "sync_connection", "sync_session"})


def attribute(machine: Machine, value: Value, name: str) -> Value:
    """Return what `value.name` is."""
    if isinstance(value, Name):
        return Name(f"{value.path}.{name}", value.ours)
    if isinstance(value, Choice):
        return choice([attribute(machine, one, name) for one in value.options])
    if name in ("dialect", "__dialect__"):
        return DialectV()
    handler = _HANDLERS.get(type(value))
    if handler is not None:
        return handler(machine, value, name)
    if is_constant(value) and name == "value":
        return value
    return Method(value, name)


def _opaque(_: Machine, value: Opaque, name: str) -> Value:
    return Method(value, name)


def _handle(_: Machine, value: Handle, name: str) -> Value:
    if name in _TO_CONNECTION:
        return Handle("bind")
    if name == "name" and value.kind == "bind":
        return DialectV(is_name=True)
    if name == "impl":
        return Handle("impl")
    return Method(value, name)


def _dialect(_: Machine, value: DialectV, name: str) -> Value:
    if name in ("name", "dialect_description", "driver", "__class__"):
        return DialectV(is_name=True)
    return Method(value, name)


def _klass(machine: Machine, value: Klass, name: str) -> Value:
    from lback.core.reader.classes import member, table_of

    if name == "__table__":
        return table_of(machine, value) or NOTHING_KNOWN
    if name == "__name__":
        return value.node.name
    if name == "query":
        table = table_of(machine, value)
        return Handle("query", tables=(table.name,) if table and table.name else ())
    found = member(machine, value, name)
    return Method(value, name) if found is MISSING else found


def _instance(machine: Machine, value: Instance, name: str) -> Value:
    from lback.core.reader.classes import member

    if name in value.fields:
        return value.fields[name]
    if value.of == "globals":
        return Method(value, name)
    if isinstance(value.of, Klass):
        found = member(machine, value.of, name)
        if isinstance(found, Func):
            return Func(found.node, found.scope, found.closure, (value,))
        if found is not MISSING and not isinstance(found, ColumnV):
            return found
    return Method(value, name)


def _module(machine: Machine, value: Module, name: str) -> Value:
    from lback.core.reader.names import lookup

    found = lookup(machine, name, value.scope)
    return Name(f"{value.scope.package}.{name}", True) if found is MISSING else found


def _table(_: Machine, value: TableV, name: str) -> Value:
    if name in ("name", "schema"):
        return getattr(value, name)
    if name in ("c", "columns"):
        return Instance("columns", fields={})
    return Method(value, name)


def _metadata(_: Machine, value: MetaData, name: str) -> Value:
    if name == "tables":
        return Instance("tables", fields={"of": value})
    return Method(value, name)


def _base(_: Machine, value: Base, name: str) -> Value:
    return value.metadata if name == "metadata" else Method(value, name)


def _column(_: Machine, value: ColumnV, name: str) -> Value:
    return value.name if name == "name" else Method(value, name)


def _type(_: Machine, value: TypeV, name: str) -> Value:
    if name == "name":
        return value.name
    if name == "enums":
        return Seq(list(value.values))
    return Method(value, name)


_HANDLERS: dict[type, Any] = {
    Opaque: _opaque,
    Handle: _handle,
    DialectV: _dialect,
    Klass: _klass,
    Instance: _instance,
    Module: _module,
    TableV: _table,
    MetaData: _metadata,
    Base: _base,
    ColumnV: _column,
    TypeV: _type,
}


def item(machine: Machine, value: Value, key: Value) -> Value:
    """Return what `value[key]` is."""
    if isinstance(value, Name):
        value = machine.force(value)
    if isinstance(value, Choice):
        return choice([item(machine, one, key) for one in value.options])
    if isinstance(value, Map):
        return _of_map(machine, value, key)
    if isinstance(value, Seq | str) and isinstance(key, int):
        items = value.items if isinstance(value, Seq) else value
        known = not isinstance(value, Seq) or not value.open
        if known and -len(items) <= key < len(items):
            return items[key]
        return choice(items) if items and isinstance(value, Seq) and known else NOTHING_KNOWN
    if isinstance(value, Seq) and not value.open and value.items:
        return choice(value.items)
    if isinstance(value, Instance) and value.of == "tables" and isinstance(key, str):
        schema, _, name = key.rpartition(".")
        return TableV(name, schema or None)
    if isinstance(value, Instance) and value.of == "globals":
        return _global(machine, value, key)
    return Opaque(reaches=reaches(value))


def _of_map(machine: Machine, value: Map, key: Value) -> Value:
    if isinstance(key, Choice):
        return choice([item(machine, value, one) for one in key.options])
    try:
        if key in value.items:
            return value.items[key]
    except TypeError:
        pass
    if is_constant(key):
        return NOTHING_KNOWN
    return choice(value.items.values()) if value.items and not value.open else NOTHING_KNOWN


def _global(machine: Machine, value: Instance, key: Value) -> Value:
    """Return the functions of this module that `globals()[key]` may give."""
    from lback.core.reader.names import lookup

    scope = value.fields["scope"]
    if isinstance(key, str):
        found = lookup(machine, key, scope)
        return Opaque(reaches=True) if found is MISSING else found
    if not isinstance(key, Holed):
        return Opaque(reaches=True)
    pattern = re.compile("".join(".*" if p is None else re.escape(p) for p in key.parts))
    names = [
        name
        for name, bound in scope.bindings.items()
        if pattern.fullmatch(name) and isinstance(bound[-1], ast.FunctionDef)
    ]
    return choice([lookup(machine, name, scope) for name in names])
