"""docs/security.md is whole: what the program reads is in it, and every line has its tests."""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatchcase
from pathlib import Path

from lback.cli.group import COMMANDS
from lback.core import preferences
from tests.security.test_hostile_repository import READING

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()


def tables() -> dict[str, list[list[str]]]:
    """Return the rows of each section's table, without its head."""
    found: dict[str, list[list[str]]] = {}
    for section in PAGE.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        rows = [line.strip("|").split(" | ") for line in text.splitlines() if line[:1] == "|"]
        if rows:
            found[title] = rows[2:]
    return found


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def named(section: str) -> list[str]:
    return [name for row in tables()[section] for name in names(row[0])]


def covered(found: set[str], section: str) -> set[str]:
    return {one for one in found if not any(fnmatchcase(one, glob) for glob in named(section))}


def constants(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_line_has_tests_that_exist() -> None:
    texts = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]
    defined = {name for text in texts for name in re.findall(r"def (test_\w+)", text)}
    sections = tables()
    assert len(sections) == 7
    for title, rows in sections.items():
        if title == "Commands that run the project's code":
            continue
        assert rows, title
        for row in rows:
            tests = names(row[-1])
            assert tests, f"{title}: {row[0]} names no test"
            assert set(tests) <= defined, f"{title}: {row[0]}"


def test_every_setting_is_listed_once() -> None:
    listed = named("Settings: `[tool.lback]`")
    assert sorted(listed) == sorted([*preferences._READERS, *preferences.CONSENTS])


def test_every_option_of_alembic_that_is_read_is_listed() -> None:
    text = (ROOT / "lback" / "core" / "settings.py").read_text()
    read = re.findall(r'\.(?:text|flag|get|_paths)\(\s*"(\w+)"', text)
    read += re.findall(r'"(\w*path_separator)"', text)
    assert len(read) > 8
    assert covered(set(read), "Alembic's options") == set()


def test_every_key_of_gits_configuration_is_listed() -> None:
    found = {
        one
        for path in (ROOT / "lback").rglob("*.py")
        for one in constants(path)
        if re.fullmatch(r"lback\.[a-z]+[A-Z]?[A-Za-z]*|commit\.gpgsign", one)
    }
    for name in ("pre-receive", "shim.sh"):
        text = (ROOT / "hooks" / name).read_text()
        found |= set(re.findall(r"\$\(git config (?:--\S+ )*(\S+?)[ )]", text))
    assert {"lback.onCheckout", "lback.onFork", "lback.project", "lback.python"} <= found
    assert covered(found, "git's own configuration") == set()


def test_every_variable_is_listed() -> None:
    found: set[str] = set()
    for path in (ROOT / "lback").rglob("*.py"):
        # The demo sets variables for its own children.
        if path.name != "demo.py" and "environ" in path.read_text():
            found |= constants(path)
    found = {one for one in found if re.fullmatch(r"PATH|TERM|COLUMNS|[A-Z]+(?:_[A-Z]+)+", one)}
    found -= {"ORIG_HEAD", "MERGE_HEAD"}
    text = (ROOT / "hooks" / "shim.sh").read_text()
    found |= set(re.findall(r"\$\{?((?:LBACK_|PYTHON|PATH)\w*)", text))
    assert {"PATH", "GIT_DIR", "ALEMBIC_CONFIG", "LBACK_SKIP", "PYTHONPATH"} <= found
    assert covered(found, "The environment") == set()


def test_every_command_runs_code_or_is_tried_on_the_hostile_tree() -> None:
    runs = {
        name for row in tables()["Commands that run the project's code"] for name in names(row[0])
    }
    reading = re.search(r"All others read: (.*?)\. ", PAGE, re.DOTALL)
    assert reading is not None
    reads = set(names(reading[1]))
    assert runs | reads == COMMANDS.keys()
    assert not runs & reads
    tried = {next((word for word in one if word in COMMANDS), "") for one in READING}
    sometimes = {
        name
        for row in tables()["Commands that run the project's code"]
        if row[1].startswith("nothing") or row[2].strip(" |")
        for name in names(row[0])
    }
    # Hooks are called by real git there; `init` and `demo` make trees of their own.
    assert (reads - {"hook", "init", "demo"}) | sometimes <= tried
