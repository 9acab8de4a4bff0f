"""The top level of a module, indexed by name; nothing is evaluated before it is asked for."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import lru_cache

from lback.core.reader.values import Value

_BLOCKS = (ast.If, ast.Try, ast.With, ast.For, ast.While)


@dataclass(slots=True, eq=False)
class Scope:
    """One module: what binds which name, and what was found to be behind it."""

    package: str  # "" for the revision itself
    bindings: dict[str, list[ast.stmt]]
    values: dict[str, Value] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    running: set[int] = field(default_factory=set)
    is_revision: bool = False
    stars: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def parsed(source: bytes) -> ast.Module | None:
    """Parse a source; None when it is not Python. Read-only: the tree is shared."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def index(body: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """Map each top-level name to the statements that bind or change it, in order."""
    found: dict[str, list[ast.stmt]] = {}
    for statement in body:
        for name in _names(statement):
            found.setdefault(name, []).append(statement)
    return found


def _names(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import):
        return [one.asname or one.name.split(".", 1)[0] for one in statement.names]
    if isinstance(statement, ast.ImportFrom):
        return [one.asname or one.name for one in statement.names]
    if isinstance(statement, ast.Assign):
        return [name for target in statement.targets for name in _targets(target)]
    if isinstance(statement, ast.AnnAssign | ast.AugAssign):
        return _targets(statement.target)
    if isinstance(statement, ast.Expr):
        return _changed(statement.value)
    if isinstance(statement, _BLOCKS):
        return [name for inner in _inner(statement) for name in _names(inner)] + (
            _targets(statement.target) if isinstance(statement, ast.For) else []
        )
    return []


def _inner(statement: ast.stmt) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for part in ("body", "orelse", "finalbody"):
        found.extend(getattr(statement, part, ()))
    for handler in getattr(statement, "handlers", ()):
        found.extend(handler.body)
    return found


def _targets(target: ast.expr) -> list[str]:
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, ast.Tuple | ast.List):
        return [name for one in target.elts for name in _targets(one)]
    if isinstance(target, ast.Starred | ast.Subscript | ast.Attribute):
        return _targets(target.value)
    return []


def _changed(expression: ast.expr) -> list[str]:
    """Return the name whose value a statement like `names.append(x)` changes."""
    if (
        isinstance(expression, ast.Call)
        and isinstance(expression.func, ast.Attribute)
        and isinstance(expression.func.value, ast.Name)
    ):
        return [expression.func.value.id]
    return []
