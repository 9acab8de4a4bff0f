"""Whether two texts of a revision file mean the same to Python, however they are written."""

from __future__ import annotations

import ast
from collections.abc import Iterator

# A module of these that is imported and not used does nothing; any other may register operations.
_SILENT = ("__future__", "alembic", "collections", "datetime", "sqlalchemy", "typing")
_PLAIN = (
    ast.Attribute,
    ast.BinOp,
    ast.BitOr,
    ast.Constant,
    ast.List,
    ast.Load,
    ast.Name,
    ast.Subscript,
    ast.Tuple,
)


def same_code(left: bytes, right: bytes) -> bool:
    """Tell whether two sources differ in comments, layout, annotations and imports at most."""
    if left == right:
        return True
    try:
        return _meaning(left) == _meaning(right)
    except (SyntaxError, ValueError, RecursionError):
        return False


def same_but_parents(left: bytes, right: bytes) -> bool:
    """Tell whether two sources do the same, whatever they say of their parents."""
    try:
        return _meaning(left, "down_revision") == _meaning(right, "down_revision")
    except (SyntaxError, ValueError, RecursionError):
        return False


def same_upgrade(left: bytes, right: bytes) -> bool:
    """Tell whether the functions upgrade() of two sources are the same."""
    try:
        return _upgrade(left) == _upgrade(right)
    except (SyntaxError, ValueError, RecursionError):
        return False


def _upgrade(source: bytes) -> list[str]:
    return [
        ast.dump(node)
        for node in _Plain().visit(ast.parse(source)).body
        if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    ]


def _meaning(source: bytes, without: str = "") -> str:
    tree = _Plain().visit(ast.parse(source))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    tree.body = [node for node in tree.body if not without or not _assigns(node, without)]
    return "\n".join(_statements(tree.body, used))


def _statements(body: list[ast.stmt], used: set[str]) -> Iterator[str]:
    """Yield each statement; imports that stand together are put in one order."""
    together: list[tuple[str, str]] = []
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            together += _imports(node, used)
            continue
        yield from _in_order(together)
        together = []
        yield ast.dump(node)
    yield from _in_order(together)


def _in_order(imports: list[tuple[str, str]]) -> list[str]:
    """Sort imports, unless a later one may take the name of an earlier one."""
    names = [name for name, _ in imports]
    texts = [text for _, text in imports]
    return texts if len(set(names)) < len(names) or "*" in names else sorted(texts)


def _imports(node: ast.Import | ast.ImportFrom, used: set[str]) -> Iterator[tuple[str, str]]:
    """Yield each name that an import brings, and what it is; what does nothing is left out."""
    origin = f"{'.' * node.level}{node.module or ''}" if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        name = alias.asname or (alias.name if origin else alias.name.partition(".")[0])
        module = origin or alias.name
        silent = module.partition(".")[0] in _SILENT and name != "*"
        if module == "__future__" and alias.name != "annotations":
            silent = False
        if name in used or not silent:
            yield name, f"{origin} {alias.name} {alias.asname or ''}"


class _Plain(ast.NodeTransformer):
    """Takes out what says nothing: docstrings, and annotations of names where nothing reads them.

    Those of a class are read by SQLAlchemy and dataclasses, and one that calls something does it.
    """

    def visit_Module(self, node: ast.Module) -> ast.Module:
        self.generic_visit(node)
        _drop_docstring(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        for inner in node.body:
            if not isinstance(inner, ast.AnnAssign):
                self.visit(inner)
        _drop_docstring(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self._plain_function(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        self._plain_function(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        self.generic_visit(node)
        if not _is_plain(node.annotation) or not isinstance(node.target, ast.Name):
            return node
        return ast.Assign([node.target], node.value, lineno=node.lineno) if node.value else None

    def _plain_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.generic_visit(node)
        _drop_docstring(node)
        given = node.args
        for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs):
            if argument.annotation is not None and _is_plain(argument.annotation):
                argument.annotation = None
        if node.returns is not None and _is_plain(node.returns):
            node.returns = None


def _is_plain(annotation: ast.expr) -> bool:
    return all(isinstance(node, _PLAIN) for node in ast.walk(annotation))


def _assigns(node: ast.stmt, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _drop_docstring(
    node: ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef,
) -> None:
    first = node.body[0] if node.body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        del node.body[0]
