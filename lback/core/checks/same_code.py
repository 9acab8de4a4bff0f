"""Whether two texts of a revision file mean the same to Python, however they are written."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from lback.core.scanner import UNPARSABLE

# A module of these that is imported and not used does nothing; any other may register operations.
_SILENT = frozenset(sys.stdlib_module_names) | {"alembic", "sqlalchemy", "typing_extensions"}
_HEADER = ("down_revision", "branch_labels", "depends_on")
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
    except UNPARSABLE:
        return False


def same_but_parents(left: bytes, right: bytes) -> bool:
    """Tell whether two sources do the same, whatever they say of their parents."""
    try:
        return _meaning(left, "down_revision") == _meaning(right, "down_revision")
    except UNPARSABLE:
        return False


def same_upgrade(left: bytes, right: bytes) -> bool:
    """Tell whether the functions upgrade() of two sources are the same."""
    try:
        return _upgrade(left) == _upgrade(right)
    except UNPARSABLE:
        return False


def _upgrade(source: bytes) -> list[str]:
    return [
        ast.dump(node)
        for node in _Plain().visit(ast.parse(source)).body
        if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    ]


def _meaning(source: bytes, without: str = "") -> str:
    tree = _Plain().visit(ast.parse(source))
    used = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)
    }
    tree.body = [
        node
        for node in tree.body
        if not _assigns(node, without) and not _is_empty_header(node, used)
    ]
    return "\n".join(_statements(tree.body, used))


def _statements(body: list[ast.stmt], used: set[str]) -> Iterator[str]:
    """Yield each statement; imports and functions that stand together are put in one order."""
    together: list[tuple[str, str]] = []
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            together += _imports(node, used)
            continue
        if isinstance(node, ast.FunctionDef) and not _runs_when_defined(node):
            together.append((node.name, ast.dump(node)))
            continue
        yield from _in_order(together)
        together = []
        yield ast.dump(node)
    yield from _in_order(together)


def _runs_when_defined(node: ast.FunctionDef) -> bool:
    given = node.args
    annotated = any(item.annotation for item in ast.walk(given) if isinstance(item, ast.arg))
    return bool(
        node.decorator_list or node.returns or given.defaults or given.kw_defaults or annotated
    )


def _in_order(imports: list[tuple[str, str]]) -> list[str]:
    """Sort what binds names, unless a later one may take the name of an earlier one."""
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
    """Takes out what says nothing: docstrings, `pass`, and annotations of names that nothing reads.

    Those of a class are read by SQLAlchemy and dataclasses, and one that calls something does it.
    """

    def visit_Pass(self, node: ast.Pass) -> None:
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.stmt | None:
        self.generic_visit(node)
        value = node.value.value if isinstance(node.value, ast.Constant) else None
        return None if isinstance(value, str) or value is ... else node

    def visit_If(self, node: ast.If) -> ast.stmt | list[ast.stmt]:
        self.generic_visit(node)
        test = node.test
        name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
        return node.orelse if name == "TYPE_CHECKING" else node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(node.value)  # without the u of u"..."

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        self.generic_visit(node)
        texts = [value.value for value in node.values if isinstance(value, ast.Constant)]
        return node if len(texts) < len(node.values) else ast.Constant("".join(map(str, texts)))

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.body = [
            kept
            for inner in node.body
            if (kept := inner if isinstance(inner, ast.AnnAssign) else self.visit(inner))
        ]
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

    def visit_arg(self, node: ast.arg) -> ast.arg:
        if node.annotation is not None and _is_plain(node.annotation):
            node.annotation = None
        return node

    def _plain_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.generic_visit(node)
        if node.returns is not None and _is_plain(node.returns):
            node.returns = None


def _is_plain(annotation: ast.expr) -> bool:
    return all(isinstance(node, _PLAIN) for node in ast.walk(annotation))


def _is_empty_header(node: ast.stmt, used: set[str]) -> bool:
    """Tell whether a line of the header says no more than its absence."""
    return (
        isinstance(node, ast.Assign)
        and any(_assigns(node, name) for name in _HEADER if name not in used)
        and (
            node.value.value in (None, "")
            if isinstance(node.value, ast.Constant)
            else not getattr(node.value, "elts", True)
        )
    )


def _assigns(node: ast.stmt, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)
