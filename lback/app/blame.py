"""The use case of `blame`: who brought each column of a table, and who changed it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lback.core.checks.findings import doubted, from_problems
from lback.core.effects import Unknown
from lback.core.identities import KNOWN
from lback.core.messages import history as messages
from lback.core.parts import Deed, Word
from lback.core.record.standing import Standing
from lback.core.results import Result, optional
from lback.core.source import WORKTREE, Commit
from lback.core.tables import ColumnLife, Part, TableLife, life
from lback.project.context import Context
from lback.project.origins import Origins
from lback.project.pasts import Past, pasts_of
from lback.project.provenance import BroughtRow, Sources, brought_rows, gather, people, unseen
from lback.project.record.applied import Applied


@dataclass(frozen=True, slots=True)
class BlameOptions:
    """What the command line asks of `blame`; `column` by any name that it ever had."""

    table: str
    at: str = WORKTREE
    column: str | None = None
    with_database: bool = False


@dataclass(frozen=True, kw_only=True)
class ByRow(BroughtRow):
    """Who made a statement; `edited_by` is the commit since which it says what it says."""

    line: int
    edited: bool
    edited_by: Commit | None


@dataclass(frozen=True, kw_only=True)
class PartChangeRow(ByRow):
    """One change of a column, key, index or type, and who made it."""

    word: Word
    object: str
    name: str | None
    to: str | None
    detail: str | None
    sets: Mapping[str, str]
    certain: bool


@dataclass(frozen=True, kw_only=True)
class ColumnRow:
    """A column: what it is now, who brought it, and every change of it, the oldest first."""

    name: str
    type: str | None
    nullable: bool | None
    default: str | None
    computed: str | None
    identity: str | None
    comment: str | None
    names: tuple[str, ...]
    certain: bool
    added_by: ByRow | None
    changed_by: ByRow | None
    dropped_by: ByRow | None
    changes: tuple[PartChangeRow, ...]


@dataclass(frozen=True)
class PartRow:
    """An index, constraint, trigger, type, sequence or view with its changes."""

    object: str
    name: str | None
    columns: tuple[str, ...]
    gone: bool
    changes: tuple[PartChangeRow, ...]


@dataclass(frozen=True)
class DoubtRow:
    """Something that could not be read and may be about the table."""

    revision: str
    path: str
    line: int
    reason: str


@dataclass(frozen=True)
class HelperRow:
    """A file that revisions call, edited after they had come."""

    path: str
    revisions: tuple[str, ...]
    commits: tuple[Commit, ...]


@dataclass(frozen=True)
class AppliedRow(Standing):
    """Where one of the revisions that changed the table is applied."""

    revision: str = ""


@dataclass(frozen=True, kw_only=True)
class BlameResult(Result):
    """The columns, keys, indexes and types of a table, each with who and when.

    `applied` is there where the databases were asked: their revisions, in the order of the graph.
    """

    command = "blame"

    table: str
    column: str | None
    names: tuple[str, ...]
    exists: bool
    columns: tuple[ColumnRow, ...]
    gone: tuple[ColumnRow, ...]
    parts: tuple[PartRow, ...]
    doubts: tuple[DoubtRow, ...]
    helpers: tuple[HelperRow, ...]
    unseen: tuple[str, ...]
    applied: tuple[AppliedRow, ...] | None = optional()


def blame(ctx: Context, options: BlameOptions) -> BlameResult:
    """Return the columns, keys, indexes and types of a table, each with who and when."""
    options = replace(options, at=ctx.place(options.at))
    sources = gather(ctx, options.at)
    dialects = sources.revisions.effects_at(options.at).dialects & KNOWN
    told = life(options.table, sources.graph, sources.effects, dialects=dialects)
    if not told.found:
        raise messages.unknown_table(options.table, told.near)
    if options.column is not None:
        told = _only(told, options.column)
    changing = _told_of(sources, told)
    rows, pasts = brought_rows(sources, changing)
    origins = Origins(sources.revisions, options.at)
    here = {row: sources.graph[row] for row in rows if row in pasts}
    origins.gather({name: pasts[name] for name in here}, here)
    blamed = _Blamed(rows, origins)
    blind = (messages.older_versions(origins.blind),) if origins.blind else ()
    return BlameResult(
        table=options.table,
        column=options.column,
        names=told.names,
        exists=told.exists,
        columns=tuple(map(blamed.column, told.columns)),
        gone=tuple(map(blamed.column, told.gone)),
        parts=tuple(map(blamed.part, told.parts)),
        doubts=tuple(_doubt(sources, doubt.revision, doubt.unknown) for doubt in told.doubts),
        helpers=_helpers(sources, pasts),
        unseen=(*unseen(sources, rows.values()), *blind),
        applied=_applied(ctx, sources, changing) if options.with_database else None,
        findings=tuple(doubted(from_problems(sources.graph.problems))),
    )


def _applied(ctx: Context, sources: Sources, revisions: Iterable[str]) -> tuple[AppliedRow, ...]:
    """Return where revisions are applied, and who did that."""
    asked = Applied.asked(ctx, sources.graph)
    return tuple(AppliedRow(**vars(asked.of(name)), revision=name) for name in revisions)


def _only(told: TableLife, column: str) -> TableLife:
    """Return the life of one column; UsageError where the table never had it."""
    wanted = column.casefold()

    def called(column_life: ColumnLife) -> bool:
        return wanted in (name.casefold() for name in column_life.names)

    columns = tuple(column for column in told.columns if called(column))
    gone = tuple(column_life for column_life in told.gone if called(column_life))
    if not columns and not gone:
        names = [value.name for value in (*told.columns, *told.gone)]
        raise messages.unknown_column(told.table, column, names)
    return told._replace(columns=columns, gone=gone, parts=())


def _told_of(sources: Sources, told: TableLife) -> list[str]:
    """Return the revisions that changed what is told of, in graph order."""
    changes = [value.deeds for value in (*told.columns, *told.gone)]
    changes += [part.deeds for part in told.parts]
    revisions = {deed.revision for deeds in changes for deed in deeds}
    return [revision for revision in sources.graph.order() if revision in revisions]


class _Blamed:
    """Puts who and when beside the parts of a table."""

    def __init__(self, rows: Mapping[str, BroughtRow], origins: Origins) -> None:
        self._rows = rows
        self._origins = origins

    def column(self, column: ColumnLife) -> ColumnRow:
        """Return a column: what it is now, who brought it, and every change of it."""
        now = column.definition
        return ColumnRow(
            name=column.name,
            type=column.type or None,
            nullable={"yes": True, "no": False}.get(now.get("nullable", "?")),
            default=now.get("default") or None,
            computed=now.get("computed") or None,
            identity=now.get("identity") or None,
            comment=now.get("comment") or None,
            names=column.names,
            certain=column.certain,
            added_by=self._last(column, "added"),
            changed_by=self._last(column, "changed", "renamed"),
            dropped_by=self._last(column, "dropped"),
            changes=tuple(map(self._change, column.deeds)),
        )

    def part(self, part: Part) -> PartRow:
        """Return an index, constraint, trigger, type, sequence or view with its changes."""
        changes = tuple(map(self._change, part.deeds))
        return PartRow(part.object, part.name, tuple(part.columns), part.gone, changes)

    def _last(self, column: ColumnLife, *words: Word) -> ByRow | None:
        own = [deed for deed in column.deeds if deed.effect.object in ("column", "table")]
        deed = next((value for value in reversed(own) if value.word in words), None)
        return ByRow(**self._by(deed)) if deed is not None else None

    def _change(self, deed: Deed) -> PartChangeRow:
        effect = deed.effect
        return PartChangeRow(
            word=deed.word,
            object=effect.object,
            name=effect.name,
            to=effect.to,
            detail=effect.detail or None,
            sets=dict(effect.sets),
            certain=effect.certain,
            **self._by(deed),
        )

    def _by(self, deed: Deed) -> dict[str, Any]:
        """Return the fields that say who made a statement."""
        origin = self._origins.of(deed.revision, deed.effect)
        row = {
            **vars(self._rows[deed.revision]),
            "line": deed.effect.line,
            "edited": origin.edited,
            "edited_by": origin.edit,
        }
        if origin.late:  # its statement was put into the file by a later commit, or by none yet
            row |= {"committed": origin.brought is not None, "written": None}
            row |= people(origin.brought)
        return row


def _helpers(sources: Sources, pasts: Mapping[str, Past]) -> tuple[HelperRow, ...]:
    """Return the helper files that were edited after the revisions that call them had come."""
    if sources.revisions.repository is None or not pasts:
        return ()
    called = sources.revisions.effects_at(sources.at).helpers(
        [sources.graph[past] for past in pasts]
    )
    paths = sorted({path for helpers in called.values() for path in helpers})
    edits = pasts_of(sources.revisions, paths, sources.at) if paths else {}
    rows = []
    for path in paths:
        past = edits.get(path)
        users = [name for name, helpers in called.items() if path in helpers]
        later = _later(past, (pasts[user].brought for user in users)) if past else ()
        if later:
            rows.append(HelperRow(path, tuple(users), later))
    return tuple(rows)


def _later(past: Past, since: Iterable[Commit | None]) -> tuple[Commit, ...]:
    times = [datetime.fromisoformat(commit.date) for commit in since if commit is not None]
    if not times:
        return ()
    return tuple(edit for edit in past.edits if datetime.fromisoformat(edit.date) > min(times))


def _doubt(sources: Sources, revision: str, unknown: Unknown) -> DoubtRow:
    return DoubtRow(revision, sources.graph[revision].path, unknown.line, unknown.reason)
