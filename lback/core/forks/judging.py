"""The verdict on two effects, one of each side of a fork, whose touches clash."""

from __future__ import annotations

from lback.core.dialects import Dialects
from lback.core.effects import Effect
from lback.core.forks.matrix import SEVERITY, Clash
from lback.core.forks.touches import Touch
from lback.core.naming import key

# Aspects of a column that are the same after being set twice to the same.
_SETTLED = frozenset({"type", "nullable", "not null", "default", "comment"})


def exclusive(left: str | None, right: str | None) -> bool:
    """Tell whether two effects never run on the same dialect."""
    return (Dialects.of(left) & Dialects.of(right)).empty


def judge(
    left: Effect, right: Effect, touch: Touch, clash: Clash, *, alike: bool = False
) -> tuple[str, str, str]:
    """Return what a clash is about, its verdict, and why.

    `alike`: the table that both make has the same inside on both sides.
    """
    verdict, why = clash
    # The same from both sides.
    first, second = sorted((left, right), key=_rank)
    about = _about(first, second, touch)
    if _identical(left, right, alike):
        return about, "same", "both do the same"
    if left.object == right.object == "enum" and left.kind == right.kind == "alter":
        verdict, why = _labels(left, right)
    if verdict == "conflict" and not left.certain and not right.certain:
        verdict = "order-matters"
    return about, verdict, _told(left, right, why)


def _rank(effect: Effect) -> tuple[str, ...]:
    return (effect.object, effect.kind, effect.table or "", effect.name or "", effect.detail)


def _labels(left: Effect, right: Effect) -> tuple[str, str]:
    if left.detail != right.detail:
        return "order-matters", "the values would be sorted differently"
    return "conflict", "both add the value, and the second one fails"


def graver(left: str, right: str) -> bool:
    """Tell whether a verdict is graver than another."""
    return SEVERITY[left] > SEVERITY[right]


def _identical(left: Effect, right: Effect, alike: bool) -> bool:
    """Tell whether two effects do the same, so that the second one changes and fails nothing."""
    if left._replace(line=0) != right._replace(line=0):
        return False
    if left.guarded and left.kind in ("create", "drop", "alter"):
        if left.object == "table" and left.kind == "create":
            return alike
        return left.object != "column" or left.kind == "drop" or bool(left.sets)
    if left.object != "column" or left.kind != "alter" or not set(left.aspects) <= _SETTLED:
        return False
    said = dict(left.sets)
    known = all(said.get(one, "?") != "?" for one in left.aspects if one != "not null")
    # A conversion with an expression of its own converts a second time.
    return known and "?" not in said.values() and not left.uses and bool(left.aspects)


def _told(left: Effect, right: Effect, why: str) -> str:
    both_make = left.kind == right.kind == "create" and why.startswith("both would make it")
    if both_make and (left.detail, left.columns) != (right.detail, right.columns):
        return "both would make it, each in its own way, and the second one fails"
    return why


_OF_COLUMN = frozenset({"column", "type", "values", "nullable", "default", "comment"})
_BY_NAME = frozenset({"name", "foreign key", "trigger", "object", "constraint"})


def _about(left: Effect, right: Effect, touch: Touch) -> str:
    """Name what two effects are about: the object that the clash is of."""
    if touch.kind == "cascade":
        return f"{right.object} {right.name or right.table}"
    if touch.kind == "somewhere":
        one = left if left.object == "index" else right
        return f"index {one.name}"
    columns = [one.name for one in (left, right) if one.object == "column" and one.name]
    table = left.table or right.table
    if {left.object, right.object} == {"column"} and len(set(columns)) == 1:
        return f"column {table}.{columns[0]}"
    if left.object == right.object and left.name and left.name == right.name:
        return f"{left.object} {left.name}"
    if touch.kind in _OF_COLUMN and touch.only and len(touch.only) == 1:
        (column,) = touch.only
        return f"column {_spelled(left, right, touch.of)}.{_as_written(left, right, column)}"
    if touch.kind in _BY_NAME:
        meant = (touch.of.rpartition(" ")[2], *(touch.only or ()))
        for one in (left, right):
            if one.object != "column" and one.name and key(one.name) in meant:
                return f"{one.object} {one.name}"
    return f"table {_spelled(left, right, touch.of)}"


def _spelled(left: Effect, right: Effect, of: str) -> str:
    """Return a table as one of the effects spells it."""
    for one in (left, right):
        for name in (one.table, one.refers_to, *one.reads):
            if name and key(name) == of:
                return name
    return left.table or right.table or of


def _as_written(left: Effect, right: Effect, column: str) -> str:
    for one in (left, right):
        for name in (one.name, one.to, *one.columns):
            if name and name.casefold() == column:
                return name
    return column
