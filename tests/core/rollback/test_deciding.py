"""Which way a change is undone, as small graphs, and why it is not."""

from __future__ import annotations

from typing import Any

import pytest

from lback.core.effects import Effect, Effects, Unknown
from lback.core.tables import Doubt, TableLife
from lback.core.undo.undoing import Situation, Undo, decide_undo, newer_doubt
from tests.core.graphs import graph


def does(*tables: str, gap: Any = "", line: int = 3) -> Effects:
    ups = tuple(Effect("create", "column", one, "c", line=line) for one in tables)
    downs = () if gap else tuple(Effect("drop", "column", one, "c") for one in tables)
    return Effects(ups, downs, downgrade_gap=gap)


def decide(
    text: str,
    undo: str,
    stamp: str,
    wished: Any = None,
    effects: dict[str, Effects] | None = None,
    labels: dict[str, str] | None = None,
    **other: Any,
) -> Undo:
    drawn = graph(text, **(labels or {}))
    known = dict.fromkeys(drawn.ids, does("t")) | (effects or {})
    at = Situation(drawn, tuple(stamp.split(",")), known, **other)
    return decide_undo(at, tuple(undo.split(",")), wished)


LINE = "a; b<a; c<b"
FORK = "a; b<a; c<a; m<b,c"


def test_the_last_one_that_is_local_goes_down() -> None:
    done = decide(LINE, "c", "c")
    assert done == Undo(
        "downgrade", "nothing applied stands on it and it is local", ("c",), (), ("b",)
    )
    assert decide(FORK, "m", "m").target == ("b", "c")
    assert decide("a; b<a; c<a", "c", "b,c").target == ("b",)


@pytest.mark.parametrize(
    ("undo", "stamp", "other", "words"),
    [
        ("c", "c", {"published": frozenset({"c"})}, "c is published, so others have run it"),
        ("b", "c", {}, "1 applied revision stands on b: c"),
        ("a", "c", {}, "2 applied revisions stand on a: c, b"),
        ("c", "c", {"effects": {"c": does("t", gap="missing")}}, "c has no downgrade()"),
        ("c", "c", {"effects": {"c": does("t", "v", "u")}, "own": ("t",)}, "c also changes u, v"),
    ],
)
def test_what_others_need_is_reverted_on_top(
    undo: str, stamp: str, other: dict[str, Any], words: str
) -> None:
    done = decide(LINE, undo, stamp, **other)
    assert (done.strategy, done.undoes, done.parents) == ("revert", (undo,), ("c",))
    assert done.reason.startswith(words)
    assert (done.collateral, done.target, done.hint) == ((), (), "")


def test_a_whole_revision_may_change_any_table() -> None:
    assert decide(LINE, "c", "c", effects={"c": does("t", "u")}).strategy == "downgrade"
    assert decide(LINE, "c", "c", effects={"c": does("t")}, own=("t",)).strategy == "downgrade"


def test_the_wish_decides() -> None:
    down = decide(LINE, "b", "c", "downgrade")
    assert (down.strategy, down.undoes, down.collateral, down.target) == (
        "downgrade",
        ("b",),
        ("c",),
        ("a",),
    )
    assert down.reason == "asked for by --strategy"
    up = decide(LINE, "c", "c", "revert")
    assert (up.strategy, up.reason, up.parents) == ("revert", "asked for by --strategy", ("c",))


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        ("empty", "has no way down, its downgrade() does nothing"),
        ("raises", "has no way down: its downgrade() raises"),
        ("missing", "has no downgrade()"),
    ],
)
def test_without_a_way_down_it_is_refused(gap: str, words: str) -> None:
    effects = {"b": does("t", "u", gap=gap, line=7)}
    refused = decide(LINE, "b", "b", "downgrade", effects)
    assert refused.strategy == "refused"
    assert refused.reason == f"versions/b.py:7: b {words}"
    assert refused.hint.startswith("Write its downgrade();")
    assert refused.undoes == ("b",)
    assert decide(LINE, "a", "b", "downgrade", effects).reason == refused.reason
    assert decide(LINE, "b", "c", "revert", effects).strategy == "revert"
    own_wish = decide(LINE, "b", "c", None, effects)
    assert own_wish.strategy == ("revert" if gap == "missing" else "refused")
    assert (own_wish.reason == refused.reason) == (gap != "missing")


def test_what_does_nothing_needs_no_way_down() -> None:
    nothing = Effects(downgrade_gap="empty")
    assert decide(LINE, "c", "c", effects={"c": nothing}).strategy == "downgrade"
    unread = Effects(downgrade_gap="raises", unknown=(Unknown("upgrade", 3, "who knows"),))
    refused = decide(LINE, "c", "c", effects={"c": unread})
    assert refused.reason.startswith("versions/c.py:1: c has no way down")


def test_a_fork_above_has_no_place_for_it() -> None:
    refused = decide("a; b<a; c<a", "a", "b,c")
    assert (refused.strategy, refused.undoes) == ("refused", ("a",))
    assert refused.reason.endswith("would need one head, and there are b, c")
    assert refused.hint.startswith("Join them with `lback resolve`")
    assert decide(FORK, "a", "m").parents == ("m",)
    assert decide("a; b<a; x; y<x", "a", "b,y").parents == ("b",)


def test_heads_that_are_apart_by_design() -> None:
    labels = {"b": "main", "c": "data"}
    apart = {"labels": labels, "apart": ("main", "data")}
    one = decide("a; b<a; x<b; c<a; y<c", "c", "x,y", **apart)
    assert (one.strategy, one.parents) == ("revert", ("y",))
    other = decide("a; b<a; x<b; c<a; y<c", "b", "x,y", **apart)
    assert other.parents == ("x",)
    below = decide("a; b<a; c<a", "a", "b,c", **apart)
    assert below.parents == ("b",)
    both = decide("a; b<a; x<b; c<a; y<c", "b,c", "x,y", **apart)
    assert both.strategy == "refused"
    assert "there are x, y" in both.reason


def test_a_head_that_is_not_applied_comes_first() -> None:
    refused = decide("a; b<a; c<b; d<c", "a", "b")
    assert (refused.strategy, refused.undoes) == ("refused", ("a",))
    assert refused.reason.startswith("the database is not at d yet")
    assert refused.hint.startswith("Run `lback migrate` first")


def test_a_decision_can_be_refused_later() -> None:
    done = decide(LINE, "b", "c", "downgrade").refused("why", "what to do")
    assert done == Undo("refused", "why", ("b",), ("c",), hint="what to do")


def test_a_doubt_counts_from_what_is_undone_on() -> None:
    drawn = graph(LINE)
    doubts = {one: Doubt(one, Unknown("upgrade", 1, one)) for one in "abc"}
    told = TableLife("t", True, doubts=(doubts["c"], doubts["b"], doubts["a"]))
    assert newer_doubt(drawn, told, ("b",)) == doubts["c"]
    assert newer_doubt(drawn, told, ("a",)) == doubts["c"]
    assert newer_doubt(drawn, told._replace(doubts=(doubts["b"], doubts["a"])), ("b",)) is None
