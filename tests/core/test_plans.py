from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.core.lines import lines_of, to_heads
from lback.core.plans import (
    Downgrade,
    Restamp,
    Step,
    Upgrade,
    applied,
    plan_downgrade,
    plan_migration,
    plan_upgrade,
    redundant,
    stamp_after,
    tips,
)
from lback.errors import LbackError


def graph_of(*rows: tuple[str, str] | tuple[str, str, str] | tuple[str, str, str, str]) -> Graph:
    """Make a graph of (id, parents, depends_on, labels), each list separated by spaces."""
    revisions = []
    for row in rows:
        one, parents, needs, labels = (*row, "", "")[:4]
        header = Header(one, tuple(parents.split()), tuple(needs.split()), tuple(labels.split()))
        revisions.append(Revision(header, f"versions/{one}.py", "0" * 40))
    return Graph(revisions)


CHAIN = graph_of(("a", ""), ("b", "a"), ("c", "b"))
DIAMOND = graph_of(("a", ""), ("b", "a"), ("c", "a"), ("m", "b c"), ("z", "m"))
FORK = graph_of(("a", ""), ("b", "a"), ("c", "a"))
LANES = graph_of(("a", "", "", "expand"), ("b", "a"), ("x", "", "b", "contract"), ("y", "x"))


def up(graph: Graph, stamp: str, *targets: str, apart: tuple[str, ...] = ()) -> list[str]:
    return [step.revision for step in plan_upgrade(graph, stamp.split(), targets, apart)]


def down(graph: Graph, stamp: str, undo: str) -> tuple[list[str], list[str]]:
    plan = plan_downgrade(graph, stamp.split(), undo.split())
    return [step.revision for step in plan.steps], list(plan.collateral)


def test_upgrade_takes_parents_first_and_only_what_is_pending() -> None:
    assert up(CHAIN, "") == ["a", "b", "c"]
    assert up(CHAIN, "a") == ["b", "c"]
    assert up(CHAIN, "c") == []
    assert up(CHAIN, "", "b") == ["a", "b"]
    assert up(CHAIN, "c", "a") == []
    assert up(DIAMOND, "b") == ["c", "m", "z"]
    assert up(Graph([]), "") == []


def test_upgrade_of_a_fork_is_refused_unless_it_is_named_or_apart() -> None:
    with pytest.raises(LbackError, match=r"2 heads, b .*, c ") as refusal:
        up(FORK, "a")
    assert "lback resolve" in (refusal.value.hint or "")
    assert up(FORK, "a", "b") == ["b"]
    assert up(FORK, "a", "b", "c") == ["c", "b"]  # as Alembic does
    assert up(FORK, "a", apart=("b", "c")) == ["c", "b"]
    assert up(LANES, "") == ["a", "b", "x", "y"]


def test_upgrade_brings_what_it_depends_on() -> None:
    assert up(LANES, "", "x") == ["a", "b", "x"]


def test_downgrade_takes_along_what_stands_on_it() -> None:
    assert down(CHAIN, "c", "c") == (["c"], [])
    assert down(CHAIN, "c", "b") == (["c", "b"], ["c"])
    assert down(CHAIN, "c", "a b c") == (["c", "b", "a"], [])
    assert down(DIAMOND, "z", "b") == (["z", "m", "b"], ["z", "m"])
    assert down(DIAMOND, "b c", "b") == (["b"], [])
    assert down(LANES, "y", "b") == (["y", "x", "b"], ["y", "x"])
    assert down(LANES, "y", "") == ([], [])


def test_downgrade_of_what_is_not_applied_is_refused() -> None:
    with pytest.raises(LbackError, match="c is not applied"):
        down(CHAIN, "b", "c")
    with pytest.raises(LbackError, match="no revision q"):
        down(CHAIN, "b", "q")


def test_a_lost_revision_is_refused_everywhere() -> None:
    for plan in (lambda: up(CHAIN, "q"), lambda: down(CHAIN, "a q", "a")):
        with pytest.raises(LbackError, match="stamped with q"):
            plan()


def test_a_broken_graph_is_refused_with_its_place() -> None:
    broken = graph_of(("b", "a"))
    with pytest.raises(LbackError, match=r"versions/b\.py"):
        applied(broken, ())


def test_steps_are_data() -> None:
    assert plan_upgrade(CHAIN, ["b"], fake=True) == (Upgrade("c", fake=True),)
    assert plan_downgrade(CHAIN, ["c"], ["c"]).steps == (Downgrade("c"),)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Draw graphs with merges, several bases and dependencies."""
    rows: list[tuple[str, str, str]] = []
    for number in range(draw(st.integers(1, 12))):
        names = [row[0] for row in rows]
        some = st.lists(st.sampled_from(names), max_size=2, unique=True) if names else st.just([])
        parents = draw(some)
        needs = [one for one in draw(some) if one not in parents] if draw(st.booleans()) else []
        rows.append((f"r{number:02}", " ".join(parents), " ".join(needs)))
    return graph_of(*rows)


@settings(max_examples=200, deadline=None)
@given(graphs(), st.data())
def test_any_way_up_and_down_keeps_every_step_possible(graph: Graph, data: st.DataObject) -> None:
    ids = sorted(graph.order())
    some = data.draw(st.lists(st.sampled_from(ids), unique=True))
    done = set(graph.ancestors(some)) if some else set()
    targets = data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
    for step in plan_upgrade(graph, tips(graph, done), targets):
        assert step.revision not in done
        assert set(graph[step.revision].parents) | set(graph.dependencies(step.revision)) <= done
        done.add(step.revision)
    assert graph.ancestors(targets) <= done
    undo = data.draw(st.lists(st.sampled_from(sorted(done)), unique=True))
    plan = plan_downgrade(graph, tips(graph, done), undo)
    for down_step in plan.steps:
        done.remove(down_step.revision)
        assert not graph.descendants([down_step.revision]) & done
    assert not set(undo) & done
    assert set(plan.collateral) == {step.revision for step in plan.steps} - set(undo)


@pytest.mark.parametrize(
    ("steps", "lines"),
    [
        ([Upgrade("a"), Upgrade("b")], [("upgrade", "b")] * 2),
        ([Upgrade("b"), Upgrade("c")], [("upgrade", "head")] * 2),
        ([Downgrade("c"), Downgrade("b")], [("downgrade", "a")] * 2),
        ([Downgrade("a")], [("downgrade", "base")]),
        ([Downgrade("c"), Upgrade("c")], [("downgrade", "b"), ("upgrade", "head")]),
        ([Upgrade("a", fake=True)], [("stamp", "a")]),
        ([Downgrade("a", fake=True)], [("stamp", "base")]),
        ([Restamp(())], [("stamp", "base")]),
        ([Restamp(("b", "x"))], [("stamp", "b", "x")]),
        ([Downgrade("lost")], [("downgrade", "base")]),
        ([], []),
    ],
)
def test_steps_in_one_direction_are_one_command_of_alembics(
    steps: list[Step], lines: list[tuple[str, ...]]
) -> None:
    assert lines_of(CHAIN, steps) == tuple(lines)


def test_a_command_keeps_the_words_that_were_typed() -> None:
    typed = ("downgrade", "-1")
    assert lines_of(CHAIN, [Downgrade("c")], typed) == (typed,)
    assert lines_of(CHAIN, [Upgrade("c")], typed) == (("upgrade", "head"),)
    both = lines_of(CHAIN, [Downgrade("c"), Upgrade("c"), Downgrade("c")], typed)
    assert both == (typed, ("upgrade", "head"), ("downgrade", "b"))
    assert to_heads(LANES) == ("upgrade", "heads")
    assert lines_of(FORK, [Upgrade("b"), Upgrade("c")]) == (("upgrade", "heads"),) * 2
    assert to_heads(Graph([]), "stamp") == ("stamp", "head")


def test_the_stamp_after_steps() -> None:
    assert stamp_after(DIAMOND, ("b", "c"), []) == ("b", "c")
    assert stamp_after(DIAMOND, ("b", "c"), [Upgrade("m")]) == ("m",)
    assert stamp_after(DIAMOND, ("m",), [Downgrade("m"), Downgrade("c")]) == ("b",)
    assert stamp_after(DIAMOND, ("gone",), [Restamp(("a",)), Downgrade("a")]) == ()


def test_rows_that_others_stand_on_go_first() -> None:
    assert redundant(CHAIN, ("a", "b", "gone")) == ("a",)
    assert redundant(LANES, ("b", "y")) == ("b",)
    assert redundant(DIAMOND, ("b", "c")) == ()
    assert plan_migration(CHAIN, ("b", "c"), None) == (Restamp(("c",)),)
    assert plan_migration(CHAIN, ("a", "b"), None) == (Restamp(("b",)), Upgrade("c"))
    assert plan_migration(CHAIN, ("b", "c"), "a") == (
        Restamp(("c",)), Downgrade("c"), Downgrade("b"),
    )  # fmt: skip
    assert plan_migration(CHAIN, ("b", "c"), "c") == (Restamp(("c",)),)
    mending = [Restamp(("b",)), Upgrade("c")]
    typed = ("upgrade", "+1")
    assert lines_of(CHAIN, mending, typed) == (("stamp", "b"), typed)
