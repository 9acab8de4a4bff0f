"""A graph with a few revisions on top of it: a hundred branches cost little more than one."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from lback.core.graph.graph import Graph, arrange
from lback.core.graph.revision import Revision


class Trunk:
    """A graph that many small extensions stand on; what is known of it is kept."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.order = graph.order()
        self._below: dict[str, frozenset[str]] = {}
        self._highest: dict[frozenset[str], frozenset[str]] = {}

    @property
    def is_plain(self) -> bool:
        """Tell whether it can be extended: no problems, labels or dependencies to think of."""
        graph = self.graph
        plain = not any(revision.header.depends_on for revision in graph)
        return plain and not graph.problems and not graph.label_owners

    def takes(self, added: Iterable[Revision]) -> bool:
        """Tell whether revisions only stand on what is there, and are new."""
        return not any(
            node.id in self.graph or node.header.depends_on or node.header.branch_labels
            for node in added
        )

    def below(self, revision: str) -> frozenset[str]:
        """Return a revision of the graph and all below it."""
        known = self._below.get(revision)
        if known is None:
            known = self._below[revision] = self.graph.ancestors([revision])
        return known

    def highest(self, revisions: frozenset[str]) -> frozenset[str]:
        """Return those of the graph's revisions that no other of them stands on directly."""
        tops = self._highest.get(revisions)
        if tops is None:
            graph = self.graph
            lower = {up for revision in revisions for up in graph[revision].header.down_revisions}
            tops = self._highest[revisions] = revisions - lower
        return tops


class Extended(Graph):
    """The graph of a plain trunk and revisions that it takes, without building it anew.

    What a fork is judged by costs little more than the revisions that were added.
    """

    def __init__(self, trunk: Trunk, added: Sequence[Revision]) -> None:
        super().__init__(added)
        below = trunk.graph
        grown: dict[str, list[str]] = {}
        for revision, _, parent in self._missing:
            if parent in below:
                kids = grown.setdefault(parent, [*below.children(parent)])
                if kids[-1:] != [revision]:
                    kids.append(revision)
        self._missing = [row for row in self._missing if row[2] not in below]
        self._trunk = trunk
        self._own, self._own_children = self._nodes, self._children
        self._nodes = ChainMap(self._own, below._nodes)
        self._children = ChainMap({**self._own_children, **grown}, below._children)

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """Return the revisions that are no other's parent, sorted, as `alembic heads` does."""
        tops = (*self._trunk.graph.heads, *self._own)
        return tuple(sorted(revision for revision in tops if not self._children[revision]))

    @property
    def label_owners(self) -> Mapping[str, str]:
        """Return no label, for there is none."""
        return {}

    def order(self) -> tuple[str, ...]:
        """Return all ids, parents first, those of the trunk before those that were added."""
        return (*self._trunk.order, *self._own_order)

    @cached_property
    def _own_order(self) -> tuple[str, ...]:
        return arrange(self._own_children)[0]

    def ancestors(self, revisions: Iterable[str], *, dependencies: bool = True) -> frozenset[str]:
        """Return these revisions and all below them; UsageError for an unknown id."""
        own: set[str] = set()
        parts: list[frozenset[str]] = []
        todo = list(self._known(revisions))
        while todo:
            revision = todo.pop()
            if revision in own:
                continue
            if revision in self._own:
                own.add(revision)
                todo.extend(self._own[revision].header.down_revisions)
            elif revision in self._trunk.graph:
                parts.append(self._trunk.below(revision))
        return frozenset(own).union(*parts)

    def merge_base(self, left: str, right: str) -> frozenset[str]:
        """Return the highest revisions that are below both, an empty set when there are none."""
        common = self.ancestors([left]) & self.ancestors([right])
        if self._own.keys().isdisjoint(common):
            return self._trunk.highest(common)
        children = self._children
        return frozenset(below for below in common if common.isdisjoint(children[below]))
