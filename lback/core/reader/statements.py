"""Statements: where control goes, and how sure it is to get there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from lback.core.dialects import EVERY_DIALECT, Dialects
from lback.core.reader.conditions import Verdict, decide
from lback.core.reader.expressions import evaluate, glance
from lback.core.reader.flow import GOES_ON, LOOP, Flow
from lback.core.reader.machine import Frame, Machine
from lback.core.reader.names import imported
from lback.core.reader.targets import assign, change
from lback.core.reader.values import (
    NOTHING_KNOWN,
    Func,
    Klass,
    Name,
    Seq,
    Value,
    choice,
)


def execute(machine: Machine, statement: ast.stmt, frame: Frame) -> Flow:
    """Walk through one statement."""
    machine.step()
    handler = _HANDLERS.get(type(statement))
    if handler is None:
        return GOES_ON
    return handler(machine, statement, frame)


def block(machine: Machine, body: Sequence[ast.stmt], frame: Frame) -> Flow:
    """Walk through statements until control certainly leaves."""
    before = (machine.certain, machine.dialects)
    maybe = loose = False
    rest = EVERY_DIALECT
    leaves = ""
    try:
        for statement in body:
            flow = execute(machine, statement, frame)
            leaves = flow.leaves
            if leaves:
                break
            maybe, loose = maybe or flow.maybe, loose or flow.loose
            if flow.maybe or flow.loose:
                machine.certain = False
            if not flow.rest.every:
                rest = rest & flow.rest
                machine.dialects = machine.dialects & flow.rest
                if machine.dialects.empty:
                    leaves = "return"
                    break
    finally:
        machine.certain, machine.dialects = before
    if leaves and (maybe or loose) and leaves != "return":
        # Some path went elsewhere before: what follows may run after all.
        return Flow("", maybe, True, rest)
    return Flow(leaves, maybe, loose, rest)


def _expression(machine: Machine, node: ast.Expr, frame: Frame) -> Flow:
    if isinstance(node.value, ast.Call):
        from lback.core.reader.calls import call

        call(machine, node.value, frame, bare=True)
    elif not isinstance(node.value, ast.Constant):
        evaluate(machine, node.value, frame)
    return GOES_ON


def _assign(machine: Machine, node: ast.Assign, frame: Frame) -> Flow:
    value = evaluate(machine, node.value, frame)
    for target in node.targets:
        assign(machine, target, value, frame)
    return GOES_ON


def _annotated(machine: Machine, node: ast.AnnAssign, frame: Frame) -> Flow:
    if node.value is not None:
        assign(machine, node.target, evaluate(machine, node.value, frame), frame)
    return GOES_ON


def _augmented(machine: Machine, node: ast.AugAssign, frame: Frame) -> Flow:
    if isinstance(node.target, ast.Name):
        load = ast.Name(node.target.id, ast.Load(), lineno=node.lineno, col_offset=0)
        combined = ast.BinOp(load, node.op, node.value, lineno=node.lineno, col_offset=0)
        frame.names[node.target.id] = evaluate(machine, combined, frame)
    else:
        change(machine, node.target, evaluate(machine, node.value, frame), frame)
    return GOES_ON


def _if(machine: Machine, node: ast.If, frame: Frame) -> Flow:
    verdict = decide(evaluate(machine, node.test, frame))
    if verdict.truth is not None:
        return block(machine, node.body if verdict.truth else node.orelse, frame)
    return branches(machine, frame, verdict, node.body, node.orelse)


def branches(
    machine: Machine,
    frame: Frame,
    verdict: Verdict,
    body: Sequence[ast.stmt],
    orelse: Sequence[ast.stmt],
) -> Flow:
    """Walk through both branches of a test, and say where that leaves what follows."""
    first, after_first = _branch(machine, frame, verdict, verdict.yes, body)
    second, after_second = _branch(machine, frame, verdict, verdict.no, orelse)
    if first.leaves and second.leaves:
        frame.names.update(after_first)
        leaves = first.leaves if first.leaves == second.leaves else "return"
        mixed = first.leaves != second.leaves and bool(LOOP & {first.leaves, second.leaves})
        return Flow("" if mixed else leaves, maybe=mixed, loose=mixed)
    if first.leaves:
        frame.names.update(after_second)
    elif second.leaves:
        frame.names.update(after_first)
    else:
        _merge(frame, after_first, after_second)
    return _joined(verdict, first, second)


def _branch(
    machine: Machine, frame: Frame, verdict: Verdict, on: Dialects, body: Sequence[ast.stmt]
) -> tuple[Flow, dict[str, Value]]:
    before = dict(frame.names)
    if (machine.dialects & on).empty:
        return Flow("raise"), before
    with machine.maybe(dialects=on, certain=verdict.exact):
        flow = block(machine, body, frame)
    after = dict(frame.names)
    frame.names.clear()
    frame.names.update(before)
    return flow, after


def _merge(frame: Frame, first: dict[str, Value], second: dict[str, Value]) -> None:
    for name in {**first, **second}:
        if name in first and name in second:
            if first[name] is not second[name]:
                frame.names[name] = choice([first[name], second[name]])
        else:
            frame.names[name] = first[name] if name in first else second[name]


def _joined(verdict: Verdict, first: Flow, second: Flow) -> Flow:
    """Combine the ends of two branches of which at least one goes on."""
    maybe = first.maybe or second.maybe
    loose = first.loose or second.loose or bool(LOOP & {first.leaves, second.leaves})
    if not verdict.exact:
        returned = "return" in (first.leaves, second.leaves)
        limited = not (first.rest.every and second.rest.every)
        rest = EVERY_DIALECT
        if returned and not verdict.yes.every and first.leaves == "return":
            return Flow("", True, loose, rest)
        return Flow("", maybe or returned or limited, loose, rest)
    parts = []
    for flow, on in ((first, verdict.yes), (second, verdict.no)):
        if flow.leaves in LOOP:
            parts.append(on)
        elif not flow.leaves:
            parts.append(on & flow.rest)
        elif flow.leaves == "raise":
            # It never gets past a dialect that it refuses, nor is it then applied.
            continue
    rest = parts[0] | parts[1] if len(parts) == 2 else parts[0] if parts else EVERY_DIALECT
    return Flow("", maybe, loose, rest)


def _assert(machine: Machine, node: ast.Assert, frame: Frame) -> Flow:
    evaluate(machine, node.test, frame)
    return GOES_ON


def _return(machine: Machine, node: ast.Return, frame: Frame) -> Flow:
    if node.value is not None:
        frame.returned.append(evaluate(machine, node.value, frame))
    else:
        frame.returned.append(None)
    return Flow("return")


def _raise(machine: Machine, node: ast.Raise, frame: Frame) -> Flow:
    if node.exc is not None and isinstance(node.exc, ast.Call):
        for argument in node.exc.args:
            evaluate(machine, argument, frame)
    return Flow("raise")


def _leave_loop(_: Machine, node: ast.Break | ast.Continue, __: Frame) -> Flow:
    return Flow("break" if isinstance(node, ast.Break) else "continue")


def _for(machine: Machine, node: ast.For, frame: Frame) -> Flow:
    from lback.core.reader.loops import for_loop

    return for_loop(machine, node, frame)


def _while(machine: Machine, node: ast.While, frame: Frame) -> Flow:
    from lback.core.reader.loops import while_loop

    return while_loop(machine, node, frame)


def _try(machine: Machine, node: ast.Try, frame: Frame) -> Flow:
    swallows = any(not _reraises(handler) for handler in node.handlers)
    if swallows:
        with machine.maybe():
            flow = block(machine, node.body, frame)
    else:
        flow = block(machine, node.body, frame)
    if not flow.leaves and node.orelse:
        with machine.maybe(certain=not swallows):
            flow = block(machine, node.orelse, frame)
    caught = [_handler(machine, handler, frame, flow) for handler in node.handlers]
    final = block(machine, node.finalbody, frame)
    if final.leaves:
        return final
    loose = flow.loose or any(one.loose or one.leaves in LOOP for one in caught)
    maybe = flow.maybe or any(one.maybe or one.leaves == "return" for one in caught)
    if flow.leaves and any(not one.leaves for one in caught):
        return Flow("", maybe or flow.leaves == "return", loose or flow.leaves in LOOP)
    return Flow(flow.leaves, maybe, loose, flow.rest)


def _reraises(handler: ast.ExceptHandler) -> bool:
    return bool(handler.body) and isinstance(handler.body[-1], ast.Raise)


def _handler(machine: Machine, handler: ast.ExceptHandler, frame: Frame, body: Flow) -> Flow:
    before = dict(frame.names)
    if handler.name:
        frame.names[handler.name] = NOTHING_KNOWN
    with machine.maybe():
        flow = block(machine, handler.body, frame)
    after = dict(frame.names)
    if flow.leaves:
        frame.names.clear()
        frame.names.update(before)
    elif not body.leaves:
        _merge(frame, before, after)
    return flow


def _with(machine: Machine, node: ast.With | ast.AsyncWith, frame: Frame) -> Flow:
    return _with_items(machine, list(node.items), node.body, frame)


def _with_items(
    machine: Machine, items: list[ast.withitem], body: list[ast.stmt], frame: Frame
) -> Flow:
    if not items:
        return block(machine, body, frame)
    first, rest = items[0], items[1:]
    flows: list[Flow] = []

    def inside(value: Value) -> None:
        if first.optional_vars is not None:
            assign(machine, first.optional_vars, value, frame)
        flows.append(_with_items(machine, rest, body, frame))

    value = _entered(machine, first.context_expr, frame, inside)
    if not flows:
        if isinstance(value, Name) and value.path == "contextlib.suppress":
            with machine.maybe():
                inside(None)
        else:
            inside(value)
    return flows[-1]


def _entered(
    machine: Machine, node: ast.expr, frame: Frame, inside: Callable[[Value], None]
) -> Value:
    """Return what a context manager gives; a generator of ours runs `inside` at its yield."""
    from lback.core.reader.calls import call_generator

    if isinstance(node, ast.Call):
        callee = glance(machine, node.func, frame)
        if isinstance(callee, Name) and callee.path == "contextlib.suppress":
            return callee
        callee = machine.force(callee)
        if isinstance(callee, Func) and is_generator(callee):
            call_generator(machine, node, callee, frame, inside)
            return None
    return evaluate(machine, node, frame)


def is_generator(function: Func) -> bool:
    """Tell whether a function's own body yields."""
    if isinstance(function.node, ast.Lambda):
        return False
    return any(isinstance(one, ast.Yield) for one in ast.walk(function.node))


def _function(machine: Machine, node: ast.FunctionDef, frame: Frame) -> Flow:
    frame.names[node.name] = Func(node, frame.scope, frame)
    return GOES_ON


def _class(machine: Machine, node: ast.ClassDef, frame: Frame) -> Flow:
    frame.names[node.name] = Klass(node, frame.scope, closure=frame)
    return GOES_ON


def _import(machine: Machine, node: ast.Import | ast.ImportFrom, frame: Frame) -> Flow:
    imported(node, frame)
    return GOES_ON


def _delete(machine: Machine, node: ast.Delete, frame: Frame) -> Flow:
    for target in node.targets:
        if isinstance(target, ast.Subscript):
            value = evaluate(machine, target.value, frame)
            if isinstance(value, Seq) or hasattr(value, "open"):
                value.open = True
    return GOES_ON


def _match(machine: Machine, node: Any, frame: Frame) -> Flow:
    from lback.core.reader.matching import match

    return match(machine, node, frame)


_HANDLERS: dict[type[ast.stmt], Callable[[Machine, Any, Frame], Flow]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.If: _if,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.Break: _leave_loop,
    ast.Continue: _leave_loop,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.Try: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Delete: _delete,
    ast.Match: _match,
}
if hasattr(ast, "TryStar"):
    _HANDLERS[ast.TryStar] = _try
