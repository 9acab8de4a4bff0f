"""What a database has not run of all that is below its stamp: from git, and by its schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from os import fsencode
from typing import TYPE_CHECKING, Any

from lback.core.effects import Effects
from lback.core.graph.revision import Header
from lback.core.graph.view import GraphView
from lback.core.merging.skipped import (
    NOTHING_SKIPPED,
    Doubts,
    Skips,
    doubts,
    is_blind,
    linear_order,
    settled,
    telling,
)
from lback.core.record.trail import Parents, stood_on, trail_of
from lback.core.source import WORKTREE, Entry
from lback.errors import HistoryMissing, LbackError
from lback.project.context import Context
from lback.project.notes import Note
from lback.project.places import inside
from lback.project.revisions import Revisions
from lback.vcs.repository import Repository

if TYPE_CHECKING:
    from lback.core.merging.late import LatePlan
    from lback.db.view import View

_TABLE = "earlier-1-"
_SAID = "said"
Earlier = Mapping[str, tuple[Parents, ...]]
"""What revisions stood on in other versions of their files, by id."""


def skips(
    ctx: Context, graph: GraphView, view: View, at: str = WORKTREE, *, foreseen: bool = False
) -> Skips:
    """Return what a database has not run below its stamp, and of what that is not known.

    `graph` is that of a place, with more than is there perhaps, or one that is `foreseen` for it.
    Where there was no doubt about the same files, stamp and record before, nothing is asked again.
    """
    stamp = [row for row in view.stamp.revisions if row in graph]
    if not stamp or graph.problems:
        return NOTHING_SKIPPED
    last = view.record.newest()
    calm = Note(ctx, "calm", view.stamp.database.key)
    state = [ctx.revisions.state, sorted(view.stamp.revisions), last]
    known = bool(ctx.revisions.state) and at == WORKTREE and not foreseen
    if known and calm.read() == state:
        return NOTHING_SKIPPED
    earlier = earlier_parents(ctx.revisions, graph, at)
    steps = view.record.steps() if last else ()
    doubt = doubts(graph, stamp, trail_of(graph, steps, view.stamp.revisions, earlier))
    if doubt:
        doubt = doubt.without(_said(ctx, view.stamp.database.key))
        return _settled(ctx.revisions, graph, view, doubt, at)
    if known:
        with suppress(OSError):
            calm.write(state)
    return NOTHING_SKIPPED


def _settled(revisions: Revisions, graph: GraphView, view: View, doubt: Doubts, at: str) -> Skips:
    """Let the schema tell what has run."""
    order = linear_order(graph, [row for row in view.stamp.revisions if row in graph])
    effects = _effects(revisions, graph, order, at)
    idle = {name for name in doubt.revisions if not _does_anything(effects[name])}
    shows: dict[str, bool | None] = {}
    for name in doubt.revisions:
        seen = view.traces(telling(effects, name, order, view.stamp.dialect))
        # What came after it may have taken away what it made.
        blind = seen is False and is_blind(effects, order[order.index(name) + 1 :])
        shows[name] = None if blind else seen
    return settled(doubt, shows, idle)


def _does_anything(does: Effects) -> bool:
    return bool(does.upgrade or does.unknowns("upgrade"))


def note_said(ctx: Context, database: str, revisions: Iterable[str]) -> None:
    """Note that somebody said of revisions below the stamp that they are done."""
    with suppress(OSError):
        Note(ctx, _SAID, database).write(sorted({*_said(ctx, database), *revisions}))


def _said(ctx: Context, database: str) -> frozenset[str]:
    names = Note(ctx, _SAID, database).read()
    return frozenset(map(str, names)) if isinstance(names, list) else frozenset()


def late(
    revisions: Revisions,
    graph: GraphView,
    stamp: Sequence[str],
    found: Skips,
    at: str = WORKTREE,
) -> LatePlan:
    """Decide whether skipped revisions may run now."""
    from lback.core.merging.late import LatePlan, plan_late

    if not found.skipped:
        return LatePlan()
    effects = _effects(revisions, graph, linear_order(graph, stamp), at)
    return plan_late(graph, stamp, found, effects)


def _effects(
    revisions: Revisions, graph: GraphView, ids: Sequence[str], at: str
) -> dict[str, Effects]:
    """Return what upgrade() of revisions does, by the files of a place, or by those here."""
    if at == WORKTREE:
        return revisions.effects(graph, ids, upgrade_only=True)
    blobs = {node.id: node.blob for node in revisions.graph(at)}
    there = [name for name in ids if blobs.get(name) == graph[name].blob]
    here = [name for name in ids if blobs.get(name) != graph[name].blob]
    found = revisions.effects(graph, there, at, upgrade_only=True)
    return found | revisions.effects(graph, here, upgrade_only=True)


# -- what git has of the files as they were -------------------------------------------


def earlier_parents(revisions: Revisions, graph: GraphView, at: str = WORKTREE) -> Earlier:
    """Return what revisions stood on in versions that a database here may have been moved by.

    Those are the files here, where HEAD has been, and what the line of its first parents had, as
    those have it who only pull. Empty where this clone lacks one of them: nothing is claimed then.
    """
    earlier = _earlier_here(revisions)
    if at == WORKTREE:
        return earlier
    here = revisions.graph()
    versions = {name: list(parents) for name, parents in earlier.items()}
    for node in here:
        now = _now(here, node.id)
        if node.id not in graph or set(_now(graph, node.id)) != set(now):
            versions.setdefault(node.id, []).append(now)
    return {
        name: tuple(
            parents
            for parents in some
            if name not in graph or set(parents) != set(_now(graph, name))
        )
        for name, some in versions.items()
    }


def _now(graph: GraphView, revision: str) -> Parents:
    return (*graph[revision].parents, *graph.dependencies(revision))


def _earlier_here(revisions: Revisions) -> Earlier:
    """Return what revisions stood on beside what they stand on in the files here."""
    repository = revisions.repository
    if repository is None or repository.is_bare or repository.head().commit is None:
        return {}
    known = _load(repository, revisions)
    if revisions.state and known.get("state") == revisions.state:
        return _earlier(known["earlier"])
    graph = revisions.graph()
    try:
        blobs = _old_blobs(repository, revisions, graph, known)
        earlier = _parents(revisions, graph, blobs)
    except LbackError:
        return {}
    row = {
        "state": revisions.state,
        "commit": repository.head().commit,
        "blobs": sorted(blobs.items()),
        "earlier": earlier,
    }
    data = json.dumps(row, separators=(",", ":")).encode()
    repository.store.put_table(_name(revisions), data)
    return earlier


def _old_blobs(
    repository: Repository, revisions: Revisions, graph: GraphView, known: Mapping[str, Any]
) -> dict[str, str]:
    """Return the versions of revision files that are not here, by blob id, with their paths."""
    from lback.vcs.walk import replaced, where_head_was

    folders, commit = revisions.folders(), repository.head().commit or "HEAD"
    since, before = known.get("commit"), dict(known.get("blobs", ()))
    try:
        line = replaced(repository, folders[0], commit, since)
    except HistoryMissing:  # a commit from before was collected
        if since is None:
            raise
        line, before = replaced(repository, folders[0], commit), {}
    places = [Entry(item.path, item.blob) for item in line]
    for _, entries in where_head_was(repository, folders[0]):
        places += entries
    present = {node.blob for node in graph}
    others = dict.fromkeys(entry for entry in places if entry.blob not in present)
    wanted = revisions.wanted(others, WORKTREE)
    return before | {entry.blob: entry.path for entry in wanted if inside(entry.path, folders)}


def _parents(
    revisions: Revisions, graph: GraphView, blobs: Mapping[str, str]
) -> dict[str, tuple[Parents, ...]]:
    """Return what each revision stood on in these versions, where that is not what it is now."""
    entries = [Entry(path, blob) for blob, path in blobs.items()]
    headers = revisions.contents.headers(entries, "HEAD")
    earlier: dict[str, list[Parents]] = {}
    for entry in entries:
        header = headers[entry.blob]
        if not isinstance(header, Header) or header.with_labels(()).uncertain:
            continue
        name = header.revision
        stood = stood_on(graph, name, header.down_revisions, header.depends_on)
        same = name in graph and set(stood) == set(_now(graph, name))
        if not same and stood not in earlier.setdefault(name, []):
            earlier[name].append(stood)
    return {name: tuple(versions) for name, versions in earlier.items() if versions}


def _load(repository: Repository, revisions: Revisions) -> dict[str, Any]:
    data = repository.store.table(_name(revisions))
    try:
        row = json.loads(data) if data else {}
    except ValueError:
        return {}
    whole = isinstance(row, dict) and row.keys() == {"state", "commit", "blobs", "earlier"}
    return row if whole else {}


def _name(revisions: Revisions) -> str:
    """Return the name of the table: worktrees have a HEAD each, environments their folders."""
    repository = revisions.repository
    assert repository is not None
    folders = sorted(revisions.folders()[0])
    place = "\0".join([str(repository.git_dir), *folders])
    return _TABLE + sha256(fsencode(place)).hexdigest()[:12]


def _earlier(rows: Mapping[str, Iterable[Sequence[str]]]) -> Earlier:
    return {name: tuple(map(tuple, versions)) for name, versions in rows.items()}
