"""A graph with a few revisions on top of it: a hundred branches cost little more than one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lback.core.graph import Graph, Revision


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
            one.id in self.graph or one.header.depends_on or one.header.branch_labels
            for one in added
        )

    def below(self, revision: str) -> frozenset[str]:
        """Return a revision of the graph and all below it."""
        found = self._below.get(revision)
        if found is None:
            found = self._below[revision] = self.graph.ancestors([revision])
        return found

    def highest(self, revisions: frozenset[str]) -> frozenset[str]:
        """Return those of the graph's revisions that no other of them stands on directly."""
        found = self._highest.get(revisions)
        if found is None:
            lower = {up for one in revisions for up in self.graph[one].header.down_revisions}
            found = self._highest[revisions] = revisions - lower
        return found


class Extended(Graph):
    """The graph of a trunk and revisions on top, without building it anew.

    Answers what a fork is judged by: heads, ancestors, sides, order. `takes` of the trunk
    has to be true for the revisions.
    """

    def __init__(self, trunk: Trunk, added: Sequence[Revision]) -> None:
        super().__init__(added)
        self._trunk = trunk
        self._own = self._nodes
        self._own_order = super().order()
        parents = {up for one in added for up in one.header.down_revisions}
        tops = [one for one in (*trunk.graph.heads, *self._own) if one not in parents]
        self.__dict__["heads"] = tuple(sorted(tops))
        self.__dict__["problems"] = ()

    def __len__(self) -> int:
        return len(self._trunk.graph) + len(self._own)

    def __contains__(self, revision: object) -> bool:
        return revision in self._own or revision in self._trunk.graph

    def __getitem__(self, revision: str) -> Revision:
        """Return one revision by its full id."""
        return self._own[revision] if revision in self._own else self._trunk.graph[revision]

    def order(self) -> tuple[str, ...]:
        """Return all ids, parents first."""
        return (*self._trunk.order, *self._own_order)

    def labels_of(self, revision: str) -> frozenset[str]:
        """Return no label, for there is none."""
        return frozenset()

    def ancestors(self, revisions: Iterable[str], *, dependencies: bool = True) -> frozenset[str]:
        """Return these revisions and all below them."""
        own: set[str] = set()
        parts: list[frozenset[str]] = []
        todo = list(revisions)
        while todo:
            one = todo.pop()
            if one in own:
                continue
            if one in self._own:
                own.add(one)
                todo.extend(self._own[one].header.down_revisions)
            elif one in self._trunk.graph:
                parts.append(self._trunk.below(one))
        return frozenset(own).union(*parts)

    def merge_base(self, left: str, right: str) -> frozenset[str]:
        """Return the highest revisions that are below both."""
        common = self.ancestors([left]) & self.ancestors([right])
        if self._own.keys().isdisjoint(common):
            return self._trunk.highest(common)
        lower = {up for one in common for up in self[one].header.down_revisions}
        return common - lower
