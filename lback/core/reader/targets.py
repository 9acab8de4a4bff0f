"""Assignments: what they bind, and what they change in place."""

from __future__ import annotations

import ast

from lback.core.effects import Effect
from lback.core.reader.attributes import item
from lback.core.reader.expressions import evaluate, hashable, iterate
from lback.core.reader.machine import Frame, Machine
from lback.core.reader.schema_values import TypeV
from lback.core.reader.values import (
    NOTHING_KNOWN,
    Instance,
    Map,
    Opaque,
    Seq,
    Value,
    options,
    reaches,
)


def assign(machine: Machine, target: ast.expr, value: Value, frame: Frame) -> None:
    """Bind a target to a value."""
    if isinstance(target, ast.Name):
        frame.names[target.id] = value
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(machine, target.elts, value, frame)
    elif isinstance(target, ast.Starred):
        assign(machine, target.value, Seq([], True), frame)
    else:
        change(machine, target, value, frame)


def _unpack(machine: Machine, targets: list[ast.expr], value: Value, frame: Frame) -> None:
    items, complete = iterate(value)
    exact = complete and len(items) == len(targets)
    for position, target in enumerate(targets):
        if exact:
            inner = items[position]
        elif isinstance(value, Seq | Map) or len(options(value)) > 1:
            inner = item(machine, value, position)
        else:
            inner = Opaque(reaches=reaches(value))
        assign(machine, target, inner, frame)


def change(machine: Machine, target: ast.expr, value: Value, frame: Frame) -> None:
    """Follow a change of an item or an attribute of something."""
    if isinstance(target, ast.Subscript):
        holder = evaluate(machine, target.value, frame)
        key = hashable(evaluate(machine, target.slice, frame))
        _set_item(machine, holder, key, value)
    elif isinstance(target, ast.Attribute):
        holder = evaluate(machine, target.value, frame)
        _set_attribute(machine, target, holder, value, frame)


def _set_item(machine: Machine, holder: Value, key: Value, value: Value) -> None:
    if isinstance(holder, Map):
        if key is NOTHING_KNOWN or holder.level < machine.level:
            holder.open = True
        if key is not NOTHING_KNOWN:
            holder.items[key] = value
    elif isinstance(holder, Seq):
        known = isinstance(key, int) and -len(holder.items) <= key < len(holder.items)
        if known and holder.level >= machine.level:
            holder.items[key] = value
        else:
            holder.open = True


def _set_attribute(
    machine: Machine, target: ast.Attribute, holder: Value, value: Value, frame: Frame
) -> None:
    if isinstance(holder, Instance) and holder.table is not None:
        machine.at(target, frame)
        machine.emit(Effect("update", "data", holder.table, certain=False, columns=(target.attr,)))
    elif isinstance(holder, Instance):
        holder.fields[target.attr] = value
    elif isinstance(holder, TypeV) and target.attr == "name":
        holder.name = value
