"""Puts a revision's file into a function, so that several can stand in one file."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator, Sequence

from lback.core.scanner import UNPARSABLE, Undecodable, decode_text
from lback.core.squash import messages

_HEADER = frozenset({"revision", "down_revision", "branch_labels", "depends_on", "replaces"})
_ASKS_ITSELF = frozenset({"globals", "locals", "exec", "eval", "vars", "__file__"})
_NOT_A_WORD = re.compile(r"\W+", re.ASCII)


def function_name(revision: str, taken: Collection[str]) -> str:
    """Return the name of the function for a revision, another one than those that are taken."""
    start = f"_{_NOT_A_WORD.sub('_', revision)}"
    name, number = start, 2
    while name in taken:
        name, number = f"{start}_{number}", number + 1
    return name


def folded(name: str, path: str, source: bytes, keep: Collection[int] | None = None) -> str:
    """Return a function that does what the file does: `name(True)` up, `name(False)` down.

    Every line is the author's own, four columns further in. With `keep` only those statements
    of upgrade() stay on which one of these lines is, with what they need, and nothing of
    downgrade(). LbackError for what means something else inside a function, or cannot be parted.
    """
    tree, text = _parsed(path, source)
    _refuse_module_words(path, tree)
    doc = tree.body[:1] if ast.get_docstring(tree, clean=False) is not None else []
    body = [node for node in tree.body if node not in doc and not _is_future(node)]
    used = _names(node for node in body if not _is_header(node))
    body = [node for node in body if not _is_header(node) or _target(node) in used]
    dropped = frozenset[int]()
    if keep is not None:
        body = [node for node in body if getattr(node, "name", "") != "downgrade"]
        dropped = _other_lines(path, body, keep)
    if "up" in {name for node in body for name in _binds(node)}:
        raise messages.not_foldable(path, 1, "it has a name `up` of its own")
    functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    if "upgrade" not in functions:
        raise messages.not_foldable(path, 1, "it has no plain upgrade()")
    lines = list(_moved(text, _spans(body), dropped))
    down = "        downgrade()" if "downgrade" in functions else _no_way_down(path, keep)
    call = ["    if up:", "        upgrade()", "    else:", down]
    made = "\n".join([f"def {name}(up: bool) -> None:", *lines, "", *call])
    _require_same(path, made, body, dropped)
    return made


def _no_way_down(path: str, keep: Collection[int] | None) -> str:
    if keep is not None:
        return "        pass"
    return f"        raise NotImplementedError({path.rpartition('/')[2] + ' has no downgrade()'!r})"


def _parsed(path: str, source: bytes) -> tuple[ast.Module, str]:
    try:
        text = decode_text(source)
        return ast.parse(text), text
    except (Undecodable, *UNPARSABLE) as err:
        raise messages.not_foldable(
            path, getattr(err, "lineno", 1) or 1, "it cannot be read"
        ) from err


def _refuse_module_words(path: str, tree: ast.Module) -> None:
    """Raise LbackError for what is about the module itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            raise messages.not_foldable(path, node.lineno, "it imports *")
        if isinstance(node, ast.Global):
            raise messages.not_foldable(path, node.lineno, "it has `global`")
        if isinstance(node, ast.Name) and node.id in _ASKS_ITSELF:
            raise messages.not_foldable(path, node.lineno, f"it uses {node.id}")
        if isinstance(node, ast.ImportFrom) and node.level:
            raise messages.not_foldable(path, node.lineno, "it imports relative to itself")
    for statement in tree.body:
        if _is_future(statement) and [one.name for one in statement.names] != ["annotations"]:  # type: ignore[attr-defined]
            raise messages.not_foldable(path, statement.lineno, "it imports from __future__")
        if isinstance(statement, ast.FunctionDef) and statement.name in ("upgrade", "downgrade"):
            arguments = statement.args
            if arguments.args or arguments.posonlyargs or arguments.kwonlyargs:
                raise messages.not_foldable(
                    path, statement.lineno, f"{statement.name}() takes arguments"
                )


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _is_header(node: ast.stmt) -> bool:
    return _target(node) in _HEADER


def _target(node: ast.stmt) -> str:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        return target.id if isinstance(target, ast.Name) else ""
    return ""


def _names(nodes: Iterator[ast.stmt]) -> frozenset[str]:
    return frozenset(
        inner.id
        for node in nodes
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load)
    )


def _start(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return int(min([node.lineno, *(one.lineno for one in decorators)]))


def _lines(node: ast.stmt) -> range:
    return range(_start(node), (node.end_lineno or node.lineno) + 1)


def _spans(body: Sequence[ast.stmt]) -> list[range]:
    return [_lines(node) for node in body]


def _upgrade(path: str, body: Sequence[ast.stmt]) -> ast.FunctionDef:
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == "upgrade":
            return node
    raise messages.not_foldable(path, 1, "it has no plain upgrade()")


def _other_lines(path: str, body: Sequence[ast.stmt], keep: Collection[int]) -> frozenset[int]:
    """Return the lines of upgrade() that do not stay: all but these and what they need."""
    upgrade = _upgrade(path, body)
    wanted = [number for line in keep for number in _leading_to(path, upgrade, body, line)]
    chosen: set[int] = set()
    needed: set[str] = set()
    for number in range(len(upgrade.body) - 1, -1, -1):
        node = upgrade.body[number]
        if number in wanted or _binds(node) & needed:
            chosen.add(number)
            needed |= _names(iter([node]))
    lines = {
        line
        for number, node in enumerate(upgrade.body)
        if number not in chosen
        for line in _lines(node)
    }
    if any(line in lines for number in chosen for line in _lines(upgrade.body[number])):
        raise messages.not_foldable(path, upgrade.lineno, "two statements share a line")
    return frozenset(lines)


def _leading_to(
    path: str, upgrade: ast.FunctionDef, body: Sequence[ast.stmt], line: int
) -> list[int]:
    """Return which statements of upgrade() a line is in, or call the function that it is in."""
    for number, node in enumerate(upgrade.body):
        if line in _lines(node):
            return [number]
    others = [node for node in body if node is not upgrade]
    calls = {name for node in others if line in _lines(node) for name in _binds_at_top(node)}
    while True:
        more = {
            name for node in others if _names(iter([node])) & calls for name in _binds_at_top(node)
        }
        if more <= calls:
            break
        calls |= more
    found = [number for number, node in enumerate(upgrade.body) if _names(iter([node])) & calls]
    if not found:
        raise messages.not_foldable(path, line, "upgrade() does not lead to it")
    return found


def _binds_at_top(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    return _binds(node)


def _binds(node: ast.stmt) -> set[str]:
    """Return the names that a statement gives a value."""
    found = {
        inner.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    }
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.ClassDef):
            found.add(inner.name)
        elif isinstance(inner, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in inner.names}
    return found


def _moved(text: str, spans: Sequence[range], dropped: Collection[int]) -> Iterator[str]:
    """Yield the lines of statements four columns further in; strings stay as they are."""
    lines = text.split("\n")
    inside = in_strings(text)
    last = 0
    for span in spans:
        if last and span.start > last + 1:
            yield ""
        last = span.stop - 1
        for number in span:
            if number in dropped:
                continue
            line = lines[number - 1].rstrip("\r")
            yield line if number in inside or not line.strip() else f"    {line}"


def in_strings(text: str) -> frozenset[int]:
    """Return the lines that begin inside a string."""
    found: set[int] = set()
    opened: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "STRING":
            found.update(range(token.start[0] + 1, token.end[0] + 1))
        elif kind in ("FSTRING_START", "TSTRING_START"):
            opened.append(token.start[0])
        elif kind in ("FSTRING_END", "TSTRING_END"):
            found.update(range(opened.pop() + 1, token.end[0] + 1))
    return frozenset(found)


def _require_same(path: str, made: str, body: Sequence[ast.stmt], dropped: Collection[int]) -> None:
    """Raise LbackError unless the function holds the very statements of the file."""
    for node in body:
        if dropped and isinstance(node, ast.FunctionDef) and node.name == "upgrade":
            left = [one for one in node.body if not set(_lines(one)).intersection(dropped)]
            node.body = left or [ast.Pass()]
    try:
        inner = getattr(ast.parse(made).body[0], "body", [])[:-1]
    except UNPARSABLE:
        inner = []
    if [ast.dump(node) for node in inner] != [ast.dump(node) for node in body]:
        raise messages.not_foldable(path, 1, "its text cannot be moved in")
