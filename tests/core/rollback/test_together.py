"""One rollback on several databases: the same on each that has run it, or on none."""

from __future__ import annotations

import pytest

from lback.core.databases import DatabaseName
from lback.core.rollback.plan import RollbackPlan, plan_rollback
from lback.core.rollback.together import Planned, graph_of, sources_of, together
from lback.errors import LbackError
from tests.core.rollback.facts import written

USERS = ('op.create_table("users", sa.Column("id", sa.Integer()))', 'op.drop_table("users")')
NOTE = (
    'op.add_column("users", sa.Column("note", sa.String(20)))',
    'op.drop_column("users", "note")',
)
CODES = {"a": USERS, "b": NOTE, "c": ("pass", "pass")}
LINE = "a; b<a; c<b"


def plan(line: str = LINE, **wanted: object) -> RollbackPlan:
    return plan_rollback(written(line, CODES, table="users", **wanted))


def planned(name: str, stamp: str | None, of: RollbackPlan | None, why: str = "") -> Planned:
    at = None if stamp is None else tuple(filter(None, stamp.split(",")))
    error = LbackError(why, "Look there.") if why else None
    return Planned(name, DatabaseName(f"sqlite:///{name}"), at, of, error)


def test_one_database_is_done_as_it_was_planned() -> None:
    only = planned("one", "b", plan(stamp="b"))
    assert together([only]) == (only,)
    assert together([planned("one", "b", None)]) == ()


def test_two_that_stand_alike_are_done_together() -> None:
    both = [planned("one", "b", plan(stamp="b")), planned("two", "b", plan(stamp="b"))]
    assert together(both) == tuple(both)


def test_one_that_has_not_run_it_stays() -> None:
    behind = planned("behind", "a", plan(stamp="a"))
    ready = planned("ready", "b", plan(stamp="b"))
    assert together([behind, ready]) == (ready,)
    assert together([ready, planned("empty", "", None)]) == (ready,)


def test_nothing_is_done_where_one_does_not_answer() -> None:
    silent = planned("silent", None, None, "It is down.")
    with pytest.raises(LbackError, match="On sqlite:///silent this cannot be planned: It is down"):
        together([planned("ready", "b", plan(stamp="b")), silent])


def test_nothing_is_done_where_one_that_has_run_it_cannot_be_planned() -> None:
    with pytest.raises(LbackError, match="cannot be planned") as caught:
        together([planned("ready", "b", plan(stamp="b")), planned("odd", "b", None, "Why.")])
    assert "Nothing was changed on any database. Look there." in str(caught.value.hint)


def test_a_stamp_that_is_not_known_counts_as_if_it_had_run() -> None:
    with pytest.raises(LbackError, match="On sqlite:///odd"):
        together([planned("ready", "b", plan(stamp="b")), planned("odd", "zz", None)])


def test_nothing_is_done_where_it_would_not_be_the_same() -> None:
    down, revert = plan(stamp="b"), plan(stamp="c")
    assert (down.decision.strategy, revert.decision.strategy) != ("revert", "revert")
    with pytest.raises(LbackError, match="not the same on every database") as caught:
        together([planned("one", "b", down), planned("two", "c", revert)])
    assert "on sqlite:///one it is downgrade of b" in caught.value.message


def test_the_same_number_of_steps_is_not_the_same_everywhere() -> None:
    one, two = (
        plan_rollback(written(LINE, CODES, steps=2, strategy="downgrade", stamp=stamp))
        for stamp in "bc"
    )
    assert (one.decision.undoes, two.decision.undoes) == (("b", "a"), ("c", "b"))
    with pytest.raises(LbackError, match="not the same on every database"):
        together([planned("one", "b", one), planned("two", "c", two)])


def test_without_a_name_it_is_env_py_that_is_spoken_of() -> None:
    assert Planned("", None, (), None).name == "env.py"


def test_the_graph_has_what_any_of_the_plans_knows() -> None:
    short, long = plan("a; b<a", stamp="b"), plan(stamp="c")
    assert graph_of([long, short]) is long.graph
    assert set(graph_of([short, long]).ids) == {"a", "b", "c"}


def test_two_texts_of_one_revision_stop_it() -> None:
    class Text:
        def __init__(self, text: bytes) -> None:
            self.sources = {"b": text}

    one, same, other = Text(b"x"), Text(b"x"), Text(b"y")
    rows = [planned("one", "b", None), planned("two", "b", None)]
    assert sources_of(rows, [one, same]) == {"b": b"x"}  # type: ignore[list-item]
    with pytest.raises(LbackError, match="two has run another text of b"):
        sources_of(rows, [one, other])  # type: ignore[list-item]
