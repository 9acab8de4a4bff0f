"""The small ways in which a module can be wrong, each as the text of the module with it."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
_CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}
# What no test can see: types, what makes a class, text that nobody reads.
_UNSEEN = frozenset({"annotation", "returns", "decorator_list", "bases", "type_params"})


class Mutant(NamedTuple):
    """A module's text with one change on one line."""

    line: int
    kind: str
    text: str


def mutants(text: str) -> Iterator[Mutant]:
    """Yield every mutant of a module, but for those that no test could see."""
    source = text.encode()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in _seen(ast.parse(text)):
        for kind, new, *other in _changes(node):
            place = other[0] if other else node
            start = starts[place.lineno - 1] + place.col_offset
            end = starts[place.end_lineno - 1] + place.end_col_offset
            code = ast.unparse(new)
            code = f"({code})" if isinstance(new, ast.expr) else code
            mutant = (source[:start] + code.encode() + source[end:]).decode()
            if _compiles(mutant):
                yield Mutant(place.lineno, kind, mutant)


def _compiles(text: str) -> bool:
    try:
        compile(text, "mutant", "exec")
    except SyntaxError:  # an `elif` is no statement by itself
        return False
    return True


def _seen(node: ast.AST) -> Iterator[Any]:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
            return
        case ast.If(test=ast.Name("TYPE_CHECKING")) | ast.Subscript(value=ast.Name("Literal")):
            return
    if hasattr(node, "lineno"):
        yield node
    if isinstance(node, ast.JoinedStr):  # places inside it are wrong before Python 3.12
        return
    for field, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else [value]:
            if field not in _UNSEEN and isinstance(part, ast.AST):
                yield from _seen(part)


def _changes(node: ast.AST) -> Iterator[tuple[Any, ...]]:
    """Yield kind and new code, and the part of the node that it replaces where it is not all."""
    match node:
        case ast.IfExp(test=test) | ast.If(test=test) | ast.While(test=test):
            yield "condition negated", ast.UnaryOp(ast.Not(), test), test
            if isinstance(node, ast.If):
                yield "statement dropped", ast.Pass()
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            yield from _without_filters(node)
        case ast.Compare(ops=[operator]) if type(operator) in _SWAPPED:
            yield "comparison swapped", _with(node, ops=[_SWAPPED[type(operator)]()])
        case ast.BinOp(op=operator) if type(operator) in _SWAPPED:
            yield "operator swapped", _with(node, op=_SWAPPED[type(operator)]())
        case ast.BoolOp(op=operator, values=values):
            yield "and/or swapped", _with(node, op=_SWAPPED[type(operator)]())
            for index in range(len(values)):
                yield "branch dropped", _with(node, values=_without(values, index))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not removed", operand
        case ast.Constant(value=bool(value)):
            yield "constant changed", ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield "constant changed", ast.Constant(value + 1)
        case ast.Constant(value=str(value)):
            yield "constant changed", ast.Constant("" if value else "mutant")
        case ast.JoinedStr():
            yield "text dropped", ast.Constant("")
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield "value not returned", ast.Return(ast.Constant(None))
        case ast.Call():
            yield from _called(node)
        case ast.Tuple(elts=parts, ctx=ast.Load()) | ast.List(elts=parts) | ast.Set(elts=parts):
            for index in sorted({0, len(parts) - 1}) if len(parts) > 1 else ():
                yield "element dropped", _with(node, elts=_without(parts, index))
        case ast.Dict(keys=keys, values=values) if len(keys) > 1:
            yield "element dropped", _with(node, keys=keys[1:], values=values[1:])
        case (
            ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.Raise() | ast.AugAssign()
        ):
            yield "statement dropped", ast.Pass()
        case ast.Expr() | ast.For() | ast.Continue() | ast.Break() | ast.Delete():
            yield "statement dropped", ast.Pass()


def _called(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        yield "function swapped", _with(node, func=ast.Name(_CALLS[node.func.id]))
    if len(node.args) > 1 and not any(isinstance(each, ast.Starred) for each in node.args):
        first, second, *others = node.args
        yield "arguments swapped", _with(node, args=[second, first, *others])
    for index, keyword in enumerate(node.keywords):
        if keyword.arg:
            yield f"{keyword.arg}= dropped", _with(node, keywords=_without(node.keywords, index))


def _without_filters(node: Any) -> Iterator[tuple[str, ast.AST]]:
    for index, loop in enumerate(node.generators):
        for number, test in enumerate(loop.ifs):
            changed = [*node.generators]
            changed[index] = _with(loop, ifs=_without(loop.ifs, number))
            yield "filter dropped", _with(node, generators=changed)
            ifs = [*loop.ifs]
            ifs[number] = ast.UnaryOp(ast.Not(), test)
            changed = [*changed]
            changed[index] = _with(loop, ifs=ifs)
            yield "filter negated", _with(node, generators=changed)


def _with(node: Any, **fields: Any) -> Any:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _without(items: list[Any], index: int) -> list[Any]:
    return items[:index] + items[index + 1 :]
