"""The tool that breaks the code: what it changes, and that it tells which tests fell."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from bench.mutants import main, room_of
from bench.mutating import mutants


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a == b", {"a != b"}),
        ("a <= b", {"a < b"}),
        ("a and b", {"a or b", "a", "b"}),
        ("not a", {"a"}),
        ("a + 1", {"a - 1", "a + 2"}),
        ("f(a, b)", {"f(b, a)", "pass"}),
        ("f(a, k=b)", {"f(a)", "pass"}),
        ("max(a)", {"min(a)", "pass"}),
        ("(a, b, c)", {"(b, c)", "(a, b)"}),
        ("{a: b, c: d}", {"{c: d}"}),
        ("[a for a in b if a.c]", {"[a for a in b]", "[a for a in b if not a.c]"}),
        ("a if b else c", {"a if not b else c"}),
        ("a = True", {"a = False"}),
        ("a = 'text'", {"a = ''"}),
        ("a = f'{b} text'", {"a = ''"}),
        ("a: 'b' = c", set()),
        ("a.b = c", {"pass"}),
        ("raise a", {"pass"}),
        ("def a():\n    return b", {"def a():\n    return None"}),
        ("if a:\n    b = c", {"pass", "if not a:\n    b = c"}),
        ("if TYPE_CHECKING:\n    a()", set()),
        ("'''a docstring'''", set()),
        ("@a(b=True)\nclass B: ...", set()),
        ("é = 'ü'; b(a, c)", {"é = ''; b(a, c)", "é = 'ü'; b(c, a)", "é = 'ü'; pass"}),
    ],
)
def test_each_change_is_one_small_one(code: str, expected: set[str]) -> None:
    plain = {mutant.text.translate({40: "", 41: ""}) for mutant in mutants(code)}
    assert plain - {"pass"} == {text.translate({40: "", 41: ""}) for text in expected - {"pass"}}


def test_the_room_of_a_module_are_those_of_its_room() -> None:
    assert room_of(Path("lback/core/sql/rows.py")) == Path("tests/core/sql")
    assert room_of(Path("lback/files.py")) == Path("tests")


def test_what_no_test_sees_survives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "lback/__init__.py": "",
        "lback/room/sums.py": "def plus(a, b):\n    return a + b\n\n\ndef other():\n    return 1\n",
        "tests/room/test_sums.py": (
            "from lback.room.sums import plus\n\n\ndef test_plus():\n    assert plus(1, 2) == 3\n"
        ),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for arguments in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    assert main(["lback/room", "--json", "fates.json"]) == 0
    assert "50.0% of 4 did not survive" in capsys.readouterr().out
    fates = json.loads(Path("fates.json").read_text())
    assert {(one["line"], one["outcome"]) for one in fates} == {(2, "killed"), (6, "survived")}
    assert (tmp_path / "lback/room/sums.py").read_text() == files["lback/room/sums.py"]


def test_tests_that_fail_without_a_mutant_show_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lback").mkdir()
    (tmp_path / "lback" / "a.py").write_text("a = 1\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    assert main(["lback"]) == 2
