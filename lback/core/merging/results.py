"""What `merge`, `rebase` and `resolve` return alike, and the rows of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lback.core.merging.database_move import Move
from lback.core.merging.overlap_rows import OverlapRow
from lback.core.plans import Upgrade
from lback.core.results import Result, text_only

if TYPE_CHECKING:
    from lback.core.merging.merge_plan import MergePlan


@dataclass(frozen=True, slots=True)
class MergeRow:
    """A merge revision; `path` and `revision` are None where it is refused."""

    heads: tuple[str, ...]
    revision: str | None
    path: str | None


@dataclass(frozen=True, slots=True)
class RewriteRow:
    """A revision that gets other parents; a published one gets its own back."""

    revision: str
    path: str
    from_: tuple[str, ...]
    to: tuple[str, ...]
    published: bool


@dataclass(frozen=True, slots=True)
class RenumberRow:
    """A local revision that gets a free number, for a published one has its own."""

    revision: str
    to: str
    path: str
    to_path: str


@dataclass(frozen=True, slots=True)
class HolderRow:
    """A branch of a remote that has what moves; `author` and `date` are its last commit's."""

    branch: str
    author: str
    date: str


@dataclass(frozen=True, slots=True)
class RemovedRow:
    """A merge revision that goes, for it has nothing left to merge."""

    revision: str
    path: str


@dataclass(frozen=True, slots=True)
class DatabaseRow:
    """What a rebase does to a database; `message` says why it does not answer."""

    state: Literal["untouched", "moved", "unreachable"]
    down: tuple[str, ...] = ()
    up: tuple[str, ...] = ()
    restamped: bool = False
    message: str | None = None
    name: str | None = None


def moved_row(move: Move, name: str | None = None) -> DatabaseRow:
    """Return the way of a database as results tell it."""
    up = [step for step in move.up if isinstance(step, Upgrade)]
    return DatabaseRow(
        "untouched" if move.idle else "moved",
        tuple(step.revision for step in move.down),
        tuple(step.revision for step in up),
        bool(move.up) and not up,
        name=name,
    )


def most_moved(rows: Sequence[DatabaseRow]) -> DatabaseRow | None:
    """Return the row that says most: of one that does not answer, or that moves, or the first."""
    order = ("unreachable", "moved", "untouched")
    return min(rows, key=lambda row: order.index(row.state), default=None)


@dataclass(frozen=True, kw_only=True)
class ForkResult(Result):
    """How the forks of a graph were closed, or would be; `staged` are paths."""

    heads: tuple[str, ...]
    action: Literal["merge", "rebase", "none", "refused"]
    reason: str
    revision: str | None = None
    path: str | None = None
    renumbered: tuple[RenumberRow, ...] = ()
    rewrites: tuple[RewriteRow, ...] = ()
    overlaps: tuple[OverlapRow, ...] = ()
    staged: tuple[str, ...] = ()
    planned: bool = text_only(default=False)


def merge_rows(plans: Iterable[MergePlan]) -> tuple[MergeRow, ...]:
    """Return what is planned for each fork."""
    return tuple(MergeRow(plan.heads, plan.revision, plan.path) for plan in plans)
