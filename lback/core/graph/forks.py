"""Which heads a project keeps apart by design, and which are a fork."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView

Lane = tuple[str, ...]


def lanes(
    graph: GraphView,
    declared: Sequence[str] = (),
    heads: Iterable[str] = (),
    doubted: frozenset[str] = frozenset(),
) -> list[Lane]:
    """Group heads into lanes; a lane with more than one head is a fork.

    A head belongs to the lane that `[tool.lback] heads` declares for it, by id or
    branch label; without a declaration, heads with different branch labels are
    apart. Heads that match nothing share one lane. Labels that are `doubted` keep nothing
    apart unless they are declared. Lanes and heads are sorted.
    """
    groups: dict[object, list[str]] = {}
    for head in heads or graph.heads:
        labels = graph.labels_of(head)
        if declared:
            key: object = next((name for name in declared if name == head or name in labels), None)
        else:
            key = labels - doubted
        groups.setdefault(key, []).append(head)
    return sorted(tuple(sorted(group)) for group in groups.values())


def forks(
    graph: GraphView, declared: Sequence[str] = (), doubted: frozenset[str] = frozenset()
) -> list[Lane]:
    """Return the lanes that hold more than one head."""
    return [lane for lane in lanes(graph, declared, (), doubted) if len(lane) > 1]


def fork_sides(graph: GraphView, fork: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return for each head the revisions that only it has, in graph order."""
    sides = graph.sides(fork)
    apart = frozenset().union(*sides.values())
    order = [revision for revision in graph.order() if revision in apart]
    return {head: tuple(revision for revision in order if revision in sides[head]) for head in fork}


def real_forks(
    graph: GraphView, declared: Sequence[str], doubted: frozenset[str] = frozenset()
) -> list[Lane]:
    """Return the forks that are more than the shadow of a missing parent or a cycle.

    A missing parent may stand on any head: what is above it forks with none for certain.
    """
    found = forks(graph, declared, doubted)
    if not any(problem.code in ("LB103", "LB105") for problem in graph.problems):
        return found
    torn = [
        revision.id
        for revision in graph
        if not graph.ids.issuperset(revision.header.down_revisions)
    ]
    above = graph.descendants(torn) if torn else frozenset()
    whole = [tuple(head for head in fork if head not in above) for fork in found]
    return [fork for fork in whole if len(fork) > 1 and branch_point(graph, fork)]


class UnreadLabels(NamedTuple):
    """Why nobody knows whether some heads are kept apart, and what would tell."""

    reason: str
    hint: str


def unread_labels(graph: GraphView, fork: Sequence[str]) -> UnreadLabels | None:
    """Return which computed labels may keep some of these heads apart by design, if any.

    Labels reach whatever stands on them; one that reaches all the heads tells none apart.
    """
    heads = {*fork}
    for node in graph if len(heads) > 1 else ():
        line = node.header.computed_labels
        reached = graph.descendants([node.id], dependencies=False) & heads if line else heads
        if reached and reached != heads:
            return UnreadLabels(
                f"{' and '.join(fork)} may be apart by design: `branch_labels` of {node.id} is "
                f"computed ({node.path}:{line}), and only running it would tell",
                f"Write the label of {node.id} as a plain string.",
            )
    return None


def branch_point(graph: GraphView, heads: Iterable[str]) -> tuple[str, ...]:
    """Return the highest revisions that any two of the heads have in common, sorted."""
    return tuple(
        sorted(
            {revision for pair in combinations(heads, 2) for revision in graph.merge_base(*pair)}
        )
    )
