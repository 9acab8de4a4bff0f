"""Sorting: a key function and `__lt__` of the project's own objects run on the way."""

from __future__ import annotations

from collections.abc import Sequence

from lback.core.interpreter.classes import special
from lback.core.interpreter.flow import perhaps
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import MISSING
from lback.core.interpreter.values import PLAIN, Arguments, Instance, Value


def compared(machine: Machine, items: Sequence[Value], arguments: Arguments) -> None:
    """Follow what sorting the items calls: `key` with each, or each object's `__lt__`."""
    key = arguments.keywords.get("key")
    if key is not None:
        for one in items:
            machine.call(key, one)
        return
    for one in items:
        method = special(machine, one, "__lt__") if isinstance(one, Instance) else MISSING
        if method is not MISSING:
            perhaps(machine, lambda method=method: _compare(machine, method))  # type: ignore[misc]


def _compare(machine: Machine, method: Value) -> None:
    machine.call(method, PLAIN)
