"""An extended graph answers as one that is built anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lback.core.graph.extended import Extended, Trunk
from lback.core.graph.forks import fork_sides
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.errors import UsageError
from tests.core.questions import QUESTIONS

_ORDERED = ("order", "all")


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Revision], list[Revision]]:
    """Return the revisions of a trunk, and some on top of it."""
    made: list[Revision] = []
    for number in range(draw(st.integers(1, 9))):
        ids = [one.id for one in made]
        parents = draw(st.lists(st.sampled_from(ids), max_size=2, unique=True)) if ids else []
        made.append(Revision(Header(f"r{number}", tuple(parents)), f"r{number}.py"))
    cut = draw(st.integers(1, len(made)))
    return made[:cut], made[cut:]


@given(histories())
def test_the_same_as_built_anew(history: tuple[list[Revision], list[Revision]]) -> None:
    old, new = history
    whole = Graph([*old, *new])
    trunk = Trunk(Graph(old))
    assert trunk.is_plain and trunk.takes(new)
    extended = Extended(trunk, new)
    for name, ask in QUESTIONS.items():
        said, meant = ask(extended), ask(whole)
        # What was added comes last, where ties would put it between the others.
        assert (sorted(said) if name in _ORDERED else said) == (
            sorted(meant) if name in _ORDERED else meant
        ), name
    order = extended.order()
    for one in whole:
        assert all(order.index(up) < order.index(one.id) for up in one.parents)
    sides = fork_sides(extended, whole.heads)
    assert {k: sorted(v) for k, v in sides.items()} == {
        k: sorted(v) for k, v in fork_sides(whole, whole.heads).items()
    }


def test_what_a_trunk_does_not_take() -> None:
    trunk = Trunk(Graph([Revision(Header("a"))]))
    assert not trunk.takes([Revision(Header("a"))])
    assert not trunk.takes([Revision(Header("b", ("a",), ("a",)))])
    assert not trunk.takes([Revision(Header("b", ("a",), branch_labels=("x",)))])
    assert not Trunk(Graph([Revision(Header("a", ("gone",)))])).is_plain


def test_what_is_wrong_with_what_was_added() -> None:
    trunk = Trunk(Graph([Revision(Header("a"))]))
    extended = Extended(trunk, [Revision(Header("b", ("a", "gone")), "b.py")])
    assert [(one.code, one.path) for one in extended.problems] == [("LB103", "b.py")]
    assert extended.children("a") == ("b",) and extended.descendants("a") == {"a", "b"}
    assert extended.resolve("a+1") == ("b",)
    with pytest.raises(UsageError, match="no revision c"):
        extended.ancestors(["c"])
