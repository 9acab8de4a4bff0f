"""Tests: whether a branch runs, does not, or runs on some dialects only."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from lback.core.dialects import EVERY_DIALECT, Dialects
from lback.core.reader.schema_values import (
    ColumnV,
    ConstraintV,
    IndexV,
    MetaData,
    Sql,
    Statement,
    TableV,
    TypeV,
)
from lback.core.reader.values import (
    NOTHING_KNOWN,
    Choice,
    DialectTest,
    DialectV,
    Func,
    Handle,
    Holed,
    Instance,
    Klass,
    Map,
    Module,
    Seq,
    Value,
    choice,
    is_constant,
)

# What drivers and people call the dialects that Alembic names otherwise.
_ALIASES = {"postgres": "postgresql", "psycopg2": "postgresql", "asyncpg": "postgresql"}


_OBJECTS = (
    Func,
    Klass,
    TableV,
    ColumnV,
    TypeV,
    ConstraintV,
    IndexV,
    MetaData,
    Module,
    Statement,
    Sql,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a test says: `truth` where known; else the dialects of either outcome.

    `exact`: nothing but the dialect decides.
    """

    truth: bool | None = None
    exact: bool = False
    yes: Dialects = EVERY_DIALECT
    no: Dialects = EVERY_DIALECT


def decide(value: Value) -> Verdict:
    """Say what is known about the truth of a value."""
    if isinstance(value, DialectTest):
        return Verdict(None, True, value.on, ~value.on)
    if is_constant(value):
        return Verdict(bool(value))
    if isinstance(value, Seq | Map):
        return Verdict(None if value.open else bool(value.items))
    if isinstance(value, Instance) and value.of == "bool":
        return _mixed(value)
    if isinstance(value, Choice):
        truths = {decide(one).truth for one in value.options}
        return Verdict(truths.pop() if len(truths) == 1 else None)
    return Verdict(True if is_something(value) else None)


def is_something(value: Value) -> bool:
    """Tell whether a value is surely an object: neither None nor something empty."""
    if isinstance(value, Handle):
        return value.kind in ("bind", "session", "batch", "context")
    return isinstance(value, _OBJECTS)


def _mixed(value: Instance) -> Verdict:
    """Judge `dialect test and/or something unknown`."""
    on = EVERY_DIALECT
    if value.fields["and"]:
        for test in value.fields["tests"]:
            on = on & test.on
        return Verdict(None, False, on, EVERY_DIALECT)
    for test in value.fields["tests"]:
        on = on & ~test.on
    return Verdict(None, False, EVERY_DIALECT, on)


def negate(value: Value) -> Value:
    """Return `not value`."""
    if isinstance(value, DialectTest):
        return DialectTest(~value.on)
    if isinstance(value, Instance) and value.of == "bool":
        tests = [DialectTest(~one.on) for one in value.fields["tests"]]
        return Instance("bool", fields={"tests": tests, "and": not value.fields["and"]})
    truth = decide(value).truth
    return NOTHING_KNOWN if truth is None else not truth


def compare(kind: ast.cmpop, left: Value, right: Value) -> Value:
    """Return what is known about a comparison."""
    if isinstance(left, DialectV) or isinstance(right, DialectV):
        return _dialect_test(kind, left, right)
    if isinstance(left, Choice) and not isinstance(right, Choice):
        return choice([compare(kind, one, right) for one in left.options])
    if isinstance(kind, ast.Is | ast.IsNot) and right is None:
        return _is_none(left, isinstance(kind, ast.Is))
    if not is_constant(left):
        return NOTHING_KNOWN
    if isinstance(kind, ast.In | ast.NotIn):
        return _contains(left, right, isinstance(kind, ast.In))
    if is_constant(right):
        return _constants(kind, left, right)
    return NOTHING_KNOWN


def _is_none(value: Value, wanted: bool) -> Value:
    if value is None:
        return wanted
    known = is_something(value) or is_constant(value) or isinstance(value, Seq | Map | Holed)
    return (not wanted) if known else NOTHING_KNOWN


def _contains(left: Value, right: Value, wanted: bool) -> Value:
    if isinstance(right, str) and isinstance(left, str):
        return (left in right) is wanted
    if isinstance(right, Seq | Map):
        items = list(right.items)
        if not right.open and any(is_constant(one) and one == left for one in items):
            return wanted
        if not right.open and all(is_constant(one) for one in items):
            return not wanted
    return NOTHING_KNOWN


def _constants(kind: ast.cmpop, left: Value, right: Value) -> Value:
    try:
        if isinstance(kind, ast.Eq | ast.Is):
            return bool(left == right)
        if isinstance(kind, ast.NotEq | ast.IsNot):
            return bool(left != right)
        if isinstance(kind, ast.Lt):
            return bool(left < right)
        if isinstance(kind, ast.LtE):
            return bool(left <= right)
        if isinstance(kind, ast.Gt):
            return bool(left > right)
        if isinstance(kind, ast.GtE):
            return bool(left >= right)
    except TypeError:
        pass
    return NOTHING_KNOWN


def _dialect_test(kind: ast.cmpop, left: Value, right: Value) -> Value:
    other = right if isinstance(left, DialectV) else left
    if isinstance(other, Seq) and not other.open and isinstance(left, DialectV):
        names = [one for one in other.items if isinstance(one, str)]
        complete = len(names) == len(other.items)
    else:
        names, complete = ([other], True) if isinstance(other, str) else ([], False)
    if isinstance(other, Map) and not other.open:
        names, complete = [one for one in other.items if isinstance(one, str)], True
    if not complete:
        return NOTHING_KNOWN
    on = Dialects(frozenset(_ALIASES.get(one, one) for one in names), but=False)
    if isinstance(kind, ast.Eq | ast.In | ast.Is):
        return DialectTest(on)
    if isinstance(kind, ast.NotEq | ast.NotIn | ast.IsNot):
        return DialectTest(~on)
    return NOTHING_KNOWN


def dialect_named(name: str) -> DialectTest:
    """Return the test for one dialect."""
    return DialectTest(Dialects(frozenset({_ALIASES.get(name, name)}), but=False))
