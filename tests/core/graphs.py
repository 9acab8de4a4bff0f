"""Small graphs as one line of text."""

from __future__ import annotations

from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision


def graph(text: str, **labels: str) -> Graph:
    """Read `a; b<a; m<b,c; d<c !b` (parents after <, dependencies after !); labels by id."""
    revisions = []
    for number, word in enumerate(filter(None, map(str.strip, text.split(";"))), 1):
        one, _, needs = word.partition(" !")
        one, _, parents = one.partition("<")
        header = Header(
            one,
            tuple(filter(None, parents.split(","))),
            tuple(filter(None, needs.split(","))),
            tuple(filter(None, [labels.get(one, "")])),
            line=number,
            create_date=f"2026-01-{number:02}",
        )
        revisions.append(Revision(header, f"versions/{one}.py", f"blob-{one}"))
    return Graph(revisions)
