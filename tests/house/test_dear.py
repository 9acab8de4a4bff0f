"""The dear tests run in parts: each in one of them, and none is named that is not there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.dear import left_out, listed, main, part_of

ROOT = Path(__file__).parents[2]


def test_each_name_is_a_test() -> None:
    tests: dict[str, set[str]] = {}
    for name in listed():
        file, _, function = name.partition("::")
        if file not in tests:
            tree = ast.parse((ROOT / file).read_text())
            tests[file] = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert function in tests[file], f"tests/dear.txt names {name}, which is not there"


def test_each_case_runs_in_one_part() -> None:
    dear = frozenset({"a.py::one", "a.py::many"})
    names = ["a.py::quick", "a.py::one", *(f"a.py::many[{case}]" for case in "abcdef")]
    out = [left_out(names, f"{part}/4", dear) for part in range(1, 5)]
    for name in names:
        runs = sum(name not in part for part in out)
        assert runs == (4 if name == "a.py::quick" else 1), name
    # A function with as many cases as there are parts is in each of them.
    assert all(any("many" in name for name in set(names) - part) for part in out)
    assert left_out(names, "0/4", dear) == set(names) - {"a.py::quick"}
    assert part_of("a.py::many[a]", 0, 4) == part_of("a.py::many[b]", 4, 4)


def test_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.dear.LIST", tmp_path / "dear.txt")
    cases = [
        ("tests.db.test_a", "test_x[1]", 1.5),
        ("tests.db.test_a", "test_x[2]", 0.5),
        ("tests.db.test_a", "test_z", 0.2),
        ("tests.house.test_a", "test_y", 9),
        *(("tests.core.interpreter.test_a", f"test_slow[{case}]", 1) for case in range(5)),
        *(("tests.core.interpreter.test_a", f"test_quick[{case}]", 0.5) for case in range(8)),
        *(("tests.db.test_a", f"test_many[{case}]", 0.5) for case in range(8)),
    ]
    lines = (
        f'<testcase classname="{place}" name="{name}" time="{seconds}"/>'
        for place, name, seconds in cases
    )
    text = f"<testsuites><testsuite>{''.join(lines)}</testsuite></testsuites>"
    (tmp_path / "times.xml").write_text(text)
    main([str(tmp_path / "times.xml")])
    assert (tmp_path / "dear.txt").read_text().splitlines() == [
        "tests/core/interpreter/test_a.py::test_slow",
        "tests/db/test_a.py::test_many",
        "tests/db/test_a.py::test_x",
    ]
    assert "3 of 6 test functions take 11 of 24 worker seconds" in capsys.readouterr().out
