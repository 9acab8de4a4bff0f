"""The rows that the results of several commands have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lback.core.effects import Direction, Effect, Effects, Kind, Unknown
from lback.core.results import optional

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
