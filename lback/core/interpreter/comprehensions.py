"""Comprehensions and generator expressions."""

from __future__ import annotations

import ast
from collections.abc import Callable

from lback.core.interpreter.choices import is_data, key_of, list_of, same
from lback.core.interpreter.flow import branch
from lback.core.interpreter.machine import MOST_ITEMS, Machine
from lback.core.interpreter.targets import assign
from lback.core.interpreter.values import (
    Entries,
    Frame,
    Items,
    Lazy,
    Map,
    Names,
    Plain,
    Seq,
    Value,
)  # fmt: skip

Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


# -- comprehensions ----------------------------------------------------------------

Body = Callable[[Value], None]
MOST_COMPARED = 600


def comprehension(machine: Machine, node: Comprehension, frame: Frame) -> Value:
    """Evaluate a comprehension."""
    if isinstance(node, ast.GeneratorExp):
        return Lazy("expression", node=node, frame=frame)
    start, found, state = machine.path, list[Value](), [False]
    target = Map(Entries({}))

    def one(item: Value) -> None:
        sure = machine.path == start
        state[0] = state[0] or not sure
        if isinstance(node, ast.DictComp) and isinstance(item, Seq):
            key = key_of(item.content.items[0])
            held = dict(target.content.items)
            data = target.content.data or not target.content.open
            if isinstance(key, Plain):
                state[0] = True
                data = data and is_data(item)
            else:
                held[key] = item.content.items[1]
            target.content = Entries(held, state[0], data=data)
        elif not (state[0] and any(same(item, other) for other in found[:MOST_COMPARED])):
            found.append(item)

    generate(machine, node, frame, one)
    if isinstance(node, ast.DictComp):
        target.content = Entries(target.content.items, state[0], data=target.content.data)
        return target
    if len(found) > MOST_ITEMS:
        return list_of([], open=True)
    kind = "set" if isinstance(node, ast.SetComp) else "list"
    made = Seq(Items(tuple(found), state[0], state[0]))
    return made if kind == "list" else Seq(made.content, "set")


def generate(machine: Machine, node: Comprehension, frame: Frame, body: Body) -> None:
    """Run the loops and conditions of a comprehension, and `body` for each item."""
    inner = Frame(frame.scope, Names(), frame, owner=frame.owner, receiver=frame.receiver)
    if frame.is_module and frame.scope.names is not frame.names:
        inner.closure = frame
    _generate(machine, node, list(node.generators), inner, body)


def _generate(
    machine: Machine,
    node: Comprehension,
    loops: list[ast.comprehension],
    frame: Frame,
    body: Body,
) -> None:
    if not loops:
        if isinstance(node, ast.DictComp):
            key, value = machine.evaluate(node.key, frame), machine.evaluate(node.value, frame)
            body(Seq(Items((key, value)), "tuple"))
        else:
            body(machine.evaluate(node.elt, frame))
        return
    first, rest = loops[0], loops[1:]

    def one(item: Value) -> None:
        machine.step()
        assign(machine, first.target, item, frame)
        _tested(
            machine, list(first.ifs), frame, lambda: _generate(machine, node, rest, frame, body)
        )

    machine.walk(machine.evaluate(first.iter, frame), one)


def _tested(
    machine: Machine, tests: list[ast.expr], frame: Frame, body: Callable[[], None]
) -> None:
    if not tests:
        body()
        return
    test = machine.test(tests[0], frame)
    branch(machine, test, lambda: _tested(machine, tests[1:], frame, body), _nothing)


def _nothing() -> None:
    pass
