"""Which way a change is undone, as small graphs, and why it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lback.core.effects import Effect, Effects, Unknown
from lback.core.messages.rollback import Refusal
from lback.core.rollback.decide import Decision, decide_strategy, newer_doubt
from lback.core.tables import Doubt, TableLife
from tests.approved import approved
from tests.core.graphs import graph
from tests.core.rollback.facts import facts_of


def does(*tables: str, gap: Any = "", line: int = 3) -> Effects:
    ups = tuple(Effect("create", "column", one, "c", line=line) for one in tables)
    downs = () if gap else tuple(Effect("drop", "column", one, "c") for one in tables)
    return Effects(ups, downs, downgrade_gap=gap)


def decide(
    text: str,
    undo: str,
    stamp: str,
    wanted: Any = None,
    effects: dict[str, Effects] | None = None,
    labels: dict[str, str] | None = None,
    own: tuple[str, ...] = (),
    **other: Any,
) -> Decision:
    drawn = graph(text, **(labels or {}))
    known = dict.fromkeys(drawn.ids, does("t")) | (effects or {})
    facts = facts_of(drawn, stamp, known, strategy=wanted, **other)
    table = TableLife("t", True, own) if own else None
    return decide_strategy(facts, tuple(undo.split(",")), table)


LINE = "a; b<a; c<b"
FORK = "a; b<a; c<a; m<b,c"


def test_the_last_one_that_is_local_goes_down() -> None:
    done = decide(LINE, "c", "c")
    assert done == Decision(
        "downgrade", "nothing applied stands on it and it is local", ("c",), (), ("b",)
    )
    assert decide(FORK, "m", "m").target == ("b", "c")
    assert decide("a; b<a; c<a", "c", "b,c").target == ("b",)


@pytest.mark.parametrize(
    ("undo", "other"),
    [
        ("c", {"published": frozenset({"c"})}),
        ("b", {}),
        ("a", {}),
        ("c", {"effects": {"c": does("t", gap="missing")}}),
        ("c", {"effects": {"c": does("t", "v", "u")}, "own": ("t",)}),
    ],
)
def test_what_others_need_is_reverted_on_top(undo: str, other: dict[str, Any]) -> None:
    done = decide(LINE, undo, "c", **other)
    assert (done.strategy, done.undoes, done.parents) == ("revert", (undo,), ("c",))
    assert (done.collateral, done.target, done.hint) == ((), (), "")


def test_a_whole_revision_may_change_any_table() -> None:
    assert decide(LINE, "c", "c", effects={"c": does("t", "u")}).strategy == "downgrade"
    assert decide(LINE, "c", "c", effects={"c": does("t")}, own=("t",)).strategy == "downgrade"


def test_the_option_decides() -> None:
    down = decide(LINE, "b", "c", "downgrade")
    assert (down.strategy, down.undoes, down.collateral, down.target) == (
        "downgrade",
        ("b",),
        ("c",),
        ("a",),
    )
    up = decide(LINE, "c", "c", "revert")
    assert (up.strategy, up.reason, up.parents) == ("revert", down.reason, ("c",))


@pytest.mark.parametrize("gap", ["empty", "raises", "missing"])
def test_without_a_way_down_it_is_refused(gap: str) -> None:
    effects = {"b": does("t", "u", gap=gap, line=7)}
    refused = decide(LINE, "b", "b", "downgrade", effects)
    assert refused.strategy == "refused"
    assert refused.reason.startswith("versions/b.py:7: b ")
    assert refused.undoes == ("b",)
    assert decide(LINE, "a", "b", "downgrade", effects).reason == refused.reason
    assert decide(LINE, "b", "c", "revert", effects).strategy == "revert"
    own_wish = decide(LINE, "b", "c", None, effects)
    assert own_wish.strategy == ("revert" if gap == "missing" else "refused")
    assert (own_wish.reason == refused.reason) == (gap != "missing")


def test_without_git_nobody_knows_whether_it_is_published() -> None:
    refused = decide(LINE, "c", "c", no_git="git is not installed")
    assert refused.reason == "whether c is published is not known: git is not installed"
    assert decide(LINE, "c", "c", "downgrade", no_git="git is gone").strategy == "downgrade"


def test_what_does_nothing_needs_no_way_down() -> None:
    nothing = Effects(downgrade_gap="empty")
    assert decide(LINE, "c", "c", effects={"c": nothing}).strategy == "downgrade"
    unread = Effects(downgrade_gap="raises", unknown=(Unknown("upgrade", 3, "who knows"),))
    refused = decide(LINE, "c", "c", effects={"c": unread})
    assert refused.reason.startswith("versions/c.py:1: c ")


def test_a_fork_above_has_no_place_for_it() -> None:
    refused = decide("a; b<a; c<a", "a", "b,c")
    assert (refused.strategy, refused.undoes) == ("refused", ("a",))
    assert decide(FORK, "a", "m").parents == ("m",)
    assert decide("a; b<a; x; y<x", "a", "b,y").parents == ("b",)


def test_heads_that_are_apart_by_design() -> None:
    labels = {"b": "main", "c": "data"}
    apart = {"labels": labels, "separate_heads": ("main", "data")}
    one = decide("a; b<a; x<b; c<a; y<c", "c", "x,y", **apart)
    assert (one.strategy, one.parents) == ("revert", ("y",))
    other = decide("a; b<a; x<b; c<a; y<c", "b", "x,y", **apart)
    assert other.parents == ("x",)
    below = decide("a; b<a; c<a", "a", "b,c", **apart)
    assert below.parents == ("b",)
    both = decide("a; b<a; x<b; c<a; y<c", "b,c", "x,y", **apart)
    assert both.strategy == "refused"


def test_a_head_that_is_not_applied_comes_first() -> None:
    refused = decide("a; b<a; c<b; d<c", "a", "b")
    assert (refused.strategy, refused.undoes) == ("refused", ("a",))


def test_a_decision_can_be_refused_later() -> None:
    done = decide(LINE, "b", "c", "downgrade").refused(Refusal("why", "what to do"))
    assert done == Decision("refused", "why", ("b",), ("c",), hint="what to do")


def test_a_doubt_counts_from_what_is_undone_on() -> None:
    drawn = graph(LINE)
    doubts = {one: Doubt(one, Unknown("upgrade", 1, one)) for one in "abc"}
    told = TableLife("t", True, doubts=(doubts["c"], doubts["b"], doubts["a"]))
    facts = facts_of(drawn, "c", {})
    assert newer_doubt(facts, told, ("b",)) == doubts["c"]
    assert newer_doubt(facts, told, ("a",)) == doubts["c"]
    assert newer_doubt(facts, told._replace(doubts=(doubts["b"], doubts["a"])), ("b",)) is None
    assert newer_doubt(facts, None, ("b",)) is None


def test_each_reason_reads_well() -> None:
    """One line a reason, and the way out below it where there is none."""
    gaps = [does("t", gap=gap) for gap in ("empty", "raises", "missing")]
    labelled: dict[str, Any] = {
        "labels": {"b": "main", "c": "data"},
        "separate_heads": ("main", "data"),
    }
    told = [
        decide(LINE, "c", "c"),
        decide(LINE, "b", "c", "downgrade"),
        decide(LINE, "c", "c", "revert"),
        decide(LINE, "c", "c", published=frozenset({"c"})),
        decide(LINE, "b", "c"),
        decide(LINE, "a", "c"),
        decide("a; b<a; c<b; d<c", "b,c", "d"),
        decide(LINE, "c", "c", effects={"c": gaps[2]}),
        decide(LINE, "c", "c", effects={"c": does("t", "v", "u")}, own=("t",)),
        *(decide(LINE, "c", "c", "downgrade", effects={"c": gap}) for gap in gaps),
        decide("a; b<a; c<a", "a", "b,c"),
        decide("a; b<a; x<b; c<a; y<c", "b,c", "x,y", **labelled),
        decide("a; b<a; c<b; d<c", "a", "b"),
    ]
    lines = [
        f"{one.strategy}: {one.reason}" + f"\n    -> {one.hint}" * bool(one.hint) for one in told
    ]
    approved(Path(__file__).parent / "reasons.txt", "\n".join(lines) + "\n")
