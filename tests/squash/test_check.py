"""`check` knows a squash from deletions, alone, beside old branches and beside another squash."""

from __future__ import annotations

from lback.core.checks.findings import finding, from_graph, told_once
from lback.core.checks.history import declared_squashes
from lback.core.graph.graph import Graph
from lback.core.graph.problems import still_here
from lback.core.graph.revision import Revision
from tests.core.graphs import graph


def replacing(text: str, **replaces: str) -> Graph:
    """Read a graph, with what some of its revisions replace."""
    return Graph(
        Revision(node.header._replace(replaces=tuple(replaces[node.id].split())), node.path, "new")
        if node.id in replaces
        else node
        for node in graph(text)
    )


OLD = "a; b<a; c<b; d<c"


def squashes(mine: Graph, shared: Graph) -> dict[str, tuple[str, ...]]:
    return dict(declared_squashes(mine, shared))


def test_what_a_squash_says_has_to_be_borne_out() -> None:
    assert squashes(replacing("c; d<c", c="a b"), graph(OLD)) == {"c": ("a", "b")}
    assert squashes(replacing("a; d<a", d="b c"), graph(OLD)) == {"d": ("b", "c")}
    # On something else than what the old ones stood on.
    assert squashes(replacing("a; d", d="b c"), graph(OLD)) == {}
    assert squashes(replacing("x; c<x; d<c", c="a b"), graph(OLD)) == {}
    # Somebody stands on one that is gone.
    assert squashes(replacing("c; d<c", c="a b"), graph(f"{OLD}; x<b")) == {}
    # It was one before.
    assert squashes(replacing("c; d<c", c="a b"), replacing("c; d<c", c="a b")) == {}


def test_of_two_that_differ_the_wider_one_takes_the_other_in() -> None:
    theirs = replacing("b; c<b; d<c", b="a")
    assert squashes(replacing("c; d<c", c="a b"), theirs) == {"c": ("b",)}


def test_an_old_file_that_came_back_is_told() -> None:
    assert [one.revisions for one in still_here(replacing("a; c; d<c", c="a b"))] == [("a", "c")]
    assert list(still_here(replacing("c; d<c", c="a b"))) == []


def test_one_finding_says_it() -> None:
    """Its head, and what it does beside its squash, go with the file."""
    mine = replacing("b; d; e<d", b="a", d="a b")
    assert [one.code for one in from_graph(mine, ())] == ["LB207"]
    others = replacing("b; d; e<d; f<d", b="a", d="a b")
    assert [one.code for one in from_graph(others, ())] == ["LB207", "LB101"]
    squashed = finding("LB207", "", revisions=("b", "d"))
    same, heads = (finding(code, "", revisions=("b", "d")) for code in ("LB301", "LB101"))
    other = finding("LB301", "", revisions=("e", "f"))
    assert told_once([heads, squashed, same, other]) == [squashed, other]
    # Who does not hear it, or takes it for less, hears the rest.
    weak = squashed._replace(severity="warning")
    assert told_once([heads, same]) == [heads, same]
    assert told_once([heads, weak, same]) == [heads, weak, same]


def test_who_stands_on_a_squashed_one_hears_into_what() -> None:
    (problem,) = replacing("c; d<c; n<b", c="a b").problems
    assert problem.code == "LB103"
    assert "n has b as its `down_revision`, which was squashed into c" in problem.message
    assert "lback rebase" in problem.hint
