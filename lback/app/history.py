"""The use case of `history`: who changed the schema, or one table, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lback.app.context import Context
from lback.app.pasts import Past, pasts_of
from lback.app.reading import INDEX, WORKTREE, Reader
from lback.core.effects import Effect, Effects
from lback.core.findings import from_problems
from lback.core.graph import Graph
from lback.core.result import Result
from lback.errors import UsageError


class HistoryOptions(NamedTuple):
    """What the command line asks of `history`."""

    table: str | None = None
    at: str = WORKTREE
    with_database: bool = False
    everywhere: bool = False
    patch: bool = False


@dataclass(slots=True)
class Sources:
    """The revisions that a history is told of: those at one place, and of other branches."""

    reader: Reader
    at: str
    graph: Graph
    effects: dict[str, Effects]
    branches: dict[str, list[str]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def place(self, revision: str) -> str:
        """Return the commit, or "worktree", that a revision's file is read from."""
        return self.places.get(revision, self.at)


def gather(ctx: Context, at: str, *, everywhere: bool = False) -> Sources:
    """Read all revisions at a place, with `everywhere` those of other branches as well."""
    reader = ctx.revisions
    graph = reader.graph(at)
    found = Sources(reader, at, graph, reader.effects(graph, at=at, upgrade_only=True))
    if everywhere and reader.repository is not None:
        _add_branches(found)
    return found


def history(ctx: Context, options: HistoryOptions) -> Result:
    """Return the changes of one table, or of the whole schema, newest first."""
    found = gather(ctx, options.at, everywhere=options.everywhere)
    graph = found.graph
    applied = _applied(ctx, graph) if options.with_database else None
    names: list[str] = []
    if options.table is None:
        changes = [
            _change(found, one, found.effects[one].upgrade, _sure(found.effects[one]))
            for one in reversed(graph.order())
        ]
    else:
        from lback.core.tables import life

        told = life(options.table, graph, found.effects)
        if not told.found:
            raise unknown_table(options.table, told.near)
        names = list(told.names)
        changes = [_change(found, one.revision, one.effects, one.certain) for one in told.changes]
    for change in changes:
        change["applied"] = None if applied is None else change["revision"] in applied
    add_git(found, changes)
    if options.patch:
        _add_patches(found, changes, names)
    data = {"table": options.table, "names": names, "changes": changes}
    data["unseen"] = unseen(found, changes)
    return Result("history", data, from_problems(graph.problems))


def unknown_table(table: str, near: tuple[str, ...]) -> UsageError:
    """Make the error for a table that no revision changes."""
    hint = f"Did you mean {', '.join(near)}? " if near else ""
    return UsageError(
        f"No revision changes a table called {table}.",
        f"{hint}`lback history` lists what each revision changes.",
    )


def _sure(effects: Effects) -> bool:
    return all(effect.certain for effect in effects.upgrade) and not any(
        unknown.direction == "upgrade" for unknown in effects.unknown
    )


def _change(
    found: Sources, revision: str, effects: tuple[Effect, ...], certain: bool
) -> dict[str, Any]:
    node = found.graph[revision]
    return {
        "revision": revision,
        "path": node.path,
        "line": effects[0].line if effects else node.header.line,
        "doc": node.doc,
        "operations": [
            {
                "kind": effect.kind,
                "object": effect.object,
                "name": effect.name,
                "table": effect.table,
                "to": effect.to,
                "detail": effect.detail or None,
            }
            for effect in effects
        ],
        "certain": certain,
        "published": False,
        "pushed": False,
        "applied": None,
        "commit": None,
        "committed": None,
        "co_authors": [],
        "picked_by": None,
        "written": None,
        "edits": [],
        "branches": found.branches.get(revision, []),
    }


def add_git(found: Sources, changes: list[dict[str, Any]]) -> dict[str, Past]:
    """Add commit, co-authors, later edits and standing to rows with `revision` and `path`.

    `committed` is None where that cannot be seen: without git, or in a shallow clone.
    Returns the pasts of the revisions by id.
    """
    reader = found.reader
    pasts = _pasts(found, changes)
    published = reader.published
    for change in changes:
        change["committed"] = None if reader.repository is None else False
        past = pasts.get(change["revision"])
        if past is not None:
            change["commit"] = past.brought.as_dict() if past.brought else None
            change["co_authors"] = list(past.brought.co_authors) if past.brought else []
            change["picked_by"] = (past.brought.committer or None) if past.brought else None
            change["written"] = past.written.as_dict() if past.written else None
            change["edits"] = [one.as_dict() for one in past.edits]
            change["committed"] = True if past.brought else None  # None: beyond this clone
        change["published"] = change["revision"] in published
    if reader.repository is not None:
        local = [one["path"] for one in changes if not one["published"]]
        pushed = reader.repository.pushed(local) if local else frozenset()
        for change in changes:
            change["pushed"] = change["published"] or change["path"] in pushed
    return pasts


def _pasts(found: Sources, changes: list[dict[str, Any]]) -> dict[str, Past]:
    """Return the past of every revision that is told of, by its id."""
    graph = found.graph
    here = [node for node in graph if node.id not in found.places]
    known = pasts_of(found.reader, [node.path for node in here], found.at)
    pasts = {node.id: known[node.path] for node in here if node.path in known}
    elsewhere: dict[str, list[str]] = {}
    for change in changes:
        place = found.places.get(change["revision"])
        if place is not None:
            elsewhere.setdefault(place, []).append(change["revision"])
    for place, revisions in elsewhere.items():
        from lback.vcs.log import histories

        assert found.reader.repository is not None
        paths = [graph[one].path for one in revisions]
        told = histories(found.reader.repository, paths, place)
        for one in revisions:
            past = told.get(graph[one].path)
            if past is not None:
                pasts[one] = Past(past.brought, past.edits)
    return pasts


def _add_branches(found: Sources) -> None:
    """Add the revisions that only other branches have, newest branch first."""
    reader = found.reader
    repository = reader.repository
    assert repository is not None
    tips = {one.commit: one.name for one in reversed(repository.branches())}
    folders, _ = reader.folders(found.at)
    extra: dict[str, Any] = {}
    for commit, entries in repository.entries_of(tips, folders).items():
        graph = reader.graph_of([one for one in entries if one.name != "__init__.py"], commit)
        fresh = graph.missing_from(found.graph)
        if not fresh:
            continue
        for revision in fresh:
            found.branches.setdefault(revision, []).append(tips[commit])
            if revision not in extra:
                extra[revision] = graph[revision]
                found.places[revision] = commit
        lacking = [one for one in fresh if one not in found.effects]
        found.effects.update(reader.effects(graph, lacking, commit, upgrade_only=True))
    if extra:
        found.graph = Graph([*found.graph, *extra.values()])


def _add_patches(found: Sources, changes: list[dict[str, Any]], names: list[str]) -> None:
    """Add the statements of upgrade() that are about the table, as they are in the file."""
    from lback.core.undo.extraction import Extractor
    from lback.core.undo.picking import InTheWay

    for change in changes:
        node = found.graph[change["revision"]]
        place = found.place(node.id)
        source = found.reader.texts([node], place)[node.blob]
        read = found.reader.effects_at(place).read_text
        own = names or list(found.effects[node.id].tables)
        try:
            code = Extractor(source, node.path, own, read).extract("upgrade").code
        except InTheWay:
            code = _lines(source, change)
        change["patch"] = code.splitlines()


def _lines(source: bytes, change: dict[str, Any]) -> str:
    """Return the line itself where statements cannot be told apart."""
    lines = source.decode("utf-8", "replace").splitlines()
    at = change["line"]
    return lines[at - 1].strip() if 0 < at <= len(lines) else ""


def _applied(ctx: Context, graph: Graph) -> frozenset[str]:
    known = [one for one in ctx.database.stamp().revisions if one in graph]
    return graph.ancestors(known) if known else frozenset()


def unseen(found: Sources, changes: list[dict[str, Any]]) -> list[str]:
    """Say what is not to be seen from here: no git, a shallow clone."""
    repository = found.reader.repository
    if repository is None:
        return ["not in a git repository: who changed it is not known"]
    notes = []
    if repository.is_shallow:
        lacking = [one["revision"] for one in changes if one["commit"] is None]
        if lacking:
            notes.append(
                f"this clone is shallow: the commits of {len(lacking)} revisions are not here "
                "(`git fetch --unshallow`)"
            )
    if found.at not in (WORKTREE, INDEX):
        notes.append(f"as of {found.at}")
    return notes
