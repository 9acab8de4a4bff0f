"""One rollback on several databases: on which of them it is one, and that it is the same there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lback.core.databases import DatabaseName
from lback.core.graph.graph import Graph
from lback.core.graph.view import GraphView
from lback.core.messages import rollback as messages
from lback.core.rollback.plan import RollbackPlan
from lback.errors import LbackError


class Planned(NamedTuple):
    """What was planned for one database, or why nothing could be.

    `stamp` is None where it did not answer.
    """

    key: str
    database: DatabaseName | None
    stamp: tuple[str, ...] | None
    plan: RollbackPlan | None
    error: LbackError | None = None

    @property
    def name(self) -> str:
        """Return what the database is called in messages."""
        return str(self.database or "env.py")


def together(databases: Sequence[Planned]) -> tuple[Planned, ...]:
    """Return the databases that have run what the latest of the changes is; others stay.

    Raises LbackError where one of them is not to be done as the others are: nothing is done then.
    """
    planned = [(database, database.plan) for database in databases if database.plan is not None]
    if len(databases) == 1 or not planned:
        return tuple(item for item, _plan in planned)
    first, latest = max(planned, key=lambda row: _place(row[1]))
    undoes = set(latest.decision.undoes)
    found: list[Planned] = []
    for database in databases:
        if database.stamp is not None and not _has_run(latest.facts.graph, database, undoes):
            continue
        if database.plan is None:
            raise messages.not_on_all(database.name, database.error)
        if _kind(database.plan) != _kind(latest):
            raise messages.otherwise_on(
                _told(first.name, latest), _told(database.name, database.plan)
            )
        found.append(database)
    return tuple(found)


def _place(plan: RollbackPlan) -> int:
    order = plan.facts.graph.order()
    return max((order.index(undoe) for undoe in plan.decision.undoes if undoe in order), default=-1)


def _has_run(graph: GraphView, planned: Planned, undoes: set[str]) -> bool:
    """Tell whether a database has run any of it; what cannot be told counts as if it had."""
    if planned.plan is not None:
        return bool(undoes & planned.plan.facts.applied)
    known = [revision for revision in planned.stamp or () if revision in graph]
    return len(known) < len(planned.stamp or ()) or bool(undoes & graph.ancestors(known))


def _kind(plan: RollbackPlan) -> tuple[object, ...]:
    revert = (plan.revert.id, plan.revert.path, plan.revert.text) if plan.revert else None
    return plan.decision.undoes, plan.decision.strategy, revert


def _told(name: str, plan: RollbackPlan) -> tuple[str, str, tuple[str, ...]]:
    return name, plan.decision.strategy, plan.decision.undoes


def graph_of(plans: Sequence[RollbackPlan]) -> GraphView:
    """Return the graph with all that the plans know of."""
    graph = plans[0].graph
    more = {
        revision.id: revision
        for plan in plans[1:]
        for revision in plan.graph
        if revision.id not in graph
    }
    return Graph([*graph, *more.values()]) if more else graph


def sources_of(databases: Sequence[Planned], plans: Sequence[RollbackPlan]) -> Mapping[str, bytes]:
    """Return the texts that are run instead of files; LbackError where two databases ran others."""
    texts: dict[str, bytes] = {}
    for value, plan in zip(databases, plans, strict=True):
        for revision, text in plan.sources.items():
            if texts.setdefault(revision, text) != text:
                raise messages.other_text_on(value.name, revision)
    return texts
