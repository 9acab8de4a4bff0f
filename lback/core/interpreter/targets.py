"""Assignments: what they bind, and what they change in place."""

from __future__ import annotations

import ast

from lback.core.effects import Effect
from lback.core.interpreter.choices import choice, is_inert, key_value
from lback.core.interpreter.classes import member, special
from lback.core.interpreter.discharge import Discharge, effects, followed, pure, unknown
from lback.core.interpreter.flow import perhaps
from lback.core.interpreter.item_writing import delete_item, set_item, void
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import MISSING, find
from lback.core.interpreter.schema import SCHEMA_VALUES, Handle, MetaDataV, Row, Rows
from lback.core.interpreter.values import (
    PLAIN,
    Choice,
    Frame,
    Func,
    Instance,
    Items,
    Klass,
    Map,
    Method,
    Module,
    Name,
    Opaque,
    Plain,
    Seq,
    Text,
    Value,
)  # fmt: skip


def assign(machine: Machine, target: ast.expr, value: Value, frame: Frame) -> None:
    """Bind a target to a value."""
    if isinstance(target, ast.Name):
        names = frame.elsewhere.get(target.id, frame.names)
        machine.state.bind(names, target.id, value)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(machine, target.elts, value, frame)
    elif isinstance(target, ast.Starred):
        assign(machine, target.value, value, frame)
    elif isinstance(target, ast.Subscript):
        holder = machine.evaluate(target.value, frame)
        machine.at(target, frame)
        set_item(machine, holder, machine.evaluate(target.slice, frame), value)
    elif isinstance(target, ast.Attribute):
        holder = machine.evaluate(target.value, frame)
        machine.at(target, frame)
        set_attribute(machine, holder, target.attr, value)


def _unpack(machine: Machine, targets: list[ast.expr], value: Value, frame: Frame) -> None:
    starred = [i for i, one in enumerate(targets) if isinstance(one, ast.Starred)]
    values = unpacked(machine, value, len(targets), starred[0] if starred else -1)
    for target, inner in zip(targets, values, strict=True):
        assign(machine, target, inner, frame)


def unpacked(machine: Machine, value: Value, count: int, starred: int) -> list[Value]:
    """Return what each of several targets gets of a value."""
    if isinstance(value, Choice):
        rows = [unpacked(machine, one, count, starred) for one in value.options]
        columns = [choice([row[place] for row in rows]) for place in range(count)]
        if value.on:
            return [Choice(tuple(row[place] for row in rows), value.on) for place in range(count)]
        return columns
    if isinstance(value, Seq | Map) and not value.content.open:
        items = (
            list(value.content.items)
            if isinstance(value, Seq)
            else [key_value(one) for one in value.content.items]
        )
        return _spread(items, count, starred)
    if isinstance(value, Plain | Text | Row | str):
        inner: Value = Row((), True) if isinstance(value, Row) and value.whole else PLAIN
        return [_rest(inner) if place == starred else inner for place in range(count)]
    if isinstance(value, Rows):
        return [Row(value.tables, value.whole)] * count
    items_found: list[Value] = []
    machine.walk(value, items_found.append)
    if len(items_found) >= count - (starred >= 0) and not any(
        isinstance(one, Opaque) for one in items_found
    ):
        return _spread(items_found, count, starred)
    return [Opaque() for _ in range(count)]


def _rest(element: Value) -> Value:
    return Seq(Items((element,), True, True))


def _spread(items: list[Value], count: int, starred: int) -> list[Value]:
    if starred < 0:
        return items if len(items) == count else [Opaque() for _ in range(count)]
    after = count - starred - 1
    if len(items) < count - 1:
        return [Opaque() for _ in range(count)]
    stop = len(items) - after
    middle = Seq(Items(tuple(items[starred:stop])))
    return [*items[:starred], middle, *items[stop:]]


def set_attribute(machine: Machine, holder: Value, name: str, value: Value) -> Discharge:
    """Follow `holder.name = value`."""
    if isinstance(holder, Choice):
        for one in holder.options:
            perhaps(machine, lambda one=one: void(set_attribute(machine, one, name, value)))  # type: ignore[misc]
        return followed(None)
    if isinstance(holder, Row):
        return _set_column(machine, holder, name)
    if isinstance(holder, Instance):
        return _set_field(machine, holder, name, value)
    if isinstance(holder, Klass):
        machine.read_class(holder)
        machine.state.bind(holder.members, name, value)
        return pure("a class's attribute", None)
    if isinstance(holder, Module):
        find(machine, name, holder.scope)
        machine.state.bind(holder.scope.names, name, value)
        return pure("a module's name", None)
    if isinstance(holder, Func):
        return pure("a function's attribute", None)
    if isinstance(holder, Handle | Plain | Text | Rows | MetaDataV) and is_inert(value):
        return pure("an attribute of data", None)
    if isinstance(holder, Name) and holder.path.partition(".")[0] in ("logging", "sys", "warnings"):
        return pure("an attribute of a library", None)
    if isinstance(holder, MetaDataV) and name == "bind":
        return pure("the connection of a MetaData", None)
    if isinstance(holder, SCHEMA_VALUES):
        return unknown(machine, f"sets {name} of a part of the schema")
    if isinstance(holder, Method) and isinstance(holder.owner, Plain):
        return pure("an attribute of data", None)
    return unknown(machine, f"sets {name} of something that is not in the text")


def _set_column(machine: Machine, holder: Row, name: str) -> Discharge:
    if not holder.whole:
        return pure("an attribute of data", None)
    if not holder.tables or holder.part:
        return unknown(machine, f"sets {name} of an object whose table is not in the text")
    for table in holder.tables:
        machine.emit(Effect("update", "data", table, certain=False, columns=(name,)))
    return effects()


def _set_field(machine: Machine, holder: Instance, name: str, value: Value) -> Discharge:
    held = member(machine, holder.of, name)
    if isinstance(held, Func) and held.flavour == "property":
        setter = member(machine, holder.of, f"{name} setter")
        if isinstance(setter, Func):
            return followed(machine.call(setter, holder, value))
        return unknown(machine, f"sets the property {name}, whose setter is not in the text")
    if isinstance(held, Instance):
        setter = special(machine, held, "__set__")
        if setter is not MISSING:
            return followed(machine.call(setter, holder, value))
    own = special(machine, holder, "__setattr__")
    if own is not MISSING and not isinstance(own, Opaque):
        return followed(machine.call(own, name, value))
    if name not in holder.fields.values and held is not MISSING:
        # What a class says is what an object has until it is changed.
        machine.state.bind(holder.fields, name, held)
    machine.state.bind(holder.fields, name, value)
    return pure("an object's attribute", None)


def delete(machine: Machine, target: ast.expr, frame: Frame) -> None:
    """Follow `del`."""
    if isinstance(target, ast.Name):
        names = frame.elsewhere.get(target.id, frame.names)
        machine.state.forget(names, target.id)
    elif isinstance(target, ast.Tuple | ast.List):
        for one in target.elts:
            delete(machine, one, frame)
    elif isinstance(target, ast.Subscript):
        holder = machine.evaluate(target.value, frame)
        delete_item(machine, holder, machine.evaluate(target.slice, frame))
    elif isinstance(target, ast.Attribute):
        holder = machine.evaluate(target.value, frame)
        machine.at(target, frame)
        if isinstance(holder, Instance):
            machine.state.forget(holder.fields, target.attr)
        else:
            set_attribute(machine, holder, target.attr, None)
