"""Proves merges and rollbacks: runs them on a scratch database, and compares the schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from lback.core.graph.view import GraphView
from lback.core.merging.merge_plan import MergePlan
from lback.core.messages import proofs as messages
from lback.core.messages import rollback as rollback_messages
from lback.core.plans import Upgrade
from lback.core.rollback.plan import RollbackPlan
from lback.core.rollback.promise import departure
from lback.core.rollback.proof import (
    RollbackProof,
    RollbackRun,
    judge,
    judge_failure,
    stages_of,
)
from lback.core.schema_diff import difference
from lback.project.context import Context

if TYPE_CHECKING:
    from lback.db.runner import Database
    from lback.db.view import View


@dataclass(frozen=True, slots=True)
class MergeProof:
    """What running both orders showed."""

    state: Literal["equal", "differs", "failed"]
    message: str


def prove_merge(ctx: Context, graph: GraphView, plan: MergePlan) -> MergeProof:
    """Run the sides of a fork in both orders and compare what comes out.

    env.py does not run: the project's own database is not even connected to. LbackError where
    the scratch database does not answer or is not empty.
    """
    from lback.db.scratch_run import is_in_memory, parse_scratch_url, run_stages

    url = parse_scratch_url(ctx.project.settings.lback.scratch_url)
    where = messages.place(in_memory=is_in_memory(url))
    orders = _orders(graph, plan.heads)
    options = {"transaction_per_migration": True}
    runs = [
        run_stages(ctx.database, [[Upgrade(revision) for revision in order]], url, options)
        for order in orders
    ]
    failed = [(run.broken, order) for run, order in zip(runs, orders, strict=True) if run.broken]
    for broken, order in failed:
        shown = order if len(failed) == 1 else None
        message = messages.order_fails(where, broken.revision, shown, broken.why)
        return MergeProof("failed", message)
    apart = difference(*(run.schemas[0] for run in runs))
    if apart is not None:
        return MergeProof("differs", messages.orders_differ(where, apart))
    return MergeProof("equal", messages.orders_agree(where))


def _orders(graph: GraphView, heads: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return all below the heads in two orders: what they share, then side after side."""
    below = {head: graph.ancestors([head]) for head in heads}
    shared = frozenset.intersection(*below.values())
    orders = []
    for turn in (heads, tuple(reversed(heads))):
        order = [revision for revision in graph.order() if revision in shared]
        done = set(shared)
        for head in turn:
            order += [revision for revision in graph.order() if revision in below[head] - done]
            done |= below[head]
        orders.append(order)
    return orders[0], orders[1]


class Witness:
    """Looks at a database before and after a rollback, in the transaction where there is one."""

    def __init__(self, plan: RollbackPlan, view: View) -> None:
        self.plan = plan
        self.schema = view.tables()
        self.rows = view.deletions(self.schema.tables)

    def told(self, view: View) -> str | None:
        """Return what is not as it was to be; None where all is."""
        kept = self.plan.promise
        apart = departure(kept, self.schema, view.tables(), view.listed)
        if apart is not None:
            return messages.changed(apart)
        about = {view.listed(name).casefold() for name in (kept.own | kept.written)}
        rows = view.deletions(self.rows)
        for table, number in rows.items():
            if table.casefold() not in about and number > self.rows[table]:
                return rollback_messages.rows_went(table, number - self.rows[table])
        return None


def prove_rollback(
    ctx: Context,
    database: Database,
    graph: GraphView,
    planned: RollbackRun,
    dialect: str,
    options: Mapping[str, Any] | None = None,
    arguments: Mapping[str, Any] = MappingProxyType({}),
    *,
    alone: bool = True,
) -> RollbackProof:
    """Run the present, the rollback and the way forward again, and compare the tables.

    The `options` and `arguments` that env.py has given before save a run of it, where they are
    enough. A database that is not `alone` is proved by them or not at all: env.py would come to
    the others, too.
    """
    from lback.db.schema import read_tables
    from lback.db.scratch_run import is_in_memory, run_stages, scratch_url

    url = scratch_url(dialect, ctx.project.settings.lback.scratch_url)
    if url is None:
        return RollbackProof("unproved", messages.no_scratch_database(dialect))
    stages = stages_of(graph, planned)
    run = None
    if options is not None:
        run = run_stages(database, stages, url, options, read_tables, arguments)
    if alone and (run is None or run.broken is not None):
        run = run_stages(database, stages, url, read=read_tables)
    if run is None:
        return RollbackProof("unproved", messages.NOT_ALONE)
    where = messages.place(in_memory=is_in_memory(url))
    if run.broken is not None:
        return judge_failure(len(run.schemas), run.broken.revision, run.broken.why, where)
    return judge(planned, run.schemas, where)
