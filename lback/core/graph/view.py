"""What every graph of revisions answers, however much of it has been read so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from lback.core.graph.revision import Problem, Revision


class GraphView(Protocol):
    """A set of revisions with Alembic's rules; an unknown id raises UsageError."""

    def __len__(self) -> int: ...

    def __contains__(self, revision: object) -> bool: ...

    def __getitem__(self, revision: str) -> Revision: ...

    def __iter__(self) -> Iterator[Revision]: ...

    @property
    def ids(self) -> frozenset[str]:
        """Return all ids."""

    @property
    def by_path(self) -> Mapping[str, Revision]:
        """Return the revisions by the paths of their files."""

    @property
    def twins(self) -> Mapping[str, tuple[Revision, ...]]:
        """Return all files that define one id, where several do."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong, in the order of codes and paths."""

    @property
    def heads(self) -> tuple[str, ...]:
        """Return the revisions that are no other's parent, sorted, as `alembic heads` does."""

    @property
    def effective_heads(self) -> tuple[str, ...]:
        """Return the heads that no revision depends on either: the stamp after all upgrades."""

    @property
    def bases(self) -> tuple[str, ...]:
        """Return the revisions without a parent, sorted."""

    @property
    def label_owners(self) -> Mapping[str, str]:
        """Return the revision that declares each branch label; the first by id where several do."""

    def children(self, revision: str) -> tuple[str, ...]:
        """Return the revisions whose parent this one is, sorted."""

    def dependencies(self, revision: str) -> tuple[str, ...]:
        """Return the full ids of what a revision's `depends_on` names and is present."""

    def dependents(self, revision: str) -> tuple[str, ...]:
        """Return the revisions whose `depends_on` names this one, sorted."""

    def order(self) -> tuple[str, ...]:
        """Return all ids, parents and dependencies first."""

    def ancestors(self, revisions: Iterable[str], *, dependencies: bool = True) -> frozenset[str]:
        """Return these revisions and all below them."""

    def descendants(self, revisions: Iterable[str], *, dependencies: bool = True) -> frozenset[str]:
        """Return these revisions and all above them."""

    def sides(self, heads: Iterable[str] | None = None) -> dict[str, frozenset[str]]:
        """Return for each head (default: all) what is below it and below no other of them."""

    def merge_base(self, left: str, right: str) -> frozenset[str]:
        """Return the highest revisions that are below both, an empty set when there are none."""

    def missing_from(self, other: GraphView) -> frozenset[str]:
        """Return the ids that are here and not in the other graph."""

    def labels_of(self, revision: str) -> frozenset[str]:
        """Return the branch labels that apply to a revision, spread as Alembic spreads them."""

    def resolve(self, token: str, current: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the revisions that a name means to Alembic, counted from `current`."""
