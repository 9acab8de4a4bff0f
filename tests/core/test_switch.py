"""The plan of a switch, from small graphs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lback.core.effects import Effect, Effects, Unknown
from lback.core.merging.skipped import Skips
from lback.core.plans import Downgrade, Upgrade
from lback.core.switch import SwitchFacts, SwitchPlan, effects_of_going_down, plan_switch
from lback.errors import LbackError
from tests.core.graphs import graph

DROP = Effect("drop", "table", "t")
DOES = Effects((Effect("create", "table", "t"),), (DROP,))


def facts(target: str, known: str, stamp: str, ref: str | None = "main") -> SwitchFacts:
    at = tuple(filter(None, stamp.split(",")))
    return SwitchFacts(ref, at, graph(target), graph(known))


def plan(target: str, known: str, stamp: str) -> SwitchPlan:
    return plan_switch(facts(target, known, stamp))


def test_what_the_branch_lacks_goes_down_and_what_it_adds_goes_up() -> None:
    found = plan("a; b<a; c<b", "a; b<a; c<b; x<a; y<x", "y")
    assert found.down == (Downgrade("y"), Downgrade("x"))
    assert found.up == (Upgrade("b"), Upgrade("c"))
    assert found.steps == (*found.down, *found.up)
    assert found.stamp == ("y",)


@pytest.mark.parametrize(
    ("target", "known", "stamp", "down", "up"),
    [
        ("a; b<a", "a; b<a", "b", "", ""),
        ("a; b<a", "a; b<a", "", "", "ab"),
        ("a", "a; b<a", "b", "b", ""),
        ("a; b<a", "a; b<a", "a", "", "b"),
        ("x", "a; x", "a", "a", "x"),
    ],
)
def test_only_what_differs_moves(target: str, known: str, stamp: str, down: str, up: str) -> None:
    found = plan(target, known, stamp)
    assert "".join(one.revision for one in found.down) == down
    assert "".join(one.revision for one in found.up) == up


@pytest.mark.parametrize(
    ("target", "skipped", "unknown"),
    [("a; u<a; c<u; b<c", "c", "u"), ("a; c<a; u<c; b<u", "c", "u"), ("a", "", "u")],
)
def test_nothing_moves_where_that_leads_over_what_may_not_have_run(
    target: str, skipped: str, unknown: str
) -> None:
    known = target if skipped else "a; u<a; b<u"
    skips = Skips(tuple(skipped), tuple(unknown))
    with pytest.raises(LbackError, match="It is not known whether this database has run u") as err:
        plan_switch(replace(facts(target, known, "b"), skips=skips))
    assert "`lback migrate --fake u`" in (err.value.hint or "")


def test_what_may_not_have_run_is_left_alone_where_nothing_leads_over_it() -> None:
    at = facts("a; u<a; b<u; c<b", "a; u<a; b<u; c<b; x<b", "x")
    found = plan_switch(replace(at, skips=Skips((), ("u",))))
    assert (found.down, found.up) == ((Downgrade("x"),), (Upgrade("c"),))


def test_a_revision_that_is_nowhere_is_named() -> None:
    with pytest.raises(LbackError, match="stamped with z, and no file"):
        plan("a", "a", "z")


def test_a_revision_with_another_parent_there_does_not_go_along() -> None:
    with pytest.raises(LbackError) as caught:
        plan("a; c<a", "a; b<a; c<b", "c")
    assert caught.value.message.startswith("c stands on b, which main does not have")


def test_a_fork_of_the_branch_is_refused() -> None:
    with pytest.raises(LbackError, match="2 heads"):
        plan("a; b<a; c<a", "a; b<a; c<a", "a")


def test_going_down_needs_a_downgrade() -> None:
    at = facts("a", "a; b<a; c<b", "c")
    found = plan_switch(at)
    assert effects_of_going_down(at, found, {"b": DOES, "c": DOES}) == (DROP, DROP)
    empty = Effects(downgrade_gap="empty")
    assert effects_of_going_down(at, found, {"b": DOES, "c": empty}) == (DROP,)
    unread = empty._replace(unknown=(Unknown("upgrade", 3, "who knows"),))
    raises = DOES._replace(downgrade=(), downgrade_gap="raises")
    for words, does in {"raises": raises, "does nothing": unread}.items():
        with pytest.raises(LbackError) as caught:
            effects_of_going_down(at, found, {"b": does, "c": DOES})
        told = f"versions/b.py: b cannot be undone: its downgrade() {words}."
        assert caught.value.message == told
        assert (caught.value.hint or "").startswith("Main does not have it")
    here = facts("a", "a; b<a; c<b", "c", None)
    with pytest.raises(LbackError) as caught:
        effects_of_going_down(here, found, {"b": unread, "c": DOES})
    assert (caught.value.hint or "").startswith("This checkout does not have it")
