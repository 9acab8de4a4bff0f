"""Mine and the branches beside it as one picture: what meets, and where each leaves; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lback.core.graph.view import GraphView
from lback.core.merging.nearness import Neighbour


@dataclass(frozen=True, slots=True)
class LaneNode:
    """One place of a lane: the tip of a branch, a revision, or a gap with others in it.

    `branch` is the number of the branch that it belongs to, None for mine. `parents` are names of
    nodes; a name is a node's own, whichever revisions two branches share.
    """

    name: str
    kind: Literal["tip", "revision", "gap"]
    branch: int | None
    revision: str
    doc: str
    parents: tuple[str, ...]
    meets: bool = False


Branch = tuple[list[LaneNode], frozenset[str]]
"""The nodes of one branch, and the revisions of mine that it stands on."""

Ids = Collection[str] | GraphView

_DRAWN: Branch = ([], frozenset())
_ON_TOP = 5


def lanes(
    mine: GraphView, branches: Sequence[tuple[Neighbour, Collection[str]]], most: int
) -> tuple[LaneNode, ...]:
    """Return the nodes of a picture, the newest first, each branch above where it leaves mine.

    With each branch come the revisions that overlap, mine and its own; these are shown, and of
    its others the `most` newest. The first branches that overlap are on top.
    """
    beside: list[Branch] = [
        _branch(mine, number, neighbour, meeting, most)
        for number, (neighbour, meeting) in enumerate(branches)
    ]
    met = {revision for _, meeting in branches for revision in meeting if revision in mine}
    left = {revision for _, leaves in beside for revision in leaves}
    kept = met | left | set(mine.heads)
    below = _nearest(mine, mine.order(), kept)
    nodes = [LaneNode("", "tip", None, "", "", tuple(mine.heads))]
    for number in [number for number, (_, meeting) in enumerate(branches) if meeting][:_ON_TOP]:
        nodes.extend(beside[number][0])
        beside[number] = _DRAWN
    for revision in reversed(mine.order()):
        if revision not in kept:
            continue
        for number, (lane, leaves) in enumerate(beside):
            if revision in leaves:
                nodes.extend(lane)
                beside[number] = _DRAWN
        nodes.extend(_revision(mine, revision, "", None, below, met))
    return (*nodes, *(node for lane, _ in beside for node in lane))


def _branch(
    mine: GraphView, number: int, neighbour: Neighbour, meeting: Collection[str], most: int
) -> Branch:
    graph, own = neighbour.together, f"{number}:"
    order = [revision for revision in graph.order() if revision not in mine]
    met = neighbour.new.intersection(meeting)
    shown = [revision for revision in order if revision in neighbour.new]
    kept = met.union(shown[-most:])
    below = _nearest(graph, order, kept, mine)
    parents = [parent for revision in kept for parent in below[revision]]
    tops = [revision for revision in shown if revision in kept and revision not in parents]
    leaves = frozenset(parent for parent in parents if parent in mine).union(neighbour.reparented)
    nodes = [
        node
        for revision in reversed(shown)
        if revision in kept
        for node in _revision(graph, revision, own, number, below, met, mine)
    ]
    first = tuple(own + top for top in tops) or neighbour.reparented
    return [LaneNode(own, "tip", number, "", "", first), *nodes], leaves


def _nearest(
    graph: GraphView,
    order: Iterable[str],
    kept: Collection[str],
    stops: Ids = (),
) -> dict[str, tuple[str, ...]]:
    """Return for each revision the nearest of those kept, or of those it stops at, below it."""
    below: dict[str, tuple[str, ...]] = {}
    for revision in order:
        nearest: dict[str, None] = {}
        for parent in graph[revision].parents:
            if parent in kept or parent in stops:
                nearest[parent] = None
            else:
                nearest.update(dict.fromkeys(below.get(parent, ())))
        below[revision] = tuple(nearest)
    return below


def _revision(
    graph: GraphView,
    revision: str,
    own: str,
    branch: int | None,
    below: Mapping[str, Sequence[str]],
    met: Collection[str],
    outside: Ids = (),
) -> Iterator[LaneNode]:
    """Yield the node of a revision, and one of a gap where its parents are not all shown."""
    name = own + revision
    parents = tuple(parent if parent in outside else own + parent for parent in below[revision])
    gap = not set(graph[revision].parents) <= set(below[revision])
    under = (f"{name}:gap",) if gap else parents
    yield LaneNode(name, "revision", branch, revision, graph[revision].doc, under, revision in met)
    if gap:
        yield LaneNode(under[0], "gap", branch, "", "", parents)
