"""A file of a revision becomes a function that does the very same."""

from __future__ import annotations

from typing import Any

import pytest

from lback.core.squash.folding import folded, function_name
from lback.errors import LbackError

TEXT = '''"""Add a thing."""
import json

from alembic import op

revision = "a1"
down_revision = None
WORDS = """
two
lines"""


def helper(word):
    return json.dumps(word)


def upgrade():
    table = helper("t")
    other = 1
    op.execute(f"""
insert {WORDS} {table}""")
    op.execute("create")


def downgrade():
    op.execute("undo " + revision)
'''


def run(text: str, up: bool, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    from alembic import op

    done: list[str] = []
    monkeypatch.setattr(op, "execute", done.append, raising=False)
    space: dict[str, Any] = {}
    exec(text, space)
    space["_f"](up)
    return done


def test_it_does_the_same_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    text = folded("_f", "a1.py", TEXT.encode())
    assert run(text, True, monkeypatch) == ['\ninsert \ntwo\nlines "t"', "create"]
    assert run(text, False, monkeypatch) == ["undo a1"]


def test_only_some_lines_stay_with_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    line = TEXT.split("\n").index('    op.execute(f"""') + 1
    text = folded("_f", "a1.py", TEXT.encode(), [line])
    assert run(text, True, monkeypatch) == ['\ninsert \ntwo\nlines "t"']
    assert "create" not in text
    assert "other" not in text
    assert run(text, False, monkeypatch) == []


@pytest.mark.parametrize(
    "text",
    [
        "from x import *\ndef upgrade(): pass",
        "def upgrade():\n    global a\n    a = 1",
        "def upgrade():\n    globals()['x']()",
        "def upgrade(name): pass",
        "from . import x\ndef upgrade(): pass",
        "if True:\n    def upgrade(): pass",
        "up = 1\ndef upgrade(): pass",
        "def upgrade(): pass\n<<<",
        "from pathlib import Path\nHERE = Path(__file__)\ndef upgrade(): pass",
    ],
)
def test_what_means_another_thing_inside_is_refused(text: str) -> None:
    with pytest.raises(LbackError, match=r"a\.py, line"):
        folded("_f", "a.py", text.encode())


def test_a_line_in_a_helper_keeps_what_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    line = TEXT.split("\n").index("    return json.dumps(word)") + 1
    text = folded("_f", "a1.py", TEXT.encode(), [line])
    assert "table = helper" in text
    assert "create" not in text
    alone = TEXT.replace('table = helper("t")', 'table = "t"')
    with pytest.raises(LbackError, match="does not lead to it"):
        folded("_f", "a1.py", alone.encode(), [line])


def test_names_of_functions_differ() -> None:
    assert function_name("2024-01 é", []) == "_2024_01_"
    assert function_name("a", ["_a"]) == "_a_2"
