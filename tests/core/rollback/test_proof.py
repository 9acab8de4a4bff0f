# ruff: noqa: E501 (one run a line)
"""What is run to prove a rollback, and what the schemas after it show."""

from __future__ import annotations

import pytest

from lback.core.plans import Downgrade, Upgrade
from lback.core.rollback.proof import RollbackRun, judge, judge_failure, stages_of
from lback.core.schema_diff import Column, Constraint, Schema, Table
from tests.core.graphs import graph

INT = Column("INTEGER", True, None, None)


def schema(text: str) -> Schema:
    """Read `t.a.b u.c`: tables and their columns."""
    tables = (word.split(".") for word in text.split())
    return Schema({name: Table(dict.fromkeys(columns, INT)) for name, *columns in tables})


def planned(**other: object) -> RollbackRun:
    fields = {"done": frozenset("abc"), "undoes": ("b",), "own": ("t",), "revert": None}
    return RollbackRun(**{**fields, **other})  # type: ignore[arg-type]


def shown(run: RollbackRun) -> list[str]:
    drawn = graph("a; b<a; c<b; x<a")
    return [
        " ".join(("+" if isinstance(step, Upgrade) else "-") + step.revision for step in stage)
        for stage in stages_of(drawn, run)
    ]


def test_the_stages_are_up_to_before_up_to_now_and_back() -> None:
    down = (Downgrade("c", None), Downgrade("b", None))
    assert shown(planned(down=down)) == ["+a", "+b +c", "-c -b"]
    assert shown(planned(revert="r")) == ["+a", "+b +c", "+r", "-r"]
    assert shown(planned(revert="r", undoes=("c",))) == ["+a +b", "+c", "+r", "-r"]
    assert shown(planned(revert="r", done=frozenset("ab"))) == ["+a", "+b", "+r", "-r"]


@pytest.mark.parametrize(
    ("run", "schemas", "state", "word"),
    [
        (planned(), ["t.a", "t.a.b", "t.a"], "proved", ""),
        (planned(), ["t.a", "t.a.b", "t.a.b"], "wrong", "t"),
        (planned(), ["t.a u.c", "t.a.b u.c", "t.a u"], "wrong", "u"),
        (planned(revert="r"), ["t.a", "t.a.b u", "t.a u", "t.a.b u"], "proved", ""),
        (planned(revert="r"), ["t.a", "t.a.b u", "t.a", "t.a.b u"], "wrong", "u"),
        (planned(revert="r"), ["t.a", "t.a.b u", "t.a.b u", "t.a.b u"], "wrong", "t"),
        # and forward once more
        (planned(revert="r"), ["t.a", "t.a.b", "t.a", "t.a"], "wrong", "t"),
        # what a later revision has changed too is not compared with what was before
        (planned(revert="r", touched_later=("T",)), ["t.a", "t.a.b.c", "t.a.c", "t.a.b.c"], "proved", ""),
        (planned(revert="r", touched_later=("u",)), ["t.a", "t.a.b.c", "t.a.c", "t.a.b.c"], "wrong", "t"),
        # without a table all of them are its own
        (planned(revert="r", own=()), ["t.a", "t.a u", "t.a", "t.a u"], "proved", ""),
        (planned(revert="r", own=()), ["t.a", "t.a u", "t.a u", "t.a u"], "wrong", "u"),
        # a table under another name
        (planned(revert="r", own=("t", "v"), renames=True), ["t.a", "v.a w", "t.a", "v.a w"], "proved", ""),
        (planned(revert="r", own=("t", "v")), ["t.a", "v.a w", "t.a", "v.a w"], "wrong", "w"),
    ],
)  # fmt: skip
def test_the_schemas_decide(run: RollbackRun, schemas: list[str], state: str, word: str) -> None:
    proof = judge(run, [schema(one) for one in schemas], "SQLite")
    assert proof.state == state
    assert "SQLite" in proof.message
    assert f"table {word}" in proof.message or not word


def test_a_constraint_may_come_back_with_a_name() -> None:
    bare, called = (
        Schema({"t": Table({"a": INT}, unique_constraints=(Constraint(name, "(a)"),))})
        for name in (None, "uq")
    )
    assert judge(planned(), [bare, Schema({}), called], "SQLite").state == "proved"
    assert judge(planned(), [called, Schema({}), bare], "SQLite").state == "wrong"


def test_it_matters_on_which_way_they_differ() -> None:
    there = [schema(one) for one in ("t.a", "t.a.b", "t.a.b", "t.a.b")]
    again = [schema(one) for one in ("t.a", "t.a.b", "t.a", "t.a")]
    first, second = (judge(planned(revert="r"), one, "SQLite").message for one in (there, again))
    assert first != second
    more, less = (
        judge(planned(), [schema(one) for one in ("t.a", "t.a.b", left)], "SQLite").message
        for left in ("t.a.b", "t")
    )
    assert "column b would still be there" in more and "column a would be missing" in less


@pytest.mark.parametrize(
    ("stage", "state"), [(0, "unproved"), (1, "unproved"), (2, "wrong"), (3, "wrong")]
)
def test_a_chain_that_does_not_run_proves_nothing(stage: int, state: str) -> None:
    proof = judge_failure(stage, "b", "no such table", "SQLite")
    assert proof.state == state
    assert "no such table" in proof.message
    assert ("SQLite" in proof.message) is (state == "wrong")
    assert ("b " in proof.message) is (state == "unproved")
