"""Loops: unrolled where the items are known, walked once where they are not."""

from __future__ import annotations

import ast

from lback.core.reader.conditions import decide
from lback.core.reader.expressions import evaluate, hashable, iterate, represented
from lback.core.reader.flow import GOES_ON, Flow
from lback.core.reader.machine import Frame, Machine
from lback.core.reader.statements import block
from lback.core.reader.targets import assign
from lback.core.reader.values import (
    NOTHING_KNOWN,
    Choice,
    Handle,
    Holed,
    Instance,
    Map,
    Name,
    Opaque,
    Seq,
    Value,
    choice,
    holed,
    pieces,
    reaches,
)

_MOST_ROUNDS = 400


def for_loop(machine: Machine, node: ast.For, frame: Frame) -> Flow:
    """Walk through a `for` loop."""
    value = _iterable(machine, node.iter, frame)
    items, complete = iterate(value)
    if len(items) > _MOST_ROUNDS:
        items, complete = [], False
    before = (machine.certain, machine.level)
    maybe = False
    whole = complete and not any(isinstance(one, ast.Break) for one in ast.walk(node))
    sure = complete or not isinstance(value, Choice)
    try:
        for one in items:
            if not complete:
                machine.certain = False
            assign(machine, node.target, one, frame)
            flow = block(machine, node.body, frame)
            maybe = maybe or flow.maybe
            if flow.leaves == "return":
                return Flow("return") if sure else Flow("", maybe=True)
            if flow.leaves == "raise":
                return Flow("raise") if sure else GOES_ON
            if flow.leaves == "break":
                break
            if flow.loose or flow.maybe:
                # What left this round may have been a break: a later one may not come.
                machine.certain = False
        if not complete and not represented(value):
            flow = _unknown_round(machine, node, _element(value), frame)
            maybe = maybe or flow.maybe or flow.leaves == "return"
    finally:
        machine.certain, machine.level = before
    if not node.orelse:
        return Flow("", maybe)
    if whole:
        flow = block(machine, node.orelse, frame)
        return Flow(flow.leaves, maybe or flow.maybe, flow.loose)
    with machine.maybe():
        flow = block(machine, node.orelse, frame)
    return Flow("", maybe or flow.maybe or flow.leaves == "return", flow.loose)


def _iterable(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    value = evaluate(machine, node, frame)
    if isinstance(value, Name):
        value = machine.force(value)
    return value


def _element(value: Value) -> Value:
    """Return what an unknown item of a value is like."""
    if isinstance(value, Handle) and value.kind in ("query", "result") and len(value.tables) == 1:
        return Instance("row", table=value.tables[0] if value.kind == "query" else None)
    if isinstance(value, Handle):
        return NOTHING_KNOWN
    return Opaque(reaches=reaches(value))


def _unknown_round(machine: Machine, node: ast.For, element: Value, frame: Frame) -> Flow:
    with machine.maybe():
        before = dict(frame.names)
        _forget(node.body, frame)
        assign(machine, node.target, element, frame)
        flow = block(machine, node.body, frame)
        if _carried(before, frame):
            # A later round sees what an earlier one left behind.
            with machine.repeating():
                assign(machine, node.target, element, frame)
                flow = block(machine, node.body, frame)
            _carried(before, frame)
    return flow


def _carried(before: dict[str, Value], frame: Frame) -> bool:
    """Let names that a round has bound anew stand for either value; tell whether any was."""
    found = False
    for name, value in before.items():
        now = frame.names.get(name)
        if now is not value:
            found = True
            text = isinstance(value, str | Holed)
            frame.names[name] = _grown(value) if text else choice([value, now])
    return found


def _grown(value: Value) -> Value:
    """Return what is known of a value after a loop has changed it in an unknown way."""
    if isinstance(value, str | Holed):
        return holed((*pieces(value), None))
    return Opaque(reaches=reaches(value))


def _forget(body: list[ast.stmt], frame: Frame) -> None:
    """Forget counters and strings that the loop builds up: a later round sees other values."""
    for statement in body:
        for one in ast.walk(statement):
            if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name):
                frame.names[one.target.id] = _grown(frame.names.get(one.target.id))


def while_loop(machine: Machine, node: ast.While, frame: Frame) -> Flow:
    """Walk through a `while` loop: its body once."""
    verdict = decide(evaluate(machine, node.test, frame))
    if verdict.truth is False:
        return block(machine, node.orelse, frame)
    endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
    with machine.maybe(certain=endless):
        machine.level += 1
        _forget(node.body, frame)
        flow = block(machine, node.body, frame)
        machine.level -= 1
    if endless and flow.leaves in ("return", "raise"):
        return Flow(flow.leaves)
    return Flow("", flow.maybe or flow.leaves == "return")


def comprehension(
    machine: Machine,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    frame: Frame,
) -> Value:
    """Evaluate a comprehension in a frame of its own."""
    inner = Frame(frame.scope, closure=frame, on_yield=frame.on_yield)
    found: Seq | Map = (
        Map({}, level=machine.level)
        if isinstance(node, ast.DictComp)
        else Seq([], level=machine.level)
    )
    _generate(machine, node, list(node.generators), inner, found)
    return found


def _generate(
    machine: Machine,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    generators: list[ast.comprehension],
    frame: Frame,
    found: Seq | Map,
) -> None:
    if not generators:
        _collect(machine, node, frame, found)
        return
    first, rest = generators[0], generators[1:]
    value = _iterable(machine, first.iter, frame)
    items, complete = iterate(value)
    for one in items[:_MOST_ROUNDS]:
        assign(machine, first.target, one, frame)
        truths = [decide(evaluate(machine, test, frame)).truth for test in first.ifs]
        if False in truths:
            continue
        if None in truths or not complete:
            _open(found)
        _generate(machine, node, rest, frame, found)
    if not complete or len(items) > _MOST_ROUNDS:
        _open(found)
        with machine.maybe():
            assign(machine, first.target, _element(value), frame)
            for test in first.ifs:
                evaluate(machine, test, frame)
            _generate(machine, node, rest, frame, found)


def _open(found: Seq | Map) -> None:
    """Note that a comprehension may have fewer or more items, all like those collected."""
    if isinstance(found, Seq):
        found.opened(alike=True)
    else:
        found.open = True


def _collect(
    machine: Machine,
    node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp,
    frame: Frame,
    found: Seq | Map,
) -> None:
    if isinstance(node, ast.DictComp):
        key = hashable(evaluate(machine, node.key, frame))
        value = evaluate(machine, node.value, frame)
        if isinstance(found, Map):
            if key is NOTHING_KNOWN:
                found.open = True
            else:
                found.items[key] = value
    elif isinstance(found, Seq):
        found.items.append(evaluate(machine, node.elt, frame))
