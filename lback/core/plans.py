"""Frozen steps on a database and how they are chosen; graphs in, plans out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lback.core.lanes import forks
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.core.graph import Graph


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Run the `upgrade()` of one revision; `fake` only writes it down."""

    revision: str
    fake: bool = False


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


def applied(graph: Graph, stamp: Iterable[str]) -> frozenset[str]:
    """Return every revision that a database with this stamp has run.

    Raises LbackError when the graph cannot be trusted, or for a lost revision.
    """
    refuse_problems(graph)
    known = tuple(stamp)
    refuse_lost(graph, known)
    return graph.ancestors(known) if known else frozenset()


def plan_upgrade(
    graph: Graph,
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
        targets = graph.heads
    if set(targets) <= set(stamp):
        return ()  # as nearly always: nothing below the heads has to be looked at
    done = applied(graph, stamp)
    wanted = graph.ancestors(targets) if targets else frozenset()
    pending = wanted - done
    if not pending:
        return ()
    return tuple(Upgrade(one, fake) for one in graph.order() if one in pending)


def plan_downgrade(
    graph: Graph, stamp: Iterable[str], undo: Collection[str], *, fake: bool = False
) -> DowngradePlan:
    """Choose the way down that undoes these revisions, children first.

    Applied revisions that stand on an undone one, by parent or by `depends_on`, go
    first and are listed as collateral, in the order of the steps.
    """
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
    order = tuple(one for one in reversed(graph.order()) if one in going)
    return DowngradePlan(
        tuple(Downgrade(one, fake) for one in order),
        tuple(one for one in order if one not in wanted),
    )


def plan_migration(
    graph: Graph,
    stamp: tuple[str, ...],
    target: str | None,
    apart: Sequence[str] = (),
    *,
    fake: bool = False,
) -> tuple[Step, ...]:
    """Choose what brings a database to `target`, up or down; to the heads without one.

    `target` may be any name that the graph resolves, as "base" or "-1".
    """
    if target is None:
        return plan_upgrade(graph, stamp, (), apart, fake=fake)
    targets = graph.resolve(target, stamp)
    if targets and not set(targets) <= applied(graph, stamp):
        return plan_upgrade(graph, stamp, targets, apart, fake=fake)
    undone = undone_by(graph, stamp, targets)
    return plan_downgrade(graph, stamp, undone, fake=fake).steps if undone else ()


def undone_by(graph: Graph, stamp: Iterable[str], target: Iterable[str]) -> frozenset[str]:
    """Return the applied revisions above `target`; all of them when target is empty."""
    done = applied(graph, stamp)
    kept = tuple(target)
    if not kept:
        return done
    return (graph.descendants(kept) & done) - frozenset(kept)


def tips(graph: Graph, revisions: Collection[str]) -> tuple[str, ...]:
    """Return the members that no other member stands on: the stamp they amount to."""
    members = frozenset(revisions)
    covered: set[str] = set()
    for revision in members:
        covered.update(graph[revision].parents)
        covered.update(graph.dependencies(revision))
    return tuple(sorted(members - covered))


def refuse_problems(graph: Graph) -> None:
    """Raise LbackError when the revision files do not form a graph that can be run."""
    for problem in graph.problems:
        place = f"{problem.path}:{problem.line}: " if problem.path else ""
        raise LbackError(f"{place}{problem.message}", problem.hint or "See `lback check`.")


def refuse_lost(graph: Graph, stamp: Iterable[str]) -> None:
    """Raise LbackError when the stamp names a revision that no file defines."""
    lost = [one for one in stamp if one not in graph]
    if lost:
        names = ", ".join(lost)
        raise LbackError(
            f"The database is stamped with {names}, and no file of this checkout defines it.",
            "It probably came from another branch: `lback status` says where it may be, "
            "`lback switch` undoes it.",
        )


def refuse_moved(planned: Collection[str], now: Collection[str]) -> None:
    """Raise LbackError when the database is not where it was when the steps were chosen."""
    if set(now) != set(planned):
        raise LbackError(
            "Somebody else moved the database while this was being planned: it is at "
            f"{', '.join(now) or 'nothing'} now.",
            "Nothing was changed. Run the same command again.",
        )


def refuse_forks(graph: Graph, apart: Sequence[str] = ()) -> None:
    """Raise LbackError when there are several heads that are not apart by design."""
    for lane in forks(graph, apart):
        names = ", ".join(f"{head} ({graph[head].doc or 'no message'})" for head in lane)
        raise LbackError(
            f"The migrations fork: {len(lane)} heads, {names}.",
            "Join them with `lback resolve`; or migrate to one of them by name; or declare "
            "them apart by design in `[tool.lback] heads`.",
        )
