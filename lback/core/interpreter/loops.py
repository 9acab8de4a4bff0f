"""`for` and `while`: rounds, and the ways to leave them."""

from __future__ import annotations

import ast

from lback.core.interpreter.flow import arrive, branch, leave
from lback.core.interpreter.machine import LoopEnds, Machine
from lback.core.interpreter.rounds import rounds
from lback.core.interpreter.targets import assign
from lback.core.interpreter.values import Frame, Value

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

    try:
        machine.walk(value, one)
    finally:
        ends.loops.remove(loop)
    machine.block(node.orelse, frame)
    arrive(machine, loop.mark, loop.breaks)


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
        branch(machine, test, lambda: _round(machine, loop, node, frame), _nothing)

    with machine.repeating():
        rounds(machine, [None], one)
    if _endless(node):
        machine.die()


def _nothing() -> None:
    pass


def leave_loop(machine: Machine, node: ast.Break | ast.Continue, frame: Frame) -> None:
    """Follow `break` and `continue`."""
    loops = machine.ends_of(frame).loops
    if not loops:
        machine.die()
    elif isinstance(node, ast.Break):
        loops[-1].breaks.append(leave(machine, loops[-1].mark))
    else:
        loops[-1].continues.append(leave(machine, loops[-1].round_mark))
