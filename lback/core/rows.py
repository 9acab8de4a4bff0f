"""The rows that the results of several commands have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lback.core.effects import Direction, Effect, Effects, Kind, Unknown
from lback.core.results import optional
from lback.core.source import Commit

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView


@dataclass(frozen=True)
class OperationRow:
    """One thing that a revision does to one object."""

    kind: Kind
    object: str
    table: str | None
    name: str | None
    to: str | None
    detail: str | None


@dataclass(frozen=True)
class AppliedBy:
    """Who applied a revision to a database, by its record, and when, in UTC."""

    database: str
    who: str
    at: str


@dataclass(frozen=True)
class Standing:
    """Where a revision is applied.

    `applied` is None where no database tells, and true where all of several are known to have run
    it; `applied_on` names those that have where others have not, `applied_by` who did it there,
    where a record tells.
    """

    applied: bool | None
    applied_on: tuple[str, ...] = ()
    applied_by: tuple[AppliedBy, ...] = ()


@dataclass(frozen=True)
class EffectRow(OperationRow):
    """One effect of a revision, with the line of its file."""

    certain: bool
    line: int
    dialect: str | None
    restates: tuple[str, ...]


@dataclass(frozen=True)
class UnknownRow:
    """Something in a revision that may touch the database and could not be read."""

    direction: Direction
    line: int
    reason: str
    tables: tuple[str, ...]


@dataclass(frozen=True)
class EffectsRow:
    """What a revision does, in both directions."""

    upgrade: tuple[EffectRow, ...]
    downgrade: tuple[EffectRow, ...]
    unknown: tuple[UnknownRow, ...]


@dataclass(frozen=True, kw_only=True)
class RevisionRow:
    """One revision and its place in the graph."""

    revision: str
    down_revisions: tuple[str, ...]
    depends_on: tuple[str, ...]
    branch_labels: tuple[str, ...]
    path: str
    doc: str
    is_head: bool
    is_base: bool
    is_merge: bool
    tables: tuple[str, ...]
    effects: EffectsRow | None = optional()


@dataclass(frozen=True)
class DataLoss:
    """Rows of a table, or values of one of its columns, that a step deletes."""

    table: str
    column: str | None
    rows: int
    along_with: str | None = optional()
    """The table whose rows take these along, as many of them as refer to one that goes."""


def total(losses: Iterable[DataLoss]) -> tuple[DataLoss, ...]:
    """Return what is deleted from several databases, each table or column once."""
    rows: dict[tuple[str, str | None], int] = {}
    for data_loss in losses:
        rows[data_loss.table, data_loss.column] = (
            rows.get((data_loss.table, data_loss.column), 0) + data_loss.rows
        )
    return tuple(DataLoss(table, column, number) for (table, column), number in rows.items())


@dataclass(frozen=True, slots=True)
class OtherText:
    """A revision whose upgrade() said something else in a commit that this checkout was at.

    `part` is what differs; `was` is the path that the file had in that commit.
    """

    revision: str
    path: str
    part: str
    commit: Commit
    was: str


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """A revision whose upgrade() says something else than what ran on a database.

    `part` is what differs; `who` ran it, `at` that time in UTC. `url` names the database.
    """

    revision: str
    path: str
    part: str
    who: str
    at: str
    url: str


Verdict = Literal["conflict", "order-matters", "same", "unknown"]


@dataclass(frozen=True, slots=True)
class OverlapSide:
    """What one side of an overlap does, and the commit that brought it."""

    revision: str
    operation: str
    commit: Commit | None


@dataclass(frozen=True, slots=True)
class OverlapRow:
    """An overlap as results tell it."""

    object: str
    left: OverlapSide
    right: OverlapSide
    verdict: Verdict
    message: str
    brief: str


def revision_row(
    graph: GraphView, revision: str, tables: tuple[str, ...], effects: Effects | None
) -> RevisionRow:
    """Return the row of one revision; `effects` only where they are to be shown."""
    node = graph[revision]
    return RevisionRow(
        revision=revision,
        down_revisions=tuple(node.parents),
        depends_on=tuple(node.depends_on),
        branch_labels=tuple(node.labels),
        path=node.path,
        doc=node.doc,
        is_head=revision in graph.heads,
        is_base=not node.parents,
        is_merge=len(node.parents) > 1,
        tables=tables,
        effects=None if effects is None else effects_row(effects),
    )


def effects_row(effects: Effects) -> EffectsRow:
    """Return what a revision does, as `graph --effects` shows it."""
    return EffectsRow(
        tuple(map(_effect, effects.upgrade)),
        tuple(map(_effect, effects.downgrade)),
        tuple(map(_unknown, effects.unknown)),
    )


def operation_row(effect: Effect) -> OperationRow:
    """Return an effect without its place, as `history` shows it."""
    return OperationRow(
        effect.kind, effect.object, effect.table, effect.name, effect.to, effect.detail or None
    )


def _effect(effect: Effect) -> EffectRow:
    return EffectRow(
        effect.kind,
        effect.object,
        effect.table,
        effect.name,
        effect.to,
        effect.detail or None,
        effect.certain,
        effect.line,
        effect.dialect,
        effect.restates,
    )


def _unknown(unknown: Unknown) -> UnknownRow:
    return UnknownRow(unknown.direction, unknown.line, unknown.reason, unknown.tables)
