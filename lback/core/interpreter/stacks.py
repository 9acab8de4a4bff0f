"""What a contextlib.ExitStack does when it is left."""

from __future__ import annotations

from lback.core.interpreter.discharge import Discharge, followed
from lback.core.interpreter.flow import perhaps
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.values import Arguments, Stack


def leave_stack(machine: Machine, owner: Stack) -> Discharge:
    """Run what an ExitStack was told to run when it is left, the last first."""
    content = owner.callbacks.content
    machine.state.fill(owner.callbacks, [], open=False)
    for one in reversed(content.items):
        if content.open:
            perhaps(machine, lambda one=one: _void(machine.call_with(one, Arguments())))  # type: ignore[misc]
        else:
            machine.call_with(one, Arguments())
    return followed(None)


def _void(_: Discharge) -> None:
    pass
