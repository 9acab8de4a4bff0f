"""The use case of `history`: who changed the schema, or one table, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from lback.core.checks.findings import doubted, from_problems
from lback.core.effects import Effect, Effects
from lback.core.messages import history as messages
from lback.core.record.standing import AppliedBy
from lback.core.results import Result, optional
from lback.core.rollback.extraction import Extractor
from lback.core.rollback.picking import CannotUndo
from lback.core.rows import OperationRow, operation_row
from lback.core.source import WORKTREE
from lback.core.tables import life
from lback.project.context import Context
from lback.project.provenance import BroughtRow, Sources, brought_rows, gather, unseen
from lback.project.record.applied import Applied


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """What the command line asks of `history`."""

    table: str | None = None
    at: str = WORKTREE
    with_database: bool = False
    everywhere: bool = False
    patch: bool = False


@dataclass(frozen=True, kw_only=True)
class ChangeRow(BroughtRow):
    """What one revision did; `branches` are those that alone have it.

    `applied` is None where the database was not asked, and true where all of several are known to
    have run it; `applied_on` names those that have where others have not, `applied_by` who did it
    there, where a record tells. `patch` are the statements as they are in the file, where they were
    asked for.
    """

    line: int
    operations: tuple[OperationRow, ...]
    certain: bool
    applied: bool | None
    branches: tuple[str, ...]
    applied_on: tuple[str, ...] = ()
    applied_by: tuple[AppliedBy, ...] = ()
    patch: tuple[str, ...] | None = optional()


@dataclass(frozen=True, kw_only=True)
class HistoryResult(Result):
    """The changes of one table, or of the whole schema, newest first."""

    command = "history"

    table: str | None
    names: tuple[str, ...]
    changes: tuple[ChangeRow, ...]
    unseen: tuple[str, ...]


class _Change(NamedTuple):
    revision: str
    effects: tuple[Effect, ...]
    certain: bool


def history(ctx: Context, options: HistoryOptions) -> HistoryResult:
    """Return the changes of one table, or of the whole schema, newest first."""
    options = replace(options, at=ctx.place(options.at))
    sources = gather(ctx, options.at, everywhere=options.everywhere)
    applied = Applied.asked(ctx, sources.graph) if options.with_database else Applied()
    names, changes = _changes(sources, options.table)
    brought, _ = brought_rows(sources, [change.revision for change in changes])
    rows = [
        ChangeRow(
            **vars(brought[change.revision]),
            line=_line(sources, change),
            operations=tuple(map(operation_row, change.effects)),
            certain=change.certain,
            **vars(applied.of(change.revision)),
            branches=tuple(sources.branches.get(change.revision, ())),
            patch=_patch(sources, change, names) if options.patch else None,
        )
        for change in changes
    ]
    return HistoryResult(
        table=options.table,
        names=names,
        changes=tuple(rows),
        unseen=unseen(sources, rows),
        findings=tuple(doubted(from_problems(sources.graph.problems))),
    )


def _changes(sources: Sources, table: str | None) -> tuple[tuple[str, ...], list[_Change]]:
    """Return every name that the table had, and its changes; of the whole schema without one."""
    effects = sources.effects
    if table is None:
        order = reversed(sources.graph.order())
        return (), [
            _Change(revision, effects[revision].upgrade, _certain(effects[revision]))
            for revision in order
        ]
    told = life(table, sources.graph, effects)
    if not told.found:
        raise messages.unknown_table(table, told.near)
    return told.names, [
        _Change(change.revision, change.effects, change.certain) for change in told.changes
    ]


def _certain(effects: Effects) -> bool:
    return all(effect.certain for effect in effects.upgrade) and not effects.unknowns("upgrade")


def _line(sources: Sources, change: _Change) -> int:
    return change.effects[0].line if change.effects else sources.graph[change.revision].header.line


def _patch(sources: Sources, change: _Change, names: Sequence[str]) -> tuple[str, ...]:
    """Return the statements of upgrade() that are about the table, as they are in the file."""
    node = sources.graph[change.revision]
    place = sources.place(node.id)
    source = sources.revisions.texts([node], place)[node.blob]
    read = sources.revisions.effects_at(place).read_text
    own = list(names) or list(sources.effects[node.id].tables)
    try:
        code = Extractor(source, node.path, own, read).extract("upgrade").code
    except CannotUndo:
        code = _text_of_line(source, _line(sources, change))
    return tuple(code.splitlines())


def _text_of_line(source: bytes, number: int) -> str:
    """Return the line itself where statements cannot be told apart."""
    lines = source.decode("utf-8", "replace").splitlines()
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""
