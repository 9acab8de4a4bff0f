"""A module's text as a tree, in bounded time and memory, and what binds which of its names."""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache

# Every piece of syntax costs some hundred bytes; a file of a megabyte may hold half a million.
MOST_BYTES = 2_000_000
MOST_PIECES = 120_000
_PIECE = re.compile(rb"[\n;,()\[\]{}+\-*/%.=<>:@|&^~]|\b(?:not|and|or|in|is|if|lambda|await)\b")
_BLOCKS = (ast.If, ast.Try, ast.With, ast.For, ast.While)


class Unparsable(Exception):
    """Says that a text is not Python, or more of it than is read."""


def parsed(source: bytes) -> ast.Module:
    """Parse a source; raises Unparsable. Read-only: the tree may be shared."""
    if len(source) < _SHARED:
        tree = _shared(source)
    elif len(source) < _SHARED_BIG:
        tree = _shared_big(source)  # an application's models, which many revisions import
    else:
        return _parsed(source)
    if isinstance(tree, str):
        raise Unparsable(tree)
    return tree


_SHARED = 60_000
_SHARED_BIG = 300_000


@lru_cache(maxsize=2)
def _shared_big(source: bytes) -> ast.Module | str:
    return _kept(source)


@lru_cache(maxsize=256)
def _shared(source: bytes) -> ast.Module | str:
    return _kept(source)


def _kept(source: bytes) -> ast.Module | str:
    try:
        return _parsed(source)
    except Unparsable as problem:
        return str(problem)


def _parsed(source: bytes) -> ast.Module:
    if len(source) > MOST_BYTES:
        raise Unparsable("the file is too big to be read")
    if len(source) > _SHARED:
        _check_size(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError):
        raise Unparsable("the file is not Python that can be parsed") from None
    except (RecursionError, MemoryError):
        raise Unparsable("the file is nested too deep to be read") from None


def _check_size(source: bytes) -> None:
    """Refuse a text that would take more memory than is given to one file."""
    for pieces, _ in enumerate(_PIECE.finditer(source)):
        if pieces > MOST_PIECES:
            raise Unparsable("the file holds too much code to be read")


def bindings(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    """Map each top-level name to the statements that bind or change it, in order."""
    by_name: dict[str, list[ast.stmt]] = {}
    changes = changed_by_functions(tree)
    for statement in tree.body:
        for name in names_of(statement):
            held = by_name.setdefault(name, [])
            if not held or held[-1] is not statement:
                held.append(statement)
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in statement.decorator_list:
                # A decorator of the module may put what it decorates into a list of the module.
                root = _root(decorator)
                for name in {root, *changes.get(root, ())} - {statement.name, ""}:
                    if name in by_name and not _is_code(by_name[name][-1]):
                        by_name[name].append(statement)
    return _joined(tree, by_name)


def _joined(tree: ast.Module, found: dict[str, list[ast.stmt]]) -> dict[str, list[ast.stmt]]:
    """Give names whose values may be one, or lie in one another, the same list of statements."""
    groups: dict[str, set[str]] = {}
    data = {name for name, held in found.items() if not isinstance(held[0], _CODE)}
    for statement in tree.body:
        if isinstance(statement, _CODE):
            continue
        names = {*names_of(statement), *_kept_in(statement)} & data
        whole = set().union(*(groups.get(name, {name}) for name in names))
        groups.update(dict.fromkeys(whole, whole))
    place = {id(statement): number for number, statement in enumerate(tree.body)}
    for name, group in groups.items():
        if len(group) > 1 and name == min(group):
            held = {id(node): node for member in group for node in found[member]}
            shared = sorted(held.values(), key=lambda node: place[id(node)])
            found.update(dict.fromkeys(group, shared))
    return found


_CODE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def _kept_in(statement: ast.stmt) -> set[str]:
    """Return the names whose values what is assigned holds, or is."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return set()
    held = (ast.Name, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.IfExp, ast.BoolOp, ast.Starred)
    waiting: list[ast.AST] = [statement.value] if statement.value else []
    found = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            found.add(node.id)
        if isinstance(node, held):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _is_code(statement: ast.stmt) -> bool:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    return isinstance(statement, kinds) and not getattr(statement, "decorator_list", ())


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def stars(tree: ast.Module) -> list[ast.ImportFrom]:
    """Return the star imports at the top of a module."""
    return [
        statement
        for statement in tree.body
        if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*"
    ]


@lru_cache(maxsize=64)
def changed_by_functions(tree: ast.Module) -> dict[str, set[str]]:
    """Map each function and class of a module to the names whose values it changes in place.

    Read-only, as the tree.
    """
    by_function: dict[str, set[str]] = {}
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = {name for node in ast.walk(statement) for name in _changed_in(node)}
            if names:
                by_function[statement.name] = by_function.get(statement.name, set()) | names
    return by_function


def _changed_in(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Call):
        return _changed(node)
    if isinstance(node, ast.Assign):
        kept = [
            target for target in node.targets if isinstance(target, ast.Subscript | ast.Attribute)
        ]
        return [name for target in kept for name in _targets(target)]
    if isinstance(node, ast.AugAssign):
        return _targets(node.target)
    return list(node.names) if isinstance(node, ast.Global) else []


def names_of(statement: ast.stmt) -> list[str]:
    """Return the names that a statement binds or changes."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import):
        return [name.asname or name.name.split(".", 1)[0] for name in statement.names]
    if isinstance(statement, ast.ImportFrom):
        return [name.asname or name.name for name in statement.names]
    if isinstance(statement, ast.Assign):
        return [name for target in statement.targets for name in _targets(target)]
    if isinstance(statement, ast.AnnAssign | ast.AugAssign):
        return _targets(statement.target)
    if isinstance(statement, ast.Expr):
        return _changed(statement.value) if isinstance(statement.value, ast.Call) else []
    if isinstance(statement, _BLOCKS):
        return [name for inner in _inner(statement) for name in names_of(inner)] + (
            _targets(statement.target) if isinstance(statement, ast.For) else []
        )
    return []


def _inner(statement: ast.stmt) -> list[ast.stmt]:
    statements: list[ast.stmt] = []
    for part in ("body", "orelse", "finalbody"):
        statements.extend(getattr(statement, part, ()))
    for handler in getattr(statement, "handlers", ()):
        statements.extend(handler.body)
    return statements


def _targets(target: ast.expr) -> list[str]:
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, ast.Tuple | ast.List):
        return [name for element in target.elts for name in _targets(element)]
    if isinstance(target, ast.Starred | ast.Subscript | ast.Attribute):
        return _targets(target.value)
    return []


def _changed(call: ast.Call) -> list[str]:
    """Return the names whose values a call may change: its owner's, and its arguments'."""
    names = [_root(call.func)] if isinstance(call.func, ast.Attribute) else []
    names += [argument.id for argument in call.args if isinstance(argument, ast.Name)]
    return [name for name in names if name]
