"""A graph of which only the heads are known at first, as many questions are about them alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from lback.core.graph.graph import Graph
from lback.core.graph.revision import Revision


class Top(NamedTuple):
    """A head, and the branch labels that apply to it."""

    revision: Revision
    labels: frozenset[str]


class RememberedGraph(Graph):
    """A graph without problems whose heads were written down; `load` gives its revisions.

    It is called at the first question that the heads cannot answer, and once.
    """

    def __init__(self, tops: Iterable[Top], load: Callable[[], Iterable[Revision]]) -> None:
        self._load = load
        self._tops = {top.revision.id: top for top in tops}
        self.__dict__["heads"] = tuple(self._tops)
        self.__dict__["problems"] = ()

    def __getattr__(self, name: str) -> Any:
        """Become the whole graph: a part of it is missing."""
        load = self.__dict__.pop("_load", None)
        if load is None:
            raise AttributeError(name)
        super().__init__(load())
        return getattr(self, name)

    def __contains__(self, revision: object) -> bool:
        return revision in self._tops or super().__contains__(revision)

    def __getitem__(self, revision: str) -> Revision:
        """Return one revision by its full id; UsageError with near names when there is none."""
        top = self._tops.get(revision)
        return super().__getitem__(revision) if top is None else top.revision

    def labels_of(self, revision: str) -> frozenset[str]:
        """Return the branch labels that apply to a revision, spread as Alembic spreads them."""
        top = self._tops.get(revision)
        return super().labels_of(revision) if top is None else top.labels
