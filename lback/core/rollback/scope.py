"""The names that statements give to the block around them, and take from it."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator


def bound(node: ast.AST | None) -> Iterator[str]:
    """Yield the names that a statement gives to its own block."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name.split(".")[0]
    elif node is not None:
        for item in ast.walk(node):
            if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
                yield item.id


def loaded(node: ast.AST | None) -> Iterator[str]:
    """Yield the names that a statement uses."""
    for item in ast.walk(node) if node is not None else ():
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load):
            yield item.id


def locals_of(function: ast.FunctionDef) -> Iterator[str]:
    """Yield the names that a function gives to anything inside of it."""
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.stmt) and node is not function:
            yield from bound(node)


def only(node: ast.Import | ast.ImportFrom, wanted: set[str]) -> str:
    """Return an import of just the names that are wanted."""
    part = copy.copy(node)
    part.names = [name for name in node.names if (name.asname or name.name.split(".")[0]) in wanted]
    return ast.unparse(part)
