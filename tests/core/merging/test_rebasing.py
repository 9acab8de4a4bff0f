"""Which revisions move, as small graphs: `s*` are shared, everything else is local."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lback.core.graph.forks import forks
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.core.merging.database_move import plan_move
from lback.core.merging.rebase_plan import RebaseFacts, RebasePlan, plan_rebase, rebased
from lback.core.plans import Restamp, applied


def graph(text: str, **labels: tuple[str, ...]) -> Graph:
    """Read `name:parent,parent` words; the order of the words is the age."""
    revisions = []
    for number, word in enumerate(text.split()):
        name, _, parents = word.partition(":")
        parents, _, needs = parents.partition("+")
        header = Header(
            name,
            tuple(parents.split(",")) if parents else (),
            depends_on=(needs,) if needs else (),
            branch_labels=labels.get(name, ()),
            create_date=f"2026-01-{number + 1:02}",
        )
        revisions.append(Revision(header, f"{name}.py", name))
    return Graph(revisions)


def plan(one: Graph, *, force: bool = False, **standing: Any) -> RebasePlan:
    shared = frozenset(name for name in one.ids if name.startswith("s"))
    standing.setdefault("idle", frozenset(name for name in one.ids if name.startswith("m")))
    return plan_rebase(one, RebaseFacts(shared, **standing), force=force)


def moves(done: RebasePlan) -> dict[str, tuple[str, ...]]:
    return {one.revision: one.new for one in done.rewrites}


@pytest.mark.parametrize(
    ("text", "expected", "removed"),
    [
        ("s1: s2:s1 a:s1", {"a": ("s2",)}, ()),
        ("s1: s2:s1 a:s1 b:a", {"a": ("s2",)}, ()),
        ("s1: s2:s1 a:s2 b:a", {}, ()),
        # Several chains lie one on the other, the older one below.
        ("s1: s2:s1 a:s1 b:a c:s1 d:c", {"a": ("s2",), "c": ("b",)}, ()),
        # The older one by its date, whatever it is called.
        ("s1: s2:s1 z:s1 y:z a:s1", {"z": ("s2",), "a": ("y",)}, ()),
        # What stands on the shared head already stays there.
        ("s1: s2:s1 a:s1 b:s2", {"a": ("b",)}, ()),
        # A fork within the local part.
        ("s1: s2:s1 a:s1 b:a c:a", {"a": ("s2",), "c": ("b",)}, ()),
        # A merge of a local and a shared head has nothing left to merge.
        ("s1: s2:s1 a:s1 m:a,s2", {"a": ("s2",)}, ("m",)),
        ("s1: s2:s1 a:s1 m:s2,a b:m", {"a": ("s2",), "b": ("a",)}, ("m",)),
        ("s1: s2:s1 a:s1 m:s2,a b:m s3:s2", {"a": ("s3",), "b": ("a",)}, ("m",)),
        ("s1: s2:s1 a:s2 m:a,s2", {}, ("m",)),
        # It stays where another one depends on it.
        ("s1: s2:s1 a:s1 m:s2,a b:a+m", {"a": ("s2",), "m": ("a",), "b": ("m",)}, ()),
        # One that does something stays, with one parent.
        ("s1: s2:s1 a:s1 x:s2,a b:x", {"a": ("s2",), "x": ("a",)}, ()),
        # A merge of two local heads keeps its shape.
        ("s1: s2:s1 a:s1 b:s1 m:a,b", {"a": ("s2",), "b": ("s2",)}, ()),
        # A second base beside a shared one.
        ("s1: a:", {"a": ("s1",)}, ()),
        # Nothing is shared yet: one local chain lies on the other.
        ("a: b: c:b", {"b": ("a",)}, ()),
        ("s1: s2:s1", {}, ()),
        ("", {}, ()),
        # The shared branch forks and a local merge joins it.
        ("s1: s2:s1 s3:s1 m:s2,s3 a:s1", {"a": ("m",)}, ()),
    ],
)
def test_who_moves_where(text: str, expected: dict[str, tuple[str, ...]], removed: Any) -> None:
    done = plan(graph(text))
    assert moves(done) == expected
    assert done.removes == removed
    assert done.action == ("rebase" if expected or removed else "none")


def test_heads_apart_by_design_stay_apart() -> None:
    one = graph("s1: s2: s3:s1 a:s1 b:s2", s1=("expand",), s2=("contract",))
    assert moves(plan(one)) == {"a": ("s3",)}


def test_a_merge_with_another_lane_keeps_that_parent() -> None:
    one = graph("s1: s2: s3:s1 a:s1 x:a,s2", s1=("expand",), s2=("contract",))
    assert "x" not in plan(one).touched


def test_a_labelled_merge_is_not_removed() -> None:
    one = graph("s1: s2:s1 a:s1 m:s2,a", m=("release",))
    assert plan(one).removes == ()


def test_a_shared_fork_is_not_ours_to_join() -> None:
    done = plan(graph("s1: s2:s1 s3:s1 a:s2"))
    assert done.action == "refused"
    assert "forks itself" in done.reason


@pytest.mark.parametrize("force", [False, True])
def test_what_is_published_never_moves(force: bool) -> None:
    one = graph("s1: s2:s1 p:s1 a:p")
    done = plan(one, force=force, published=frozenset({"s1", "p"}))
    assert done.action == "refused"
    assert "p is published" in done.reason


def test_what_is_pushed_moves_by_force_only() -> None:
    one = graph("s1: s2:s1 a:s1 b:a")
    refused = plan(one, pushed=frozenset({"b"}))
    assert refused.action == "refused"
    assert "b is pushed" in refused.reason
    assert moves(plan(one, pushed=frozenset({"b"}), force=True)) == {"a": ("s2",)}


def test_a_dependency_that_would_become_a_cycle_is_refused() -> None:
    done = plan(graph("s1: s2:s1 a:s1+b b:s1"))
    assert done.action == "refused"
    assert "break the graph" in done.reason


# The database


def test_a_database_that_lacks_the_new_ancestors_goes_down_and_up() -> None:
    old = graph("s1: s2:s1 a:s1 b:a")
    new = rebased(old, plan(old))
    move = plan_move(old, new, {"a"}, ("b",))
    assert [step.revision for step in move.down] == ["b", "a"]
    assert move.between == ("s1",)
    assert [step.revision for step in move.up if not isinstance(step, Restamp)] == ["s2", "a", "b"]


def test_a_database_that_has_run_both_sides_changes_its_stamp_only() -> None:
    old = graph("s1: s2:s1 a:s1")
    move = plan_move(old, rebased(old, plan(old)), {"a"}, ("a", "s2"))
    assert move.down == ()
    assert move.up == (Restamp(("a",)),)


def test_a_database_without_the_moved_is_not_concerned() -> None:
    old = graph("s1: s2:s1 a:s1")
    for stamp in ((), ("s1",), ("s2",)):
        assert plan_move(old, rebased(old, plan(old)), {"a"}, stamp).idle


def test_a_removed_merge_leaves_the_stamp() -> None:
    old = graph("s1: s2:s1 a:s1 m:s2,a")
    move = plan_move(old, rebased(old, plan(old)), plan(old).touched, ("m",))
    assert move.down == ()
    assert move.up == (Restamp(("a",)),)


@st.composite
def forests(draw: st.DrawFn) -> tuple[Graph, tuple[str, ...]]:
    """Draw a graph with one shared head and any local part, and a stamp on it."""
    words = ["s0:"]
    names = ["s0"]
    for number in range(1, draw(st.integers(1, 4))):
        words.append(f"s{number}:s{number - 1}")
        names.append(f"s{number}")
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from("axm"))
        name = f"{kind}{number}"
        parents = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        words.append(f"{name}:{','.join(parents[:1] if kind == 'a' else parents)}")
        names.append(name)
    one = graph(" ".join(words))
    below = draw(st.lists(st.sampled_from(names), max_size=2))
    done = one.ancestors(below) if below else frozenset()
    from lback.core.plans import tips

    return one, tips(one, done)


@settings(max_examples=400, deadline=None)
@given(forests())
def test_after_any_rebase_there_is_one_head_and_no_database_has_skipped_anything(
    drawn: tuple[Graph, tuple[str, ...]],
) -> None:
    old, stamp = drawn
    done = plan(old)
    assert done.action in ("rebase", "none")
    new = rebased(old, done)
    assert not new.problems
    assert not forks(new)
    assert all(one not in done.touched for one in old.ids if one.startswith("s"))
    assert new.ids == old.ids - set(done.removes)
    # A second time there is nothing left to do.
    again = plan(new)
    assert again.action == "none", again
    # What a revision stood on, it stands on still.
    for one in new.ids:
        assert old.ancestors([one]) - set(done.removes) <= new.ancestors([one])
    move = plan_move(old, new, done.touched, stamp)
    before = applied(old, stamp)
    undone = {step.revision for step in move.down}
    ran = set(before - undone)
    for step in move.up:
        if isinstance(step, Restamp):
            ran = set(new.ancestors(step.revisions)) if step.revisions else set()
            assert ran == set(before) - set(done.removes)
        else:
            assert set(new[step.revision].parents) <= ran
            ran.add(step.revision)
    assert {one for one in before if one in new} <= ran
    assert {one for one in ran if one in new} == (
        new.ancestors([one for one in ran if one in new]) if ran & new.ids else set()
    )
