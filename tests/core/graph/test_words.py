"""What graphs say: of their problems, of names that people give, of heads that are apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.core.checks.findings import from_problems
from lback.core.graph.extended import Extended, Trunk
from lback.core.graph.forks import branch_point, forks, lanes, real_forks
from lback.core.graph.graph import Graph
from lback.core.graph.revision import (
    Header,
    Problem,
    Revision,
    Unreadable,
    is_revision_file,
    unreadable,
)
from lback.errors import UsageError
from tests.approved import approved
from tests.core.checks.findings import page
from tests.core.graphs import graph

HERE = Path(__file__).parent

GRAPHS = {
    "no parent": "a; b<x !y; c<a",
    "a ring": "a; b<d; c<b; d<c; e<a,d; x<y; y<x; z<z",
    "a ring of dependencies": "a !c; b<a; c<b",
    "an id that Alembic refuses": "a; b-c<a; d:e; f+@",
}


def test_what_is_said_of_each_problem() -> None:
    told = {name: from_problems(graph(text).problems) for name, text in GRAPHS.items()}
    computed = Header(
        "a", line=4, uncertain=(("down_revision", 5), ("branch_labels", 6), ("depends_on", 7))
    )
    twice = [Revision(Header("a", line=number), f"{number}.py") for number in (2, 1, 3)]
    told["computed"] = from_problems(Graph([Revision(computed, "a.py")]).problems)
    told["twice"] = from_problems(Graph(twice).problems)
    told["labels"] = from_problems(graph("a; b<a; c", a="x", b="x", c="a").problems)
    squash = Revision(Header("s", ("a",), replaces=("b", "c")), "s.py")
    told["a squashed parent"] = from_problems(Graph([*graph("a; d<b !c"), squash]).problems)
    given = Problem("LB109", "m", "h", "a.py", 1)
    told["given, and in order"] = from_problems(Graph(graph("b<x; a<x"), [given]).problems)
    approved(HERE / "problems.txt", page(told))


def test_what_is_said_of_a_file_without_a_header() -> None:
    told = [unreadable("a.py", Unreadable(code, "why", 3)) for code in ("LB106", "LB109")]
    assert told == [
        Problem("LB106", "why", "write `revision` and `down_revision` as plain strings", "a.py", 3),
        Problem("LB109", "why", "resolve the conflict in this file, then `git add` it", "a.py", 3),
    ]


def test_labels_that_other_files_give_are_computed_no_longer() -> None:
    header = Header("a", uncertain=(("depends_on", 5), ("branch_labels", 7)))
    assert header.computed_labels == 7
    known = header.with_labels(("x",))
    assert (known.branch_labels, known.computed_labels) == (("x",), 0)
    assert known.uncertain == (("depends_on", 5),)
    assert Header("a").computed_labels == 0


NAMES = {
    "aaaa1; bbbb1<aaaa1; bbbb2<bbbb1; cccc1<aaaa1; m<bbbb2,cccc1; mm<m": [
        *("head", "heads", "base", "m", "bbbb", "bbbb2", "b", "mm", "", "aab", "bbbc", "zzz"),
        *("m-1", "m+1", "mm-1", "mm-2", "mm-3", "aaaa1-1", "aaaa1-2", "aaaa1+1", "bbbb1+2"),
        *("base+1", "base+2", "base-1", "head-1", "heads+1", "+1", "-1", "+2", "bbbb1@head"),
        *("bbbb1@m", "bbbb1@cccc1", "nothing@head", "bbbb1@aaaa", "bbbb1@cccc", "bbbb1@+1"),
        *("cccc1@aaaa1+1", "bbbb1@aaaa1+1", "bbbb1@m-1", "bbbb1@base+1", "x@+1", "m+0", "cccc1@-1"),
    ],
    "aaaa1; aaaa2; aaaa3; aaaa4; aaaa5; abcd1<aaaa1": [
        "aaaa",
        "abc",
        "head",
        "heads",
        "aaaa1@head",
    ],
    "aaaa1; aaaa2; aaaa3; aaaa4; aaaa5; aaaa6": ["aaaa", "base+1", "aaaa7"],
    "abc; abcd; abcde": ["ab", "abc", "abcd", "abcx"],
    "one1; two1; three1<one1; four1<two1 !three1; five1<three1": [
        *("heads", "head", "four1-1", "five1-1", "four1@-1", "one1@heads", "two1@heads"),
        *("four1@+1", "five1@+1", "one1@+1", "two1@-1", "-1", "+1"),
    ],
}


def test_what_each_name_means() -> None:
    """From nothing, from the first revision, from the last ones."""
    lines = []
    for text, tokens in NAMES.items():
        drawn = graph(text, bbbb1="left", two1="second", five1="fifth")
        lines.append(f"== {text}")
        of_labels = (f"{one}@{at}" for one in drawn.label_owners for at in ("head", "+1", "-1"))
        for token in (*tokens, *of_labels):
            starts = dict.fromkeys([drawn.order()[:1], drawn.effective_heads, drawn.bases])
            said = resolved(drawn, token, ())
            lines.append(f"{token!r}: {said}")
            others = {", ".join(start): resolved(drawn, token, start) for start in starts}
            lines += [f"    from {key}: {other}" for key, other in others.items() if other != said]
    approved(HERE / "names.txt", "\n".join(lines) + "\n")


def resolved(drawn: Graph, token: str, current: tuple[str, ...]) -> str:
    try:
        return ", ".join(drawn.resolve(token, current)) or "the base"
    except UsageError as err:
        return f"{err.message} -> {err.hint}"


def test_near_names_are_three_at_most() -> None:
    with pytest.raises(UsageError) as caught:
        graph("abcd1; abcd2; abcd3; abcd4; xyz")["abcd9"]
    assert caught.value.hint == "did you mean abcd4 or abcd3 or abcd2?"
    with pytest.raises(UsageError) as caught:
        graph("abcd1")["xyz"]
    assert (caught.value.message, caught.value.hint) == (
        "There is no revision xyz.",
        "see `lback graph`",
    )


FORK = "a; b<a; c<a; d<a"


@pytest.mark.parametrize(
    ("labels", "declared", "expected"),
    [
        ({}, (), [("b", "c", "d")]),
        ({"b": "x"}, (), [("b",), ("c", "d")]),
        ({"b": "x", "c": "y", "d": "z"}, (), [("b",), ("c",), ("d",)]),
        ({"a": "x"}, (), [("b", "c", "d")]),
        ({"b": "x", "c": "y"}, ("x",), [("b",), ("c", "d")]),
        ({}, ("b", "c"), [("b",), ("c",), ("d",)]),
        ({}, ("other",), [("b", "c", "d")]),
    ],
)
def test_heads_lie_in_lanes(
    labels: dict[str, str], declared: tuple[str, ...], expected: list[tuple[str, ...]]
) -> None:
    drawn = graph(FORK, **labels)
    assert lanes(drawn, declared) == expected
    assert forks(drawn, declared) == [one for one in expected if len(one) > 1]


def test_lanes_of_some_heads_and_of_doubted_labels() -> None:
    drawn = graph(FORK, b="x", c="y")
    assert lanes(drawn, (), ["d", "b"]) == [("b",), ("d",)]
    assert lanes(drawn, (), (), frozenset({"x"})) == [("b", "d"), ("c",)]
    assert forks(drawn, (), frozenset({"x", "y"})) == [("b", "c", "d")]
    assert lanes(drawn, ("x",), (), frozenset({"x"})) == [("b",), ("c", "d")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a; b<a", []),
        ("a; b<a; c<a", [("b", "c")]),
        # the shadow of a parent that is not there, or of a cycle
        ("a; b<x; c<a", []),
        ("a; b<a; c<a; d<x", [("b", "c")]),
        ("a; b<c; c<b", []),
        ("a; z", [("a", "z")]),
        ("a; e<a; m<e,b; d<a", []),  # b may stand on d
        ("a; c<b; d<a; e<a", [("d", "e")]),
        ("a; m<a,b; d<a; e<a", [("d", "e")]),
    ],
)
def test_forks_that_are_real(text: str, expected: list[tuple[str, ...]]) -> None:
    assert [tuple(one) for one in real_forks(graph(text), ())] == expected


def test_forks_that_are_declared_or_doubted() -> None:
    labelled = graph("a; b<a; c<a", b="left", c="right")
    assert real_forks(labelled, ()) == []
    assert real_forks(labelled, (), frozenset({"left", "right"})) == [("b", "c")]
    assert real_forks(graph("a; b<a; c<a"), ("b",)) == []


@pytest.mark.parametrize(
    ("text", "heads", "expected"),
    [
        ("a; b<a; c<a", "bc", ("a",)),
        ("a; b<a; c<a; d<a; e<b,c; f<b,c", "ef", ("b", "c")),
        ("a; b<a; c<b; d<b; e<a", "cde", ("a", "b")),
        ("a; z", "az", ()),
    ],
)
def test_the_point_where_heads_part(text: str, heads: str, expected: tuple[str, ...]) -> None:
    assert branch_point(graph(text), heads) == expected


@pytest.mark.parametrize(
    ("text", "labels", "plain"),
    [
        ("a; b<a", {}, True),
        ("a; b<a; z !a; c<b", {}, False),
        ("a; b<x", {}, False),
        ("a; b<a", {"b": "x"}, False),
    ],
)
def test_a_trunk_is_plain(text: str, labels: dict[str, str], plain: bool) -> None:
    assert Trunk(graph(text, **labels)).is_plain is plain


def test_what_an_extended_graph_says_of_both_parts() -> None:
    trunk = Trunk(graph("a; b<a; c<a"))
    extended = Extended(trunk, list(graph("d<b,c; e<b; f<e,gone")))
    assert extended.heads == ("d", "f")
    assert extended.order() == ("a", "b", "c", "d", "e", "f")
    assert extended.children("b") == ("d", "e")
    assert extended.children("a") == ("b", "c")
    assert trunk.graph.children("b") == ()
    assert extended.merge_base("d", "f") == {"b"}
    assert extended.merge_base("e", "f") == {"e"}
    assert extended.merge_base("b", "c") == {"a"}
    assert extended.ancestors(["f", "f"]) == {"a", "b", "e", "f"}
    assert extended.ancestors(["gone"] * 0) == frozenset()
    assert dict(extended.label_owners) == {}
    assert not trunk.takes(graph("x !b"))
    assert trunk.takes(graph("x<b"))
    assert not trunk.takes(graph("x<b; b<x"))
    assert trunk.below("b") is trunk.below("b")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.py", True),
        ("a.pyc", False),
        (".#a.py", False),
        ("__init__.py", False),
        ("a\n.py", False),
    ],
)
def test_files_that_alembic_loads(name: str, expected: bool) -> None:
    assert is_revision_file(name) is expected


def test_a_revision_gives_what_its_header_says() -> None:
    header = Header("a", ("b", "c"), ("d",), ("e",), "doc")
    one = Revision(header, "a.py", "blob")
    assert (one.id, one.parents, one.depends_on, one.labels, one.doc) == (
        "a",
        ("b", "c"),
        ("d",),
        ("e",),
        "doc",
    )
    assert one.is_merge
    assert not Revision(Header("a", ("b",))).is_merge
    assert Graph([one]).by_path == {"a.py": one}
