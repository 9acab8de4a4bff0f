"""Reads what lies below some revisions as far as it matters to them, without reading all of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from lback.core.checks.findings import Finding
from lback.core.checks.team import line_findings
from lback.core.display import encoded
from lback.core.effects import Effect, Effects
from lback.core.graph.view import GraphView
from lback.core.merging.contradictions import contradictions
from lback.core.naming import bare
from lback.project.revisions import Revisions


def effects_near(
    revisions: Revisions, graph: GraphView, older: Iterable[str], does: Iterable[Effects], at: str
) -> dict[str, Effects]:
    """Return what those older revisions do whose files name a table that `does` is about."""
    names = {name for each in does for effect in each.upgrade for name in _names(effect)}
    rest = {revision: graph[revision] for revision in older} if names else {}
    texts = {blob: text.lower() for blob, text in revisions.texts(rest.values(), at).items()}
    known: dict[str, Effects] = {}
    while names and rest:
        near = [
            revision
            for revision, node in rest.items()
            if any(name in texts[node.blob] for name in names)
        ]
        for revision in near:
            del rest[revision]
        fresh = revisions.effects(graph, near, at)
        known.update(fresh)
        # What a table was called before leads to those that knew it by that name.
        names = {
            name
            for each in fresh.values()
            for effect in each.upgrade
            if effect.object == "table" and effect.kind == "rename"
            for name in _names(effect)
        }
    return known


def contradicting(
    revisions: Revisions, graph: GraphView, new: Collection[str], at: str
) -> Iterator[Finding]:
    """Yield LB307 for what revisions of a graph at a place contradict below them.

    Those above a new one count as well: what is below them is not what it was.
    What is found in the files that name one of their tables is looked at once more with all
    of them, since any may do what cannot be read.
    """
    if not new or graph.problems:
        return
    new = graph.descendants(new)
    does = revisions.effects(graph, new, at)
    older = [revision for revision in graph.ancestors(new) if revision not in does]
    silent = dict.fromkeys((revision.id for revision in graph), Effects())
    known = {**silent, **effects_near(revisions, graph, older, does.values(), at), **does}
    if not any(contradictions(graph, known, new)):
        return
    known.update(revisions.effects(graph, older, at))
    yield from line_findings(contradictions(graph, known, new), graph)


def _names(effect: Effect) -> Iterator[bytes]:
    """Yield the bare names of tables, and of what stands beside them, in small letters."""
    names: tuple[str | None, ...] = (effect.table, effect.refers_to)
    if effect.table is None or effect.object == "table":
        names = (*names, effect.name, effect.to)
    yield from (encoded(bare(name)) for name in names if name)
