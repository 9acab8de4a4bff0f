"""Where control leaves, and where paths meet again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from lback.core.interpreter.machine import Catch, Exit, Machine
from lback.core.interpreter.paths import Path, double, join, limited, split
from lback.core.interpreter.values import ANY, Test, Value


def leave(machine: Machine, mark: int, value: Value = None) -> Exit:
    """Return the exit that control takes here; what follows is not reached."""
    found = Exit(machine.path, machine.state.changes(mark), value)
    machine.exits += 1
    machine.die()
    return found


def throw(machine: Machine) -> None:
    """Raise an exception: to the `try` around, or out of the migration, which undoes it all."""
    if machine.catches:
        catch = machine.catches[-1]
        catch.exits.append(leave(machine, catch.mark))
    machine.die()


def arrive(machine: Machine, mark: int, exits: Sequence[Exit]) -> None:
    """Let exits, whose changes are told from the mark on, meet the path that is here."""
    arriving = [one for one in exits if one.path]
    if not arriving:
        return
    deltas = [one.delta for one in arriving]
    if machine.path:
        deltas.append(machine.state.changes(mark))
    machine.state.rewind(mark)
    machine.state.meet(deltas)
    machine.path = join([machine.path, *(one.path for one in arriving)])


def branch(
    machine: Machine, test: Test, first: Callable[[], None], second: Callable[[], None]
) -> None:
    """Walk through both branches of a test and let them meet."""
    before = machine.path
    yes, no = split(before, test)
    if not no:
        first()
        return
    if not yes:
        second()
        return
    state = machine.state
    mark, exits = state.mark(), machine.exits
    machine.path = yes
    first()
    after, delta = machine.path, state.changes(mark)
    state.rewind(mark)
    # A branch that raises for good leaves the other one as the only way.
    machine.path = no if after or machine.exits != exits else limited(before, ~test.must)
    exits = machine.exits
    second()
    if not machine.path:
        state.rewind(mark)
        state.apply(delta)
        machine.path = after if machine.exits != exits else _whole(after, before, test)
    elif after:
        other = state.changes(mark)
        state.rewind(mark)
        state.meet([delta, other])
        machine.path = join([after, machine.path])


def _whole(after: Path, before: Path, test: Test) -> Path:
    """Return the path of a first branch whose other never goes on."""
    if after == split(before, test)[0]:
        return limited(before, test.may)
    return after if not test.must.empty else double(after)


def perhaps(machine: Machine, body: Callable[[], None]) -> None:
    """Walk through what may run or not."""
    branch(machine, ANY, body, _nothing)


def _nothing() -> None:
    pass


def watching(machine: Machine, catch: Catch | None) -> AbstractContextManager[object]:
    """Let exceptions inside go to a `try`."""
    return _Watch(machine, catch) if catch is not None else nullcontext()


class _Watch:
    def __init__(self, machine: Machine, catch: Catch) -> None:
        self.machine = machine
        self.catch = catch

    def __enter__(self) -> None:
        self.machine.catches.append(self.catch)
        self.machine.state.watched += 1

    def __exit__(self, *_: object) -> None:
        self.machine.catches.remove(self.catch)
        self.machine.state.watched -= 1
        if not self.machine.state.watched:
            self.machine.state.seen.clear()
