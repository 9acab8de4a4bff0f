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
    (tmp_path / "times.xml").write_text(
        '<testsuites><testsuite><testcase classname="tests.db.test_a" name="test_x[1]" time="1.5"/>'
        '<testcase classname="tests.db.test_a" name="test_x[2]" time="0.5"/>'
        '<testcase classname="tests.house.test_a" name="test_y" time="9"/>'
        '<testcase classname="tests.db.test_a" name="test_z" time="0.2"/></testsuite></testsuites>'
    )
    main([str(tmp_path / "times.xml")])
    assert (tmp_path / "dear.txt").read_text() == "tests/db/test_a.py::test_x\n"
    assert "1 of 3 test functions take 2 of 11 worker seconds" in capsys.readouterr().out
