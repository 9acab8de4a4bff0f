"""Attributes of values: `value.name`."""

from __future__ import annotations

import ast
from dataclasses import replace

from lback.core.interpreter.choices import choice, list_of
from lback.core.interpreter.classes import class_attribute, instance_attribute, super_attribute
from lback.core.interpreter.discharge import Discharge, followed, pure
from lback.core.interpreter.flow import of_each
from lback.core.interpreter.folding import fold
from lback.core.interpreter.library.mapped import table_of
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import MISSING, find, module, part
from lback.core.interpreter.schema import (
    SCHEMA_VALUES,
    BaseV,
    ColumnV,
    ExprV,
    Handle,
    MetaDataV,
    Row,
    Rows,
    TableV,
    TypeV,
)  # fmt: skip
from lback.core.interpreter.schema_expressions import column_of
from lback.core.interpreter.values import (
    PLAIN,
    UNKNOWN_TEXT,
    Bound,
    Choice,
    Dialect,
    Func,
    Globals,
    Instance,
    Klass,
    Lazy,
    Map,
    Method,
    Module,
    Name,
    Opaque,
    Operation,
    Plain,
    Seq,
    Stack,
    Super,
    Test,
    Text,
    Value,
    assert_never,
)  # fmt: skip

_RULE = "an attribute of a library's object"


def attribute(machine: Machine, value: Value, name: str) -> Discharge:  # noqa: PLR0912
    """Return `value.name`."""
    if isinstance(value, Name):
        return _of_name(machine, value, name)
    if isinstance(value, Module):
        return pure("a module's name", _of_module(machine, value, name))
    if isinstance(value, Instance):
        return instance_attribute(machine, value, name)
    if isinstance(value, Klass):
        return _of_class(machine, value, name)
    if isinstance(value, Super):
        return super_attribute(machine, value, name)
    if isinstance(value, Choice):
        return followed(of_each(machine, value, lambda item: machine.attribute(item, name)))
    if isinstance(value, Handle):
        return pure(_RULE, _of_handle(value, name))
    if isinstance(value, Opaque):
        return pure("an attribute that is not called", Method(value, name))
    if isinstance(value, Method):
        return pure(_RULE, _of_method(value, name))
    if isinstance(value, Func | Bound | Operation):
        return pure("a function's attribute", _of_function(machine, value, name))
    if isinstance(value, Row):
        return pure("a row's column", _of_row(value, name))
    if isinstance(value, Dialect):
        if name == "driver":
            return pure(_RULE, PLAIN)
        named = name in ("name", "dialect_description", "dialect")
        return pure(_RULE, Dialect(name != "dialect") if named else Method(value, name))
    if isinstance(value, SCHEMA_VALUES):
        return pure(_RULE, _of_schema(machine, value, name))
    if isinstance(value, Plain | Text | Test | Rows | Lazy | Seq | Map | Stack | Globals):
        return pure(_RULE, Method(value, name))
    if isinstance(value, str | bytes | int | float | complex | type(None) | type(...)):
        piece = part(value, name) if isinstance(value, str) else None
        if piece is not None:
            return pure("a part of a path", piece)
        if name in ("real", "imag", "numerator", "denominator"):
            return pure(_RULE, fold(machine, lambda option: getattr(option, name), value))
        return pure(_RULE, value if name == "value" else Method(value, name))
    assert_never(value)


def _of_name(machine: Machine, value: Name, name: str) -> Discharge:
    return pure("a library's name", Name(f"{value.path}.{name}", value.ours))


def _of_module(machine: Machine, value: Module, name: str) -> Value:
    value_there = find(machine, name, value.scope)
    if value_there is not MISSING:
        return value_there
    path = f"{value.scope.package}.{name}" if value.scope.package else name
    inner = module(machine, path)
    return Module(inner) if inner is not None else Name(path, True)


def _of_class(machine: Machine, value: Klass, name: str) -> Discharge:
    if name in ("__table__", "query", "__tablename__", "c", "columns"):
        table = table_of(machine, value)
        if table is not None and name == "__table__":
            return pure("a mapped table", table)
        if table is not None and name == "query":
            return pure("a query", Handle("query", table.names, whole=True))
    member_value = class_attribute(machine, value, name)
    if isinstance(member_value.value, ColumnV):
        table = table_of(machine, value)
        if table is not None:
            return pure("a mapped column", column_of(table, member_value.value.known or name))
    return member_value


_TO_CONNECTION = frozenset(
    """bind connection engine sync_connection sync_session sync_engine driver_connection
    dbapi_connection""".split()  # noqa: SIM905
)


def _of_handle(value: Handle, name: str) -> Value:
    if name in ("dialect", "__dialect__"):
        return Dialect()
    if name in _TO_CONNECTION:
        return Handle("bind")
    if name == "name" and value.kind in ("bind", "impl"):
        return Dialect(is_name=True)
    if name == "impl":
        return Handle("impl")
    if name in ("migration_context", "context"):
        return Handle("context")
    if name in ("as_sql", "autocommit"):
        return False
    if name in ("default_schema_name", "version_table", "opts", "url", "info", "database"):
        return PLAIN
    return Method(value, name)


def _of_method(value: Method, name: str) -> Value:
    owner = value.owner
    if name in ("dialect", "__dialect__"):
        return Dialect()
    if isinstance(owner, TableV) and value.name in ("c", "columns"):
        return column_of(owner, name)
    return Method(value, name)


def _of_function(machine: Machine, value: Func | Bound | Operation, name: str) -> Value:
    if isinstance(value, Func) and name in value.fields.values:
        return value.fields.values[name]
    if isinstance(value, Func) and name == "__wrapped__":
        return value.wrapped or replace(value, flavour="")
    if isinstance(value, Func) and value.wrapped is not None:
        return machine.attribute(value.wrapped, name)
    if isinstance(value, Func) and name == "__name__":
        return "<lambda>" if isinstance(value.node, ast.Lambda) else value.name
    if name in ("__qualname__", "__module__", "__doc__"):
        return UNKNOWN_TEXT if name != "__doc__" else PLAIN
    if isinstance(value, Bound) and name in ("func", "__func__"):
        return value.function
    if isinstance(value, Bound) and name == "__name__":
        return machine.attribute(value.function, name)
    return Opaque()


def _of_row(value: Row, name: str) -> Value:
    if not value.whole:
        return Method(value, name) if name[:1] == "_" else PLAIN
    if value.part:
        return Method(value, name)
    return Row(value.tables, whole=True, part=True)


def _of_schema(machine: Machine, value: Value, name: str) -> Value:  # noqa: PLR0912
    if isinstance(value, TableV):
        if name == "name" and value.called is not None:
            return choice(value.called) if value.called else PLAIN
        if name == "name":
            return (
                choice([name.rpartition(".")[2] for name in value.names]) if value.names else PLAIN
            )
        if name in ("fullname", "key"):
            return choice(value.names) if value.names else PLAIN
        if name == "schema":
            schemas = {name.rpartition(".")[0] or None for name in value.names}
            return choice(list(schemas)) if schemas else PLAIN
    elif isinstance(value, BaseV):
        if name == "metadata":
            return value.metadata
    elif isinstance(value, MetaDataV):
        if name == "schema":
            return value.schema
        if name == "bind":
            return Handle("bind")
    elif isinstance(value, ColumnV):
        if name in ("name", "key"):
            return choice(value.name) if value.name else PLAIN
        if name == "type":
            return value.type if value.type is not None else PLAIN
        if name in ("nullable", "primary_key", "server_default", "comment", "autoincrement"):
            return PLAIN
    elif isinstance(value, ExprV):
        if name in ("name", "key"):
            return value.column if value.column is not None else PLAIN
        if name in ("type", "nullable", "primary_key", "table"):
            return PLAIN
    elif isinstance(value, TypeV):
        if name == "name":
            return choice(value.name) if value.name else PLAIN
        if name == "impl":
            return value
        if name == "enums":
            return list_of(list(value.values))
        if name in ("length", "precision", "scale", "timezone", "schema"):
            return PLAIN
    return Method(value, name)
