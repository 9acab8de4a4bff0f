"""The use case of `status`: database, checkout and shared branch side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lback.core.baseline import Baseline
from lback.core.checks.findings import doubted, from_graph
from lback.core.graph.view import GraphView
from lback.core.messages import migrate as migrate_messages
from lback.core.messages.branches import PULL, bring
from lback.core.plans import redundant
from lback.core.results import Result, text_only
from lback.errors import LbackError, UsageError
from lback.project.applied import find_lost, trailed, unstamped, with_lost
from lback.project.context import Context
from lback.project.notes import remember_stamp
from lback.project.rebase_notes import refuse_hook_rebase
from lback.vcs.refs import pulls

State = Literal["empty", "current", "behind", "ahead", "diverged", "lost"]


@dataclass(frozen=True)
class DatabaseStatus:
    """Where the database stands."""

    url: str
    current: tuple[str, ...]
    state: State


@dataclass(frozen=True)
class UnreachableDatabase:
    """A database that could not be asked, and why."""

    message: str
    hint: str | None
    url: None = None
    current: tuple[str, ...] = ()
    state: Literal["unreachable"] = "unreachable"


@dataclass(frozen=True)
class CheckoutStatus:
    """Where this checkout stands; `ref` is None without git."""

    ref: str | None
    heads: tuple[str, ...]


@dataclass(frozen=True)
class UpstreamStatus:
    """Where the shared branch stands: how many revisions are only here and only there.

    `bring` is what gets those that are only there.
    """

    ref: str
    heads: tuple[str, ...]
    ahead: int
    behind: int
    bring: str = text_only(default=PULL)


@dataclass(frozen=True, kw_only=True)
class StatusResult(Result):
    """Database, checkout and shared branch side by side.

    `places` says where in git lost revisions are, `docs` what pending ones are about; `fix` is
    the way out where the database would never run a revision.
    """

    command = "status"

    database: DatabaseStatus | UnreachableDatabase | None
    checkout: CheckoutStatus
    upstream: UpstreamStatus | None
    pending: tuple[str, ...]
    lost: tuple[str, ...]
    redundant: tuple[str, ...] = ()
    """Rows of the stamp that other rows of it stand on."""
    places: Mapping[str, str] = text_only()
    docs: Mapping[str, str] = text_only()
    fix: str = text_only()


def status(ctx: Context, *, with_database: bool = True) -> StatusResult:
    """Return where things stand."""
    revisions = ctx.revisions
    graph = ctx.database.graph if with_database else revisions.graph()
    database, found = _database(ctx, graph) if with_database else (None, None)
    current = database.current if database else ()
    # A file that cannot be read may be the one that defines it.
    lost = () if graph.problems else tuple(one for one in current if one not in graph)
    rescued = find_lost(revisions, graph, lost)
    known = with_lost(graph, rescued.values())
    reachable = isinstance(database, DatabaseStatus)
    pending = _pending(graph, known, current) if reachable else ()
    shared = _upstream(ctx, graph)
    return StatusResult(
        database=database,
        checkout=_checkout(ctx, graph),
        upstream=shared,
        pending=pending,
        lost=lost,
        redundant=redundant(graph, current) if reachable and not graph.problems else (),
        findings=tuple(
            doubted(trailed(revisions, graph, from_graph(graph, ctx.project.settings.lback.heads)))
        ),
        places={revision: one.place for revision, one in rescued.items()},
        docs={revision: graph[revision].doc for revision in pending},
        fix=_fix(ctx, graph, current, found, shared) if reachable else "",
    )


def _fix(
    ctx: Context,
    graph: GraphView,
    current: Sequence[str],
    found: Baseline | None,
    shared: UpstreamStatus | None,
) -> str:
    """Warn of what keeps this database from being brought up to date; return the way out."""
    if not graph.heads and not graph.problems and not current and not (shared and shared.behind):
        return _told(ctx, migrate_messages.no_revisions(ctx.revisions.folders()[0]))
    if found is not None:
        return _told(ctx, migrate_messages.unstamped(found))
    try:
        refuse_hook_rebase(ctx, graph, current)
    except LbackError as err:
        return _told(ctx, err)
    return ""


def _told(ctx: Context, err: LbackError) -> str:
    ctx.console.warn(err.message)
    return err.hint or ""


def _database(
    ctx: Context, graph: GraphView
) -> tuple[DatabaseStatus | UnreachableDatabase, Baseline | None]:
    """Return where the database stands; the second is what it holds without a stamp."""
    try:
        stamp, found = ctx.database.look_first(
            lambda view: (view.stamp, unstamped(ctx, graph, view))
        )
    except UsageError:
        raise
    except LbackError as err:
        return UnreachableDatabase(err.message, err.hint), None
    current = tuple(stamp.revisions)
    remember_stamp(ctx, current)
    return DatabaseStatus(stamp.url, current, state(graph, current)), found


def state(graph: GraphView, current: Sequence[str]) -> State:
    """Return how a stamp stands to the heads of a graph: the contract's `state`.

    `ahead` cannot be told from one checkout alone: what is beyond it is lost.
    """
    if any(one not in graph for one in current):
        return "lost"
    if not current:
        return "empty"
    done = graph.ancestors(current)
    if done >= set(graph.order()):
        return "current"
    return "behind"


def _pending(graph: GraphView, known: GraphView, current: Sequence[str]) -> tuple[str, ...]:
    """Return what this checkout adds; `known` also holds lost revisions that git still has.

    Below a revision that is nowhere nobody knows what has been applied: nothing is claimed.
    """
    if any(one not in known for one in current):
        return ()
    done = known.ancestors(current)
    return tuple(revision for revision in graph.order() if revision not in done)


def _checkout(ctx: Context, graph: GraphView) -> CheckoutStatus:
    ref = ctx.repository.head().name if ctx.repository else None
    return CheckoutStatus(ref, tuple(graph.heads))


def _upstream(ctx: Context, graph: GraphView) -> UpstreamStatus | None:
    """Return the shared ref with the number of revisions that only one side has."""
    shared = ctx.revisions.shared
    if shared is None or ctx.repository is None:
        return None
    here = ctx.repository.head().ref
    if here == shared.ref:
        return None
    way = bring(shared.name, here, pulls=pulls(ctx.repository.git, here, shared.ref))
    theirs = ctx.revisions.graph(shared.commit)
    mine, other = set(graph.order()), set(theirs.order())
    return UpstreamStatus(
        shared.name, tuple(theirs.heads), len(mine - other), len(other - mine), way
    )
