"""Words in the house: sentences where they belong, and one name for one thing."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "lback"

_PROSE = re.compile(r"[A-Za-z]{2,}[,;:]? [A-Za-z]{2,}")


def modules(folder: str = "") -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def docstrings(tree: ast.Module) -> set[ast.AST]:
    """Return the strings that stand alone: docstrings, and those of fields."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield each string that is put together somewhere, with `{}` for what is filled in."""
    skipped = docstrings(tree)
    parts = {
        part for one in ast.walk(tree) if isinstance(one, ast.JoinedStr) for part in one.values
    }
    for node in ast.walk(tree):
        if node in skipped or node in parts:
            continue
        if isinstance(node, ast.JoinedStr):
            shown = [one.value if isinstance(one, ast.Constant) else "{}" for one in node.values]
            yield node.lineno, "".join(map(str, shown))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


@pytest.mark.parametrize("room", ["app", "project"])
def test_no_sentence_is_composed_where_data_is_gathered_and_moved(room: str) -> None:
    """A use case returns data; its words are in core/messages and in the text of the command."""
    prose = [
        f"{name}:{line}: {text}"
        for name, tree in modules(room)
        for line, text in texts(tree)
        if _PROSE.search(text)
    ]
    assert prose == []


def test_a_public_class_has_its_name_for_itself() -> None:
    places = defaultdict(list)
    for name, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
