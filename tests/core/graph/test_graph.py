from __future__ import annotations

import pytest

from lback.core.graph.forks import unread_labels
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Problem, Revision
from lback.core.plans import refuse_problems
from lback.errors import LbackError, UsageError
from tests.core.graphs import graph


def codes(graph: Graph) -> list[str]:
    return [problem.code for problem in graph.problems]


def test_a_line_has_one_head_and_one_base() -> None:
    line = graph("c<b; a; b<a")
    assert (line.heads, line.bases, line.order()) == (("c",), ("a",), ("a", "b", "c"))
    assert [revision.id for revision in line] == ["a", "b", "c"]
    assert len(line) == 3
    assert "b" in line
    assert line["b"].path == "versions/b.py"
    assert line.problems == ()


def test_nothing_is_a_graph_too() -> None:
    empty = Graph([])
    assert (empty.heads, empty.bases, empty.order(), empty.problems) == ((), (), (), ())
    assert empty.resolve("head") == empty.resolve("heads") == ()
    assert empty.sides() == {}


@pytest.mark.parametrize(
    ("text", "heads", "effective"),
    [
        ("a; b<a; c<a", ("b", "c"), ("b", "c")),
        ("a; b<a; c<a; d<c !b", ("b", "d"), ("d",)),
        ("a; b<a; c<a; m<b,c", ("m",), ("m",)),
        ("a; z", ("a", "z"), ("a", "z")),
    ],
)
def test_dependencies_hide_no_head(
    text: str, heads: tuple[str, ...], effective: tuple[str, ...]
) -> None:
    assert (graph(text).heads, graph(text).effective_heads) == (heads, effective)


def test_order_puts_dependencies_first_and_breaks_ties_by_id() -> None:
    assert graph("a; b<a; c<a; d<b !c").order() == ("a", "b", "c", "d")
    assert graph("a; c<a; b<a; d<b !c").order() == ("a", "b", "c", "d")
    assert graph("a; b<a !z; z").order() == ("a", "z", "b")


def test_ancestors_and_descendants_count_themselves() -> None:
    fork = graph("a; b<a; c<a; d<c !b")
    assert fork.ancestors(["d"]) == {"a", "b", "c", "d"}
    assert fork.ancestors(["d"], dependencies=False) == {"a", "c", "d"}
    assert fork.descendants(["b"]) == {"b", "d"}
    assert fork.descendants(["b"], dependencies=False) == {"b"}
    assert fork.ancestors([]) == frozenset()
    assert fork.children("a") == ("b", "c")
    assert fork.dependencies("d") == ("b",)
    assert fork.dependents("b") == ("d",)


def test_sides_hold_what_one_head_alone_reaches() -> None:
    fork = graph("a; b<a; c<b; x<b; y<x")
    assert fork.sides() == {"c": {"c"}, "y": {"x", "y"}}
    assert fork.merge_base("c", "y") == {"b"}
    assert fork.merge_base("c", "x") == {"b"}
    assert fork.merge_base("b", "y") == {"b"}
    assert graph("a; z").merge_base("a", "z") == frozenset()


def test_a_criss_cross_has_two_merge_bases() -> None:
    crossed = graph("a; b<a; c<a; m<b,c; n<c,b")
    assert crossed.merge_base("m", "n") == {"b", "c"}


def test_missing_from_is_a_difference_of_ids() -> None:
    assert graph("a; b<a; c<b").missing_from(graph("a; x<a")) == {"b", "c"}


def test_a_missing_parent_is_a_problem_and_the_rest_still_answers() -> None:
    broken = graph("a; b<gone; c<b; d<a !lost")
    assert broken.heads == ("c", "d")
    assert broken.bases == ("a",)
    assert broken.order() == ("a", "b", "c", "d")
    assert broken.ancestors(["c"]) == {"b", "c"}
    assert codes(broken) == ["LB103", "LB103"]
    assert "Revision b has gone as its `down_revision`" in broken.problems[0].message
    assert "lost as its `depends_on`" in broken.problems[1].message
    assert broken.problems[0].path == "versions/b.py"


def test_a_duplicate_id_keeps_the_first_path_and_names_both() -> None:
    one = Revision(Header("a", line=7), "versions/z.py", "1")
    two = Revision(Header("a", ("gone",)), "versions/b.py", "2")
    three = Revision(Header("a"), "versions/m.py", "3")
    twice = Graph([one, two, three])
    assert twice["a"] is two
    assert codes(twice) == ["LB103", "LB104", "LB104"]
    assert twice.problems[1].message == (
        "Revision a is defined by versions/b.py and by versions/m.py."
    )
    assert (twice.problems[2].path, twice.problems[2].line) == ("versions/z.py", 7)


@pytest.mark.parametrize(
    ("text", "ring", "heads"),
    [
        ("a<c; b<a; c<b", ("a", "c", "b"), ()),
        ("a; x<x", ("x",), ("a",)),
        ("a; b<a,d; c<b; d<c; e<d", ("b", "d", "c"), ("e",)),
        ("a; b<a !c; c<b", ("b", "c"), ("c",)),
    ],
)
def test_a_cycle_names_its_members_in_order(
    text: str, ring: tuple[str, ...], heads: tuple[str, ...]
) -> None:
    turning = graph(text)
    assert codes(turning) == ["LB105"]
    assert turning.problems[0].revisions == ring
    assert turning.heads == heads
    assert set(turning.order()) == {one.id for one in turning}
    assert turning.ancestors(ring) >= set(ring)
    turning.labels_of(ring[0])


def test_two_cycles_are_two_problems() -> None:
    assert codes(graph("a<b; b<a; x<y; y<x; z<a,x")) == ["LB105", "LB105"]


def test_given_problems_are_kept() -> None:
    given = Problem("LB106", "m", "h", "versions/x.py", 3)
    assert Graph([], [given]).problems == (given,)


def test_a_file_that_cannot_be_read_comes_before_what_may_be_in_it() -> None:
    closed = Problem("LB109", "Line 1 is a conflict marker.", "resolve it", "a.py", 1)
    broken = Graph(graph("b<a"), [closed])
    assert [one.code for one in broken.problems] == ["LB109", "LB103"]
    with pytest.raises(LbackError, match="conflict marker"):
        refuse_problems(broken)


def test_ids_that_alembic_refuses_stay_and_are_named() -> None:
    odd = graph("a-b; c<a-b")
    assert odd.heads == ("c",)
    assert codes(odd) == ["LB106"]
    assert "`-`" in odd.problems[0].message


def test_a_computed_parent_is_a_problem_and_computed_labels_are_not() -> None:
    header = Header("a", uncertain=(("down_revision", 2), ("branch_labels", 3)))
    assert codes(Graph([Revision(header, "a.py")])) == ["LB106"]


def test_computed_labels_may_keep_heads_apart() -> None:
    def with_labels_of(text: str, *computing: str) -> Graph:
        nodes = [
            node._replace(header=node.header._replace(uncertain=(("branch_labels", 7),)))
            if node.id in computing
            else node
            for node in graph(text)
        ]
        return Graph(nodes)

    fork = ("c", "d")
    assert unread_labels(graph("a; b<a; c<b; d<a"), fork) is None
    one = unread_labels(with_labels_of("a; b<a; c<b; d<a", "b"), fork)
    assert one is not None
    assert "`branch_labels` of b is computed (versions/b.py:7)" in one.reason
    assert "label of b" in one.hint
    # What all of them stand on tells none apart, and neither does what one only depends on.
    assert unread_labels(with_labels_of("a; b<a; c<b; d<a", "a"), fork) is None
    assert unread_labels(with_labels_of("a; b<a; c<a; d<a !b", "b"), fork) is None
    assert unread_labels(with_labels_of("a; b<a; c<b; d<a", "b"), ("c",)) is None


def test_a_label_may_stand_for_a_dependency() -> None:
    labelled = graph("a; b<a; z !base2", a="base2")
    assert labelled.dependencies("z") == ("a",)
    assert labelled.problems == ()


def test_a_label_used_twice_is_a_problem() -> None:
    assert codes(graph("a; b", a="x", b="x")) == ["LB104"]
    assert codes(graph("a; b", a="b")) == ["LB104"]


def test_labels_spread_up_and_down_to_the_fork() -> None:
    fork = graph("a; b<a; c<b; d<c; x<a", c="left")
    assert {one: fork.labels_of(one) for one in "abcdx"} == {
        "a": set(),
        "b": {"left"},
        "c": {"left"},
        "d": {"left"},
        "x": set(),
    }


def test_names_resolve() -> None:
    fork = graph("aaaa1; bbbb1<aaaa1; bbbb2<bbbb1; cccc1<aaaa1", bbbb1="left")
    assert fork.resolve("bbbb1") == ("bbbb1",)
    assert fork.resolve("c") == ("cccc1",)
    assert fork.resolve("left") == ("bbbb1",)
    assert fork.resolve("left@head") == ("bbbb2",)
    assert fork.resolve("left@base") == fork.resolve("base") == ()
    assert fork.resolve("heads") == ("bbbb2", "cccc1")
    assert fork.resolve("bbbb2-1") == ("bbbb1",)
    assert fork.resolve("bbbb2-3") == ()
    assert fork.resolve("left@aaaa1+1") == ("bbbb1",)
    assert fork.resolve("+1", ["bbbb1"]) == ("bbbb2",)
    assert fork.resolve("-1", ["bbbb2"]) == ("bbbb1",)
    assert fork.resolve("left@-1", ["bbbb2", "cccc1"]) == ("bbbb1",)
    assert fork.resolve("+1") == fork.resolve("base+1") == ("aaaa1",)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("head", "there are 2 heads, bbbb2, cccc1"),
        ("bbbb", "the beginning of 2 revisions: bbbb1, bbbb2"),
        ("bbbx1", "There is no revision or branch `bbbx1`"),
        ("nowhere@head", "There is no revision or branch `nowhere`"),
        ("bbbb1@cccc1", "Revision cccc1 is not on the branch bbbb1"),
        ("aaaa1+1", "from aaaa1 it goes to bbbb1 or to cccc1"),
        ("bbbb2+1", "goes beyond the end"),
        ("bbbb2-4", "goes beyond the end"),
        ("heads-1", "can be counted from bbbb2 and from cccc1"),
        ("", "There is no revision or branch"),
    ],
)
def test_names_that_mean_nothing_say_so(token: str, words: str) -> None:
    fork = graph("aaaa1; bbbb1<aaaa1; bbbb2<bbbb1; cccc1<aaaa1")
    with pytest.raises(UsageError) as caught:
        fork.resolve(token)
    assert words in caught.value.message
    assert caught.value.hint


def test_near_names_are_offered() -> None:
    with pytest.raises(UsageError) as caught:
        graph("abcd12; ffff00<abcd12").resolve("abcd21")
    assert caught.value.hint == "did you mean abcd12?"


@pytest.mark.parametrize("call", ["ancestors", "descendants", "children", "labels_of"])
def test_an_unknown_id_is_named(call: str) -> None:
    with pytest.raises(UsageError, match="There is no revision zz"):
        getattr(graph("a"), call)("zz")
    with pytest.raises(UsageError):
        graph("a")["zz"]
