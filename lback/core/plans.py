"""Frozen steps on a database and how they are chosen; graphs in, plans out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lback.core.checks.findings import refuse_first
from lback.core.graph.forks import forks
from lback.core.graph.ordering import run_order
from lback.core.graph.problems import still_here
from lback.core.messages.lost import lost_stamp
from lback.core.shell import named
from lback.errors import LbackError, UsageError

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Run the `upgrade()` of one revision; `fake` only writes it down.

    `late`: the stamp stands for it already, and stays as it is.
    """

    revision: str
    fake: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Downgrade:
    """Run the `downgrade()` of one revision; `fake` only writes it down."""

    revision: str
    fake: bool = False


@dataclass(frozen=True, slots=True)
class Restamp:
    """Make the version table hold exactly these revisions and run nothing."""

    revisions: tuple[str, ...]


Step = Upgrade | Downgrade | Restamp


class DowngradePlan(NamedTuple):
    """The steps down, and the revisions that go along without being asked for."""

    steps: tuple[Downgrade, ...]
    collateral: tuple[str, ...]


def applied(graph: GraphView, stamp: Iterable[str]) -> frozenset[str]:
    """Return every revision that a database with this stamp has run.

    Raises LbackError when the graph cannot be trusted, or for a lost revision.
    """
    refuse_problems(graph)
    known = tuple(stamp)
    refuse_lost(graph, known)
    return graph.ancestors(known) if known else frozenset()


def plan_upgrade(
    graph: GraphView,
    stamp: Iterable[str],
    targets: Collection[str] = (),
    apart: Sequence[str] = (),
    *,
    fake: bool = False,
) -> tuple[Upgrade, ...]:
    """Choose what brings a database to `targets`, parents first; nothing pending is ().

    Without targets every head is one, and a fork among them is refused. `targets`
    are full ids; `apart` is what `[tool.lback] heads` declares.
    """
    refuse_problems(graph)
    stamp = tuple(stamp)
    refuse_lost(graph, stamp)
    if not targets:
        refuse_forks(graph, apart)
        targets = graph.effective_heads
    if set(targets) <= set(stamp):
        return ()  # as nearly always: nothing below the heads has to be looked at
    done = applied(graph, stamp)
    wanted = graph.ancestors(targets) if targets else frozenset()
    pending = wanted - done
    if not pending:
        return ()
    return tuple(
        Upgrade(revision, fake) for revision in reversed(run_order(graph, pending, targets))
    )


def plan_downgrade(
    graph: GraphView, stamp: Iterable[str], undo: Collection[str], *, fake: bool = False
) -> DowngradePlan:
    """Choose the way down that undoes these revisions, children first.

    Applied revisions that stand on an undone one, by parent or by `depends_on`, go
    first and are listed as collateral, in the order of the steps.
    """
    stamp = tuple(stamp)
    done = applied(graph, stamp)
    wanted = frozenset(undo)
    for revision in sorted(wanted - done):
        if revision not in graph:
            raise LbackError(
                f"There is no revision {revision} in this checkout.",
                "See `lback graph` for the revisions there are.",
            )
        raise LbackError(
            f"Revision {revision} is not applied to this database, so it cannot be undone.",
            "See `lback status` for what is applied.",
        )
    going = (graph.descendants(wanted) & done) if wanted else frozenset()
    order = run_order(graph, going, stamp)
    return DowngradePlan(
        tuple(Downgrade(revision, fake) for revision in order),
        tuple(revision for revision in order if revision not in wanted),
    )


def plan_migration(
    graph: GraphView,
    stamp: Iterable[str],
    target: str | None,
    apart: Sequence[str] = (),
    *,
    fake: bool = False,
) -> tuple[Step, ...]:
    """Choose what brings a database to `target`, up or down; to the heads without one.

    `target` may be any name that the graph resolves, as "base" or "-1". Rows of the stamp that
    others stand on go first: Alembic stumbles over them.
    """
    refuse_problems(graph)
    stamp = tuple(stamp)
    more = redundant(graph, stamp)
    kept = tuple(row for row in stamp if row not in more)
    steps = _plan_migration(graph, kept, target, apart, fake=fake)
    return (Restamp(kept), *steps) if more else steps


def redundant(graph: GraphView, stamp: Iterable[str]) -> tuple[str, ...]:
    """Return the rows of a stamp that other rows of it stand on."""
    rows = sorted(row for row in stamp if row in graph)
    return tuple(
        row
        for row in rows
        if len(rows) > 1 and any(row in graph.ancestors([name]) for name in rows if name != row)
    )


def _plan_migration(
    graph: GraphView,
    stamp: tuple[str, ...],
    target: str | None,
    apart: Sequence[str],
    *,
    fake: bool,
) -> tuple[Step, ...]:
    if target is None:
        return plan_upgrade(graph, stamp, (), apart, fake=fake)
    targets = graph.resolve(target, stamp)
    if targets and not applied(graph, stamp).issuperset(targets):
        return plan_upgrade(graph, stamp, targets, apart, fake=fake)
    if len(targets) > 1:
        return ()
    label, at, _ = target.rpartition("@")
    branch = label if at else stamp[0] if target.startswith("-") else None
    return plan_down_to(graph, stamp, targets[0] if targets else None, branch, fake=fake)


def plan_down_to(
    graph: GraphView,
    stamp: Iterable[str],
    target: str | None,
    branch: str | None = None,
    *,
    fake: bool = False,
) -> tuple[Downgrade, ...]:
    """Choose the way down to a revision (None: the base), by Alembic's rules and in its order.

    Everything applied goes that stands on the target; with `branch`, a label or an id, only
    where that goes to from there. UsageError where the branch does not go there.
    """
    stamp = tuple(stamp)
    done = applied(graph, stamp)
    roots = graph.bases if target is None else graph.children(target)
    line = graph.ancestors(graph.resolve(branch), dependencies=False) if branch else ()
    if branch is not None and len(roots) > 1:
        roots = tuple(root for root in roots if root in line)
        if not roots:
            raise UsageError(
                f"The branch {named(branch)} does not leave {target or 'the base'}.",
                "see `lback graph`",
            )
    going = graph.descendants(roots) & done if roots else frozenset()
    return tuple(Downgrade(revision, fake) for revision in run_order(graph, going, stamp))


def is_only_written(step: Step) -> bool:
    """Tell whether a step changes the version table and nothing else."""
    return isinstance(step, Restamp) or step.fake


def stamp_after(graph: GraphView, stamp: Iterable[str], steps: Sequence[Step]) -> tuple[str, ...]:
    """Return the stamp that a database with this stamp has once the steps are done."""
    rows = tuple(stamp)
    for step in steps:
        if isinstance(step, Restamp):
            rows = step.revisions
        elif isinstance(step, Upgrade):
            rows = tips(graph, applied(graph, rows) | {step.revision})
        else:
            rows = tips(graph, applied(graph, rows) - {step.revision})
    return rows


def tips(graph: GraphView, revisions: Collection[str]) -> tuple[str, ...]:
    """Return the members that no other member stands on: the stamp they amount to."""
    members = frozenset(revisions)
    covered: set[str] = set()
    for revision in members:
        covered.update(graph[revision].parents)
        covered.update(graph.dependencies(revision))
    return tuple(sorted(members - covered))


def refuse_problems(graph: GraphView) -> None:
    """Raise LbackError when the revision files do not form a graph that can be run.

    Neither can one with a revision beside the squash that has done the same.
    """
    refuse_first(graph.problems)
    refuse_first(still_here(graph))


def refuse_lost(graph: GraphView, stamp: Iterable[str]) -> None:
    """Raise LbackError when the stamp names a revision that no file defines."""
    lost = [revision for revision in stamp if revision not in graph]
    if lost:
        raise lost_stamp(lost)


def refuse_moved(planned: Collection[str], now: Collection[str]) -> None:
    """Raise LbackError when the database is not where it was when the steps were chosen."""
    if set(now) != set(planned):
        raise LbackError(
            "Somebody else moved the database while this was being planned: it is at "
            f"{', '.join(now) or 'nothing'} now.",
            "Nothing was changed. Run the same command again.",
        )


def refuse_forks(graph: GraphView, apart: Sequence[str] = ()) -> None:
    """Raise LbackError when there are several heads that are not apart by design."""
    for lane in forks(graph, apart):
        names = ", ".join(f"{head} ({graph[head].doc or 'no message'})" for head in lane)
        raise LbackError(
            f"The migrations fork: {len(lane)} heads, {names}.",
            "Join them with `lback resolve`; or migrate to one of them by name; or declare "
            "them apart by design in `[tool.lback] heads`.",
        )
