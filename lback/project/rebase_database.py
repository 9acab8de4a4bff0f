"""Carries a rebase out: the files, and under its lock the database that has run them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lback.core.graph.view import GraphView
from lback.core.lines import lines_of, to_heads
from lback.core.merging.database_move import Move, plan_move
from lback.core.merging.results import DatabaseRow, moved_row
from lback.core.messages import rebasing as messages
from lback.core.messages.runs import on_one
from lback.core.plans import Step, Upgrade, applied, plan_upgrade
from lback.core.rollback.stakes import DataLoss
from lback.core.source import INDEX
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.file_changes import change_files
from lback.project.keeping.data_loss import consents, count_losses, downgrade_effects, refuse_more
from lback.project.keeping.saved_rows import keeper_for, settled, tell, waits
from lback.project.rebase_notes import (
    is_followed,
    left_of_rebase,
    note_followed_rebase,
    note_hook_rebase,
    note_rebase,
    rebases_left,
)
from lback.project.rebasing import PreparedRebase, RebaseOptions
from lback.project.run import Run, attempted, failure
from lback.project.run import perform as run_on
from lback.project.shared_parents import graph_that_ran
from lback.vcs import committing

if TYPE_CHECKING:
    from lback.db.events import Stamp
    from lback.db.performing import Asked
    from lback.db.view import View


def foresee(ctx: Context, ready: PreparedRebase) -> tuple[DatabaseRow, ...]:
    """Tell what the databases would have to do; one that does not answer is told so."""
    try:
        answers = ctx.database.ask(lambda view: _decided(ready, view))
    except LbackError as err:
        return (DatabaseRow("unreachable", message=err.message),)
    return tuple(_row(answer) for answer in answers)


def _row(answer: Asked[Move]) -> DatabaseRow:
    name = str(answer.database) if answer.database is not None else None
    if answer.value is None:
        message = answer.error.message if answer.error is not None else None
        return DatabaseRow("unreachable", message=message, name=name)
    return moved_row(answer.value, name)


def perform(ctx: Context, ready: PreparedRebase, options: RebaseOptions) -> tuple[DatabaseRow, ...]:
    """Rewrite the files; databases that have run them go down before and up after.

    The files change under the databases' locks, once each is known to be where it has to
    be: whatever fails or dies, none ever stands on a revision whose ancestors it lacks.
    """
    if not options.database:
        change_files(ctx, ready.contents)
        return ()
    ways = _asked(ctx, ready, options)
    if options.no_backup and not options.yes and not _consents(ctx, ways):
        raise LbackError(messages.DECLINED)
    moves = {way.key: way for way in ways}
    if any(way.move.down for way in ways):
        _go_down(ctx, ready, moves, options)
    _go_up(ctx, ready, moves, options)
    return tuple(moved_row(way.move, way.name) for way in ways)


class _Way(NamedTuple):
    """What one database has to do, and what it loses by that."""

    key: str
    name: str
    move: Move
    losses: tuple[DataLoss, ...]


_Ways = Mapping[str, _Way]
"""By the key of the database."""


def _asked(ctx: Context, ready: PreparedRebase, options: RebaseOptions) -> tuple[_Way, ...]:
    """Ask the databases where they are; without an answer of each nothing may be moved."""
    try:
        answers = ctx.database.ask(
            lambda view: _answer(ready, view, counts=options.no_backup and not options.yes)
        )
    except LbackError as err:
        raise messages.not_asked(err) from err
    for answer in answers:
        if answer.error is not None and answer.stamp is None:
            raise messages.not_asked(failure(answers) or answer.error)
    ways = []
    for answer in answers:
        if answer.value is None:
            raise _named(answer, len(answers))
        ways.append(answer.value)
    for way in ways:
        _refuse_no_way_down(ready, way.move)
    return tuple(ways)


def _named(answer: Asked[_Way], number: int) -> LbackError:
    """Return why a database gave no answer, with its name where there are several."""
    assert answer.error is not None
    message = on_one(str(answer.database), answer.error.message, number)
    return LbackError(message, answer.error.hint)


def _answer(ready: PreparedRebase, view: View, *, counts: bool) -> _Way:
    """Return one database's way and what it loses."""
    move = _decided(ready, view)
    going = [step.revision for step in move.down] if counts else []
    effects = ready.revisions.effects(ready.graph, going)
    losses = count_losses(view, downgrade_effects(going, effects))
    database = view.stamp.database
    return _Way(database.key, str(database), move, losses)


def _decided(ready: PreparedRebase, view: View) -> Move:
    """Choose the way of a database, by the graph that it has run what it has run by."""
    stamp = view.stamp
    ready.ran[_at(stamp)] = graph_that_ran(ready.revisions, ready.graph, ready.plan, view)
    return _chosen(ready, stamp)


def _at(stamp: Stamp) -> tuple[str, tuple[str, ...]]:
    return stamp.database.key, tuple(sorted(stamp.revisions))


def _chosen(ready: PreparedRebase, stamp: Stamp) -> Move:
    old = ready.ran[_at(stamp)]
    changed = {node.id for node in old if old[node.id].parents != ready.graph[node.id].parents}
    touched = ready.plan.touched - changed
    after, left = ready.graph_after, left_of_rebase(ready.cut_off, stamp)
    again = [name for name in left if name in after and name not in ready.held]
    return plan_move(old, after, touched, stamp.revisions, ready.held, again)


def _refuse_no_way_down(ready: PreparedRebase, move: Move) -> None:
    going = [step.revision for step in move.down]
    effects = ready.revisions.effects(ready.graph, going)
    for revision in going:
        does = effects[revision]
        if not does.has_downgrade and (does.upgrade or does.unknowns("upgrade")):
            raise messages.cannot_run_again(revision, does.downgrade_gap, move.lacking)


def _consents(ctx: Context, ways: Sequence[_Way]) -> bool:
    """Ask before rows are lost; where none are at stake there is nothing to ask."""
    losing = [way.move for way in ways if way.losses]
    if not losing:
        return True
    going = dict.fromkeys(step.revision for move in losing for step in move.down)
    lacking = dict.fromkeys(revision for move in losing for revision in move.lacking)
    losses = {way.name: way.losses for way in ways}
    return consents(ctx, losses, messages.runs_again(tuple(going), tuple(lacking)))


def _go_down(ctx: Context, ready: PreparedRebase, ways: _Ways, options: RebaseOptions) -> None:
    """Undo what moves by the old files, where that is still what was decided and agreed to."""
    graph = ctx.database.graph

    def decide(stamp: Stamp) -> Sequence[Step]:
        way = ways.get(stamp.database.key)
        if way is None or not way.move.down:
            return ()
        _refuse_moved(graph, stamp.revisions, way.move.before)
        note_rebase(ctx, way.key, ready.ran[_at(stamp)], ready.graph_after, way.move)
        return way.move.down

    def before(view: View) -> None:
        way = ways[view.stamp.database.key]
        if _decided(ready, view) != way.move:  # its record says that other texts have run by now
            raise messages.database_moved(view.stamp.revisions)
        if options.no_backup and not options.yes:
            going = [step.revision for step in way.move.down]
            undoing = downgrade_effects(going, ready.revisions.effects(ready.graph, going))
            refuse_more(view, undoing, way.losses)

    keeper = keeper_for(ctx, graph, keeps=not options.no_backup)
    run = Run(
        decide,
        before=before,
        line=lines_of(graph, next(way.move.down for way in ways.values() if way.move.down))[0],
        lock_timeout=options.lock_timeout,
        keeper=keeper,
    )
    run_on(ctx, ctx.database, run)
    tell(ctx, [keeper])


def _go_up(ctx: Context, ready: PreparedRebase, ways: _Ways, options: RebaseOptions) -> None:
    """Rewrite the files under the lock, then run again by the new ones."""
    after = ready.graph_after

    def decide(stamp: Stamp) -> Sequence[Step]:
        way, now = ways.get(stamp.database.key), stamp.revisions
        if way is None:
            raise messages.database_moved(now)
        move = way.move
        if not move.idle:
            _refuse_moved(ready.graph, now, move.between)
        elif _at(stamp) not in ready.ran or not _chosen(ready, stamp).idle:
            _refuse_moved(ready.graph, now, move.before)
        if move.up:
            key, touched = stamp.database.key, ready.plan.touched
            note_followed_rebase(ctx, key, after, touched, move.between, move.up)
        return move.up

    up = next((way.move.up for way in ways.values() if way.move.up), ())
    keeper = keeper_for(ctx, after, ready.graph, keeps=False)
    run = Run(
        decide,
        files=ready.contents,
        graph_before=ready.graph,
        line=lines_of(after, up)[0] if up else to_heads(after),
        lock_timeout=options.lock_timeout,
        keeper=keeper,
    )
    outcome, failed = attempted(ctx, ctx.database_of(after, ready.texts), run)
    tell(ctx, [keeper])
    if failed is None:
        return
    # The files may have changed: whoever has not followed is told by the next command.
    followed = [
        database_outcome.database.key
        for database_outcome in outcome.databases
        if database_outcome.error is None
    ]
    note_hook_rebase(ctx, ready.plan, followed)
    raise failed


def go_on(ctx: Context, options: RebaseOptions) -> tuple[DatabaseRow, ...]:
    """Run again what a rebase was cut off before; the files are as they are to be."""
    graph = ctx.database.graph
    rebases = rebases_left(ctx)
    if not rebases:
        return ()

    def left(stamp: Stamp) -> tuple[Upgrade, ...]:
        names = [name for name in left_of_rebase(rebases, stamp) if name in graph]
        followed = bool(names) and is_followed(ctx, graph, stamp.database.key)
        return plan_upgrade(graph, stamp.revisions, names) if followed else ()

    answers = ctx.database.look(lambda view: (left(view.stamp), waits(view, graph)))
    first = next((steps for steps, _ in answers if steps), ())
    if not first:
        if any(waiting for _, waiting in answers):
            tell(ctx, [settled(ctx, graph)])
        return ()
    keeper = keeper_for(ctx, graph, keeps=False)
    run = Run(
        left,
        line=lines_of(graph, first)[0],
        lock_timeout=options.lock_timeout,
        keeper=keeper,
    )
    outcome = run_on(ctx, ctx.database, run)
    tell(ctx, [keeper])
    return tuple(
        moved_row(
            Move(one.before, up=tuple(step for step in one.steps if isinstance(step, Upgrade))),
            str(one.database),
        )
        for one in outcome.databases
    )


def _refuse_moved(graph: GraphView, now: tuple[str, ...], expected: tuple[str, ...]) -> None:
    if applied(graph, now) != applied(graph, expected):
        raise messages.database_moved(now)


def stage(ctx: Context, ready: PreparedRebase) -> tuple[str, ...]:
    """Stage what was rewritten, unless a file had other changes or is not tracked; return it."""
    if ctx.repository is None:
        return ()
    before = {entry.path: entry.blob for entry in ready.revisions.entries(INDEX)}
    blobs = {node.path: node.blob for node in ready.graph}
    paths = tuple(path for path in ready.contents if before.get(path) == blobs[path])
    if paths:
        committing.stage(ctx.repository, paths)
    return paths
