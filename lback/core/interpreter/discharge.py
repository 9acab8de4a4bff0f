"""How the reading of a construct that may reach the database has ended.

A call, a `with`, a decorator, an iteration, an attribute or a subscript with behaviour and a
statement that is sent opens an obligation. What evaluates it has to return a Discharge, and
there are four ways to get one. To say nothing is therefore an error of types, not an
oversight.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

from lback.core.interpreter.values import Opaque, Value

NOTHING = Opaque()


class Recorder(Protocol):
    """Where unknowns are written down."""

    def cannot_read(self, reason: str, tables: tuple[str, ...] = ()) -> None:
        """Record that something here may touch the database and could not be read."""


class Discharge(NamedTuple):
    """An obligation that was met: by what, and the value that came of it."""

    by: Literal["effects", "followed", "pure", "unknown"]
    value: Value
    rule: str = ""


def effects(value: Value = None) -> Discharge:
    """Say that everything it does was recorded as effects, reads and unknowns."""
    return Discharge("effects", value)


def followed(value: Value) -> Discharge:
    """Say that its code is the project's own and was walked through."""
    return Discharge("followed", value)


def pure(rule: str, value: Value) -> Discharge:
    """Say that it cannot reach the database, and by which rule that is known."""
    return Discharge("pure", value, rule)


def unknown(
    recorder: Recorder, reason: str, tables: tuple[str, ...] = (), value: Value = NOTHING
) -> Discharge:
    """Record that it is not understood."""
    recorder.cannot_read(reason, tables)
    return Discharge("unknown", value if value is not NOTHING else Opaque())
