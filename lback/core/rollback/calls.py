"""The calls of a revision's text that made a column, or altered one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lback.core.effects import Effect

_MAKING = ("create_table", "add_column")


def calls(tree: ast.AST, name: str | None) -> Iterator[ast.Call]:
    """Yield the calls of a function or a method, of any without a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name is None or is_call(node, name)):
            yield node


def is_call(node: ast.expr, name: str) -> bool:
    """Tell whether an expression calls a function or a method of this name."""
    return isinstance(node, ast.Call) and (
        (isinstance(node.func, ast.Attribute) and node.func.attr == name)
        or (isinstance(node.func, ast.Name) and node.func.id == name)
    )


def within(node: ast.expr, line: int) -> bool:
    """Tell whether a line is one of an expression's."""
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def plain(node: ast.expr) -> str | None:
    """Return code that needs nothing but `op` and `sa`; None for any other."""
    names = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    return ast.unparse(node) if names <= {"op", "sa"} else None


def altering(tree: ast.AST, effect: Effect) -> ast.Call | None:
    """Return the call that altered a column, None where there is none or it cannot be told."""
    here = [call for call in calls(tree, "alter_column") if within(call, effect.line)]
    if len(here) > 1:  # they share a line
        here = [call for call in here if _speaks_of(call, effect)]
    return here[0] if len(here) == 1 else None


def _speaks_of(call: ast.Call, effect: Effect) -> bool:
    words = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
    return words in ([effect.name], [_table(effect), effect.name])


def _table(effect: Effect) -> str:
    """Return the name of an effect's table as its author wrote it, without the schema."""
    return (effect.table or "").rpartition(".")[2]


def from_column(tree: ast.AST, effect: Effect, name: str) -> str | None:
    """Return a property out of the `Column(...)` that made a column; None if it cannot be told."""
    found = {_property(column, name) for column in _columns(tree, effect)}
    return found.pop() if len(found) == 1 else None


def _columns(tree: ast.AST, effect: Effect) -> list[ast.Call]:
    """Return what may have made a column: its statement's, else what stands alone in the text."""
    making = [call for word in _MAKING for call in calls(tree, word)]
    here = [call for call in making if within(call, effect.line)]
    if len(here) > 1:  # they share a line
        here = [call for call in here if _first(call) in (_table(effect), None)]
    own = [column for call in here for column in _named(call, effect)]
    if own or not here:
        return own
    others = {column for call in making for column in _named(call, effect)}
    return [column for column in _named(tree, effect) if column not in others]


def _named(tree: ast.AST, effect: Effect) -> list[ast.Call]:
    return [column for column in calls(tree, "Column") if _first(column) == effect.name]


def _first(call: ast.Call) -> object:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) else None


def _property(column: ast.Call, name: str) -> str | None:
    words = {keyword.arg: keyword.value for keyword in column.keywords if keyword.arg}
    if name == "type_":
        value = words.get("type_") or (column.args[1] if len(column.args) > 1 else None)
        return plain(value) if value is not None else None
    if name in words:
        return plain(words[name])
    if name == "nullable":
        return repr("primary_key" not in words)
    return "None"
