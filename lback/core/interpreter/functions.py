"""Functions of the project: their parameters, the walk through their body, what they return."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from lback.core.interpreter.choices import choice
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.flow import arrive
from lback.core.interpreter.machine import (
    DEEPEST_CALL,
    MOST_ACTIVE,
    MOST_STEPS_OF_A_CALL,
    Ends,
    Exhausted,
    Exit,
    Machine,
)  # fmt: skip
from lback.core.interpreter.paths import dialects, half
from lback.core.interpreter.schema import Handle
from lback.core.interpreter.values import (
    PLAIN,
    Arguments,
    Choice,
    Entries,
    Frame,
    Func,
    Items,
    Key,
    Lazy,
    Map,
    Names,
    Opaque,
    Seq,
    Value,
)  # fmt: skip

OnYield = Callable[[Value], Value]
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def make(machine: Machine, node: Definition, frame: Frame) -> Func:
    """Make a function; its defaults are evaluated now, and once."""
    arguments = node.args
    defaults = tuple(machine.evaluate(one, frame) for one in arguments.defaults)
    named = {
        one.arg: machine.evaluate(default, frame)
        for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    }
    owner = frame.owner if frame.is_class or isinstance(node, ast.Lambda) else None
    return Func(node, frame, defaults, named, owner)


def invoke(machine: Machine, function: Func, arguments: Arguments) -> Discharge:
    """Follow a call of a function; a generator or coroutine is made and does not run yet."""
    node = function.node
    if function.flavour == "manager":
        return pure(
            "a context manager that nobody has entered", _lazy("manager", function, arguments)
        )
    if function.frame.scope.generators and yields(node):
        return pure("a generator that nobody walks", _lazy("generator", function, arguments))
    if isinstance(node, ast.AsyncFunctionDef):
        return pure("a coroutine that nobody awaits", _lazy("coroutine", function, arguments))
    return run(machine, function, arguments)


def _lazy(kind: str, function: Func, arguments: Arguments) -> Lazy:
    if kind == "manager":
        return Lazy("manager", function, arguments)
    return Lazy("generator" if kind == "generator" else "coroutine", function, arguments)


def yields(node: Definition) -> bool:
    """Tell whether a function's own body yields."""
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    return any(isinstance(one, ast.Yield | ast.YieldFrom) for one in own_nodes(body))


def own_nodes(body: list[ast.stmt] | list[ast.expr]) -> Iterator[ast.AST]:
    """Return the nodes of a function's body without those of functions inside it."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def run(
    machine: Machine, function: Func, arguments: Arguments, on_yield: OnYield | None = None
) -> Discharge:
    """Walk through a function's body with its arguments bound; return what it returns."""
    if machine.calls.count(function.node) >= MOST_ACTIVE or len(machine.calls) >= DEEPEST_CALL:
        return unknown(machine, f"{function.name}() calls itself, or calls nest too deep")
    before, line = machine.path, machine.line
    depth, floor, catches = len(machine.calls), machine.floor, len(machine.catches)
    if depth == 1:
        # One helper that takes too long must not hide what comes after it.
        machine.floor = max(0, machine.steps - MOST_STEPS_OF_A_CALL)
    machine.calls.append(function.node)
    machine.importing += bool(function.frame.scope.package)
    try:
        value = _run(machine, function, arguments, on_yield)
        if before and not machine.path and on_yield is None and not raises(function):
            # That it never comes back is no more than what this reading makes of it.
            machine.path = half(before)
            return unknown(machine, f"{function.name}() is not understood to its end")
        return followed(value)
    except Exhausted as limit:
        if depth != 1 or machine.steps <= floor:
            raise
        machine.path = before
        del machine.catches[catches:]
        return unknown(machine, f"{function.name}() {limit}")
    finally:
        del machine.calls[depth:]
        machine.importing -= bool(function.frame.scope.package)
        machine.floor = floor
        if not function.frame.scope.is_revision:
            machine.line = line


def raises(function: Func) -> bool:
    """Tell whether a function of the revision says itself that it raises."""
    node = function.node
    if isinstance(node, ast.Lambda) or not function.frame.scope.is_revision:
        return False
    return any(isinstance(one, ast.Raise) for one in own_nodes(node.body))


def _run(machine: Machine, function: Func, arguments: Arguments, on_yield: OnYield | None) -> Value:
    mark = machine.state.mark()
    frame = bind(machine, function, arguments)
    if isinstance(function.node, ast.Lambda):
        return machine.evaluate(function.node.body, frame)
    ends = machine.ends[frame] = Ends(mark, on_yield=on_yield)
    try:
        machine.block(function.node.body, frame)
    finally:
        del machine.ends[frame]
    returned = [one for one in ends.returns if one.path]
    if machine.path:
        returned.append(Exit(machine.path, {}, None))
    value = _returned(returned)
    arrive(machine, mark, ends.returns)
    return value


def _returned(exits: list[Exit]) -> Value:
    """Return the value of a call; by dialect where nothing else decides."""
    if not exits:
        return PLAIN
    values = [one.value for one in exits]
    found = choice(values)
    if isinstance(found, Choice) and len(found.options) == len(exits):
        on = [dialects(one.path) for one in exits]
        disjoint = all((a & b).empty for i, a in enumerate(on) for b in on[:i])
        if disjoint and not any(isinstance(one, Choice) for one in values):
            return Choice(tuple(values), tuple(on))
    return found


def bind(machine: Machine, function: Func, arguments: Arguments) -> Frame:
    """Make the frame of a call: parameters bound to arguments or defaults."""
    parameters = function.node.args
    names = [one.arg for one in (*parameters.posonlyargs, *parameters.args)]
    keywords = [one.arg for one in parameters.kwonlyargs]
    bound: dict[str, Value] = dict(zip(names, arguments.positional, strict=False))
    known = {*names, *keywords}
    bound.update({key: value for key, value in arguments.keywords.items() if key in known})
    if parameters.vararg:
        rest = tuple(arguments.positional[len(names) :])
        bound[parameters.vararg.arg] = Seq(Items(rest, arguments.open), "tuple")
    if parameters.kwarg:
        others: dict[Key, Value] = {}
        others.update({k: one for k, one in arguments.keywords.items() if k not in known})
        bound[parameters.kwarg.arg] = Map(Entries(others, arguments.open))
    given = dict(zip(reversed(names), reversed(function.defaults), strict=False))
    given.update(function.keyword_defaults)
    for name in (*names, *keywords):
        if name not in bound:
            default = given.get(name, _NONE)
            bound[name] = Opaque() if arguments.open or default is _NONE else default
    home = function.frame
    frame = Frame(home.scope, Names(bound), None if home.is_module else home)
    frame.owner = function.owner if function.owner is not None else home.owner
    frame.receiver = bound.get(names[0]) if names and function.owner is not None else home.receiver
    return frame


_NONE = Opaque()


def given_arguments(function: Value) -> Arguments:
    """Return what env.py may pass to upgrade(): `op` by its name, else anything."""
    if not isinstance(function, Func):
        return Arguments(open=True)
    parameters = function.node.args
    names = [one.arg for one in (*parameters.posonlyargs, *parameters.args)]
    found = Arguments()
    optional = len(function.defaults)
    for position, name in enumerate(names):
        if name == "op":
            found.keywords[name] = Handle("op")
        elif position < len(names) - optional:
            found.keywords[name] = Opaque(given=True)
    for one in parameters.kwonlyargs:
        if one.arg not in function.keyword_defaults:
            found.keywords[one.arg] = Handle("op") if one.arg == "op" else Opaque(given=True)
    if parameters.vararg or parameters.kwarg:
        found.open = True
    return found
