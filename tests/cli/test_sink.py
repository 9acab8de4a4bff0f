"""One sink for every text, one quoting for every command: nothing in lback goes around them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2] / "lback"


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


SINK = ("cli/terminal.py", "core/shell.py")
# Looks for its own lines in other tools' files.
NO_MESSAGE = ("vcs/managers.py",)


def test_no_data_stands_bare_in_a_command() -> None:
    """What stands between backticks may be pasted into a shell: `command` and `named` quote it."""
    bare = []
    for name, tree in sources():
        for node in ast.walk(tree) if name not in SINK + NO_MESSAGE else ():
            if isinstance(node, ast.JoinedStr) and _is_bare(node):
                bare.append(f"{name}:{node.lineno}: {ast.unparse(node)}")
            if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
                left = node.left
                if isinstance(left, ast.Constant) and str(left.value).count("`") % 2:
                    bare.append(f"{name}:{node.lineno}: {ast.unparse(node)}")
    assert bare == []


def _is_bare(text: ast.JoinedStr) -> bool:
    inside, before = False, ""
    for part in text.values:
        if isinstance(part, ast.Constant):
            before = str(part.value)
            inside ^= bool(before.count("`") % 2)
        elif inside or re.search(r"\b(?:git (?!config)|lback )[a-z-]+(?: --?[\w-]+)* $", before):
            return True
    return False


def test_no_option_of_ours_stands_among_the_names() -> None:
    """`command` has a "--" before such a name, and an option after that is none: it is `then`."""
    among = []
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "command":
                names = [one.value for one in node.args[1:] if isinstance(one, ast.Constant)]
                if any(str(one).startswith("-") and one != "--" for one in names):
                    among.append(f"{name}:{node.lineno}: {ast.unparse(node)}")
    assert among == []


# A program of its own, started by the CI.
PROGRAM = ("comment.py",)


def test_nothing_writes_around_the_sink() -> None:
    """A text that did not go through the terminal was not made safe, and may hold a password."""
    around = []
    for name, tree in sources():
        for node in ast.walk(tree) if name not in SINK + PROGRAM else ():
            if isinstance(node, ast.Call) and _writes(ast.unparse(node.func)):
                around.append(f"{name}:{node.lineno}: {ast.unparse(node)[:80]}")
    assert around == []


def _writes(function: str) -> bool:
    parts = function.split(".")
    if parts[-1] in ("print_exc", "print_exception", "print_tb", "print_last", "excepthook"):
        return True
    if parts[0] == "click" and parts[-1] in ("echo", "secho", "prompt", "confirm", "style"):
        return True
    if parts[-1] in ("write", "writelines") and {"stdout", "stderr", "streams"} & set(parts):
        return True
    return function in ("print", "input", "warnings.warn", "logging.warning", "logging.error")
