"""Carries a rebase out: the files, and under its lock the database that has run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lback.core.graph.view import GraphView
from lback.core.lines import lines_of, to_heads
from lback.core.merging.database_move import Move, plan_move
from lback.core.merging.results import DatabaseRow
from lback.core.messages import rebasing as messages
from lback.core.plans import Step, applied
from lback.core.rows import DataLoss
from lback.core.source import INDEX
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.data_loss import consents, count_losses, downgrade_effects, refuse_more
from lback.project.file_changes import change_files
from lback.project.rebase_notes import note_followed_rebase
from lback.project.rebasing import PreparedRebase, RebaseOptions
from lback.project.run import Run
from lback.project.run import perform as run_on
from lback.project.shared_parents import graph_that_ran
from lback.vcs import committing

if TYPE_CHECKING:
    from lback.db.view import View


def foresee(ctx: Context, ready: PreparedRebase) -> DatabaseRow:
    """Tell what the database would have to do; a database that does not answer is told so."""
    try:
        move = ctx.database.look_first(lambda view: _decided(ready, view))
    except LbackError as err:
        return DatabaseRow("unreachable", message=err.message)
    return move.row()


def perform(ctx: Context, ready: PreparedRebase, options: RebaseOptions) -> DatabaseRow | None:
    """Rewrite the files; a database that has run them goes down before and up after.

    The files change under the database's lock, once it is known to be where it has to
    be: whatever fails or dies, it never stands on a revision whose ancestors it lacks.
    """
    if not options.database:
        change_files(ctx, ready.contents)
        return None
    move, losses = _asked(ctx, ready, options)
    if not options.yes and not _consents(ctx, move, losses):
        raise LbackError(messages.DECLINED)
    if move.down:
        _go_down(ctx, ready, move, losses, options)
    _go_up(ctx, ready, move, options)
    return move.row()


def _asked(
    ctx: Context, ready: PreparedRebase, options: RebaseOptions
) -> tuple[Move, tuple[DataLoss, ...]]:
    """Ask the databases where they are; without an answer nothing may be moved."""
    try:
        answers = ctx.database.look(lambda view: _answer(ready, view, counts=not options.yes))
    except LbackError as err:
        raise messages.not_asked(err) from err
    for answer in answers:
        if isinstance(answer, LbackError):
            raise answer
    (move, losses), *others = (answer for answer in answers if not isinstance(answer, LbackError))
    if any(not other.idle for other, _losses in others):
        raise messages.several_databases()
    _refuse_no_way_down(ready, move)
    return move, losses


def _answer(
    ready: PreparedRebase, view: View, *, counts: bool
) -> tuple[Move, tuple[DataLoss, ...]] | LbackError:
    """Return one database's way and what it loses; or why that is not known, though it answers."""
    try:
        move = _decided(ready, view)
    except LbackError as err:
        return err
    going = [step.revision for step in move.down] if counts else []
    effects = ready.revisions.effects(ready.graph, going)
    return move, count_losses(view, downgrade_effects(going, effects))


def _decided(ready: PreparedRebase, view: View) -> Move:
    """Choose the way of a database, by the graph that it has run what it has run by."""
    stamp = view.stamp.revisions
    ready.ran[stamp] = graph_that_ran(ready.revisions, ready.graph, ready.plan, view)
    return _chosen(ready, stamp)


def _chosen(ready: PreparedRebase, stamp: tuple[str, ...]) -> Move:
    old = ready.ran[stamp]
    changed = {node.id for node in old if old[node.id].parents != ready.graph[node.id].parents}
    touched = ready.plan.touched - changed
    return plan_move(old, ready.graph_after, touched, stamp, ready.held)


def _refuse_no_way_down(ready: PreparedRebase, move: Move) -> None:
    going = [step.revision for step in move.down]
    effects = ready.revisions.effects(ready.graph, going)
    for revision in going:
        does = effects[revision]
        if not does.has_downgrade and (does.upgrade or does.unknowns("upgrade")):
            raise messages.cannot_run_again(revision, does.downgrade_gap, move.lacking)


def _consents(ctx: Context, move: Move, losses: Sequence[DataLoss]) -> bool:
    """Ask before rows are lost; where none are at stake there is nothing to ask."""
    if not losses:
        return True
    going = [step.revision for step in move.down]
    return consents(ctx, losses, messages.runs_again(going, move.lacking))


def _go_down(
    ctx: Context,
    ready: PreparedRebase,
    move: Move,
    losses: Sequence[DataLoss],
    options: RebaseOptions,
) -> None:
    """Undo what moves by the old files, where that is still what was decided and agreed to.

    Other databases that env.py configures are left alone.
    """
    graph = ctx.database.graph
    going = [step.revision for step in move.down]
    undoing = downgrade_effects(going, ready.revisions.effects(ready.graph, going))
    steps = iter([move.down])

    def decide(now: tuple[str, ...]) -> Sequence[Step]:
        down = next(steps, ())
        if down:
            _refuse_moved(graph, now, move.before)
        return down

    def before(view: View) -> None:
        if _decided(ready, view) != move:  # its record says that other texts have run by now
            raise messages.database_moved(view.stamp.revisions)
        if not options.yes:
            refuse_more(view, undoing, losses)

    run = Run(
        decide,
        before=before,
        line=lines_of(graph, move.down)[0],
        lock_timeout=options.lock_timeout,
    )
    run_on(ctx, ctx.database, run)


def _go_up(ctx: Context, ready: PreparedRebase, move: Move, options: RebaseOptions) -> None:
    """Rewrite the files under the lock, then run again by the new ones."""
    after = ready.graph_after
    steps = iter([move.up])

    def decide(now: tuple[str, ...]) -> Sequence[Step]:
        up = next(steps, None)
        if up is not None and not move.idle:
            _refuse_moved(ready.graph, now, move.between)
        elif tuple(sorted(now)) not in ready.ran or not _chosen(ready, tuple(sorted(now))).idle:
            _refuse_moved(ready.graph, now, move.before)
        if up:
            note_followed_rebase(ctx, after, ready.plan.touched, move.between, up)
        return up or ()

    run = Run(
        decide,
        files=ready.contents,
        graph_before=ready.graph,
        line=lines_of(after, move.up)[0] if move.up else to_heads(after),
        lock_timeout=options.lock_timeout,
    )
    run_on(ctx, ctx.database_of(after, ready.texts), run)


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
