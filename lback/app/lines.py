"""Finds what new revisions contradict below them, without reading all that is below."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from lback.app.reading import Reader
from lback.core.display import encoded
from lback.core.effects import Effects
from lback.core.findings import Finding
from lback.core.graph import Graph
from lback.core.lines import contradictions
from lback.core.naming import bare
from lback.core.rules.lines import line_findings


def contradicting(reader: Reader, graph: Graph, new: Collection[str], at: str) -> Iterator[Finding]:
    """Yield LB307 for what revisions of a graph at a place contradict below them.

    Only files that name one of their tables are read at first; what is found so is looked
    at once more with all of them, since any may do what cannot be read.
    """
    if not new or graph.problems:
        return
    does = reader.effects(graph, new, at)
    names = {encoded(name) for one in does.values() for name in _names(one)}
    older = [graph[one] for one in graph.ancestors(new) if one not in does]
    texts = reader.texts(older, at)
    near = [one.id for one in older if _mentions(texts[one.blob], names)]
    silent = dict.fromkeys((one.id for one in graph), Effects())
    known = {**silent, **reader.effects(graph, near, at), **does}
    if not any(contradictions(graph, known, new)):
        return
    known.update(reader.effects(graph, [one.id for one in older], at))
    yield from line_findings(contradictions(graph, known, new), graph)


def _names(does: Effects) -> Iterator[str]:
    """Yield the bare names of tables, and of what stands beside them, in small letters."""
    for effect in does.upgrade:
        names: tuple[str | None, ...] = (effect.table, effect.refers_to)
        if effect.table is None or effect.object == "table":
            names = (*names, effect.name, effect.to)
        yield from (bare(one) for one in names if one)


def _mentions(text: bytes, names: Collection[bytes]) -> bool:
    folded = text.lower()
    return any(one in folded for one in names)
