"""An extended graph answers as one that is built anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lback.core.extending import Extended, Trunk
from lback.core.forks.joining import fork_sides
from lback.core.graph import Graph, Revision
from lback.core.header import Header
from lback.core.lanes import forks


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
    assert extended.heads == whole.heads
    assert sorted(extended.order()) == sorted(whole.order())
    assert forks(extended) == forks(whole)
    for left in whole.heads:
        assert extended.ancestors([left]) == whole.ancestors([left])
        for right in whole.heads:
            assert extended.merge_base(left, right) == whole.merge_base(left, right)
    sides = fork_sides(extended, whole.heads)
    assert {k: sorted(v) for k, v in sides.items()} == {
        k: sorted(v) for k, v in fork_sides(whole, whole.heads).items()
    }
    for one in whole:
        assert one.id in extended and extended[one.id] == one


def test_what_a_trunk_does_not_take() -> None:
    trunk = Trunk(Graph([Revision(Header("a"))]))
    assert not trunk.takes([Revision(Header("a"))])
    assert not trunk.takes([Revision(Header("b", ("a",), ("a",)))])
    assert not trunk.takes([Revision(Header("b", ("a",), branch_labels=("x",)))])
    assert not Trunk(Graph([Revision(Header("a", ("gone",)))])).is_plain
