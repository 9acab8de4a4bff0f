"""`try`, `except`, `finally`: where exceptions go, and what runs on every way out."""

from __future__ import annotations

import ast
from collections.abc import Callable

from lback.core.interpreter.flow import arrive, watching
from lback.core.interpreter.functions import own_nodes
from lback.core.interpreter.machine import Catch, Exit, Machine
from lback.core.interpreter.paths import DEAD, Path, half, join
from lback.core.interpreter.values import PLAIN, Frame


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
            self.exits += [(self.outer.exits, one) for one in self.catch.exits]
        self.exits += [(self.returns, one) for one in self.ends.returns]
        self.ends.returns = self.returns
        for loop, breaks, continues in self.loops:
            self.exits += [(breaks, one) for one in loop.breaks]
            self.exits += [(continues, one) for one in loop.continues]
            loop.breaks, loop.continues = breaks, continues
        self.normal = self.machine.path
        arrive(self.machine, self.mark, [one for _, one in self.exits])
        self.merged = self.machine.path
        self.after = self.machine.state.mark()

    def release(self) -> None:
        """Send every exit on its way, with what has changed in between."""
        machine = self.machine
        if not self.exits or not machine.path:
            return
        whole = machine.path == self.merged
        overlay = machine.state.changes(self.after)
        for target, one in self.exits:
            path = one.path if whole else half(one.path)
            target.append(Exit(path, {**one.delta, **overlay}, one.value))
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
    path = join([one.path for one in thrown]) if swallows else half(before)
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
    machine.state.meet([one.delta for one in thrown])
    machine.path = path
    if handler.type is not None:
        machine.evaluate(handler.type, frame)
    if handler.name:
        machine.state.bind(frame.names, handler.name, PLAIN)
    machine.block(handler.body, frame)
    return Exit(machine.path, machine.state.changes(mark))


def _reraises(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler never lets anything go on."""
    if not handler.body or not isinstance(handler.body[-1], ast.Raise):
        return False
    leaving = ast.Return | ast.Break | ast.Continue | ast.Yield
    return not any(isinstance(one, leaving) for one in own_nodes(handler.body))
