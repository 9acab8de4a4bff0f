"""Rules about the shape of a graph and of two that are merged, as small graphs."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.core.checks.findings import Finding, doubted, finding, from_problems
from lback.core.checks.graph import (
    GraphMerge,
    broken_by_merging,
    conflicted,
    long_ids,
    no_refs,
    not_looked_at,
    nothing_found,
    redundant_merges,
    several_heads,
    would_fork,
)
from lback.core.checks.history import (
    _declared,
    history_findings,
    placed_under,
    published_findings,
    squashes,
)
from lback.core.checks.same_code import same_but_parents, same_code, same_upgrade
from lback.core.checks.team import collision, overlap_findings
from lback.core.graph.graph import Graph
from lback.core.merging.nearness import Meeting, Neighbour
from lback.core.merging.overlap import overlaps
from tests.approved import approved
from tests.core.checks.findings import ADA, BEN, COMMITS, codes, page
from tests.core.graphs import graph
from tests.core.rollback.drafting import text

HERE = Path(__file__).parent


LONG = "add_the_address_of_every_customer"


def merge(mine: str, theirs: str) -> GraphMerge:
    left, right = graph(mine), graph(theirs)
    both = {one.id: one for one in (*right, *left)}
    return GraphMerge("main", left, right, Graph(both.values()))


def effects(code: str):  # type: ignore[no-untyped-def]
    from lback.core.interpreter.reading import read_effects

    return read_effects(text(code))


# -- forks ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "theirs", "forks", "new"),
    [
        ("a; b<a", "a; c<a", [("b", "c")], ("b",)),
        ("a; b<a; c<a", "a", [], ("b", "c")),
        ("a; b<a; c<a", "a; d<a", [("b", "c", "d")], ("b", "c")),
        ("a; b<a", "a; b<a", [], ()),
        ("c<b; a; b<a", "a", [], ("b", "c")),
    ],
)
def test_what_a_merge_opens_and_brings(
    mine: str, theirs: str, forks: list[tuple[str, ...]], new: tuple[str, ...]
) -> None:
    both = merge(mine, theirs)
    assert both.would_forks(()) == forks
    assert both.new == new


def test_declared_heads_do_not_fork_once_merged() -> None:
    both = merge("a; b<a", "a; c<a")
    assert both.would_forks(("b",)) == []
    labelled = GraphMerge("main", both.mine, both.theirs, graph("a; b<a; c<a", b="left", c="right"))
    assert labelled.would_forks(()) == []
    assert labelled.would_forks((), frozenset({"left", "right"})) == [("b", "c")]


# -- all that is said ----------------------------------------------------------------


def told_of_forks() -> dict[str, list[Finding]]:
    fork = graph("a; b<a; c<a; d<a")
    one = merge("a; b<a", "a; c<a")
    lost = merge("a; b<a; h<b", "a; b<a; h<b; k<h; c<a")
    redundant = "a; b<a; c<a; m<b,c; n<c,b; x<b"
    return {
        "a file that git stops at": [conflicted(merge("a", "a; b<a"), "m/a b.py")],
        "no such branch": [no_refs("refs/heads/topic/*")],
        "three heads": [several_heads(fork, ("b", "c", "d"), COMMITS)],
        "two that have nothing in common": [several_heads(graph("a; z"), ("a", "z"), {})],
        "a fork once merged": [would_fork(one, ("b", "c"), COMMITS)],
        "the fork of the other side": [would_fork(merge("a", "a; b<a; c<a"), ("b", "c"), {})],
        "a head that both sides have": [would_fork(lost, ("c", "h"), {})],
        "broken once merged": list(broken_by_merging(merge("a; b<x", "a; c<y"))),
        "problems as they are": list(from_problems(graph("a; b<x; b<a").problems)),
        "an id that is too long": list(long_ids(graph(f"a; {LONG}<a; c<a"))),
        "an id that is new and too long": list(
            long_ids(graph(f"a; {LONG}<a; c<{LONG}"), {LONG, "c"})
        ),
        "a project of long ids": list(long_ids(graph(f"{LONG}; {LONG}2<{LONG}"), {f"{LONG}2"})),
        "long ids that others stand on": list(long_ids(graph(f"{LONG}; {LONG}2<{LONG}"))),
        "two merges of the same heads": list(redundant_merges(graph(redundant))),
        "the newer of them": list(redundant_merges(graph(redundant), {"n"})),
        "nothing new among them": list(redundant_merges(graph(redundant), {"x"})),
        "joined above": list(redundant_merges(graph(redundant + "; t<m,n"), {"n"})),
        "nothing there": [
            nothing_found(("one", ""), expected=True, place="HEAD"),
            nothing_found((), expected=False, place="main"),
            nothing_found(("one",), expected=True, place="old", newer="origin/main"),
            not_looked_at(("/x", "y")),
        ],
    }


def told_of_published() -> dict[str, list[Finding]]:
    def told(mine: str, theirs: str, base: str = "", **texts: tuple[str, str]) -> list[Finding]:
        """Name the texts of a revision here and there; their blobs tell that they differ."""
        graphs = []
        for side, drawn in enumerate((mine, theirs, base or theirs)):
            revisions = [
                one._replace(blob=f"blob {texts[one.id][side % 2]}")
                if one.id in texts and side < 2
                else one
                for one in graph(drawn)
            ]
            graphs.append(Graph(revisions))
        both = {one.id: one for one in (*graphs[1], *graphs[0])}
        joined = GraphMerge("main", graphs[0], graphs[1], Graph(both.values()))

        def side(number: int):  # type: ignore[no-untyped-def]
            return lambda one: texts.get(one, ("a = 1", "a = 1"))[number].encode()

        return list(history_findings(joined, graphs[2], side(0), side(1)))

    line = "a; b<a; c<b; d<c"
    up = "def upgrade():\n    op.a()\n"
    return {
        "nothing": told(line, line),
        "not here yet": told("a", line, "a"),
        "gone": told("a; c<b; d<c", line),
        "edited": told(line, line, b=("a = 2", "a = 1")),
        "a comment": told(line, line, b=("a = 1  # so", "a = 1")),
        "edited there": told(line, line, "a", b=("a = 2", "a = 1")),
        "other parents": told("a; b; c<b; d<c", line, b=("a = 2", "a = 1")),
        "parents in another order": told(
            "a; b<a; c<a; m<b,c", "a; b<a; c<a; m<c,b", m=("a = 1 ", "a = 1")
        ),
        "parents of a merge": told(
            "a; b<a; c<a; d<a; m<b,c", "a; b<a; c<a; d<a; m<b,d", m=("a = 2", "a = 1")
        ),
        "placed under": told("a; n<a; k<n; b<k", "a; b<a", b=("a = 2", "a = 1")),
        "squashed": told("a; d<a", line, d=(up + "    op.b()", up)),
        "squashed, and said so": [
            *(_declared(graph("a; d<a"), "d", names) for names in (("b",), ("b", "c")))
        ],
        "deleted and put together again": told("a; d<a", line, d=(up + "\n\na = 2", up)),
    }


def told_of_a_team() -> dict[str, list[Finding]]:
    both = graph("a; b<a; c<a")
    add = "op.add_column('t', sa.Column('c', sa.Integer()))"
    pairs = {
        "conflict": (add, add),
        "order": (
            "op.alter_column('t', 'c', nullable=False)",
            "op.execute('INSERT INTO t (d) VALUES (1)')",
        ),
        "same": ("op.alter_column('t', 'c', nullable=False)",) * 2,
        "unknown": ("import x\nx.y(op)", add),
    }
    cases = {}
    for name, (left, right) in pairs.items():
        found = overlaps({"b": effects(left)}, {"c": effects(right)})
        for side in "bc":
            mine = graph(f"a; {side}<a")
            cases[f"{name}, {side} is mine"] = list(
                overlap_findings(found, both, mine, COMMITS, "feature")
            )
    neighbour = Neighbour(("one", "two"), BEN, graph("a; b<a; c<a; z"), frozenset({"c", "z"}))
    cases["collides"] = [
        collision(neighbour, ("b", "c"), frozenset("ab")),
        collision(neighbour, ("b", "z"), frozenset("ab"), shared="main"),
        collision(neighbour, ("b", "c"), frozenset("ab"), found),
        collision(neighbour, ("b", "c"), frozenset("ab"), found * 2),
        collision(Neighbour(("x y",), BEN, both, frozenset("c")), ("b", "c"), frozenset("b")),
    ]
    return cases


@pytest.mark.parametrize("told", [told_of_forks, told_of_published, told_of_a_team])
def test_what_is_said(told) -> None:  # type: ignore[no-untyped-def]
    approved(HERE / f"{told.__name__}.txt", page(told()))


# -- the parts -----------------------------------------------------------------------


def test_what_a_closed_file_may_hold_is_said_to_be_absent_perhaps() -> None:
    """Of the closed file itself only what another one misses of it is said."""
    found = [
        finding("LB109", "a marker", path="v/a.py"),
        finding("LB103", "no x.", path="v/a.py"),
        finding("LB202", "no y.", path="v/a.py"),
        finding("LB202", "no z.", path="v/b.py"),
        finding("LB108", "a ring", path="v/b.py"),
    ]
    assert [one.message for one in doubted(found)] == [
        "a marker",
        "no x (perhaps only since v/a.py cannot be read)",
        "no z (perhaps only since v/a.py cannot be read)",
        "a ring",
    ]
    assert [*doubted(found[1:])] == found[1:]


def test_meetings_are_between_mine_and_theirs() -> None:
    both = graph("a; b<a; c<a; d<a")
    neighbour = Neighbour(("x",), BEN, both, frozenset({"c"}))
    [one] = neighbour.meetings((), {"b"})
    assert one == Meeting(("b", "c", "d"), ("b", "d"), ("c",))
    assert neighbour.below(one) == {"a"}
    assert neighbour.meetings(()) == (one,)
    assert neighbour.meetings((), {"x"}) == ()
    assert neighbour.meetings(("b",), {"b"}) == ()
    assert Neighbour(("x",), BEN, both, frozenset("x")).meetings((), {"b"}) == ()


@pytest.mark.parametrize(
    ("mine", "published", "expected"),
    [
        ("a; d<a", "a; b<a; c<b; d<c", {"d": ("b", "c")}),
        ("d", "a; b<a; c<b; d<c", {"d": ("a", "b", "c")}),
        ("a; c<a; d<c", "a; b<a; c<b; d<c", {"c": ("b",)}),
        # below it stands something that was not below the deleted ones, or that is gone
        ("a; x; d<x", "a; b<a; d<b; x", {}),
        ("a; d<b", "a; b<a; d<b", {}),
        # something else stood on the deleted one
        ("a; d<a; e<b", "a; b<a; d<b; e<b", {}),
        # two sides of a fork
        ("a; m<a", "a; b<a; c<a; m<b,c", {"m": ("b", "c")}),
        ("a; b<a; m<b", "a; b<a; c<a; m<b,c", {"m": ("c",)}),
        ("a; b<a", "a; b<a; c<b", {}),
        ("a; b<a", "a; b<a", {}),
    ],
)
def test_squashes(mine: str, published: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert squashes(graph(mine), graph(published), graph(published)) == expected
    assert squashes(graph(mine), graph(published), graph("")) == {}


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("a; n<a; b<n", "a; b<a", [("n", "b")]),
        ("a; n<a; k<n; b<k; c<b", "a; b<a; c<b", [("n", "b"), ("k", "b")]),
        ("a; b<a; n<b", "a; b<a", []),
        ("a; n<a; b<a !n", "a; b<a", [("n", "b")]),
        ("a; n<a; b<a", "a; b<a", []),
    ],
)
def test_new_ones_under_published_ones(
    mine: str, theirs: str, expected: list[tuple[str, str]]
) -> None:
    assert [one.revisions for one in placed_under(merge(mine, theirs))] == expected


@pytest.mark.parametrize(
    ("left", "right", "same", "but_parents"),
    [
        ("a = 1", "a = 1", True, True),
        ("a = 1", "a  =  1  # so", True, True),
        ("a = 1", "a = 2", False, False),
        ('"""x"""\na = 1', '"""y"""\na = 1', True, True),
        ("def f():\n    'x'\n    g()", "def f():\n    g()", True, True),
        ("async def f():\n    'x'\n    g()", "async def f():\n    'y'\n    g()", True, True),
        ("class A:\n    'x'\n    b = 1", "class A:\n    'y'\n    b = 1", True, True),
        ("def f():\n    1\n    g()", "def f():\n    2\n    g()", False, False),
        ("down_revision = 'a'\nb = 1", "down_revision = 'c'\nb = 1", False, True),
        ("down_revision: str = 'a'", "down_revision: str = 'c'", False, True),
        ("down_revision = 'a'\nb = 1", "down_revision = 'c'\nb = 2", False, False),
        ("a.down_revision = 1", "a.down_revision = 2", False, False),
        ("a = (", "a = (", True, False),
        ("a = (", "a = 1", False, False),
        ("", "'x'", True, True),
        ("a: str = 1", "a = 1", True, True),
        ("a: str = 1", "a: str | None = 1", True, True),
        ("a: f() = 1", "a = 1", False, False),
        ("def f() -> None:\n    g()", "def f():\n    g()", True, True),
        ("def f() -> g():\n    h()", "def f():\n    h()", False, False),
        ("def f(a: int = 1): g()", "def f(a=1): g()", True, True),
        ("class A:\n    b: int = 1", "class A:\n    b = 1", False, False),
        ("from __future__ import annotations\na = 1", "a = 1", True, True),
        (
            "from alembic import op\nimport sqlalchemy as sa\nop, sa",
            "import sqlalchemy as sa\nfrom alembic import op\nop, sa",
            True,
            True,
        ),
        (
            "from alembic import op\nimport sqlalchemy as sa\nop",
            "from alembic import op\nop",
            True,
            True,
        ),
        ("import shop.operations\na = 1", "a = 1", False, False),
        ("from shop import op\nop.f()", "from alembic import op\nop.f()", False, False),
        ("import a.b\na.b.f()", "import a.c\na.b.f()", False, False),
        ("import x\nf()\nimport y\nx, y", "import y\nf()\nimport x\nx, y", False, False),
        ("import os\nfrom uuid import uuid4\na = 1", "import json\na = 1", True, True),
        ("import os\nos.f()", "os.f()", False, False),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from b import c\na = 1",
            "a = 1",
            True,
            True,
        ),
        ("if TYPE_CHECKING:\n    a = 1\nelse:\n    a = 2", "a = 2", True, True),
        ("def f(*a: str, **b: int): g()", "def f(*a, **b): g()", True, True),
        ("def f(*a: g()): h()", "def f(*a): h()", False, False),
        ("def f(): g()\ndef h(): i()", "def h(): i()\ndef f(): g()", True, True),
        ("def f(): g()\ndef f(): h()", "def f(): h()\ndef f(): g()", False, False),
        ("def f(a=g()): 1\ndef h(a=i()): 1", "def h(a=i()): 1\ndef f(a=g()): 1", False, False),
        ("def f():\n    g()\n    pass", "def f():\n    g()", True, True),
        ("def f(): ...", "def f(): pass", True, True),
        ("class A: pass", "class A:\n    'x'", True, True),
        ("f(u'a', f'b')", "f('a', 'b')", True, True),
        ("f(f'{b}')", "f('b')", False, False),
        ("branch_labels = None\ndepends_on = ()\na = 1", "a = 1", True, True),
        ("down_revision = ''\na = 1", "down_revision = None\na = 1", True, True),
        ("depends_on = 'b'\na = 1", "a = 1", False, False),
        ("depends_on = None\nf(depends_on)", "f(depends_on)", False, False),
    ],
)
def test_the_same_code(left: str, right: str, same: bool, but_parents: bool) -> None:
    assert same_code(left.encode(), right.encode()) is same
    assert same_but_parents(left.encode(), right.encode()) is but_parents
    assert same_code(right.encode(), left.encode()) is same


UP = "def upgrade():\n    "


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (f"{UP}f()", f"import os\n{UP}'x'\n    f()  # so", True),
        (f"{UP}f()", f"{UP}f()\ndef downgrade():\n    g()", True),
        (f"{UP}f()", f"{UP}g()", False),
        (f"{UP}f()", "f()", False),
        ("g()", "f()", True),
        (f"{UP}f(", f"{UP}f()", False),
        (f"{UP}f(", f"{UP}f(", False),
        (f"{UP}f()", f"{UP}'\0'", False),
    ],
)
def test_the_same_upgrade(left: str, right: str, same: bool) -> None:
    assert same_upgrade(left.encode(), right.encode()) is same
    assert same_upgrade(right.encode(), left.encode()) is same


# The parser itself gives up on one of them, and the builder of the tree on the other.
@pytest.mark.parametrize(
    "inside", ["+".join("1" * 20_000), "not " * 100_000 + "a"], ids=["long", "deep"]
)
def test_a_text_that_is_nested_too_deep_is_another_one(inside: str) -> None:
    deep = f"{UP}f({inside})".encode()
    other = deep + b"\n"
    assert not same_code(deep, other)
    assert not same_but_parents(deep, other)
    assert not same_upgrade(deep, other)
    assert same_code(deep, deep)


def test_moved_files() -> None:
    def moved(*places: str, blobs: str = "xxx") -> list[str]:
        graphs = [
            Graph([one._replace(path=place, blob=blob) for one in graph("a")])
            for place, blob in zip(places, blobs, strict=True)
        ]

        def told(one: str) -> bytes:
            return b"a = 1"

        mine, shared, base = graphs
        found = list(published_findings(mine, shared, base, told, told))
        return [f"{one.code} {one.path} {one.message}" for one in found]

    assert moved("new.py", "old.py", "old.py") == ["LB205 new.py a moved from old.py to new.py"]
    assert moved("new.py", "old.py", "old.py", blobs="yxx") == [
        "LB205 new.py a moved from old.py to new.py"
    ]
    assert moved("old.py", "new.py", "old.py") == []
    assert moved("same.py", "same.py", "old.py") == []
    assert moved("same.py", "same.py", "same.py") == []


def test_a_finding_as_json_has_all_keys() -> None:
    (one,) = told_of_a_team()["unknown, b is mine"]
    assert one.as_dict() == {
        "code": "LB301",
        "severity": "warning",
        "message": one.message,
        "hint": one.hint,
        "path": "versions/b.py",
        "line": one.line,
        "revisions": ["b", "c"],
        "tables": ["t"],
        "commits": [BEN.as_dict(), ADA.as_dict()],
    }
    assert Finding("LB101", "text").as_dict() == {
        "code": "LB101",
        "severity": "error",
        "message": "text",
        "hint": None,
        "path": None,
        "line": None,
        "revisions": [],
        "tables": [],
        "commits": [],
    }
    assert codes([one]) == ["LB301"]
