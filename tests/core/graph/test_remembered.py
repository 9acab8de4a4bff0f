"""A remembered graph answers as the graph that it was made of, whatever is asked first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lback.core.graph.graph import Graph
from lback.core.graph.remembered import RememberedGraph, Top
from lback.core.graph.revision import Header, Revision
from lback.errors import UsageError
from tests.core.questions import QUESTIONS


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    made: list[Revision] = []
    for number in range(draw(st.integers(0, 9))):
        ids = [one.id for one in made]
        parents = draw(st.lists(st.sampled_from(ids), max_size=2, unique=True)) if ids else []
        needs = draw(st.lists(st.sampled_from(ids), max_size=1)) if ids else []
        labels = (f"label{number}",) if draw(st.integers(0, 5)) == 0 else ()
        header = Header(f"r{number}", tuple(parents), tuple(needs), labels)
        made.append(Revision(header, f"r{number}.py"))
    return Graph(made)


def remembered(graph: Graph, loaded: list[int]) -> RememberedGraph:
    def load() -> list[Revision]:
        loaded.append(1)
        return list(graph)

    return RememberedGraph([Top(graph[one], graph.labels_of(one)) for one in graph.heads], load)


@given(graphs(), st.permutations(list(QUESTIONS)))
def test_the_same_answers_in_any_order(graph: Graph, names: list[str]) -> None:
    loaded: list[int] = []
    known = remembered(graph, loaded)
    for name in names:
        assert QUESTIONS[name](known) == QUESTIONS[name](graph), name
    assert len(loaded) == 1


@given(graphs())
def test_what_the_heads_answer_loads_nothing(graph: Graph) -> None:
    loaded: list[int] = []
    known = remembered(graph, loaded)
    for name in ("heads", "problems", "forks", "tops", "labels"):
        assert QUESTIONS[name](known) == QUESTIONS[name](graph)
    assert loaded == []


def test_what_it_does_not_have_is_said_as_ever() -> None:
    known = remembered(Graph([Revision(Header("a1"))]), [])
    with pytest.raises(UsageError, match="no revision a2"):
        known["a2"]
    with pytest.raises(AttributeError, match="nonsense"):
        _ = known.nonsense
