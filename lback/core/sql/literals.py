"""SQL that stands in a migration as plain text, with its lines."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SqlLiteral:
    """One text given to an `execute`; `first` and `last` are the lines of the whole statement."""

    sql: str
    line: int
    first: int
    last: int


def sql_literals(source: bytes) -> tuple[SqlLiteral, ...]:
    """Return the texts that upgrade() of a revision executes, in their order.

    Takes `op.execute("...")` and `op.execute(sa.text("..."))`; a text that is put together at
    run time is left out. A source that does not parse has none.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    found = []
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef) or function.name != "upgrade":
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and (text := _executed(node)) is not None:
                last = node.end_lineno or node.lineno
                found.append(SqlLiteral(text.value, text.lineno, node.lineno, last))  # type: ignore[arg-type]
    return tuple(sorted(found, key=lambda one: one.line))


def _executed(call: ast.Call) -> ast.Constant | None:
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "execute" or not call.args:
        return None
    text = call.args[0]
    if isinstance(text, ast.Call) and text.args and _name(text.func) == "text":
        text = text.args[0]
    plain = isinstance(text, ast.Constant) and isinstance(text.value, str)
    return text if plain else None  # type: ignore[return-value]


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
