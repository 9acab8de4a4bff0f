"""Expressions: from a piece of syntax to what is known about its value."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from lback.core.reader.attributes import attribute, item
from lback.core.reader.conditions import compare, decide, negate
from lback.core.reader.machine import Frame, Machine
from lback.core.reader.names import name_value
from lback.core.reader.operators import operate
from lback.core.reader.strings import formatted
from lback.core.reader.values import (
    HOLE,
    NOTHING_KNOWN,
    Choice,
    DialectTest,
    Func,
    Holed,
    Instance,
    Map,
    Name,
    Opaque,
    Seq,
    Value,
    choice,
    holed,
    is_constant,
    options,
    pieces,
    reaches,
)

_LONGEST_RANGE = 300


def evaluate(machine: Machine, node: ast.expr | None, frame: Frame) -> Value:
    """Return what is known about the value of an expression; records effects on the way."""
    value = glance(machine, node, frame)
    # A class is rarely needed for what is in it; everything else is looked into at once.
    if isinstance(value, Name) and not value.last[:1].isupper():
        return machine.force(value)
    if isinstance(value, Name) and value.last.isupper():
        return machine.force(value)
    return value


def glance(machine: Machine, node: ast.expr | None, frame: Frame) -> Value:
    """Evaluate without looking behind imported names."""
    if node is None:
        return None
    machine.step()
    handler = _HANDLERS.get(type(node))
    if handler is None:
        _visit_children(machine, node, frame)
        return NOTHING_KNOWN
    return handler(machine, node, frame)


def _visit_children(machine: Machine, node: ast.AST, frame: Frame) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            evaluate(machine, child, frame)


def _constant(_: Machine, node: ast.Constant, __: Frame) -> Value:
    return node.value


def _name(machine: Machine, node: ast.Name, frame: Frame) -> Value:
    return name_value(machine, node.id, frame)


def _attribute(machine: Machine, node: ast.Attribute, frame: Frame) -> Value:
    return attribute(machine, glance(machine, node.value, frame), node.attr)


def _call(machine: Machine, node: ast.Call, frame: Frame) -> Value:
    from lback.core.reader.calls import call

    return call(machine, node, frame)


def _sequence(machine: Machine, node: ast.List | ast.Tuple | ast.Set, frame: Frame) -> Value:
    found = Seq([], level=machine.level)
    for element in node.elts:
        if isinstance(element, ast.Starred):
            extend(found, evaluate(machine, element.value, frame))
        else:
            found.items.append(evaluate(machine, element, frame))
    return found


def extend(found: Seq, value: Value) -> None:
    """Add the items of a value to a sequence; opens it where they are not known."""
    items, complete = iterate(value)
    found.items.extend(items)
    if not complete:
        found.opened(alike=bool(items) and represented(value))


def iterate(value: Value) -> tuple[list[Value], bool]:
    """Return the items of a value as far as known, and whether these are all."""
    if isinstance(value, Seq):
        return list(value.items), not value.open
    if isinstance(value, Map):
        return list(value.items), not value.open
    if isinstance(value, str) and len(value) < _LONGEST_RANGE:
        return list(value), True
    if isinstance(value, Choice):
        found = [one for option in value.options for one in iterate(option)[0]]
        return found, False
    return [], False


def represented(value: Value) -> bool:
    """Tell whether every item that a value may have is like one that `iterate` gives."""
    if isinstance(value, Choice):
        return all(represented(option) for option in value.options)
    if isinstance(value, Seq):
        return not value.open or value.sample
    return iterate(value)[1]


def _dict(machine: Machine, node: ast.Dict, frame: Frame) -> Value:
    found = Map({}, level=machine.level)
    for key, value in zip(node.keys, node.values, strict=True):
        inner = evaluate(machine, value, frame)
        if key is None:
            if isinstance(inner, Map):
                found.items.update(inner.items)
                found.open = found.open or inner.open
            else:
                found.open = True
            continue
        name = hashable(evaluate(machine, key, frame))
        if name is NOTHING_KNOWN:
            found.open = True
        else:
            found.items[name] = inner
    return found


def hashable(value: Value) -> Any:
    """Return a value as a dict's key, or NOTHING_KNOWN."""
    if is_constant(value):
        return value
    if isinstance(value, Seq) and not value.open and all(is_constant(i) for i in value.items):
        return tuple(value.items)
    return NOTHING_KNOWN


def _joined(machine: Machine, node: ast.JoinedStr, frame: Frame) -> Value:
    parts: list[str | None] = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            value = evaluate(machine, part.value, frame)
            plain = part.format_spec is None and part.conversion in (-1, ord("s"))
            parts.extend(formatted(value) if plain else (None,))
        else:
            parts.extend(pieces(evaluate(machine, part, frame)))
    return holed(parts)


def _binary(machine: Machine, node: ast.BinOp, frame: Frame) -> Value:
    left = evaluate(machine, node.left, frame)
    right = evaluate(machine, node.right, frame)
    if isinstance(left, Choice) or isinstance(right, Choice):
        pairs = [(a, b) for a in options(left) for b in options(right)]
        return choice([operate(machine, node.op, a, b) for a, b in pairs])
    return operate(machine, node.op, left, right)


def _unary(machine: Machine, node: ast.UnaryOp, frame: Frame) -> Value:
    value = evaluate(machine, node.operand, frame)
    if isinstance(node.op, ast.Not):
        return negate(value)
    if isinstance(node.op, ast.USub) and isinstance(value, int | float):
        return -value
    return NOTHING_KNOWN


def _boolean(machine: Machine, node: ast.BoolOp, frame: Frame) -> Value:
    """Evaluate `and`/`or`: the later operands only run when the earlier ones let them."""
    wanted = isinstance(node.op, ast.And)
    found: list[Value] = []
    for position, operand in enumerate(node.values):
        if position == 0 or not _has_call(operand):
            value = evaluate(machine, operand, frame)
        else:
            with machine.maybe():
                value = evaluate(machine, operand, frame)
        truth = decide(value).truth
        if truth is (not wanted):
            found.append(value)
            break
        if truth is wanted and position < len(node.values) - 1:
            continue
        found.append(value)
    tests = [one for one in found if isinstance(one, DialectTest)]
    if tests and len(tests) == len(found):
        on = tests[0].on
        for test in tests[1:]:
            on = on & test.on if wanted else on | test.on
        return DialectTest(on)
    if len(found) == 1:
        return found[0]
    if tests:
        return Instance("bool", fields={"tests": tests, "and": wanted})
    return choice(found)


def _has_call(node: ast.expr) -> bool:
    return any(isinstance(one, ast.Call) for one in ast.walk(node))


def _compare(machine: Machine, node: ast.Compare, frame: Frame) -> Value:
    left = evaluate(machine, node.left, frame)
    rights = [evaluate(machine, one, frame) for one in node.comparators]
    if len(rights) != 1:
        return NOTHING_KNOWN
    return compare(node.ops[0], left, rights[0])


def _if_expression(machine: Machine, node: ast.IfExp, frame: Frame) -> Value:
    verdict = decide(evaluate(machine, node.test, frame))
    if verdict.truth is not None:
        return evaluate(machine, node.body if verdict.truth else node.orelse, frame)
    with machine.maybe(dialects=verdict.yes, certain=verdict.exact):
        first = evaluate(machine, node.body, frame)
    with machine.maybe(dialects=verdict.no, certain=verdict.exact):
        second = evaluate(machine, node.orelse, frame)
    return choice([first, second])


def _subscript(machine: Machine, node: ast.Subscript, frame: Frame) -> Value:
    value = evaluate(machine, node.value, frame)
    if isinstance(node.slice, ast.Slice):
        bounds = [
            evaluate(machine, one, frame)
            for one in (node.slice.lower, node.slice.upper, node.slice.step)
        ]
        return _slice(machine, value, bounds)
    return item(machine, value, evaluate(machine, node.slice, frame))


def _slice(machine: Machine, value: Value, bounds: list[Value]) -> Value:
    known = all(one is None or isinstance(one, int) for one in bounds)
    if known and isinstance(value, str):
        return value[slice(*bounds)]
    if isinstance(value, Holed) and bounds[0] is None:
        return Holed((*value.parts, None)) if value.parts[-1] is not None else value
    if isinstance(value, Seq):
        if known and not value.open:
            return Seq(value.items[slice(*bounds)], level=machine.level)
        return Seq(value.items, True, machine.level, represented(value))
    return Opaque(reaches=reaches(value))


def _lambda(_: Machine, node: ast.Lambda, frame: Frame) -> Value:
    return Func(node, frame.scope, frame)


def _comprehension(
    machine: Machine,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    frame: Frame,
) -> Value:
    from lback.core.reader.loops import comprehension

    return comprehension(machine, node, frame)


def _starred(machine: Machine, node: ast.Starred, frame: Frame) -> Value:
    return evaluate(machine, node.value, frame)


def _walrus(machine: Machine, node: ast.NamedExpr, frame: Frame) -> Value:
    value = evaluate(machine, node.value, frame)
    frame.names[node.target.id] = value
    return value


def _await(machine: Machine, node: ast.Await, frame: Frame) -> Value:
    return evaluate(machine, node.value, frame)


def _yield(machine: Machine, node: ast.Yield, frame: Frame) -> Value:
    value = evaluate(machine, node.value, frame)
    if frame.on_yield is not None:
        frame.on_yield(value)
    else:
        frame.returned.append(Seq([value], True))
    return NOTHING_KNOWN


_HANDLERS: dict[type[ast.expr], Callable[[Machine, Any, Frame], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.JoinedStr: _joined,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _if_expression,
    ast.Subscript: _subscript,
    ast.Lambda: _lambda,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.Starred: _starred,
    ast.NamedExpr: _walrus,
    ast.Await: _await,
    ast.Yield: _yield,
}

__all__ = ["HOLE", "evaluate", "extend", "hashable", "iterate"]
