"""Proves merges and rollbacks: runs them on a scratch database, and compares the schemas."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lback.app.context import Context
from lback.core.forks.joining import MergePlan
from lback.core.graph import Graph
from lback.core.messages import proofs as messages
from lback.core.naming import same_name
from lback.core.plans import Downgrade, Step, Upgrade
from lback.core.schema_diff import Difference, Schema, difference

if TYPE_CHECKING:
    from lback.db.runner import Database
    from lback.db.scratch_run import StagesRun


@dataclass(frozen=True, slots=True)
class MergeProof:
    """What running both orders showed."""

    state: Literal["equal", "differs", "failed"]
    message: str


@dataclass(frozen=True, slots=True)
class RollbackProof:
    """What running a rollback, and the way forward again, showed."""

    state: Literal["proved", "unproved", "wrong"]
    message: str


@dataclass(frozen=True, slots=True)
class RollbackRun:
    """What is to be run: the applied revisions, those undone, the reverting one on top.

    `own` are all names of the tables that are rolled back; () compares everything.
    `renames` when one of them goes back to another name.
    """

    done: frozenset[str]
    undoes: tuple[str, ...]
    own: tuple[str, ...]
    revert: str | None
    down: tuple[Downgrade, ...] = ()
    touched_later: tuple[str, ...] = ()
    renames: bool = False


def prove_merge(ctx: Context, graph: Graph, plan: MergePlan) -> MergeProof:
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
        run_stages(ctx.database, [[Upgrade(one) for one in order]], url, options)
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


def _orders(graph: Graph, heads: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return all below the heads in two orders: what they share, then side after side."""
    below = {head: graph.ancestors([head]) for head in heads}
    shared = frozenset.intersection(*below.values())
    found = []
    for turn in (heads, tuple(reversed(heads))):
        order = [one for one in graph.order() if one in shared]
        done = set(shared)
        for head in turn:
            order += [one for one in graph.order() if one in below[head] - done]
            done |= below[head]
        found.append(order)
    return found[0], found[1]


def prove_rollback(
    ctx: Context,
    database: Database,
    graph: Graph,
    planned: RollbackRun,
    dialect: str,
    options: Mapping[str, Any] | None = None,
) -> RollbackProof:
    """Run the present, the rollback and the way forward again, and compare the tables.

    The `options` that env.py has configured before save a run of it, where they are enough.
    """
    from lback.db.schema import read_tables
    from lback.db.scratch_run import is_in_memory, run_stages, scratch_url

    url = scratch_url(dialect, ctx.project.settings.lback.scratch_url)
    if url is None:
        return RollbackProof("unproved", messages.no_scratch_database(dialect))
    stages = _stages(graph, planned)
    run = run_stages(database, stages, url, options, read_tables) if options is not None else None
    if run is None or run.broken is not None:
        run = run_stages(database, stages, url, read=read_tables)
    return _judge(planned, run, messages.place(in_memory=is_in_memory(url)))


def _stages(graph: Graph, planned: RollbackRun) -> list[list[Step]]:
    """Return the steps up to before, up to the present, back again, and forward once more."""
    gone = {step.revision for step in planned.down}
    above = gone or graph.descendants(planned.undoes) & planned.done
    below = planned.done - above
    stages = [_upgrades(graph, below), _upgrades(graph, above)]
    if planned.revert is None:
        return [*stages, list(planned.down)]
    return [*stages, [Upgrade(planned.revert)], [Downgrade(planned.revert)]]


def _upgrades(graph: Graph, revisions: Collection[str]) -> list[Step]:
    return [Upgrade(one) for one in graph.order() if one in revisions]


def _judge(planned: RollbackRun, run: StagesRun, where: str) -> RollbackProof:
    if run.broken is not None:
        revision, why = run.broken.revision, run.broken.why
        if len(run.schemas) < 2:
            return RollbackProof("unproved", messages.chain_fails(revision, why))
        return RollbackProof("wrong", messages.rollback_fails(where, why))
    before, present, after, *forward = run.schemas
    if planned.revert is None:
        apart = difference(before, after)
    else:
        apart = _unlike(planned, before, present, after)
    back = difference(present, forward[0]) if forward and apart is None else None
    found = apart or back
    if found is None:
        return RollbackProof("proved", messages.rollback_proved(where))
    message = messages.rollback_wrong(where, found, on_the_way_back=found is back)
    return RollbackProof("wrong", message)


def _unlike(
    planned: RollbackRun, before: Schema, present: Schema, after: Schema
) -> Difference | None:
    """Return where the own tables are not as before, or others not as at present."""
    names = before.tables.keys() | present.tables.keys() | after.tables.keys()
    own = {one for one in names if not planned.own or _is_named(one, planned.own)}
    compared = {one for one in own if not _is_named(one, planned.touched_later)}
    apart = difference(before.only(compared), after.only(compared))
    if apart is None and not planned.renames:
        others = names - own
        apart = difference(present.only(others), after.only(others))
    return apart


def _is_named(table: str, names: tuple[str, ...]) -> bool:
    return any(same_name(table, name) for name in names)
