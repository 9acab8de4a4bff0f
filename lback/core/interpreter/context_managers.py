"""`with`: what is entered, what is bound, and what runs when it is left."""

from __future__ import annotations

import ast
from collections.abc import Callable

from lback.core.interpreter.choices import options
from lback.core.interpreter.classes import special
from lback.core.interpreter.discharge import Discharge, effects, followed, pure, unknown
from lback.core.interpreter.flow import leave_stack, perhaps
from lback.core.interpreter.functions import Capture, guarded, own_nodes, run, swallowing
from lback.core.interpreter.library.catalogue import is_pure
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import MISSING
from lback.core.interpreter.schema import SCHEMA_VALUES, Handle, Row, Rows
from lback.core.interpreter.targets import assign
from lback.core.interpreter.values import (
    PLAIN,
    Arguments,
    Bound,
    Choice,
    Frame,
    Func,
    Instance,
    Lazy,
    Method,
    ModuleScope,
    Name,
    Names,
    Opaque,
    Plain,
    Stack,
    Text,
    Value,
)  # fmt: skip

Inside = Callable[[Value], None]
_NOBODY = Frame(ModuleScope("", Names()), Names())


def with_statement(machine: Machine, node: ast.With | ast.AsyncWith, frame: Frame) -> None:
    """Walk through a `with` statement."""
    _items(machine, list(node.items), node, frame)


def _items(
    machine: Machine, items: list[ast.withitem], node: ast.With | ast.AsyncWith, frame: Frame
) -> None:
    if not items:
        machine.block(node.body, frame)
        return
    first, rest = items[0], items[1:]

    def inside(value: Value) -> None:
        if first.optional_vars is not None:
            assign(machine, first.optional_vars, value, frame)
        _items(machine, rest, node, frame)

    value = machine.evaluate(first.context_expr, frame)
    machine.at(first.context_expr, frame)
    entered(machine, value, inside, None, frame, asynchronous=isinstance(node, ast.AsyncWith))


def entered(
    machine: Machine,
    value: Value,
    inside: Inside,
    stack: Stack | None = None,
    frame: Frame = _NOBODY,
    *,
    asynchronous: bool = False,
) -> Discharge:
    """Enter a context manager and run `inside` with what it gives.

    With a stack what runs at the end is left to the stack.
    """
    if isinstance(value, Lazy):
        return _generator(machine, value, inside, frame)
    if isinstance(value, Instance):
        return _object(machine, value, inside, stack, frame, asynchronous)
    if isinstance(value, Stack):
        guarded(machine, frame, lambda: inside(value), lambda: _void(leave_stack(machine, value)))
        return followed(None)
    if isinstance(value, Bound) and isinstance(value.function, Name):
        return _of_library(machine, value, inside)
    if isinstance(value, Choice):
        for option in options(value):
            perhaps(
                machine,
                lambda item=option: _void(entered(machine, item, inside, stack, frame)),  # type: ignore[misc]
            )
        return followed(None)
    if isinstance(value, Handle):
        inside(value)
        return effects(value)
    if isinstance(value, (Plain, Row, Rows, *SCHEMA_VALUES)):
        inside(value if not isinstance(value, Plain) else PLAIN)
        return pure("a context manager of data", None)
    if isinstance(value, Name) and is_pure(value.path):
        inside(PLAIN)
        return pure(value.path, None)
    if isinstance(value, Method) and isinstance(value.owner, Handle):
        inside(value.owner)
        return effects(None)
    if isinstance(value, Method) and isinstance(value.owner, str | Text):
        inside(value)
        return pure("an open file", None)
    doubt = unknown(machine, "enters something that is not in the text")
    inside(Opaque())
    return doubt


def _void(_: Discharge) -> None:
    pass


def _of_library(machine: Machine, value: Bound, inside: Inside) -> Discharge:
    name = value.function.path if isinstance(value.function, Name) else ""
    if name == "contextlib.suppress":
        swallowing(machine, lambda: inside(None))
        return pure(name, None)
    if name == "sqlalchemy.orm.Session":
        inside(Handle("session"))
        return pure(name, None)
    doubt = unknown(machine, f"enters {name}, whose code is not here")
    inside(Opaque())
    return doubt


def _generator(machine: Machine, value: Lazy, inside: Inside, frame: Frame) -> Discharge:
    if value.kind not in ("manager", "generator") or not isinstance(value.function, Func):
        doubt = unknown(machine, "enters what is no context manager")
        inside(Opaque())
        return doubt
    captures: list[Capture] = []
    yielded: list[bool] = []

    def given(item: Value) -> Value:
        yielded.append(True)
        capture = Capture(machine, frame)
        inside(item)
        capture.merge()
        captures.append(capture)
        return PLAIN

    doubt = run(machine, value.function, value.arguments or Arguments(), given)
    for capture in reversed(captures):
        capture.release()
    if not yielded and not machine.dead:
        doubt = unknown(machine, "a context manager whose `yield` is not found")
        inside(Opaque())
    return doubt


def _object(
    machine: Machine,
    value: Instance,
    inside: Inside,
    stack: Stack | None,
    frame: Frame,
    asynchronous: bool,
) -> Discharge:
    kind = "a" if asynchronous else ""
    enter, leave = (special(machine, value, f"__{kind}{word}__") for word in ("enter", "exit"))
    if enter is MISSING or isinstance(enter, Opaque):
        doubt = unknown(machine, f"enters {value.of.node.name}, whose code is not here")
        inside(Opaque())
        return doubt
    bound = _awaited(machine, machine.call(enter))
    leaving = Bound(leave, (None, None, None))
    if stack is not None:
        items = [*stack.callbacks.content.items, leaving]
        machine.state.fill(stack.callbacks, items, open=stack.callbacks.content.open)
        inside(bound)
        return followed(None)

    def body() -> None:
        if _swallows(leave):
            swallowing(machine, lambda: inside(bound))
        else:
            inside(bound)

    guarded(machine, frame, body, lambda: _leave(machine, leaving))
    return followed(None)


def _leave(machine: Machine, leaving: Bound) -> None:
    if leaving.function is not MISSING:
        _awaited(machine, machine.call(leaving))


def _awaited(machine: Machine, value: Value) -> Value:
    if isinstance(value, Lazy) and value.kind == "coroutine" and isinstance(value.function, Func):
        return run(machine, value.function, value.arguments or Arguments()).value
    return value


def swallows(machine: Machine, value: Value) -> bool:
    """Tell whether what a stack is given may keep an exception to itself."""
    if isinstance(value, Instance):
        return any(
            _swallows(leave)
            for leave in (special(machine, value, name) for name in ("__exit__", "__aexit__"))
            if leave is not MISSING
        )
    if isinstance(value, Bound) and isinstance(value.function, Name):
        return value.function.path == "contextlib.suppress"
    if isinstance(value, Lazy) and isinstance(value.function, Func):
        return any(isinstance(node, ast.Try) for node in own_nodes(_body(value.function)))
    return isinstance(value, Func | Bound | Opaque) and _swallows(value)


def _body(function: Func) -> list[ast.stmt]:
    return [] if isinstance(function.node, ast.Lambda) else function.node.body


def _swallows(leave: Value) -> bool:
    """Tell whether an __exit__ may keep an exception to itself."""
    function = leave.function if isinstance(leave, Bound) else leave
    if not isinstance(function, Func) or isinstance(function.node, ast.Lambda):
        return True
    for node in own_nodes(function.node.body):
        if isinstance(node, ast.Return) and node.value is not None:
            constant = isinstance(node.value, ast.Constant)
            if not constant or (isinstance(node.value, ast.Constant) and node.value.value):
                return True
    return False
