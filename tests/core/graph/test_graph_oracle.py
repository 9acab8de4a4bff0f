"""Random graphs, compared with Alembic's own RevisionMap."""

from __future__ import annotations

import warnings
from typing import Any

from alembic.script.revision import Revision as AlembicRevision
from alembic.script.revision import RevisionError, RevisionMap
from hypothesis import given, settings
from hypothesis import strategies as st

from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.errors import UsageError

NAMES = [f"{letter * 3}{number}" for letter in "abcde" for number in range(1, 4)]


@st.composite
def histories(draw: st.DrawFn) -> list[Header]:
    """Draw headers that form a graph Alembic accepts."""
    names = draw(st.permutations(NAMES))[: draw(st.integers(1, 12))]
    headers: list[Header] = []
    free = ["left", "right", "left2"]
    for index, name in enumerate(names):
        earlier = names[:index]
        some = (
            st.lists(st.sampled_from(earlier), unique=True, max_size=2) if earlier else st.just([])
        )
        # Mostly lines, with forks and merges now and then, as in real trees.
        parents = draw(st.one_of(st.just(earlier[-1:]), some))
        needs = draw(st.one_of(st.just([]), st.just([]), some))
        label = free.pop() if free and draw(st.integers(0, 4)) == 0 else None
        headers.append(
            Header(
                name,
                tuple(parents),
                tuple(one for one in needs if one not in parents),
                (label,) if label else (),
            )
        )
    return headers


def oracle(headers: list[Header]) -> RevisionMap:
    def load() -> list[AlembicRevision]:
        return [
            AlembicRevision(
                one.revision,
                one.down_revisions or None,
                dependencies=one.depends_on or None,
                branch_labels=one.branch_labels or None,
            )
            for one in headers
        ]

    return RevisionMap(load)


def ours(headers: list[Header]) -> Graph:
    return Graph(Revision(one, f"{one.revision}.py") for one in headers)


@given(histories(), st.randoms())
@settings(max_examples=100, deadline=None)
def test_shape_and_sets(headers: list[Header], shuffle: Any) -> None:
    expected = oracle(headers)
    mixed = list(headers)
    shuffle.shuffle(mixed)
    graph = ours(mixed)
    assert graph.problems == ()
    assert set(graph.heads) == set(expected.heads)
    assert set(graph.effective_heads) == set(expected._real_heads)
    assert set(graph.bases) == set(expected.bases)
    for header in headers:
        one = header.revision
        below = {node.revision for node in expected.iterate_revisions(one, "base")}
        assert graph.ancestors([one]) == below
        node = expected.get_revision(one)
        assert node is not None
        above = {found.revision for found in expected._get_descendant_nodes([node])}
        assert graph.descendants([one]) == above
        assert graph.labels_of(one) == node.branch_labels
        assert set(graph.children(one)) == node.nextrev
    order = {one: index for index, one in enumerate(graph.order())}
    for header in headers:
        for below_it in (*header.down_revisions, *header.depends_on):
            assert order[below_it] < order[header.revision]
    assert ours(headers).order() == graph.order()


ABSOLUTE = st.sampled_from(
    [*NAMES, "head", "heads", "base", "aaa", "b", "left", "right", "le", "zzz"]
)
LABELS = st.sampled_from(["left", "right", *NAMES[:6]])
TOKENS = st.one_of(ABSOLUTE, st.builds(lambda label, name: f"{label}@{name}", LABELS, ABSOLUTE))


@given(histories(), TOKENS)
@settings(max_examples=150, deadline=None)
def test_absolute_names(headers: list[Header], token: str) -> None:
    expected = oracle(headers)
    try:
        found = {node.revision for node in expected.get_revisions(token) if node is not None}
    except RevisionError:
        found = None
    assert resolved(ours(headers), token, ()) == found


@given(histories(), st.integers(-3, 3).filter(bool), st.data())
@settings(max_examples=150, deadline=None)
def test_relative_names(headers: list[Header], steps: int, data: st.DataObject) -> None:
    names = [one.revision for one in headers]
    start = data.draw(st.one_of(st.none(), st.sampled_from(names)))
    label = data.draw(st.one_of(st.none(), LABELS))
    current = (data.draw(st.sampled_from(names)),)
    token = f"{label}@" if label else ""
    token += f"{start or ''}{steps:+d}"
    expected = oracle(headers)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if steps > 0:
                nodes = expected._parse_upgrade_target(current, token, True)
            else:
                nodes = (expected._parse_downgrade_target(current, token, True)[1],)
        found: set[str] | None = {
            node.revision for node in nodes if node is not None and node != "base"
        }
        if steps > 0 and None in nodes:
            found = None
    except (RevisionError, AssertionError):
        found = None
    assert resolved(ours(headers), token, current) == found


def resolved(graph: Graph, token: str, current: tuple[str, ...]) -> set[str] | None:
    try:
        return set(graph.resolve(token, current))
    except UsageError:
        return None
