"""Call expressions: what is called, and with what."""

from __future__ import annotations

import ast

from lback.core.interpreter.choices import options
from lback.core.interpreter.flow import branch
from lback.core.interpreter.iteration import collect
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.values import (
    ANY,
    PLAIN,
    Arguments,
    Bound,
    Choice,
    Frame,
    Globals,
    Map,
    Name,
    Super,
    Test,
    Value,
)  # fmt: skip


def call_expression(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """Evaluate a call."""
    if not isinstance(node, ast.Call):
        return PLAIN
    callee = machine.evaluate(node.func, frame)
    if isinstance(node.func, ast.Name) and node.func.id in ("super", "locals", "globals", "vars"):
        callee = bound_to_frame(node.func.id, callee, frame)
    spread = _spread(machine, node, frame)
    arguments = read_arguments(machine, node, frame, spread)
    machine.at(node, frame)
    if spread is None:
        value = machine.call_with(callee, arguments).value
    else:
        value = _call_each(machine, callee, arguments, spread)
    machine.at(node, frame)
    return value


def _spread(machine: Machine, node: ast.Call, frame: Frame) -> Choice | None:
    """Return the dicts of which one is spread into the arguments: `f(**({} if a else {…}))`."""
    starred = [one.value for one in node.keywords if one.arg is None]
    if len(starred) != 1 or not isinstance(starred[0], ast.Name):
        return None
    value = machine.evaluate(starred[0], frame)
    if not isinstance(value, Choice):
        return None
    closed = (isinstance(one, Map) and not one.content.open for one in value.options)
    return value if all(closed) else None


def _call_each(machine: Machine, callee: Value, given: Arguments, spread: Choice) -> Value:
    """Call with each of the dicts in turn, where it may be the one."""
    found: list[Value] = []

    def one(option: Value) -> None:
        items = option.content.items if isinstance(option, Map) else {}
        keywords = {key: value for key, value in items.items() if isinstance(key, str)}
        arguments = Arguments(list(given.positional), {**given.keywords, **keywords}, given.open)
        found.append(machine.call_with(callee, arguments).value)

    for place, option in enumerate(spread.options):
        test = Test(spread.on[place], spread.on[place]) if spread.on else ANY
        branch(machine, test, lambda option=option: one(option), _nothing)  # type: ignore[misc]
    return Choice(tuple(found)) if len(found) > 1 else (found or [PLAIN])[0]


def _nothing() -> None:
    pass


def bound_to_frame(name: str, callee: Value, frame: Frame) -> Value:
    """Return what super() and globals() give in a frame, as a callable."""
    if callee != Name(f"builtins.{name}"):
        return callee
    if name == "super":
        return Bound(callee, (Super(frame.owner, frame.receiver),)) if frame.owner else callee
    return Bound(callee, (Globals(frame.scope),))


def read_arguments(
    machine: Machine, node: ast.Call, frame: Frame, spread: Choice | None = None
) -> Arguments:
    """Evaluate the arguments of a call, but for those of `spread`."""
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
        if spread is not None:
            continue
        for option in options(value):
            if isinstance(option, Map):
                items = option.content.items
                found.keywords.update({k: v for k, v in items.items() if isinstance(k, str)})
                found.open = found.open or option.content.open or isinstance(value, Choice)
            else:
                found.open = True
    return found
