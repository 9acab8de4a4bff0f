"""The use case of `blame`: who brought each column of a table, and who changed it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from lback.app.context import Context
from lback.app.history import Sources, add_git, gather, unknown_table, unseen
from lback.app.origins import Origins
from lback.app.pasts import Past, pasts_of
from lback.app.reading import WORKTREE
from lback.core.findings import from_problems
from lback.core.identities import KNOWN
from lback.core.parts import Deed
from lback.core.result import Result
from lback.core.source import Commit
from lback.core.tables import Column, Part, TableLife, life
from lback.errors import UsageError


def blame(ctx: Context, table: str, at: str = WORKTREE, column: str | None = None) -> Result:
    """Return the columns, keys, indexes and types of a table, each with who and when.

    With `column` only that column, by any name that it ever had.
    """
    found = gather(ctx, at)
    dialects = found.reader.effects_at(at).dialects & KNOWN
    told = life(table, found.graph, found.effects, dialects=dialects)
    if not told.found:
        raise unknown_table(table, told.near)
    if column is not None:
        told = _only(told, column)
    rows, pasts = _rows(found, told)
    origins = Origins(found.reader, at)
    here = {one: found.graph[one] for one in rows if one in pasts}
    origins.gather({one: pasts[one] for one in here}, here)
    blamed = _Blamed(rows, origins)
    data: dict[str, Any] = {
        "table": table,
        "column": column,
        "names": list(told.names),
        "exists": told.exists,
        "columns": [blamed.column(one) for one in told.columns],
        "gone": [blamed.column(one) for one in told.gone],
        "parts": [blamed.part(one) for one in told.parts],
        "doubts": [_doubt(found, one.revision, one.unknown) for one in told.doubts],
        "helpers": _helpers(found, at, pasts),
        "unseen": [*unseen(found, list(rows.values())), *_blind(origins)],
    }
    return Result("blame", data, from_problems(found.graph.problems))


def _only(told: TableLife, column: str) -> TableLife:
    """Return the life of one column; UsageError where the table never had it."""
    wanted = column.casefold()

    def called(one: Column) -> bool:
        return wanted in (name.casefold() for name in one.names)

    columns = tuple(one for one in told.columns if called(one))
    gone = tuple(one for one in told.gone if called(one))
    if not columns and not gone:
        names = ", ".join(one.name for one in (*told.columns, *told.gone)) or "none"
        raise UsageError(
            f"The table {told.table} never had a column called {column}.",
            f"Its columns are: {names}.",
        )
    return told._replace(columns=columns, gone=gone, parts=())


def _rows(found: Sources, told: TableLife) -> tuple[dict[str, dict[str, Any]], dict[str, Past]]:
    """Return by revision the row that says who brought it, and the pasts of the files."""
    told_of = [one.deeds for one in (*told.columns, *told.gone)]
    told_of += [one.deeds for one in told.parts]
    revisions = {deed.revision for deeds in told_of for deed in deeds}
    rows: dict[str, dict[str, Any]] = {
        one: {"revision": one, "path": found.graph[one].path, "doc": found.graph[one].doc}
        for one in found.graph.order()
        if one in revisions
    }
    for row in rows.values():
        row.update(commit=None, published=False, pushed=False, co_authors=[], edits=[])
        row.update(picked_by=None, written=None)
    return rows, add_git(found, list(rows.values()))


class _Blamed:
    """Puts who and when beside the parts of a table."""

    def __init__(self, rows: Mapping[str, dict[str, Any]], origins: Origins) -> None:
        self._rows = rows
        self._origins = origins

    def column(self, column: Column) -> dict[str, Any]:
        """Return a column: what it is now, who brought it, and every change of it."""
        said = column.definition
        return {
            "name": column.name,
            "type": column.type or None,
            "nullable": {"yes": True, "no": False}.get(said.get("nullable", "?")),
            **{aspect: said.get(aspect) or None for aspect in ("default", "computed", "identity")},
            "comment": said.get("comment") or None,
            "names": list(column.names),
            "certain": column.certain,
            "added_by": self._last(column, "added"),
            "changed_by": self._last(column, "changed", "renamed"),
            "dropped_by": self._last(column, "dropped"),
            "changes": [self._change(deed) for deed in column.deeds],
        }

    def part(self, part: Part) -> dict[str, Any]:
        """Return an index, constraint, trigger, type, sequence or view with its changes."""
        return {
            "object": part.object,
            "name": part.name,
            "columns": list(part.columns),
            "gone": part.gone,
            "changes": [self._change(deed) for deed in part.deeds],
        }

    def _last(self, column: Column, *words: str) -> dict[str, Any] | None:
        own = [one for one in column.deeds if one.effect.object in ("column", "table")]
        deed = next((one for one in reversed(own) if one.word in words), None)
        return self._by(deed) if deed is not None else None

    def _change(self, deed: Deed) -> dict[str, Any]:
        effect = deed.effect
        return {
            "word": deed.word,
            "object": effect.object,
            "name": effect.name,
            "to": effect.to,
            "detail": effect.detail or None,
            "sets": dict(effect.sets),
            "certain": effect.certain,
            **self._by(deed),
        }

    def _by(self, deed: Deed) -> dict[str, Any]:
        row = dict(self._rows[deed.revision])
        row["line"] = deed.effect.line
        origin = self._origins.of(deed.revision, deed.effect)
        if origin.late:  # its statement was put into the file by a later commit, or by none yet
            row["commit"] = origin.brought.as_dict() if origin.brought else None
            row["committed"] = origin.brought is not None
            row["co_authors"] = list(origin.brought.co_authors) if origin.brought else []
            row["picked_by"] = (origin.brought.committer or None) if origin.brought else None
            row["written"] = None
        row["edited"] = origin.edited
        row["edited_by"] = origin.edit.as_dict() if origin.edit else None
        return row


def _helpers(found: Sources, at: str, pasts: Mapping[str, Past]) -> list[dict[str, Any]]:
    """Return the helper files that were edited after the revisions that call them had come."""
    if found.reader.repository is None or not pasts:
        return []
    called = found.reader.effects_at(at).helpers(found.graph, pasts)
    paths = sorted({path for helpers in called.values() for path in helpers})
    edits = pasts_of(found.reader, paths, at) if paths else {}
    told: list[dict[str, Any]] = []
    for path in paths:
        past = edits.get(path)
        users = [one for one, helpers in called.items() if path in helpers]
        later = _later(past, (pasts[one].brought for one in users)) if past else ()
        if later:
            told.append(
                {"path": path, "revisions": users, "commits": [one.as_dict() for one in later]}
            )
    return told


def _later(past: Past, since: Iterable[Commit | None]) -> tuple[Commit, ...]:
    times = [datetime.fromisoformat(one.date) for one in since if one is not None]
    if not times:
        return ()
    return tuple(one for one in past.edits if datetime.fromisoformat(one.date) > min(times))


def _blind(origins: Origins) -> list[str]:
    if not origins.blind:
        return []
    return [
        f"this clone lacks older versions of the files of {', '.join(origins.blind[:3])}: shown is "
        "who brought the file"
    ]


def _doubt(found: Sources, revision: str, unknown: Any) -> dict[str, Any]:
    return {
        "revision": revision,
        "path": found.graph[revision].path,
        "line": unknown.line,
        "reason": unknown.reason,
    }
