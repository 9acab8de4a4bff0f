"""Proves merges and rollbacks: runs them on a scratch database, and compares the schemas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Literal

from lback.core.graph.view import GraphView
from lback.core.merging.merge_plan import MergePlan
from lback.core.messages import proofs as messages
from lback.core.messages import rollback as rollback_messages
from lback.core.plans import Step, Upgrade
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
from lback.project.copies.trying import Beginning, begun_with

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from lback.db.runner import Database
    from lback.db.scratch_run import StagesRun
    from lback.db.view import View


@dataclass(frozen=True, slots=True)
class MergeProof:
    """What running both orders showed."""

    state: Literal["equal", "differs", "failed"]
    message: str


def prove_merge(ctx: Context, graph: GraphView, plan: MergePlan) -> MergeProof:
    """Run the sides of a fork in both orders and compare what comes out.

    They run by env.py on copies of the template of what both sides have, led there; else from
    nothing on a scratch database, without env.py. The project's own database is not connected
    to. LbackError where the scratch database does not answer or is not empty.
    """
    shared, orders = _orders(graph, plan.heads)
    with begun_with(ctx, graph, shared) as beginning:
        if beginning.beside is None:
            where, runs = _on_scratch(ctx, [[*shared, *order] for order in orders], beginning.why)
        else:
            where, runs = messages.COPY, [_on_copy(ctx, beginning, order) for order in orders]
    failed = [(run.broken, order) for run, order in zip(runs, orders, strict=True) if run.broken]
    for broken, order in failed:
        shown = order if len(failed) == 1 else None
        message = messages.order_fails(where, broken.revision, shown, broken.why)
        return MergeProof("failed", message)
    apart = difference(*(run.schemas[0] for run in runs))
    if apart is not None:
        return MergeProof("differs", messages.orders_differ(where, apart))
    return MergeProof("equal", messages.orders_agree(where))


def _on_copy(ctx: Context, beginning: Beginning, order: Sequence[str]) -> StagesRun:
    from lback.db.schema import read_schema
    from lback.db.scratch_run import StagesRun
    from lback.db.templates.schemas import read_at, run_at

    with beginning.copy() as url:
        broken = run_at(ctx.database, url, [Upgrade(revision) for revision in order])
        return StagesRun((read_at(url, read_schema),) if broken is None else (), broken)


def _on_scratch(
    ctx: Context, orders: Sequence[Sequence[str]], why: str
) -> tuple[str, list[StagesRun]]:
    from lback.db.scratch_run import is_in_memory, parse_scratch_url, run_stages

    url = parse_scratch_url(ctx.project.settings.lback.scratch_url)
    options = {"transaction_per_migration": True}
    runs = [
        run_stages(ctx.database, [[Upgrade(revision) for revision in order]], url, options)
        for order in orders
    ]
    return messages.place(in_memory=is_in_memory(url), why=why), runs


def _orders(
    graph: GraphView, heads: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[list[str], list[str]]]:
    """Return what all heads share, and the rest below them in two orders: side after side."""
    below = {head: graph.ancestors([head]) for head in heads}
    shared = frozenset.intersection(*below.values())
    orders = []
    for turn in (heads, tuple(reversed(heads))):
        order: list[str] = []
        done = set(shared)
        for head in turn:
            order += [revision for revision in graph.order() if revision in below[head] - done]
            done |= below[head]
        orders.append(order)
    return tuple(name for name in graph.order() if name in shared), (orders[0], orders[1])


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
    given: View,
    *,
    alone: bool = True,
) -> RollbackProof:
    """Run the present, the rollback and the way forward again, and compare the tables.

    The options and arguments that env.py has `given` before save a run of it, where they are
    enough. A database that is not `alone` is proved by them or not at all: env.py would come to
    the others, too. What lies below is that of a template, where there is one to begin with.
    """
    from lback.db.scratch_run import is_in_memory, scratch_url

    stages = stages_of(graph, planned)
    below = _of_the_files(ctx, database, graph, stages[0])
    with begun_with(ctx, graph, below, given.connection.engine.url) as beginning:
        if alone and beginning.beside is not None:
            stages[0] = stages[0][len(below) :]

            def play(**how: Any) -> StagesRun:
                with beginning.copy() as url:
                    return _played(database, stages, url, filled=True, **how)

            where = messages.COPY
        else:
            url = scratch_url(given.stamp.dialect, ctx.project.settings.lback.scratch_url)
            if url is None:
                message = messages.no_scratch_database(given.stamp.dialect)
                return RollbackProof("unproved", message)
            play = partial(_played, database, stages, url)
            where = messages.place(in_memory=is_in_memory(url))
        run = None
        if given.options is not None:
            run = play(options=given.options, arguments=given.arguments)
        if alone and (run is None or run.broken is not None):
            run = play()
    if run is None:
        return RollbackProof("unproved", messages.NOT_ALONE)
    if run.broken is not None:
        return judge_failure(len(run.schemas), run.broken.revision, run.broken.why, where)
    return judge(planned, run.schemas, where)


def _played(
    database: Database, stages: Sequence[Sequence[Step]], url: URL, **how: Any
) -> StagesRun:
    from lback.db.schema import read_tables
    from lback.db.scratch_run import run_stages

    return run_stages(database, stages, url, read=read_tables, **how)


def _of_the_files(
    ctx: Context, database: Database, graph: GraphView, steps: Sequence[Step]
) -> tuple[str, ...]:
    """Return the first of the revisions that are those of the files here: templates are of these.

    What runs from git or from the record is not among them.
    """
    here, texts = ctx.revisions.graph(), database.origin.sources
    order = [step.revision for step in steps if isinstance(step, Upgrade)]
    return tuple(
        takewhile(
            lambda name: name in here and name not in texts and here[name] == graph[name], order
        )
    )
