"""What a database has perhaps not run below its stamp, decided from facts."""

from __future__ import annotations

import pytest

from lback.core.effects import Effect, Effects, Unknown
from lback.core.graph.graph import Graph
from lback.core.merging.late import plan_late
from lback.core.merging.skipped import (
    Doubts,
    Skips,
    doubts,
    is_blind,
    linear_order,
    settled,
    telling,
    without_skipped,
)
from lback.core.plans import Upgrade, stamp_after
from lback.core.record.trail import Trail
from tests.core.test_plans import graph_of

# b2 was on a1 before c1 came to lie between them.
MOVED = graph_of(("a1", ""), ("c1", "a1"), ("b2", "c1"))
ONTO_A = {"b2": (("a1",),)}


def makes(table: str, **more: object) -> Effects:
    return Effects((Effect("create", "table", table, **more),))  # type: ignore[arg-type]


def doubt(graph: Graph, stamp: str, **trail: object) -> tuple[str, str]:
    found = doubts(graph, stamp.split(), Trail(**trail))  # type: ignore[arg-type]
    return " ".join(found.by_record), " ".join(found.open)


def test_without_other_parents_there_is_no_doubt() -> None:
    assert doubts(MOVED, ["b2"], Trail()) == Doubts()
    assert doubts(MOVED, ["b2"], Trail(recorded={"b2": ("c1",)}, earlier={"z": ((),)})) == Doubts()
    assert doubts(MOVED, [], Trail(earlier=ONTO_A)) == Doubts()
    assert doubts(MOVED, ["lost"], Trail(earlier=ONTO_A)) == Doubts()


def test_git_alone_leaves_open_whether_it_ran() -> None:
    assert doubt(MOVED, "b2", earlier=ONTO_A) == ("", "c1")
    assert doubt(MOVED, "c1", earlier=ONTO_A) == ("", "")
    # A row of its own says that it has run.
    assert doubt(MOVED, "b2 c1", earlier=ONTO_A) == ("", "")


def test_of_what_was_begun_nobody_knows_whether_it_ran() -> None:
    some: dict[str, object] = {"recorded": {"a1": (), "b2": ("a1",)}, "begun": frozenset(["c1"])}
    assert doubt(MOVED, "b2", **some) == ("", "c1")
    assert doubt(MOVED, "b2", complete=True, **some) == ("", "c1")
    assert doubt(MOVED, "b2 c1", **some) == ("", "")


def test_what_stands_below_a_row_had_run_with_it() -> None:
    graph = graph_of(("a1", ""), ("c0", "a1"), ("c1", "c0"), ("c2", "c1"), ("b2", "c2"))
    assert doubt(graph, "b2 c1", earlier=ONTO_A) == ("", "c2")
    assert doubt(graph, "b2", earlier=ONTO_A, ran=frozenset(["c1"])) == ("", "c2")


def test_the_record_knows_that_it_did_not() -> None:
    assert doubt(MOVED, "b2", recorded={"a1": (), "b2": ("a1",)}) == ("c1", "")
    assert doubt(MOVED, "b2", recorded={"a1": (), "c1": ("a1",), "b2": ("c1",)}) == ("", "")
    # It ran, by other parents: nothing was left out.
    assert doubt(MOVED, "b2", recorded={"c1": ("a1",), "b2": ("a1",)}) == ("", "")
    # The record is believed more than git's older versions.
    ran = {"a1": (), "c1": ("a1",), "b2": ("c1",)}
    assert doubt(MOVED, "b2", recorded=ran, earlier=ONTO_A) == ("", "")


def test_a_record_with_gaps_says_nothing_of_what_it_does_not_have() -> None:
    # Only the newest step is on record: what it stood on is as the files have it.
    graph = graph_of(("a1", ""), ("c1", "a1"), ("b2", "c1"), ("d3", "b2"))
    assert doubt(graph, "d3", recorded={"d3": ("b2",)}) == ("", "")
    assert doubt(graph, "d3", recorded={"d3": ("b2",)}, earlier=ONTO_A) == ("", "c1")


def test_three_levels_came_under_three() -> None:
    graph = graph_of(
        ("a", ""), ("c1", "a"), ("c2", "c1"), ("c3", "c2"), ("b1", "c3"), ("b2", "b1"), ("b3", "b2")
    )
    assert doubt(graph, "b3", earlier={"b1": (("a",),)}) == ("", "c1 c2 c3")
    recorded = {"a": (), "b1": ("a",), "b2": ("b1",), "b3": ("b2",)}
    assert doubt(graph, "b3", recorded=recorded) == ("c1 c2 c3", "")
    # In between: each of them was put under another one.
    earlier = {"b1": (("a",),), "b2": (("b1",), ("b1", "c2"))}
    assert doubt(graph, "b3", earlier=earlier) == ("", "c1 c2 c3")


def test_deeper_moves_are_seen_through_the_higher_ones() -> None:
    graph = graph_of(("a", ""), ("z", "a"), ("b", "z"), ("c", "b"), ("d", "c"))
    assert doubt(graph, "d", earlier={"d": (("b",),), "b": (("a",),)}) == ("", "z c")


def test_two_that_changed_places() -> None:
    graph = graph_of(("a", ""), ("c", "a"), ("b", "c"))
    assert doubt(graph, "b", earlier={"b": (("a",),), "c": (("b",),)}) == ("", "c")


def test_another_way_to_it_does_not_say_that_it_ran() -> None:
    # d and m may have been run by the files that have c below b, and so took it for applied.
    graph = graph_of(("a", ""), ("c", "a"), ("b", "c"), ("d", "c"), ("m", "b d"))
    assert doubt(graph, "m", earlier={"b": (("a",),)}) == ("", "c")
    assert doubt(graph, "b d", earlier={"b": (("a",),)}) == ("", "c")
    assert doubt(graph, "d", earlier={"b": (("a",),)}) == ("", "")


@pytest.mark.parametrize(
    ("stamp", "recorded", "ahead"),
    [
        ("c1", {"a1": (), "b2": ("a1",)}, ("b2",)),
        ("a1", {"a1": (), "b2": ("a1",), "gone": ("a1",)}, ("b2",)),
        # Nothing moved: an older stamp is one that somebody went down to.
        ("c1", {"a1": (), "c1": ("a1",), "b2": ("c1",)}, ()),
        ("b2", {"a1": (), "c1": ("a1",), "b2": ("c1",)}, ()),
    ],
)
def test_what_ran_above_the_stamp_is_told(
    stamp: str, recorded: dict[str, tuple[str, ...]], ahead: tuple[str, ...]
) -> None:
    found = doubts(MOVED, [stamp], Trail(recorded=recorded))
    assert found == Doubts(ahead=ahead)
    assert bool(found) is bool(ahead)
    assert found.without(["b2"]) == found  # of that there is no doubt
    assert settled(found, {"b2": None}) == Skips(ahead=ahead)
    assert bool(Skips(ahead=ahead)) is bool(ahead)


def test_what_is_doubted_is_told_in_one_line_and_left_out_by_name() -> None:
    some = Doubts(("a", "b"), ("c", "d"), (frozenset("ab"),), ("e",))
    assert some.revisions == ("a", "b", "c", "d")
    assert some.without("bc") == Doubts(("a",), ("d",), (frozenset("ab"),), ("e",))
    assert Skips(("a",), ("c",), ("e",)).revisions == ("a", "c")


def test_a_whole_record_has_all_that_ran() -> None:
    graph = graph_of(("a", ""), ("c", "a"), ("b", "c"), ("d", "c"), ("m", "b d"))
    ran: dict[str, object] = dict.fromkeys("abdm", ("whatever",))
    assert doubt(graph, "m", recorded=ran, complete=True) == ("c", "")
    assert doubt(graph, "m", recorded=ran) == ("", "")
    assert doubt(graph, "m", recorded=ran, ran=frozenset("c"), complete=True) == ("", "")


def test_dependencies_count_as_parents_do() -> None:
    graph = graph_of(("a", ""), ("d", ""), ("b", "a", "d"))
    assert doubt(graph, "b", earlier={"b": (("a",),)}) == ("", "d")
    assert doubt(graph, "b", recorded={"b": ("a",), "a": ()}) == ("d", "")
    assert doubt(graph, "b d", earlier={"b": (("a",),)}) == ("", "")


def test_a_parent_that_no_file_has_leads_on_or_says_nothing() -> None:
    graph = graph_of(("a", ""), ("n2", "a"), ("c", "n2"), ("b", "c"))
    # b stood on n1, which was renumbered to n2: what stood below n1 is known.
    assert doubt(graph, "b", earlier={"b": (("n1",),), "n1": (("a",),)}) == ("", "n2 c")
    assert doubt(graph, "b", earlier={"b": (("gone",),)}) == ("", "")
    assert doubt(graph, "b", recorded={"b": ("gone",)}) == ("", "")
    # e ran without c, and b on nobody knows what: c may have been below it.
    graph = graph_of(("a", ""), ("c", "a"), ("b", "c"), ("e", "c"))
    onto_a = {"a": (), "e": ("a",)}
    assert doubt(graph, "b e", recorded={**onto_a, "b": ("gone",)}) == ("", "c")
    assert doubt(graph, "b e", recorded={**onto_a, "b": ("a",)}) == ("c", "")


def test_a_graph_with_problems_is_not_judged() -> None:
    assert doubts(graph_of(("b", "missing")), ["b"], Trail(earlier={"b": ((),)})) == Doubts()


def test_the_graph_by_which_it_ran_leaves_the_skipped_ones_out() -> None:
    graph = graph_of(
        ("a", ""),
        ("s1", "a"),
        ("b", "s1"),
        ("s2", "b"),
        ("s3", "s2"),
        ("c", "s3", "s1"),
        ("d", "c"),
    )
    ran = without_skipped(graph, ["s1", "s2", "s3"])
    assert {node.id: (node.parents, node.depends_on) for node in ran} == {
        "a": ((), ()),
        "b": (("a",), ()),
        "c": (("b",), ()),
        "d": (("c",), ()),
    }


def test_what_the_schema_shows_settles_it() -> None:
    open_one, known = Doubts(open=("c",)), Doubts(by_record=("c",))
    assert settled(open_one, {"c": False}) == Skips(("c",), ())
    assert settled(open_one, {"c": True}) == Skips()
    assert settled(open_one, {"c": None}) == Skips((), ("c",))
    assert settled(open_one, {"c": None}, idle=["c"]) == Skips()
    # Somebody has run it by other means than lback's.
    assert settled(known, {"c": True}) == Skips()
    assert settled(known, {"c": None}) == Skips(("c",), ())
    assert settled(known, {"c": False}) == Skips(("c",), ())


def test_what_came_together_ran_together_or_not_at_all() -> None:
    graph = graph_of(("a", ""), ("c1", "a"), ("c2", "c1"), ("c3", "c2"), ("b", "c3"))
    once = doubts(graph, ["b"], Trail(earlier={"b": (("a",),)}))
    twice = doubts(graph, ["b"], Trail(earlier={"b": (("a",), ("c1",))}))
    for found in (once, twice):
        assert settled(found, {"c1": False}) == Skips(("c1", "c2", "c3"))
    assert settled(once, {"c1": True}) == Skips()
    # It may have run after c1 had come and before the others.
    assert settled(twice, {"c1": True}) == Skips((), ("c2", "c3"))
    assert settled(twice, {"c1": True, "c2": False}) == Skips(("c2", "c3"))
    # It may have run before c1 had come, or after it.
    assert settled(twice, {"c2": False}) == Skips(("c2", "c3"), ("c1",))
    assert settled(twice, {"c1": True, "c2": True}) == Skips()


def test_a_record_is_doubted_where_the_schema_contradicts_it() -> None:
    graph = graph_of(("a", ""), ("c1", "a"), ("c2", "c1"), ("b", "c2"))
    found = doubts(graph, ["b"], Trail(recorded={"a": (), "b": ("a",)}, complete=True))
    assert settled(found, {"c1": True}) == Skips((), ("c2",))
    assert settled(found, {"c1": False}) == Skips(("c1", "c2"))
    assert settled(found, {}) == Skips(("c1", "c2"))


def test_only_what_nobody_else_touches_tells_anything() -> None:
    column = Effect("create", "column", "t", name="x")
    effects = {
        "c": Effects((Effect("create", "table", "t"), column)),
        "x": Effects((Effect("drop", "column", "t", name="x"),)),
        "d": Effects((Effect("drop", "table", "t"),)),
        "i": Effects((Effect("drop", "index", "t", name="ix"),)),
        "r": Effects((Effect("rename", "table", "u", to="t"),)),
        "m": Effects((Effect("create", "table", "t", guarded=True),)),
        "u": Effects(unknown=(Unknown("upgrade", 1, "a name is not known", ("t",)),)),
    }
    assert telling(effects, "c", ["c"], "sqlite") == effects["c"].upgrade
    assert telling(effects, "c", ["c", "x"], "sqlite") == effects["c"].upgrade[:1]
    assert telling(effects, "c", ["c", "i"], "sqlite") == effects["c"].upgrade
    for other in "dru":
        assert telling(effects, "c", ["c", other], "sqlite") == ()
    assert telling(effects, "c", ["c", "m"], "sqlite") == (column,)


def test_what_runs_elsewhere_only_tells_nothing_here() -> None:
    effects = {"c": makes("t", dialect="postgresql")}
    assert telling(effects, "c", ["c"], "sqlite") == ()


def test_after_anything_may_have_happened_absence_says_nothing() -> None:
    anything = Effects(unknown=(Unknown("upgrade", 1, "the SQL is not known"),))
    assert is_blind({"b": anything}, ["b"])
    assert not is_blind({"b": makes("t")}, ["b"])


def late(graph: Graph, effects: dict[str, Effects], *skipped: str, unknown: str = "") -> list[str]:
    plan = plan_late(graph, graph.heads, Skips(skipped, tuple(unknown.split())), effects)
    return [] if plan.refused else [step.revision for step in plan.steps]


def test_what_commutes_runs_late_and_the_stamp_stays() -> None:
    effects = {"a1": makes("u"), "c1": makes("c"), "b2": makes("b")}
    assert late(MOVED, effects, "c1") == ["c1"]
    assert stamp_after(MOVED, ["b2"], [Upgrade("c1", late=True)]) == ("b2",)


@pytest.mark.parametrize(
    "above",
    [
        Effects((Effect("create", "table", "c"),)),
        Effects((Effect("drop", "table", "c"),)),
        Effects(unknown=(Unknown("upgrade", 1, "the SQL is not known"),)),
    ],
)
def test_what_does_not_commute_is_refused(above: Effects) -> None:
    effects = {"a1": makes("u"), "c1": makes("c"), "b2": above}
    assert late(MOVED, effects, "c1") == []


def test_what_was_not_read_in_full_is_not_run_late() -> None:
    effects = {"a1": makes("u"), "c1": makes("c", certain=False), "b2": makes("b")}
    plan = plan_late(MOVED, ["b2"], Skips(("c1",)), effects)
    assert (plan.refused, plan.uncertain) == (True, ("c1",))


def test_what_nothing_stands_above_runs_late() -> None:
    graph = graph_of(("a", ""), ("b", "a"), ("c", "a"))
    effects = {name: makes(name) for name in "abc"}
    last = linear_order(graph, graph.heads)[-1]
    assert late(graph, effects, last) == [last]


def test_nothing_runs_below_what_would_then_be_taken_for_run() -> None:
    graph = graph_of(("a", ""), ("c", "a"), ("u", "c"), ("b", "u"))
    effects = {name: makes(name) for name in "acub"}
    assert late(graph, effects, "c", unknown="u") == []


def test_nothing_runs_above_what_may_be_lacking() -> None:
    graph = graph_of(("a", ""), ("p", "a"), ("c", "p"), ("b", "c"))
    effects = {name: makes(name) for name in "apcb"}
    assert late(graph, effects, "c") == ["c"]
    assert late(graph, effects, "c", unknown="p") == []


def test_what_ran_before_it_in_a_linear_run_does_not_have_to_commute() -> None:
    # d uses what a linear run has before d, c comes after d: only b came too early.
    graph = graph_of(("a", ""), ("c1", "a"), ("d", "c1"), ("c2", "d"), ("b", "c2"))
    column = Effects((Effect("create", "column", "d", name="x"),))
    effects = {"a": makes("a"), "c1": makes("c1"), "d": makes("d"), "c2": column, "b": makes("b")}
    assert linear_order(graph, ["b"]) == ("a", "c1", "d", "c2", "b")
    assert late(graph, effects, "c1", "c2") == ["c1", "c2"]
