"""Functions of the project, the walk through their body, and exceptions on their way out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace

from lback.core.interpreter.choices import choice, options
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.flow import arrive, branch, watching
from lback.core.interpreter.machine import (
    DEEPEST_CALL,
    MOST_ACTIVE,
    MOST_STEPS_OF_A_CALL,
    Catch,
    Ends,
    Exhausted,
    Exit,
    Machine,
)  # fmt: skip
from lback.core.interpreter.schema import Handle
from lback.core.interpreter.state import DEAD, Path, dialects, half, join
from lback.core.interpreter.values import (
    ANY,
    PLAIN,
    YES,
    Arguments,
    Choice,
    Entries,
    Frame,
    Func,
    Items,
    Key,
    Klass,
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
    defaults = tuple(machine.evaluate(default, frame) for default in arguments.defaults)
    named = {
        arg.arg: machine.evaluate(default, frame)
        for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is not None
    }
    owner = frame.owner if frame.is_class or isinstance(node, ast.Lambda) else None
    return Func(node, frame, defaults, named, owner)


def invoke(machine: Machine, function: Func, arguments: Arguments) -> Discharge:
    """Follow a call of a function; a generator or coroutine is made and does not run yet."""
    node = function.node
    if function.flavour == "memo":
        return _remembered(machine, function, arguments)
    if function.flavour == "manager":
        return pure(
            "a context manager that nobody has entered", _lazy("manager", function, arguments)
        )
    if function.frame.scope.generators and yields(node):
        return pure("a generator that nobody walks", _lazy("generator", function, arguments))
    if isinstance(node, ast.AsyncFunctionDef):
        return pure("a coroutine that nobody awaits", _lazy("coroutine", function, arguments))
    return run(machine, function, arguments)


def _remembered(machine: Machine, function: Func, arguments: Arguments) -> Discharge:
    """Follow a call that does nothing where these arguments were given before."""
    again = "memo" in function.fields.values
    machine.state.bind(function.fields, "memo", True)
    found: list[Value] = []
    plain = replace(function, flavour="")

    def body() -> None:
        found.append(invoke(machine, plain, arguments).value)

    branch(machine, ANY if again else YES, body)
    return followed(choice(found))


def _lazy(kind: str, function: Func, arguments: Arguments) -> Lazy:
    if kind == "manager":
        return Lazy("manager", function, arguments)
    return Lazy("generator" if kind == "generator" else "coroutine", function, arguments)


def yields(node: Definition) -> bool:
    """Tell whether a function's own body yields."""
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in own_nodes(body))


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
    """Tell whether a function of the revision says itself that it raises, or leaves Python."""
    node = function.node
    if isinstance(node, ast.Lambda) or not function.frame.scope.is_revision:
        return False
    return any(
        isinstance(inner, ast.Raise)
        or (isinstance(inner, ast.Call) and ast.unparse(inner.func) in _EXITS)
        for inner in own_nodes(node.body)
    )


def _run(machine: Machine, function: Func, arguments: Arguments, on_yield: OnYield | None) -> Value:
    mark = machine.state.mark()
    frame = bind(machine, function, arguments)
    ends = machine.ends[frame] = Ends(mark, on_yield=on_yield)
    try:
        if isinstance(function.node, ast.Lambda):
            return machine.evaluate(function.node.body, frame)
        machine.block(function.node.body, frame)
    finally:
        del machine.ends[frame]
    returned = [exit_ for exit_ in ends.returns if exit_.path]
    if machine.path:
        returned.append(Exit(machine.path, {}, None))
    value = _returned(returned)
    arrive(machine, mark, ends.returns)
    return value


def _returned(exits: list[Exit]) -> Value:
    """Return the value of a call; by dialect where nothing else decides."""
    if not exits:
        return PLAIN
    values = [exit_.value for exit_ in exits]
    returned = choice(values)
    if isinstance(returned, Choice) and len(returned.options) == len(exits):
        on = [dialects(exit_.path) for exit_ in exits]
        disjoint = all((a & b).empty for i, a in enumerate(on) for b in on[:i])
        if disjoint and not any(isinstance(value, Choice) for value in values):
            return Choice(tuple(values), tuple(on))
    return returned


def bind(machine: Machine, function: Func, arguments: Arguments) -> Frame:
    """Make the frame of a call: parameters bound to arguments or defaults."""
    parameters = function.node.args
    names = [arg.arg for arg in (*parameters.posonlyargs, *parameters.args)]
    keywords = [kwonlyarg.arg for kwonlyarg in parameters.kwonlyargs]
    bound: dict[str, Value] = dict(zip(names, arguments.positional, strict=False))
    known = {*names, *keywords}
    bound.update({key: value for key, value in arguments.keywords.items() if key in known})
    if parameters.vararg:
        rest = tuple(arguments.positional[len(names) :])
        bound[parameters.vararg.arg] = Seq(Items(rest, arguments.open), "tuple")
    if parameters.kwarg:
        others: dict[Key, Value] = {}
        others.update({k: item for k, item in arguments.keywords.items() if k not in known})
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
_EXITS = frozenset({"exit", "quit", "os._exit", "os.abort", "sys.exit"})


def given_arguments(function: Value) -> Arguments:
    """Return what env.py may pass to upgrade(): `op` by its name, else anything."""
    if not isinstance(function, Func):
        return Arguments(open=True)
    parameters = function.node.args
    names = [arg.arg for arg in (*parameters.posonlyargs, *parameters.args)]
    arguments = Arguments()
    optional = len(function.defaults)
    for position, name in enumerate(names):
        if name == "op":
            arguments.keywords[name] = Handle("op")
        elif position < len(names) - optional:
            arguments.keywords[name] = Opaque(given=True)
    for kwonlyarg in parameters.kwonlyargs:
        if kwonlyarg.arg not in function.keyword_defaults:
            arguments.keywords[kwonlyarg.arg] = (
                Handle("op") if kwonlyarg.arg == "op" else Opaque(given=True)
            )
    if parameters.vararg or parameters.kwarg:
        arguments.open = True
    return arguments


class Capture:
    """Holds back the exits of a piece of code until what has to run after it has run."""

    def __init__(self, machine: Machine, frame: Frame) -> None:
        self.machine = machine
        self.ends = machine.ends_of(frame)
        self.mark = machine.state.mark()
        self.returns, self.ends.returns = self.ends.returns, []
        self.loops = [(loop, loop.breaks, loop.continues) for loop in self.ends.loops]
        for loop in self.ends.loops:
            loop.breaks, loop.continues = [], []
        self.catch = Catch(machine.catches[-1].mark) if machine.catches else None
        self.outer = machine.catches[-1] if machine.catches else None
        if self.catch is not None:
            machine.catches.append(self.catch)
        self.exits: list[tuple[list[Exit], Exit]] = []
        self.normal: Path = DEAD
        self.merged: Path = DEAD
        self.after = self.mark

    def merge(self) -> None:
        """Let all ways out meet, so that what comes now is walked through once for all."""
        if self.catch is not None and self.outer is not None:
            self.machine.catches.remove(self.catch)
            self.exits += [(self.outer.exits, exit_) for exit_ in self.catch.exits]
        self.exits += [(self.returns, exit_) for exit_ in self.ends.returns]
        self.ends.returns = self.returns
        for loop, breaks, continues in self.loops:
            self.exits += [(breaks, exit_) for exit_ in loop.breaks]
            self.exits += [(continues, exit_) for exit_ in loop.continues]
            loop.breaks, loop.continues = breaks, continues
        self.normal = self.machine.path
        arrive(self.machine, self.mark, [exit_ for _, exit_ in self.exits])
        self.merged = self.machine.path
        self.after = self.machine.state.mark()

    def release(self) -> None:
        """Send every exit on its way, with what has changed in between."""
        machine = self.machine
        if not self.exits or not machine.path:
            return
        whole = machine.path == self.merged
        overlay = machine.state.changes(self.after)
        for target, exit_ in self.exits:
            path = exit_.path if whole else half(exit_.path)
            target.append(Exit(path, {**exit_.delta, **overlay}, exit_.value))
            machine.exits += 1
        if not whole:
            self.normal = half(self.normal)
        machine.path = self.normal


def guarded(
    machine: Machine, frame: Frame, body: Callable[[], None], final: Callable[[], None]
) -> None:
    """Run something, and `final` after it on every way out."""
    capture = Capture(machine, frame)
    body()
    capture.merge()
    final()
    capture.release()


def swallowing(machine: Machine, body: Callable[[], None]) -> None:
    """Run something whose exceptions are forgotten."""
    before, catch = machine.path, Catch(machine.state.mark())
    machine.path = half(before)
    with watching(machine, catch):
        body()
        any_moment = machine.state.any_of(catch.mark)
    arrive(machine, catch.mark, [*catch.exits, Exit(half(before), any_moment)])


def try_statement(machine: Machine, node: ast.Try, frame: Frame) -> None:
    """Walk through a `try` statement."""
    if node.finalbody:
        guarded(
            machine,
            frame,
            lambda: _handled(machine, node, frame),
            lambda: machine.block(node.finalbody, frame),
        )
    else:
        _handled(machine, node, frame)


def _handled(machine: Machine, node: ast.Try, frame: Frame) -> None:
    if not node.handlers:
        machine.block(node.body, frame)
        machine.block(node.orelse, frame)
        return
    swallows = not all(_reraises(handler) for handler in node.handlers)
    state, before = machine.state, machine.path
    catch = Catch(state.mark())
    machine.path = half(before) if swallows else before
    with watching(machine, catch):
        machine.block(node.body, frame)
        any_moment = state.any_of(catch.mark)
    machine.block(node.orelse, frame)
    ways = [Exit(machine.path, state.changes(catch.mark))]
    state.rewind(catch.mark)
    thrown = [*catch.exits, Exit(half(before), any_moment)]
    path = join([exit_.path for exit_ in thrown]) if swallows else half(before)
    for handler in node.handlers:
        path = path if len(node.handlers) == 1 else half(path)
        ways.append(_caught(machine, handler, frame, thrown, path))
        state.rewind(catch.mark)
    machine.path = DEAD
    arrive(machine, catch.mark, ways)


def _caught(
    machine: Machine, handler: ast.ExceptHandler, frame: Frame, thrown: list[Exit], path: Path
) -> Exit:
    mark = machine.state.mark()
    machine.state.meet([exit_.delta for exit_ in thrown])
    machine.path = path
    kind = None if handler.type is None else machine.evaluate(handler.type, frame)
    kinds = kind.content.items if isinstance(kind, Seq) else (kind,)
    if handler.name:
        own = any(isinstance(value, Klass | Opaque) for kind in kinds for value in options(kind))
        machine.state.bind(frame.names, handler.name, Opaque() if own else PLAIN)
    machine.block(handler.body, frame)
    return Exit(machine.path, machine.state.changes(mark))


def _reraises(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler never lets anything go on."""
    if not handler.body or not isinstance(handler.body[-1], ast.Raise):
        return False
    leaving = ast.Return | ast.Break | ast.Continue | ast.Yield
    return not any(isinstance(node, leaving) for node in own_nodes(handler.body))
