"""Gives a local revision another number, where a published one has the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from lback.core.graph.graph import Graph
from lback.core.graph.revision import Revision
from lback.core.graph.view import GraphView
from lback.core.merging.reparent import renumber, reparent
from lback.core.merging.results import RenumberRow
from lback.core.messages import rebasing as messages
from lback.core.messages.revisions import PUSHED
from lback.core.source import INDEX, WORKTREE
from lback.errors import LbackError
from lback.project.checking.trails import free_number, places_of, twins_in
from lback.project.context import Context
from lback.project.file_changes import change_files
from lback.project.revisions import Revisions
from lback.project.shared_parents import thing
from lback.vcs import committing
from lback.vcs.lookups import path_ids

if TYPE_CHECKING:
    from lback.db.view import View


class _Pair(NamedTuple):
    """The file that is published, the one that is local, and the id that this one gets."""

    published: Revision
    local: Revision
    new: str


class _Prepared(NamedTuple):
    pairs: tuple[_Pair, ...]
    rows: tuple[RenumberRow, ...]
    contents: dict[str, bytes | None]
    before: dict[str, str]
    after: GraphView


def renumbered(ctx: Context, *, plan: bool, stage: bool, database: bool) -> tuple[RenumberRow, ...]:
    """Give local revisions free numbers where published ones have theirs; () for none.

    LbackError where a database may have run one of two with the same number.
    """
    ready = _prepared(ctx.revisions)
    if ready is None:
        return ()
    if database:
        _refuse_run(ctx, ready)
    if plan:
        return ready.rows
    index = {entry.path: entry.blob for entry in ctx.revisions.entries(INDEX)}
    change_files(ctx, ready.contents)
    paths = [path for path, blob in ready.before.items() if index.get(path) == blob]
    paths += [row.to_path for row in ready.rows if row.path in paths]
    if stage and paths and ctx.repository is not None:
        committing.stage(ctx.repository, list(dict.fromkeys(paths)))
    return ready.rows


def _prepared(revisions: Revisions) -> _Prepared | None:
    """Return what would be written; None where anything but such numbers is wrong, or unclear."""
    graph, shared = revisions.graph(), revisions.shared
    if not graph.problems or shared is None or not shared.publishes:
        return None
    if any(problem.code != "LB104" for problem in graph.problems):
        return None
    nodes = revisions.revisions_of(revisions.entries(), WORKTREE)
    places = places_of(revisions, nodes)
    pairs = _pairs(revisions, graph, places)
    local = [node for node in nodes if node.path not in places]
    if pairs is None or any(pair.local.id in node.depends_on for node in local for pair in pairs):
        return None
    contents: dict[str, bytes | None] = {}
    moved: dict[str, Revision] = {}
    texts = revisions.texts(local)
    for node in local:
        given = _given(revisions, node, pairs)
        if given != node:
            contents[node.path] = None
            contents[given.path] = _text(texts[node.blob], node, given)
            moved[node.path] = given
    fresh = {node.path for node in moved.values()} - moved.keys()
    after = Graph([moved.get(node.path, node) for node in nodes])
    if after.problems or any((revisions.project.root / path).exists() for path in fresh):
        return None
    rows = tuple(
        RenumberRow(pair.local.id, pair.new, pair.local.path, moved[pair.local.path].path)
        for pair in pairs
    )
    before = {node.path: node.blob for node in local if node.path in moved}
    return _Prepared(pairs, rows, contents, before, after)


def _pairs(
    revisions: Revisions, graph: GraphView, places: Mapping[str, str]
) -> tuple[_Pair, ...] | None:
    """Return the pairs of which one is published and the other nowhere else, the lowest first."""
    twins = twins_in(revisions)
    if sorted(problem.revisions[0] for problem in graph.problems) != sorted(twins):
        return None
    pairs = []
    highest = 0
    for revision in sorted(twins, key=lambda name: (len(name), name)):
        free = free_number(revisions, graph, revision)
        first, second, copies = twins[revision]
        if second.path not in places:
            first, second = second, first
        there = places.get(second.path, PUSHED)
        if free is None or copies or there == PUSHED or first.path in places:
            return None
        highest = max(int(free), highest + 1)
        pairs.append(_Pair(second, first, str(highest).zfill(len(revision))))
    return tuple(pairs)


def _given(revisions: Revisions, node: Revision, pairs: Iterable[_Pair]) -> Revision:
    """Return a local revision as it will be; LbackError where nothing tells what it stands on."""
    header, path = node.header, PurePosixPath(node.path)
    for pair in pairs:
        if pair.local.id in node.parents:
            side = _stands_on_local(revisions, node, pair)
            if side is None:
                local = pair.local
                raise messages.on_either(local.id, node.path, local.path, pair.new)
            if side:
                parents = [pair.new if up == pair.local.id else up for up in header.down_revisions]
                header = header._replace(down_revisions=tuple(parents))
        if node.path == pair.local.path:
            header = header._replace(revision=pair.new)
            start = f"{pair.local.id}_"
            if path.name.startswith(start):
                path = path.with_name(f"{pair.new}_{path.name.removeprefix(start)}")
    return Revision(header, str(path), node.blob)


def _stands_on_local(revisions: Revisions, child: Revision, pair: _Pair) -> bool | None:
    """Tell by the commit that brought a file which of the two was there; None for both."""
    commit = revisions.commits([child.path]).get(child.path)
    if commit is None or revisions.repository is None:
        return None
    paths = (pair.local.path, pair.published.path)
    local, published = path_ids(revisions.repository, [commit.sha], paths)[commit.sha]
    return bool(local) if bool(local) != bool(published) else None


def _text(text: bytes, node: Revision, given: Revision) -> bytes:
    try:
        if given.parents != node.parents:
            text = reparent(text, node.parents, given.parents)
        return renumber(text, given.id) if given.id != node.id else text
    except LbackError as err:
        raise LbackError(f"{node.path}: {err.message}", err.hint) from err


def _refuse_run(ctx: Context, ready: _Prepared) -> None:
    """Raise LbackError where a database may have run a local one, or none is to be had."""
    revisions = ctx.revisions
    try:
        answers = ctx.database_of(ready.after).ask(lambda view: _run(revisions, ready, view))
    except LbackError as err:
        raise messages.not_asked(err) from err
    for answer in answers:
        if answer.value is None:
            assert answer.error is not None
            raise messages.not_asked(answer.error)
        rows, published = answer.value
        if rows and not published:
            ways = _ways(revisions, ready, rows)
            raise messages.either_has_run(rows, *ways, certain=published is False)


def _run(revisions: Revisions, ready: _Prepared, view: View) -> tuple[list[str], bool | None]:
    """Return the rows of a stamp at or above the numbers, and which ones of the pairs it has run.

    True for the published ones, False for the local ones, None where that is not told.
    """
    after, rows = ready.after, view.stamp.revisions
    local = after.descendants([pair.new for pair in ready.pairs])
    above = after.descendants([pair.local.id for pair in ready.pairs]) | local
    run = [row for row in rows if row in above or row not in after]
    if not run or any(row not in after for row in run):
        return run, None
    done = after.ancestors(run)
    others = done - {name for pair in ready.pairs for name in (pair.local.id, pair.new)}
    effects = revisions.effects(revisions.graph(), others, upgrade_only=True)
    made = {thing(effect) for does in effects.values() for effect in does.upgrade}
    told = {
        _has_run_published(revisions, pair, made, view)
        for pair in ready.pairs
        if pair.local.id in done or pair.new in done
    }
    ran = told.pop() if len(told) == 1 else None
    return run, None if ran and local.intersection(run) else ran


def _has_run_published(
    revisions: Revisions, pair: _Pair, made: Set[tuple[str | None, ...]], view: View
) -> bool | None:
    """Tell by what only one of two makes which one a database has run."""
    published, local = (
        [
            effect
            for effect in revisions.effects(Graph([node]), [node.id])[node.id].upgrade
            if thing(effect) not in made
        ]
        for node in (pair.published, pair.local)
    )
    both = set(map(thing, published)) & set(map(thing, local))
    theirs = view.traces(effect for effect in published if thing(effect) not in both)
    ours = view.traces(effect for effect in local if thing(effect) not in both)
    return None if theirs is None or ours is None or theirs == ours else theirs


def _ways(
    revisions: Revisions, ready: _Prepared, run: list[str]
) -> tuple[str, str, tuple[str, str, str] | None]:
    """Return both files, and from where to where a database goes that has run the local one."""
    pair = ready.pairs[0]
    assert revisions.shared is not None
    theirs = revisions.graph(revisions.shared.commit)
    tops = [head for head in theirs.heads if pair.published.id in theirs.ancestors([head])]
    parents = pair.published.parents
    ids = {each.local.id: each.new for each in ready.pairs}
    plain = parents == pair.local.parents and len(parents) == len(tops) == len(run) == 1
    way = (parents[0], tops[0], ids.get(run[0], run[0])) if plain else None
    return pair.published.path, pair.local.path, way
