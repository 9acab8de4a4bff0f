"""Arithmetic on what is known: strings, lists, dicts, numbers."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from lback.core.reader.machine import Machine
from lback.core.reader.schema_values import Sql, Statement
from lback.core.reader.strings import percent
from lback.core.reader.values import NOTHING_KNOWN, Holed, Map, Opaque, Seq, Value, join, reaches

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitOr: operator.or_,
}


def operate(machine: Machine, kind: ast.operator, left: Value, right: Value) -> Value:
    """Return what is known of `left operator right`."""
    if isinstance(kind, ast.Mod) and isinstance(left, str | Holed):
        return percent(left, right)
    if isinstance(kind, ast.Add) and (
        isinstance(left, str | Holed | Sql) or isinstance(right, str | Holed | Sql)
    ):
        return join(left, right)
    if isinstance(left, Seq) and isinstance(right, Seq) and not isinstance(kind, ast.Mult):
        if isinstance(kind, ast.Add | ast.BitOr):
            return Seq(left.items + right.items, left.open or right.open, machine.level)
        return Seq(left.items, True, machine.level)
    if isinstance(left, Seq) and isinstance(kind, ast.Add):
        return Seq(left.items, True, machine.level)
    if isinstance(left, Map) and isinstance(right, Map) and isinstance(kind, ast.BitOr):
        return Map({**left.items, **right.items}, left.open or right.open, machine.level)
    if isinstance(left, Statement):
        return left
    function = _OPERATORS.get(type(kind))
    if function and isinstance(left, int | float) and isinstance(right, int | float):
        try:
            return function(left, right)
        except (ArithmeticError, TypeError, ValueError):
            return NOTHING_KNOWN
    return Opaque(reaches=reaches(left) or reaches(right))
