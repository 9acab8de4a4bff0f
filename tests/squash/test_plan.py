"""Which revisions a squash takes together, and what it refuses by name."""

from __future__ import annotations

import pytest

from lback.core.squash.plan import SquashPlan, plan_squash
from lback.errors import LbackError, UsageError
from tests.core.graphs import graph

LINE = "a; b<a; c<b; d<c"


@pytest.mark.parametrize(
    ("text", "to", "first", "members", "parents"),
    [
        (LINE, "c", None, "a b c", ""),
        (LINE, "d", "c", "c d", "b"),
        # A fork and its merge inside the range.
        ("a; b<a; c<a; m<b,c; d<m", "m", None, "a c b m", ""),
        # A side that is not above the first one stays outside, and is a parent.
        ("a; b<a; c<a; m<b,c", "m", "b", "b m", "a c"),
        ("a; x; b<a,x; c<b", "b", None, "x a b", ""),
    ],
)
def test_what_becomes_one(
    text: str, to: str, first: str | None, members: str, parents: str
) -> None:
    plan = plan_squash(graph(text), to, first)
    assert set(plan.members) == set(members.split())
    assert plan.members[-1] == to
    tops = set(parents.split()) - ({"a"} if "c" in parents.split() else set())
    assert set(plan.parents) == tops
    assert set(plan.replaces) == set(plan.members) - {to}


@pytest.mark.parametrize(
    ("text", "to", "first", "told"),
    [
        ("a; b<a; c<b; x<b", "c", None, "x stands on b"),
        ("a; b<a; c<b; x !b", "c", None, "x depends on b"),
        ("a; b<a; c<a; m<b,c", "b", "a", "c stands on a"),
    ],
)
def test_an_open_range_is_refused_by_name(text: str, to: str, first: str | None, told: str) -> None:
    with pytest.raises(LbackError) as refused:
        plan_squash(graph(text), to, first)
    assert told in refused.value.message


@pytest.mark.parametrize(
    ("text", "to", "first", "told"),
    [
        ("a; b<a; c<b; d<c; e<b; m<d,e; n<m", "c", None, "b (2 revisions) or m (6 revisions)"),
        ("a; b<a; c<b; d<c; e<b; m<d,e; n<m", "c", "b", "end at m (5 revisions)."),
        ("a; b<a; c<b; x !b", "c", None, "end at b (2 revisions)."),
        ("a; b<a; c<b; x<a", "c", None, "Merge those first"),
    ],
)
def test_the_nearest_closed_ranges_are_named(
    text: str, to: str, first: str | None, told: str
) -> None:
    with pytest.raises(LbackError) as refused:
        plan_squash(graph(text), to, first)
    assert told in str(refused.value.hint)


def test_there_is_nothing_between_others_or_below_one() -> None:
    with pytest.raises(UsageError):
        plan_squash(graph("a; b<a; c<a"), "b", "c")
    with pytest.raises(LbackError):
        plan_squash(graph("a; b<a"), "a", None)


def test_labels_move_along_and_what_depends_on_one_finds_it() -> None:
    made = plan_squash(graph("a; b<a; c<b; d<c !shop", b="shop"), "c", None)
    assert made.labels == ("shop",)
    # By its id it would not.
    with pytest.raises(LbackError, match="depends on b"):
        plan_squash(graph("a; b<a; c<b; d<c !b", b="shop"), "c", None)


def test_dependencies_that_lead_out_stay() -> None:
    made = plan_squash(graph("a; b<a !x; c<b !a; x"), "c", None)
    assert made == SquashPlan("c", ("a", "b", "c"), ("a", "b"), (), ("x",), ())
