"""Calls: of directives, of the project's own functions, of libraries, of what is not known."""

from __future__ import annotations

import ast
from collections.abc import Callable

from lback.core.reader import constructs, directives, methods, pythonic
from lback.core.reader.arguments import Arguments
from lback.core.reader.expressions import evaluate, glance, iterate
from lback.core.reader.foreign import DANGEROUS, INERT, QUIET_METHODS, READERS
from lback.core.reader.given import PARAMETERS
from lback.core.reader.machine import (
    DEEPEST_CALL,
    MOST_STEPS_OF_A_CALL,
    Frame,
    Machine,
    TooLong,
    is_foreign,
)
from lback.core.reader.values import (
    Choice,
    Func,
    Handle,
    Instance,
    Klass,
    Map,
    Method,
    Name,
    Opaque,
    Seq,
    Value,
    choice,
    reaches,
)


def call(machine: Machine, node: ast.Call, frame: Frame, *, bare: bool = False) -> Value:
    """Evaluate a call; `bare` when nobody uses its value."""
    callee = glance(machine, node.func, frame)
    arguments = read_arguments(machine, node, frame)
    machine.at(node, frame)
    value = apply(machine, callee, arguments, bare=bare, frame=frame)
    machine.at(node, frame)
    return value


def read_arguments(machine: Machine, node: ast.Call, frame: Frame) -> Arguments:
    """Evaluate the arguments of a call."""
    found = Arguments()
    for one in node.args:
        if isinstance(one, ast.Starred):
            items, complete = iterate(evaluate(machine, one.value, frame))
            found.positional.extend(items)
            found.open = found.open or not complete
        else:
            found.positional.append(evaluate(machine, one, frame))
    for keyword in node.keywords:
        value = evaluate(machine, keyword.value, frame)
        if keyword.arg is not None:
            found.keywords[keyword.arg] = value
        elif isinstance(value, Map):
            found.keywords.update({k: v for k, v in value.items.items() if isinstance(k, str)})
            found.open = found.open or value.open
        else:
            found.open = True
    return found


def apply(
    machine: Machine, callee: Value, arguments: Arguments, *, frame: Frame, bare: bool = False
) -> Value:
    """Evaluate a call of a value that has been found already."""
    if isinstance(callee, Name):
        return _named(machine, callee, arguments, frame, bare)
    if isinstance(callee, Func):
        directive = machine.wrappers.get(callee.name)
        if directive is not None:
            return directives.perform(machine, directive, arguments)
        return run(machine, callee, arguments)
    if isinstance(callee, Klass):
        return constructs.instantiate(machine, callee, arguments)
    if isinstance(callee, Method):
        return methods.call_method(machine, callee, arguments, bare)
    if isinstance(callee, Choice):
        found = []
        for one in callee.options:
            with machine.maybe():
                found.append(apply(machine, one, arguments, frame=frame, bare=bare))
        return choice(found)
    if isinstance(callee, Instance) and callee.of == "sessionmaker":
        return Handle("session")
    return unread(machine, "an unknown function", callee, arguments, bare)


def _named(machine: Machine, callee: Name, arguments: Arguments, frame: Frame, bare: bool) -> Value:
    directive = machine.wrappers.get(callee.path) or machine.wrappers.get(callee.last)
    if directive is not None:
        return directives.perform(machine, directive, arguments)
    if callee.path.startswith("alembic.op."):
        return directives.perform(machine, callee.last, arguments)
    if callee.root == "builtins":
        return pythonic.builtin(machine, callee.last, arguments, frame)
    if not is_foreign(callee):
        found = machine.force(callee)
        if not isinstance(found, Name):
            return apply(machine, found, arguments, bare=bare, frame=frame)
    if callee.path == "functools.partial" and isinstance(arguments.get(0, ""), Func):
        return _partial(arguments)
    made = constructs.construct(machine, callee, arguments)
    if made is not constructs.NOT_ONE:
        return made
    return unread(machine, callee.path, callee, arguments, bare)


def _partial(arguments: Arguments) -> Func:
    inner: Func = arguments.positional[0]
    return Func(
        inner.node,
        inner.scope,
        inner.closure,
        (*inner.bound, *arguments.positional[1:]),
        {**inner.keywords, **arguments.keywords},
    )


def unread(machine: Machine, name: str, callee: Value, arguments: Arguments, bare: bool) -> Value:
    """Judge a call of code that is not at hand: unknown where it could reach the database."""
    handed = any(reaches(one) for one in arguments.all())
    functions = [one for one in arguments.all() if isinstance(one, Func)]
    last = name.rsplit(".", 1)[-1]
    if last in READERS or (last in QUIET_METHODS and not handed):
        return Opaque(foreign=True)
    inert = isinstance(callee, Name) and callee.root in INERT and not callee.ours
    if handed and not (inert and callee.root in _PLAIN):
        machine.cannot_read(f"{name}() is handed the database, and its code is not here")
        return Opaque(reaches=True, foreign=True)
    for function in functions:
        with machine.maybe():
            run(machine, function, Arguments(open=True))
    if name in DANGEROUS or name.startswith("subprocess."):
        machine.cannot_read(f"{name}() can run anything")
    elif not inert and bare and not functions:
        known = "and its code is not here"
        if (isinstance(callee, Name) and not is_foreign(callee)) or (
            isinstance(callee, Opaque) and (callee.reaches or callee.foreign)
        ):
            machine.cannot_read(f"{name}() may do anything, {known}")
    # What came out of a library's function may still hold what went in (functools.partial).
    wraps = bool(functions) and isinstance(callee, Name) and callee.root == "functools"
    return Opaque(reaches=handed or wraps, foreign=not inert)


# Of these no function does a thing to a connection that it is handed.
_PLAIN = frozenset({"logging", "builtins", "functools", "itertools", "typing", "copy"})


# -- functions of the project ------------------------------------------------------


def run(machine: Machine, function: Func, arguments: Arguments) -> Value:
    """Walk through a function's body with its arguments bound; return its value."""
    if len(machine.calls) >= DEEPEST_CALL or function.node in machine.calls:
        if _may_write(function.node):
            machine.cannot_read(f"{function.name}() calls itself, or calls nest too deep")
        return Opaque(reaches=any(reaches(one) for one in arguments.all()))
    frame = bind(machine, function, arguments)
    before = (machine.certain, machine.dialects, machine.level, machine.quiet, machine.floor)
    outermost = len(machine.calls) == 1
    machine.calls.append(function.node)
    if outermost:
        # One helper that takes too long must not hide what comes after it.
        machine.floor = max(0, machine.steps - MOST_STEPS_OF_A_CALL)
    if function.scope.package:
        machine.importing += 1
    try:
        if isinstance(function.node, ast.Lambda):
            return evaluate(machine, function.node.body, frame)
        _walk(machine, function.node, frame)
    except TooLong:
        if not outermost:
            raise
        machine.calls[2:] = []
        machine.cannot_read(f"{function.name}() takes too many steps to follow")
    finally:
        machine.calls.pop()
        machine.certain, machine.dialects, machine.level, machine.quiet, machine.floor = before
        if function.scope.package:
            machine.importing -= 1
    return choice(frame.returned) if frame.returned else None


def _walk(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> None:
    from lback.core.reader.statements import block

    flow = block(machine, node.body, frame)
    if frame.returned and not flow.leaves:
        frame.returned.append(None)


def _may_write(node: ast.AST) -> bool:
    """Tell whether a function that is not followed could change the database."""
    return any(isinstance(one, ast.Attribute) and one.attr in _WRITING for one in ast.walk(node))


_WRITING = frozenset({"execute", "exec_driver_sql", "add", "delete", "bulk_insert", "create"}) | (
    frozenset(PARAMETERS)
)


def bind(machine: Machine, function: Func, arguments: Arguments) -> Frame:
    """Make the frame of a call: parameters bound to arguments or defaults."""
    frame = Frame(function.scope, closure=function.closure)
    parameters = function.node.args
    positional = [*function.bound, *arguments.positional]
    keywords = {**function.keywords, **arguments.keywords}
    names = [*parameters.posonlyargs, *parameters.args]
    for parameter, value in zip(names, positional, strict=False):
        frame.names[parameter.arg] = value
    if parameters.vararg:
        rest = positional[len(names) :]
        frame.names[parameters.vararg.arg] = Seq(rest, arguments.open, machine.level)
    known = {one.arg for one in (*names, *parameters.kwonlyargs)}
    for name, value in keywords.items():
        if name in known:
            frame.names[name] = value
    if parameters.kwarg:
        rest_of = {k: v for k, v in keywords.items() if k not in known}
        frame.names[parameters.kwarg.arg] = Map(dict(rest_of), arguments.open, machine.level)
    _defaults(machine, function, frame, arguments.open)
    return frame


def _defaults(machine: Machine, function: Func, frame: Frame, unknown: bool) -> None:
    parameters = function.node.args
    names = [*parameters.posonlyargs, *parameters.args]
    pairs = list(zip(reversed(names), reversed(parameters.defaults), strict=False))
    pairs += [
        (one, default)
        for one, default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True)
        if default is not None
    ]
    home = Frame(function.scope, closure=function.closure)
    for parameter, default in pairs:
        if parameter.arg not in frame.names and not unknown:
            frame.names[parameter.arg] = evaluate(machine, default, home)
    for parameter in (*names, *parameters.kwonlyargs):
        frame.names.setdefault(parameter.arg, Opaque(reaches=_sounds_like_handle(parameter.arg)))


def _sounds_like_handle(name: str) -> bool:
    """Tell whether an argument that is not known is, by its name, a way to the database."""
    return name in ("op", "conn", "connection", "bind", "session", "engine", "batch_op", "cursor")


def call_generator(
    machine: Machine, node: ast.Call, function: Func, frame: Frame, inside: Callable[[Value], None]
) -> None:
    """Walk through a context manager written as a generator, `inside` at its yield."""
    arguments = read_arguments(machine, node, frame)
    if function.node in machine.calls or isinstance(function.node, ast.Lambda):
        inside(Opaque(reaches=True))
        return
    inner = bind(machine, function, arguments)
    inner.on_yield = inside
    machine.calls.append(function.node)
    try:
        _walk(machine, function.node, inner)
    finally:
        machine.calls.pop()
