"""Where a name of the command line leads, and in which order: as Alembic's own RevisionMap."""

from __future__ import annotations

import warnings

import pytest
from alembic.script.revision import RevisionError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lback.core.graph.graph import Graph
from lback.core.graph.ordering import listed
from lback.core.graph.revision import Header
from lback.core.plans import Downgrade, plan_migration
from lback.errors import LbackError, UsageError
from tests.core.graph.test_graph_oracle import NAMES, TOKENS, histories, oracle, ours


def alembics(headers: list[Header], stamp: tuple[str, ...], name: str, *, down: bool) -> list[str]:
    """Return what Alembic runs; RevisionError where it would not."""
    revisions = oracle(headers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if down:
            found = revisions.iterate_revisions(stamp, name, select_for_downgrade=True)
            return [one.revision for one in found]
        found = revisions.iterate_revisions(name, stamp, implicit_base=True)
        return [one.revision for one in reversed(list(found))]


RELATIVE = st.builds(
    lambda label, name, steps: f"{label}{name}{steps}",
    st.sampled_from(["", "left@", "right@", "aaa1@"]),
    st.sampled_from(["", "", "", *NAMES]),
    st.sampled_from(["-1", "-2", "+1", "+2"]),
)


@st.composite
def moves(draw: st.DrawFn) -> tuple[list[Header], tuple[str, ...], str]:
    headers = sorted(draw(histories()), key=lambda one: listed(f"{one.revision}.py"))
    # Alembic takes several dependencies of one revision in the order of a set.
    headers = [one._replace(depends_on=one.depends_on[:1]) for one in headers]
    graph = ours(headers)
    wanted = draw(st.lists(st.sampled_from([one.revision for one in headers]), max_size=3))
    done = graph.ancestors(wanted)
    stamp = tuple(
        sorted(
            one for one in done if done.isdisjoint((*graph.children(one), *graph.dependents(one)))
        )
    )
    return headers, stamp, draw(st.one_of(TOKENS, RELATIVE, st.just("heads")))


def header(one: str, *parents: str, label: str = "", needs: str = "") -> Header:
    return Header(one, parents, (needs,) if needs else (), (label,) if label else ())


SHELVES = [header("aaa1", label="left"), header("bbb1", label="right")]
FORK = [header("ccc1"), header("aaa1", "ccc1", label="left"), header("bbb1", "ccc1", label="right")]
NEEDS = [
    header("aaa1"),
    header("aaa2", "aaa1"),
    header("aaa3", "aaa2"),
    header("bbb1"),
    header("bbb2", "bbb1", needs="aaa2"),
]


@given(moves())
@example((SHELVES, ("aaa1", "bbb1"), "right@base"))
@example((FORK, ("aaa1", "bbb1"), "left@ccc1"))
@example((FORK, ("aaa1", "bbb1"), "left@-1"))
@example((NEEDS, (), "heads"))
@example((NEEDS, ("aaa3", "bbb2"), "base"))
@settings(max_examples=100, deadline=None)
def test_the_same_revisions_in_the_same_order(
    move: tuple[list[Header], tuple[str, ...], str],
) -> None:
    runs_the_same(move)


def runs_the_same(move: tuple[list[Header], tuple[str, ...], str]) -> None:
    """Compare a plan with what Alembic runs, in its order."""
    headers, stamp, name = move
    graph: Graph = ours(headers)
    try:
        steps = plan_migration(graph, stamp, name)
    except LbackError:
        return  # what is not clear is refused; which names are, has a test of its own
    down = any(isinstance(one, Downgrade) for one in steps)
    if not steps:
        return
    try:
        expected = alembics(headers, stamp, name, down=down)
    except RevisionError:
        assert "@" in name  # a label chooses among the revisions that begin so; Alembic refuses
        return
    assert [one.revision for one in steps] == expected


@given(moves())
@settings(max_examples=100, deadline=None)
def test_nothing_is_refused_that_alembic_would_do(
    move: tuple[list[Header], tuple[str, ...], str],
) -> None:
    goes_down_too(move)


@pytest.mark.soak
@settings(max_examples=5000, deadline=None)
@given(moves())
def test_many_graphs(move: tuple[list[Header], tuple[str, ...], str]) -> None:
    runs_the_same(move)
    goes_down_too(move)


def goes_down_too(move: tuple[list[Header], tuple[str, ...], str]) -> None:
    """Let a plan lead down wherever Alembic does, and the same way."""
    headers, stamp, name = move
    try:
        down = alembics(headers, stamp, name, down=True)
    except (RevisionError, AssertionError, KeyError):
        return
    if not down or (len(stamp) > 1 and name.startswith("-")):
        return
    try:
        up = alembics(headers, stamp, name, down=False)
    except (RevisionError, AssertionError, KeyError):
        up = []
    if up:
        return
    try:
        steps = plan_migration(ours(headers), stamp, name)
    except UsageError:
        assert "@" in name  # where one way leads down, Alembic takes any label for it
        return
    assert [one.revision for one in steps] == down
