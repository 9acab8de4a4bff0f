"""What the names of a module hold after import, where its text alone tells."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any, NamedTuple


class UnknownValue(Enum):
    """The value of an expression that only running the code would tell."""

    UNKNOWN = "unknown"


UNKNOWN = UnknownValue.UNKNOWN
Value = str | None | tuple["Value", ...] | UnknownValue


class Binding(NamedTuple):
    """What a name holds: its value, the expression, and whether it is this name's alone."""

    value: Value
    node: ast.expr | None
    line: int
    plain: bool = True  # one unconditional assignment to one target


Scope = dict[str, Binding]


def bind(statements: Iterable[ast.stmt]) -> Scope:
    """Follow assignments at the top level of a module; the last one wins."""
    scope: Scope = {}
    _run(statements, scope)
    return scope


def hidden(statements: Iterable[ast.stmt], names: frozenset[str]) -> dict[str, int]:
    """Return those names that code can rebind inside an expression or a function, with lines."""
    lines: dict[str, int] = {}
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Global):
                lines |= dict.fromkeys(names.intersection(node.names), node.lineno)
            elif isinstance(node, ast.NamedExpr) and node.target.id in names:
                lines[node.target.id] = node.lineno
    return lines


def _run(statements: Iterable[ast.stmt], scope: Scope) -> None:
    for statement in statements:
        match statement:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    _assign(target, value, scope, plain=len(targets) == 1)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                _assign(target, value, scope, plain=True)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                whole = ast.BinOp(ast.Name(name, ast.Load()), op, value)
                known = evaluate(whole, scope)
                scope[name] = Binding(known, None, statement.lineno, plain=False)
            case ast.Delete(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        scope.pop(target.id, None)
            case ast.With(body=body) | ast.AsyncWith(body=body):
                _run(body, scope)
            case _:
                _define(statement, scope)
                _branch(_ways(statement), scope)


def _assign(target: ast.expr, value: ast.expr, scope: Scope, *, plain: bool) -> None:
    if isinstance(target, ast.Name):
        known = evaluate(value, scope)
        scope[target.id] = Binding(known, value, target.lineno, plain)
        return
    if not isinstance(target, (ast.Tuple, ast.List)):
        return
    parts: Sequence[ast.expr | None] = [None] * len(target.elts)
    if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
        parts = value.elts
    # All right hand sides are evaluated before the first name is bound.
    before = dict(scope)
    for item, part in zip(target.elts, parts, strict=True):
        if isinstance(item, ast.Starred):
            _assign(item.value, ast.Starred(value), scope, plain=False)
        elif isinstance(item, ast.Name):
            known = UNKNOWN if part is None else evaluate(part, before)
            scope[item.id] = Binding(known, part, item.lineno, plain)
        elif part is not None:
            _assign(item, part, scope, plain=plain)


def _define(statement: ast.stmt, scope: Scope) -> None:
    """Bind what imports, definitions and loops name; their values are unknown."""
    names: list[str] = []
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        names = [(alias.asname or alias.name).split(".")[0] for alias in statement.names]
    elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        names = [statement.name]
    elif isinstance(statement, (ast.For, ast.AsyncFor)):
        names = [node.id for node in ast.walk(statement.target) if isinstance(node, ast.Name)]
    for name in names:
        scope[name] = Binding(UNKNOWN, None, statement.lineno, plain=False)


def _ways(statement: ast.stmt) -> list[list[ast.stmt]]:
    """Return the alternative runs of statements that a compound statement may take."""
    match statement:
        case ast.If(body=body, orelse=orelse):
            return [body, orelse]
        case ast.For(body=body, orelse=orelse) | ast.While(body=body, orelse=orelse):
            return [[*body, *orelse], orelse]
        case ast.Match(cases=cases):
            return [*(case.body for case in cases), []]
    if type(statement).__name__ in ("Try", "TryStar"):  # the second exists from 3.11 on
        return _try_ways(statement)
    return []


def _try_ways(statement: Any) -> list[list[ast.stmt]]:
    failed = [handler.body for handler in statement.handlers]
    return [
        [*statement.body, *statement.orelse, *statement.finalbody],
        *([*way, *statement.finalbody] for way in failed if not isinstance(way[-1], ast.Raise)),
    ]


def _branch(ways: list[list[ast.stmt]], scope: Scope) -> None:
    """Run every way on its own; a name on which they disagree is unknown."""
    if not ways:
        return
    ends: list[Scope] = []
    for way in ways:
        end = dict(scope)
        _run(way, end)
        ends.append(end)
    for name in {name for end in ends for name in end}:
        bound = [end.get(name) for end in ends]
        known = [binding for binding in bound if binding is not None]
        if all(binding == known[0] for binding in bound):
            continue_with = known[0]
        elif len(known) == len(bound) and len({repr(binding.value) for binding in known}) == 1:
            continue_with = known[0]._replace(plain=False)
        else:
            continue_with = Binding(UNKNOWN, None, known[0].line, plain=False)
        if continue_with != scope.get(name):
            continue_with = continue_with._replace(plain=False)
        scope[name] = continue_with


def evaluate(node: ast.expr, scope: Scope) -> Value:
    """Return the value of an expression of strings, None, tuples and known names."""
    match node:
        case ast.Constant(value=None | str() as value):
            return value
        case ast.Name(id=name):
            return scope[name].value if name in scope else UNKNOWN
        case ast.Tuple(elts=elts) | ast.List(elts=elts):
            return _series(elts, scope)
        case ast.Set(elts=elts):
            members = _series(elts, scope)
            return tuple(sorted(members, key=repr)) if isinstance(members, tuple) else UNKNOWN
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _sum(evaluate(left, scope), evaluate(right, scope))
        case ast.JoinedStr(values=values):
            return _joined(values, scope)
        case ast.IfExp(body=body, orelse=orelse):
            option, other = evaluate(body, scope), evaluate(orelse, scope)
            return option if option == other else UNKNOWN
    return UNKNOWN


def _series(elts: Iterable[ast.expr], scope: Scope) -> Value:
    items: list[Value] = []
    for element in elts:
        starred = isinstance(element, ast.Starred)
        value = evaluate(element.value if isinstance(element, ast.Starred) else element, scope)
        if value is UNKNOWN or (starred and not isinstance(value, tuple)):
            return UNKNOWN
        if starred and isinstance(value, tuple):
            items.extend(value)
        else:
            items.append(value)
    return tuple(items)


def _sum(left: Value, right: Value) -> Value:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, tuple) and isinstance(right, tuple):
        return left + right
    return UNKNOWN


def _joined(values: Iterable[ast.expr], scope: Scope) -> Value:
    parts: list[str] = []
    for item in values:
        if isinstance(item, ast.FormattedValue):
            value = evaluate(item.value, scope) if item.format_spec is None else UNKNOWN
            if item.conversion != -1:
                return UNKNOWN
        else:
            value = evaluate(item, scope)
        if not isinstance(value, str):
            return UNKNOWN
        parts.append(value)
    return "".join(parts)
