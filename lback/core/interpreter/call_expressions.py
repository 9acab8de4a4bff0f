"""Call expressions: what is called, and with what."""

from __future__ import annotations

import ast

from lback.core.interpreter.choices import options
from lback.core.interpreter.iteration import collect
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.values import (
    PLAIN,
    Arguments,
    Bound,
    Choice,
    Frame,
    Globals,
    Map,
    Name,
    Super,
    Value,
)  # fmt: skip


def call_expression(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """Evaluate a call."""
    if not isinstance(node, ast.Call):
        return PLAIN
    callee = machine.evaluate(node.func, frame)
    if isinstance(node.func, ast.Name) and node.func.id in ("super", "locals", "globals", "vars"):
        callee = bound_to_frame(node.func.id, callee, frame)
    arguments = read_arguments(machine, node, frame)
    machine.at(node, frame)
    value = machine.call_with(callee, arguments).value
    machine.at(node, frame)
    return value


def bound_to_frame(name: str, callee: Value, frame: Frame) -> Value:
    """Return what super() and globals() give in a frame, as a callable."""
    if callee != Name(f"builtins.{name}"):
        return callee
    if name == "super":
        return Bound(callee, (Super(frame.owner, frame.receiver),)) if frame.owner else callee
    return Bound(callee, (Globals(frame.scope),))


def read_arguments(machine: Machine, node: ast.Call, frame: Frame) -> Arguments:
    """Evaluate the arguments of a call."""
    found = Arguments()
    for one in node.args:
        if isinstance(one, ast.Starred):
            content = collect(machine, machine.evaluate(one.value, frame))
            found.positional.extend(content.items)
            found.open = found.open or content.open
        else:
            found.positional.append(machine.evaluate(one, frame))
    for keyword in node.keywords:
        value = machine.evaluate(keyword.value, frame)
        if keyword.arg is not None:
            found.keywords[keyword.arg] = value
            continue
        for option in options(value):
            if isinstance(option, Map):
                items = option.content.items
                found.keywords.update({k: v for k, v in items.items() if isinstance(k, str)})
                found.open = found.open or option.content.open or isinstance(value, Choice)
            else:
                found.open = True
    return found
