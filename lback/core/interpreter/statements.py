"""`for` and `while`: rounds, and the ways to leave them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from lback.core.interpreter import targets
from lback.core.interpreter.choices import shuffled
from lback.core.interpreter.context_managers import with_statement
from lback.core.interpreter.decorators import define_class, define_function
from lback.core.interpreter.discharge import unknown
from lback.core.interpreter.flow import arrive, branch, leave, nothing, of_each, rounds, throw
from lback.core.interpreter.functions import own_nodes, try_statement
from lback.core.interpreter.library.catalogue import is_library
from lback.core.interpreter.machine import LoopEnds, Machine
from lback.core.interpreter.modules import bind_import, find, module
from lback.core.interpreter.operators import operate
from lback.core.interpreter.targets import assign, delete, set_attribute, set_item
from lback.core.interpreter.values import (
    MUTABLE,
    Arguments,
    Choice,
    Frame,
    Items,
    Klass,
    Map,
    Method,
    Name,
    Opaque,
    Seq,
    Value,
)  # fmt: skip

_MOST_ROUNDS = 200


def for_loop(machine: Machine, node: ast.For | ast.AsyncFor, frame: Frame) -> None:
    """Walk through a `for` loop: each item where they are known, else any number of rounds."""
    value = machine.evaluate(node.iter, frame)
    machine.at(node, frame)
    ends = machine.ends_of(frame)
    loop = LoopEnds(machine.state.mark(), machine.state.mark())
    ends.loops.append(loop)

    def one(item: Value) -> None:
        assign(machine, node.target, item, frame)
        _round(machine, loop, node, frame)

    mixed = shuffled(value)
    if mixed and isinstance(value, Seq) and any(map(_leaves, own_nodes(node.body))):
        value = Seq(Items(value.content.items, True, True))  # any of them may be the last
    try:
        machine.walk(value, one)
    finally:
        ends.loops.remove(loop)
    if mixed:
        machine.state.shuffle(loop.mark)
    machine.block(node.orelse, frame)
    arrive(machine, loop.mark, loop.breaks)


def _leaves(node: ast.AST) -> bool:
    return isinstance(node, ast.Break | ast.Return | ast.Raise)


def _round(
    machine: Machine, loop: LoopEnds, node: ast.For | ast.AsyncFor | ast.While, frame: Frame
) -> None:
    """Run the body once; what goes on to the next round meets at its end."""
    outer_mark, outer = loop.round_mark, loop.continues
    loop.round_mark, loop.continues = machine.state.mark(), []
    machine.step()
    machine.block(node.body, frame)
    arrive(machine, loop.round_mark, loop.continues)
    loop.round_mark, loop.continues = outer_mark, outer


def while_loop(machine: Machine, node: ast.While, frame: Frame) -> None:
    """Walk through a `while` loop: round by round while its test is known."""
    ends = machine.ends_of(frame)
    loop = LoopEnds(machine.state.mark(), machine.state.mark())
    ends.loops.append(loop)
    try:
        ended = _known_rounds(machine, loop, node, frame)
        if not ended:
            _unknown_rounds(machine, loop, node, frame)
    finally:
        ends.loops.remove(loop)
    machine.block(node.orelse, frame)
    arrive(machine, loop.mark, loop.breaks)


def _known_rounds(machine: Machine, loop: LoopEnds, node: ast.While, frame: Frame) -> bool:
    """Run rounds while the test is surely true; tell whether the loop has ended."""
    start = machine.path
    for _ in range(_MOST_ROUNDS):
        if not _endless(node):
            test = machine.test(node.test, frame)
            if test.may.empty:
                return True
            if not test.must.every:
                return False
        mark = machine.state.mark()
        _round(machine, loop, node, frame)
        if machine.dead:
            return True
        if machine.path != start or machine.state.mark() == mark:
            return False
    return False


def _endless(node: ast.While) -> bool:
    return isinstance(node.test, ast.Constant) and bool(node.test.value)


def _unknown_rounds(machine: Machine, loop: LoopEnds, node: ast.While, frame: Frame) -> None:
    def one(_: Value) -> None:
        test = machine.test(node.test, frame)
        branch(machine, test, lambda: _round(machine, loop, node, frame))

    with machine.repeating():
        rounds(machine, [None], one)
    if _endless(node):
        machine.die()


def leave_loop(machine: Machine, node: ast.Break | ast.Continue, frame: Frame) -> None:
    """Follow `break` and `continue`."""
    loops = machine.ends_of(frame).loops
    if not loops:
        machine.die()
    elif isinstance(node, ast.Break):
        loops[-1].breaks.append(leave(machine, loops[-1].mark))
    else:
        loops[-1].continues.append(leave(machine, loops[-1].round_mark))


def block(machine: Machine, body: Sequence[ast.stmt], frame: Frame) -> None:
    """Walk through statements until control certainly leaves."""
    for statement in body:
        if not machine.path:
            return
        machine.step()
        handler = _HANDLERS.get(type(statement))
        if handler is None:
            machine.at(statement, frame)
            unknown(machine, f"{type(statement).__name__} is not a kind of statement that is read")
        else:
            handler(machine, statement, frame)


def _expression(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if not isinstance(node, ast.Expr) or isinstance(node.value, ast.Constant):
        return
    value = machine.evaluate(node.value, frame)
    if isinstance(node.value, ast.Attribute) and isinstance(value, Method | Name | Opaque):
        strange = not isinstance(value, Name) or not is_library(value.path)
        if isinstance(value, Method):
            strange = isinstance(value.owner, Opaque | Name)
        if strange:
            machine.at(node, frame)
            reason = f"the attribute {node.value.attr} may do anything, and its code is not here"
            unknown(machine, reason)


def _assign(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.Assign):
        value = machine.evaluate(node.value, frame)
        for target in node.targets:
            assign(machine, target, value, frame)


def _annotated(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        assign(machine, node.target, machine.evaluate(node.value, frame), frame)


def _augmented(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if not isinstance(node, ast.AugAssign):
        return
    target = node.target
    if isinstance(target, ast.Name):
        held = machine.evaluate(ast.Name(target.id, ast.Load()), frame)
        value = _combined(machine, node, held, machine.evaluate(node.value, frame))
        assign(machine, target, value, frame)
    elif isinstance(target, ast.Attribute):
        holder = machine.evaluate(target.value, frame)
        held = machine.attribute(holder, target.attr)
        value = _combined(machine, node, held, machine.evaluate(node.value, frame))
        machine.at(node, frame)
        set_attribute(machine, holder, target.attr, value)
    elif isinstance(target, ast.Subscript):
        holder = machine.evaluate(target.value, frame)
        key = machine.evaluate(target.slice, frame)
        held = machine.item(holder, key)
        value = _combined(machine, node, held, machine.evaluate(node.value, frame))
        set_item(machine, holder, key, value)


def _combined(machine: Machine, node: ast.AugAssign, held: Value, value: Value) -> Value:
    """Return the outcome of `held += value`; lists and dicts are changed in place."""
    if isinstance(held, Choice) and any(isinstance(o, Seq | Map) for o in held.options):
        return of_each(machine, held, lambda item: _combined(machine, node, item, value))
    if isinstance(held, Seq) and held.kind in ("list", "deque") and isinstance(node.op, ast.Add):
        machine.call_with(Method(held, "extend"), Arguments([value]))
        return held
    if isinstance(held, Map) and isinstance(node.op, ast.BitOr):
        machine.call_with(Method(held, "update"), Arguments([value]))
        return held
    made = operate(machine, node.op, held, value).value
    if isinstance(held, Seq) and held.kind in MUTABLE:
        content = made.content if isinstance(made, Seq) else Items((), True)
        machine.state.fill(held, content.items, open=content.open, alike=content.alike)
        return held
    return made


def _if(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if not isinstance(node, ast.If):
        return
    test = machine.test(node.test, frame)
    if machine.path:
        branch(
            machine,
            test,
            lambda: machine.block(node.body, frame),
            lambda: machine.block(node.orelse, frame),
        )


def _assert(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.Assert):
        test = machine.test(node.test, frame)
        if machine.path:
            branch(machine, test, nothing, lambda: throw(machine))


def _return(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.Return):
        value = None if node.value is None else machine.evaluate(node.value, frame)
        if machine.path:
            ends = machine.ends_of(frame)
            ends.returns.append(leave(machine, ends.mark, value))


def _raise(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if not isinstance(node, ast.Raise):
        return
    if node.exc is not None and machine.catches:
        value = machine.evaluate(node.exc, frame)
        if isinstance(value, Klass):
            machine.call(value)
    elif node.exc is not None:
        # What leaves the migration undoes whatever making the exception does.
        exits = machine.exits
        machine.quiet += 1
        try:
            machine.evaluate(node.exc, frame)
        finally:
            machine.quiet -= 1
            machine.exits = exits
    throw(machine)


def _leave_loop(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.Break | ast.Continue):
        leave_loop(machine, node, frame)


def _for(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.For | ast.AsyncFor):
        for_loop(machine, node, frame)


def _while(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.While):
        while_loop(machine, node, frame)


def _try(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    # `except*` reads the same.
    try_statement(machine, node, frame)  # type: ignore[arg-type]


def _with(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.With | ast.AsyncWith):
        with_statement(machine, node, frame)


def _function(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        define_function(machine, node, frame)


def _class(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.ClassDef):
        define_class(machine, node, frame)


def _import(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return
    bind_import(machine, node, frame)
    star = isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    if star and not frame.scope.is_revision and isinstance(node, ast.ImportFrom):
        module(machine, node.module or "")


def _global(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.Global):
        for name in node.names:
            find(machine, name, frame.scope)
            frame.elsewhere[name] = frame.scope.names


def _nonlocal(_: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.Nonlocal):
        for name in node.names:
            outer = frame.closure
            while outer is not None and name not in outer.names.values:
                if name in outer.elsewhere:
                    break
                outer = outer.closure
            if outer is not None:
                frame.elsewhere[name] = outer.elsewhere.get(name, outer.names)


def _delete(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.Delete):
        for target in node.targets:
            delete(machine, target, frame)


def _match(machine: Machine, node: ast.stmt, frame: Frame) -> None:
    if isinstance(node, ast.Match):
        targets.match(machine, node, frame)


def _pass(_: Machine, __: ast.stmt, ___: Frame) -> None:
    pass


_HANDLERS: dict[type[ast.AST], Callable[[Machine, ast.stmt, Frame], None]] = {
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
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Delete: _delete,
    ast.Match: _match,
    ast.Pass: _pass,
}
for _name, _handler in (("TryStar", _try), ("TypeAlias", _pass)):
    if hasattr(ast, _name):
        _HANDLERS[getattr(ast, _name)] = _handler
