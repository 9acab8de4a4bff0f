"""Branch labels: who declares them and how far Alembic spreads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lback.core.graph_view import GraphView
    from lback.core.revision import Revision


def owners(nodes: Mapping[str, Revision]) -> dict[str, str]:
    """Return the revision that declares each label; the first by id where several do."""
    found: dict[str, str] = {}
    for one, node in nodes.items():
        for label in node.header.branch_labels:
            found[label] = min(one, found.get(label, one))
    return found


def clashes(nodes: Mapping[str, Revision], owners: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (label, revision) for every label that another revision or an id has taken."""
    return [
        (label, one)
        for one, node in nodes.items()
        for label in node.header.branch_labels
        if owners[label] != one or label in nodes
    ]


def spread(graph: GraphView) -> dict[str, set[str]]:
    """Return the labels that apply to each revision that has any: its own and inherited ones."""
    found: dict[str, set[str]] = {}
    for node in graph:
        if node.labels:
            reached = graph.descendants([node.id], dependencies=False) | _stem(graph, node.id)
            for member in reached:
                found.setdefault(member, set()).update(node.labels)
    return found


def _stem(graph: GraphView, revision: str) -> set[str]:
    """Return what is below a revision down to the nearest fork or merge, as Alembic walks.

    Alembic starts this walk at the tip, so a fork or merge above hides the stem.
    """
    stem: set[str] = set()
    tip: str | None = revision
    while tip is not None and _is_link(graph, tip) and tip not in stem:
        stem.add(tip)
        tip = next(iter(graph.children(tip)), None)
    if tip is not None:
        return set()
    at = next(iter(graph[revision].parents), "")
    while at in graph and _is_link(graph, at) and at not in stem:
        stem.add(at)
        at = next(iter(graph[at].parents), "")
    return stem


def _is_link(graph: GraphView, one: str) -> bool:
    """Tell whether a revision is neither a branch point, by whatever edge, nor a merge."""
    above = {*graph.children(one), *graph.dependents(one)}
    return len(above) < 2 and not graph[one].is_merge
