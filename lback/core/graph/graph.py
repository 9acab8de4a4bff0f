"""Puts a graph in one order: what comes before first, ties by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from functools import cached_property
from heapq import heapify, heappop, heappush
from operator import attrgetter
from typing import TYPE_CHECKING

from lback.core.graph.revision import Problem, Revision
from lback.errors import UsageError

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView


def arrange(above: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the order of all names, and those that a cycle keeps from having one.

    `above` lists for every name the names that come after it, each once. The names that
    have no order come last, sorted.
    """
    waiting = dict.fromkeys(above, 0)
    for names in above.values():
        for name in names:
            waiting[name] += 1
    ready = [name for name, count in waiting.items() if not count]
    for name in ready:
        del waiting[name]
    heapify(ready)
    done: list[str] = []
    while ready:
        name = heappop(ready)
        done.append(name)
        for other in above[name]:
            waiting[other] -= 1
            if not waiting[other]:
                del waiting[other]
                heappush(ready, other)
    return (*done, *sorted(waiting)), frozenset(waiting)


def owners(nodes: Mapping[str, Revision]) -> dict[str, str]:
    """Return the revision that declares each label; the first by id where several do."""
    owner_of: dict[str, str] = {}
    for revision, node in nodes.items():
        for label in node.header.branch_labels:
            owner_of[label] = min(revision, owner_of.get(label, revision))
    return owner_of


def clashes(nodes: Mapping[str, Revision], owners: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (label, revision) for every label that another revision or an id has taken."""
    return [
        (label, revision)
        for revision, node in nodes.items()
        for label in node.header.branch_labels
        if owners[label] != revision or label in nodes
    ]


def spread(graph: GraphView) -> dict[str, set[str]]:
    """Return the labels that apply to each revision that has any: its own and inherited ones."""
    labels: dict[str, set[str]] = {}
    for node in graph:
        if node.labels:
            reached = graph.descendants([node.id], dependencies=False) | _stem(graph, node.id)
            for member in reached:
                labels.setdefault(member, set()).update(node.labels)
    return labels


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


def _is_link(graph: GraphView, revision: str) -> bool:
    """Tell whether a revision is neither a branch point, by whatever edge, nor a merge."""
    above = {*graph.children(revision), *graph.dependents(revision)}
    return len(above) < 2 and not graph[revision].is_merge


class Graph:
    """An immutable set of revisions with Alembic's rules; bad input becomes `problems`.

    Missing parents, duplicate ids and cycles never raise: the rest of the graph
    still answers. Iteration gives `Revision` objects in the order of `order()`.
    """

    def __init__(self, revisions: Iterable[Revision], problems: Iterable[Problem] = ()) -> None:
        self._given = tuple(problems)
        self._twice: list[tuple[Revision, Revision]] = []
        nodes: dict[str, Revision] = {}
        for node in revisions:
            kept = nodes.setdefault(node.header.revision, node)
            if kept is not node:
                first, second = sorted((kept, node), key=attrgetter("path"))
                nodes[first.header.revision] = first
                self._twice.append((first, second))
        self._nodes: MutableMapping[str, Revision] = nodes
        self._children: MutableMapping[str, list[str]] = {revision: [] for revision in nodes}
        self._needs: dict[str, tuple[str, ...]] = {}
        self._needed_by: dict[str, list[str]] = {}
        self._missing: list[tuple[str, str, str]] = []  # revision, variable, name
        self._link()

    def _link(self) -> None:
        children = self._children
        needing: list[Revision] = []
        for revision, node in self._nodes.items():
            header = node.header
            for parent in header.down_revisions:
                siblings = children.get(parent)
                if siblings is None:
                    self._missing.append((revision, "down_revision", parent))
                elif not siblings or siblings[-1] != revision:
                    siblings.append(revision)
            if header.depends_on:
                needing.append(node)
        for node in needing:
            self._link_dependencies(node)

    def _link_dependencies(self, node: Revision) -> None:
        revision = node.header.revision
        needs: dict[str, None] = {}
        for name in node.header.depends_on:
            full = name if name in self._nodes else self.label_owners.get(name)
            if full is None:
                self._missing.append((revision, "depends_on", name))
            else:
                needs[full] = None
        self._needs[revision] = tuple(needs)
        for full in needs:
            self._needed_by.setdefault(full, []).append(revision)

    # What is in it

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, revision: object) -> bool:
        return revision in self._nodes

    def __getitem__(self, revision: str) -> Revision:
        """Return one revision by its full id; UsageError with near names when there is none."""
        try:
            return self._nodes[revision]
        except KeyError:
            raise self._unknown(revision) from None

    def __iter__(self) -> Iterator[Revision]:
        return (self._nodes[revision] for revision in self.order())

    @property
    def ids(self) -> frozenset[str]:
        """Return all ids."""
        return frozenset(self._nodes)

    @cached_property
    def by_path(self) -> Mapping[str, Revision]:
        """Return the revisions by the paths of their files."""
        return {revision.path: revision for revision in self._nodes.values()}

    @cached_property
    def twins(self) -> Mapping[str, tuple[Revision, ...]]:
        """Return all files that define one id, where several do."""
        files: dict[str, dict[str, Revision]] = {}
        for pair in self._twice:
            files.setdefault(pair[0].id, {}).update((node.path, node) for node in pair)
        return {revision: tuple(nodes.values()) for revision, nodes in files.items()}

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong, in the order of codes and paths."""
        from lback.core.graph import problems

        return problems.problems(
            self._nodes,
            given=self._given,
            twice=self._twice,
            missing=self._missing,
            labels=clashes(self._nodes, self.label_owners),
            stuck=self._order[1],
            edges=self._edges,
        )

    # Shape

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """Return the revisions that are no other's parent, sorted, as `alembic heads` does."""
        return tuple(sorted(revision for revision, kids in self._children.items() if not kids))

    @cached_property
    def effective_heads(self) -> tuple[str, ...]:
        """Return the heads that no revision depends on either: the stamp after all upgrades."""
        return tuple(revision for revision in self.heads if revision not in self._needed_by)

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """Return the revisions without a parent, sorted."""
        return tuple(
            sorted(
                revision for revision, node in self._nodes.items() if not node.header.down_revisions
            )
        )

    def children(self, revision: str) -> tuple[str, ...]:
        """Return the revisions whose parent this one is, sorted."""
        if revision not in self._children:
            raise self._unknown(revision)
        return tuple(sorted(self._children[revision]))

    def dependencies(self, revision: str) -> tuple[str, ...]:
        """Return the full ids of what a revision's `depends_on` names and is present."""
        return self._needs.get(revision, ())

    def dependents(self, revision: str) -> tuple[str, ...]:
        """Return the revisions whose `depends_on` names this one, sorted."""
        return tuple(sorted(self._needed_by.get(revision, ())))

    def order(self) -> tuple[str, ...]:
        """Return all ids, parents and dependencies first, ties by id.

        Members of a cycle and what stands on them come last, by id.
        """
        return self._order[0]

    @cached_property
    def _order(self) -> tuple[tuple[str, ...], frozenset[str]]:
        """Return the order, and the ids that a cycle keeps from having one."""
        joined = {revision: list(self._above(revision)) for revision in self._needed_by}
        return arrange({**self._children, **joined})

    def _edges(self, revision: str) -> list[str]:
        """Return the parents and dependencies of a revision that are present."""
        edges = [up for up in self._nodes[revision].header.down_revisions if up in self._nodes]
        edges.extend(self._needs.get(revision, ()))
        return edges

    def _above(self, revision: str) -> Iterable[str]:
        kids = self._children[revision]
        needed = self._needed_by.get(revision)
        return {*kids, *needed} if needed else kids

    # Sets

    def ancestors(self, revisions: Iterable[str], *, dependencies: bool = True) -> frozenset[str]:
        """Return these revisions and all below them; UsageError for an unknown id."""
        nodes, needs = self._nodes, self._needs if dependencies else {}
        seen = self._known(revisions)
        todo = list(seen)
        while todo:
            revision = todo.pop()
            for up in nodes[revision].header.down_revisions:
                if up not in seen and up in nodes:
                    seen.add(up)
                    todo.append(up)
            for up in needs.get(revision, ()):
                if up not in seen:
                    seen.add(up)
                    todo.append(up)
        return frozenset(seen)

    def descendants(self, revisions: Iterable[str], *, dependencies: bool = True) -> frozenset[str]:
        """Return these revisions and all above them; UsageError for an unknown id."""
        children, needed_by = self._children, self._needed_by if dependencies else {}
        seen = self._known(revisions)
        todo = list(seen)
        while todo:
            revision = todo.pop()
            for above in (*children[revision], *needed_by.get(revision, ())):
                if above not in seen:
                    seen.add(above)
                    todo.append(above)
        return frozenset(seen)

    def sides(self, heads: Iterable[str] | None = None) -> dict[str, frozenset[str]]:
        """Return for each head (default: all) what is below it and below no other of them."""
        wanted = sorted(set(self.heads if heads is None else heads))
        below = {head: self.ancestors([head]) for head in wanted}
        return {
            head: below[head].difference(*(below[other] for other in wanted if other != head))
            for head in wanted
        }

    def merge_base(self, left: str, right: str) -> frozenset[str]:
        """Return the highest revisions that are below both, an empty set when there are none."""
        common = self.ancestors([left]) & self.ancestors([right])
        return frozenset(
            revision for revision in common if common.isdisjoint(self._above(revision))
        )

    def missing_from(self, other: GraphView) -> frozenset[str]:
        """Return the ids that are here and not in the other graph."""
        return self.ids - other.ids

    # Labels and names

    @cached_property
    def label_owners(self) -> Mapping[str, str]:
        """Return the revision that declares each branch label; the first by id where several do."""
        return owners(self._nodes)

    def labels_of(self, revision: str) -> frozenset[str]:
        """Return the branch labels that apply to a revision, spread as Alembic spreads them."""
        if not self.label_owners and revision in self._nodes:
            return frozenset()  # most projects have no labels, and spreading nothing takes time
        if revision not in self._nodes:
            raise self._unknown(revision)
        return frozenset(self._labels.get(revision, ()))

    @cached_property
    def _labels(self) -> Mapping[str, set[str]]:
        return spread(self)

    def resolve(self, token: str, current: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the revisions that a name means to Alembic; () for the base.

        Takes full ids, prefixes, branch labels, `head`, `heads`, `base`, `label@name`,
        `name+1`, `name-2`, and `+1`, `-1` counted from `current`. UsageError with near
        names when it means nothing or several things.
        """
        from lback.core.graph.names import Resolver

        return Resolver(self, tuple(current)).resolve(token)

    def _known(self, revisions: Iterable[str]) -> set[str]:
        known = {revisions} if isinstance(revisions, str) else set(revisions)
        for revision in known:
            if revision not in self._nodes:
                raise self._unknown(revision)
        return known

    def _unknown(self, revision: str) -> UsageError:
        from lback.core.graph.names import near

        return UsageError(f"There is no revision {revision}.", near(revision, self._nodes))
