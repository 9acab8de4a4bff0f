"""Comparisons: what Python says of what is known, and nothing where it is not."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from lback.core.dialects import NO_DIALECT, Dialects
from lback.core.interpreter.choices import (
    ALIASES,
    KNOWN,
    dialect_named,
    dialects_named,
    dialects_whose,
    invert,
    is_constant,
    is_object,
    members,
)  # fmt: skip
from lback.core.interpreter.flow import of_each
from lback.core.interpreter.folding import UNREAD, fold
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.schema import ExprV, merged
from lback.core.interpreter.values import (
    ANY,
    Choice,
    Dialect,
    Func,
    Instance,
    Items,
    Klass,
    Map,
    Seq,
    Test,
    Text,
    Value,
)  # fmt: skip

_OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], object]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip


def compare(machine: Machine, kind: ast.cmpop, left: Value, right: Value) -> Value:
    """Return what is known about a comparison."""
    if isinstance(left, Dialect) or isinstance(right, Dialect):
        return _dialect_test(kind, left, right)
    if isinstance(left, ExprV) or isinstance(right, ExprV):
        return merged([expression for expression in (left, right) if isinstance(expression, ExprV)])
    if isinstance(left, Choice):
        return of_each(machine, left, lambda option: compare(machine, kind, option, right))
    if isinstance(right, Choice):
        return of_each(machine, right, lambda option: compare(machine, kind, left, option))
    if isinstance(kind, ast.Is | ast.IsNot):
        return _is(left, right, isinstance(kind, ast.Is))
    if isinstance(kind, ast.In | ast.NotIn):
        return _contains(machine, left, right, isinstance(kind, ast.In))
    found = fold(machine, _OPERATORS[type(kind)], left, right)
    return found if isinstance(found, bool) else ANY


def _is(left: Value, right: Value, wanted: bool) -> Value:
    if right is None or left is None:
        other = left if right is None else right
        if other is None:
            return wanted
        known = is_object(other) or is_constant(other) or isinstance(other, Seq | Map | Text)
        return (not wanted) if known or isinstance(other, Instance) else ANY
    if isinstance(left, bool) and isinstance(right, bool):
        return (left is right) is wanted
    if left is right and isinstance(left, Seq | Map | Instance | Klass | Func):
        return wanted
    return ANY


def _contains(machine: Machine, left: Value, right: Value, wanted: bool) -> Value:
    found = fold(machine, operator.contains, right, left)
    if found is not UNREAD:
        return found is wanted if isinstance(found, bool) else ANY
    if isinstance(right, Seq | Map) and not right.content.open and is_constant(left):
        known = [item for item in members(right) if is_constant(item)]
        if fold(machine, operator.contains, Seq(Items(tuple(known))), left) is True:
            return wanted
    return ANY


def _dialect_test(kind: ast.cmpop, left: Value, right: Value) -> Value:
    if isinstance(left, Dialect) and isinstance(right, Dialect):
        return ANY
    other = right if isinstance(left, Dialect) else left
    found: Dialects | None = NO_DIALECT
    if isinstance(kind, ast.In | ast.NotIn):
        if not isinstance(left, Dialect):
            # "sqlite" in dialect.name: a part of the name.
            if not isinstance(other, str):
                return ANY
            whole = other in KNOWN or other in ALIASES
            test = dialect_named(other) if whole else dialects_whose(lambda name: other in name)
            return test if isinstance(kind, ast.In) else invert(test)
        if isinstance(other, Seq | Map) and not other.content.open:
            for member in members(other):
                inner = dialects_named(member)
                found = None if found is None or inner is None else found | inner
        else:
            found = None
    else:
        found = dialects_named(other)
    if found is None:
        return ANY
    test = Test(found, found)
    if isinstance(kind, ast.Eq | ast.In | ast.Is):
        return test
    return invert(test) if isinstance(kind, ast.NotEq | ast.NotIn | ast.IsNot) else ANY
