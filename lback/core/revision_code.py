"""What a revision's file does, as code that compares: its header and its comments left out."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from lback.core.scanner import UNPARSABLE, Lost, Undecodable, chunks, decode_text, parse
from lback.core.source import Commit

_HEADER = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})


@dataclass(frozen=True, slots=True)
class OtherText:
    """A revision whose upgrade() said something else in a commit that this checkout was at.

    `part` is what differs; `was` is the path that the file had in that commit.
    """

    revision: str
    path: str
    part: str
    commit: Commit
    was: str


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """A revision whose upgrade() says something else than what ran on a database.

    `part` is what differs; `who` ran it, `at` that time in UTC. `url` names the database.
    """

    revision: str
    path: str
    part: str
    who: str
    at: str
    url: str


def code_of(source: bytes) -> dict[str, str]:
    """Return the code of each function by its name, and of the rest by ""."""
    try:
        return _code(ast.parse(decode_text(source)))
    except (Undecodable, *UNPARSABLE):
        return {"": source.decode("utf-8", "replace")}


def _code(tree: ast.Module) -> dict[str, str]:
    code: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            code[node.name] = code.get(node.name, "") + ast.dump(_bare(node))
        elif not _is_header(node):
            code[""] = code.get("", "") + ast.dump(node)
    return code


def readable(source: bytes) -> bytes:
    """Return a text without what of its top level cannot be parsed, if upgrade() can."""
    with suppress(Undecodable, Lost):
        text = decode_text(source)
        if parse(text) is None:
            parts = [chunk.text for chunk in chunks(text)]
            whole = [part for part in parts if parse(part) is not None]
            if any("def upgrade" in part for part in whole):
                return "\n".join(whole).encode()
    return source


def upward(code: Mapping[str, str]) -> dict[str, str]:
    """Return what a step up runs."""
    return {name: text for name, text in code.items() if name != "downgrade"}


def changed_part(before: dict[str, str], now: dict[str, str]) -> str:
    """Say which functions differ, as "upgrade() and downgrade()"."""
    changed = [name for name in before.keys() | now.keys() if before.get(name) != now.get(name)]
    return " and ".join(f"{name}()" if name else "code" for name in sorted(changed))


def _bare(function: ast.FunctionDef) -> ast.FunctionDef:
    """Return a function without what it does not do: docstring and annotations."""
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        function.body = function.body[1:]
    function.returns = None
    return function


def _is_header(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return all(isinstance(target, ast.Name) and target.id in _HEADER for target in targets)
