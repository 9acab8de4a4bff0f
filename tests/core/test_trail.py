"""What a record tells of the parents by which a database came to its stamp."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lback.core.record.steps import RecordedStep
from lback.core.record.trail import Trail, stood_on, trail_of
from tests.core.test_plans import LANES, graph_of

GRAPH = graph_of(("a", ""), ("c", "a"), ("b", "c"))


def step(
    direction: str, revision: str, parents: str, before: str, after: str, **more: Any
) -> RecordedStep:
    """Make a row of the record; lists are separated by spaces."""
    values: dict[str, Any] = {
        "id": 1,
        "run": "r",
        "direction": direction,
        "revision": revision,
        "parents": tuple(parents.split()),
        "depends_on": (),
        "path": "",
        "blob": "",
        "commit": None,
        "branch": None,
        "git_user": None,
        "run_by": "ada",
        "host": "",
        "process": None,
        "command": "",
        "lback": "",
        "started_at": datetime(2026, 1, 2),
        "seconds": None,
        "outcome": "done",
        "message": None,
        "before": tuple(before.split()),
        "after": tuple(after.split()),
    }
    return RecordedStep(**(values | more))


A = step("upgrade", "a", "", "", "a")
B = step("upgrade", "b", "a", "a", "b")


def trail(*steps: RecordedStep, stamp: str = "b") -> Trail:
    return trail_of(GRAPH, steps, stamp.split(), {})


def test_a_record_from_the_beginning_is_complete() -> None:
    assert trail(A, B) == Trail({"a": (), "b": ("a",)}, complete=True)
    fake = step("fake upgrade", "b", "a", "a", "b")
    assert trail(A, fake) == Trail({"a": (), "b": ("a",)}, complete=True)


def test_what_was_undone_is_as_if_it_had_not_been() -> None:
    down = step("downgrade", "b", "a", "b", "a")
    assert trail(A, B, down, stamp="a") == Trail({"a": ()}, complete=True)
    again = step("upgrade", "b", "c", "a", "b")
    assert trail(A, B, down, again).recorded == {"a": (), "b": ("c",)}


def test_a_record_that_began_later_is_not_complete() -> None:
    assert trail(B) == Trail({"b": ("a",)}, complete=False)


def test_where_others_moved_the_stamp_it_is_one_way_of_several() -> None:
    lost = Trail(ran=frozenset("ab"), earlier={"a": ((),), "b": (("a",),)})
    assert trail(A, B, stamp="d") == lost
    later = step("upgrade", "e", "d", "d", "e")
    found = trail(A, B, later, stamp="e")
    assert (found.recorded, found.ran, found.complete) == ({"e": ("d",)}, frozenset("ab"), False)


def test_a_stamp_that_somebody_set_says_nothing_of_the_parents() -> None:
    assert trail(step("stamp", "b", "", "", "b")) == Trail()
    assert not trail(A, step("stamp", "b", "", "a", "b")).complete
    # Rows that others stood on went out of the stamp.
    both = step("upgrade", "b", "a", "a", "a b")
    assert trail(A, both, step("stamp", "b", "", "a b", "b")).complete
    found = trail(step("stamp", "b", "", "c b", "b"))
    assert (found.ran, found.complete) == (frozenset("bc"), False)


def test_what_was_begun_and_not_done_is_neither() -> None:
    begun = step("upgrade", "c", "a", "b", "b", outcome="started")
    assert trail(A, B, begun).begun == frozenset("c")
    done = step("upgrade", "c", "a", "b", "b")
    assert trail(A, B, begun, done) == Trail({"a": (), "b": ("a",), "c": ("a",)}, complete=True)


def test_a_label_stands_for_the_revision_that_has_it() -> None:
    assert stood_on(LANES, "x", (), ("b",)) == ("b",)
    assert stood_on(LANES, "new", ("b",), ("contract", "b")) == ("b", "x", "b")
