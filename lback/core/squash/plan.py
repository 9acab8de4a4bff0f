"""Which revisions a squash takes together, and what of the graph has to stay true around them."""

from __future__ import annotations

from dataclasses import dataclass

from lback.core.graph.ordering import run_order
from lback.core.graph.view import GraphView
from lback.core.plans import refuse_problems
from lback.core.squash import messages


@dataclass(frozen=True, slots=True)
class SquashPlan:
    """A closed range of revisions that become one, with the id of the last.

    `members` are all of them in the order in which they run, `revision` comes last. `parents`,
    `depends_on` and `labels` are those of the new file; `replaces` are the ids that it stands for.
    """

    revision: str
    members: tuple[str, ...]
    replaces: tuple[str, ...]
    parents: tuple[str, ...]
    depends_on: tuple[str, ...]
    labels: tuple[str, ...]


def plan_squash(graph: GraphView, to: str, first: str | None) -> SquashPlan:
    """Choose what becomes one with `to`: all from `first` on, or all below it.

    LbackError names what stands in the way: another revision on top of one that goes, or one
    that depends on it.
    """
    refuse_problems(graph)
    below = _range(graph, to, first)
    if first is not None and first not in below:
        raise messages.not_below(first, to)
    if len(below) == 1:
        raise messages.nothing_to_squash(to, graph[to].replaces)
    forked, needed = _open_ends(graph, below, to)
    if forked:
        raise messages.not_closed(forked, _nearest(graph, to, first))
    if needed:
        raise messages.depended_on(needed, _nearest(graph, to, first))
    members = tuple(reversed(run_order(graph, below, [to])))
    parents, needs = _outside(graph, members)
    return SquashPlan(
        to,
        members,
        _replaced(graph, members, to),
        parents,
        needs,
        tuple(dict.fromkeys(label for name in members for label in graph[name].labels)),
    )


def _range(graph: GraphView, to: str, first: str | None) -> frozenset[str]:
    below = graph.ancestors([to], dependencies=False)
    return below if first is None else below & graph.descendants([first], dependencies=False)


Ends = dict[str, list[str]]


def _open_ends(graph: GraphView, members: frozenset[str], to: str) -> tuple[Ends, Ends]:
    """Return what outside stands on revisions that go, and what depends on them, by those."""
    above = graph.descendants([to])
    forked: Ends = {}
    needed: Ends = {}
    for name in sorted(members - {to}):
        for child in graph.children(name):
            if child not in members:
                forked.setdefault(name, []).append(child)
        for other in graph.dependents(name):
            # By a label it still finds what it means, and `to` is what that will be.
            if other not in members and not (other in above and _by_label(graph, other, name)):
                needed.setdefault(name, []).append(other)
    return forked, needed


def _nearest(graph: GraphView, to: str, first: str | None) -> list[tuple[str, int]]:
    """Return the next revisions below and above up to which a range is closed, and its length."""
    order = graph.order()
    place = order.index(to)
    below, above = graph.ancestors([to]), graph.descendants([to])
    found = []
    for side in (
        [name for name in reversed(order[:place]) if name in below],
        [name for name in order[place + 1 :] if name in above],
    ):
        for name in side:
            members = _range(graph, name, first)
            if len(members) > 1 and not any(_open_ends(graph, members, name)):
                found.append((name, len(members)))
                break
    return found


def _by_label(graph: GraphView, other: str, name: str) -> bool:
    return name not in graph[other].depends_on


def _outside(graph: GraphView, members: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the parents of the range, and what it depends on beside them."""
    inside = frozenset(members)
    parents: dict[str, None] = {}
    needs: dict[str, None] = {}
    for name in members:
        parents.update(dict.fromkeys(up for up in graph[name].parents if up not in inside))
        for word in graph[name].depends_on:
            owner = word if word in graph else graph.label_owners.get(word, word)
            if owner not in inside:
                needs[word] = None
    below = {up: graph.ancestors([up], dependencies=False) - {up} for up in parents}
    # What another parent stands on need not be named.
    tops = [up for up in parents if not any(up in below[other] for other in parents)]
    return tuple(tops), tuple(needs)


def _replaced(graph: GraphView, members: tuple[str, ...], to: str) -> tuple[str, ...]:
    """Return all ids that are gone then, those of earlier squashes among them."""
    names = (name for member in members for name in (*graph[member].replaces, member))
    return tuple(dict.fromkeys(name for name in names if name != to))
