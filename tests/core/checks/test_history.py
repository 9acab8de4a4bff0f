"""What a branch says that it squashed, and a published file beside its twin."""

from __future__ import annotations

import pytest

from lback.core.checks.history import declared_squashes, published_findings
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from tests.core.checks.findings import codes
from tests.core.graphs import graph


@pytest.mark.parametrize(
    ("mine", "theirs", "replaces", "expected"),
    [
        ("a; c<a; d<c", "a; b<a; c<b; d<c", ("b",), ("b",)),
        ("a; c<a", "a; b<a; k<b; c<k", ("b", "k"), ("b", "k")),
        # one of them has its file still, or was never published
        ("a; b<a; c<a", "a; b<a; k<b; c<k", ("b", "k"), ("k",)),
        ("a; c<a", "a; b<a; c<b", ("b", "never"), ("b",)),
        ("a; c<b; b<a", "a; b<a; c<b", ("b",), None),
        # it is new itself, or says nothing
        ("a; c<a", "a; b<a", ("b",), None),
        ("a; c<a", "a; b<a; c<b", (), None),
        # it stands elsewhere
        ("a; c", "a; b<a; c<b", ("b",), None),
        ("a; e<a; c<e", "a; b<a; c<b", ("b",), None),
        # something else stands on one of them, or needs it
        ("a; c<a; o<b", "a; b<a; c<b; o<b", ("b",), None),
        ("a; c<a; o !b", "a; b<a; c<b; o !b", ("b",), None),
        # what they stood on counts by its tops
        ("a; z<a; c<z", "a; z<a; b<a; k<b,z; c<k", ("b", "k"), ("b", "k")),
        ("a; z; c<a,z", "a; z; b<a; c<b,z", ("b",), ("b",)),
        ("a; z; c<a", "a; z; b<a; c<b,z", ("b",), None),
        ("c", "b; c<b", ("b",), ("b",)),
    ],
)
def test_a_squash_is_believed_where_the_graph_bears_it_out(
    mine: str, theirs: str, replaces: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    ours = Graph(
        one._replace(header=one.header._replace(replaces=replaces)) if one.id == "c" else one
        for one in graph(mine)
    )
    found = dict(declared_squashes(ours, graph(theirs)))
    assert found == ({} if expected is None else {"c": expected})
    assert dict(declared_squashes(ours, ours)) == {}
    told = published_findings(ours, graph(theirs), graph(theirs), lambda _: b"", lambda _: b"")
    kept = [one for one in told if one.code in ("LB202", "LB206")]
    lost = {one.revisions[0] for one in kept if one.code == "LB202"}
    assert lost == graph(theirs).ids - ours.ids - {*(expected or ())}
    assert (codes(kept).count("LB206") == 1) is (expected is not None)


def test_a_published_file_that_has_a_twin_is_as_it_was() -> None:
    shared = graph("a; b<a")
    twin = Revision(Header("b", ("a",)), "versions/other.py", "another")
    for files in ([*shared, twin], [twin, *shared]):
        mine = Graph(files)
        assert {node.path for node in mine.twins["b"]} == {"versions/b.py", "versions/other.py"}
        assert list(published_findings(mine, shared, shared, lambda _: b"1", lambda _: b"2")) == []
    other = shared["b"]._replace(blob="x")
    told = published_findings(
        Graph([*graph("a"), other, twin]), shared, shared, lambda _: b"1", lambda _: b"2"
    )
    assert codes(told) == ["LB201"]
    assert shared.twins == {}
