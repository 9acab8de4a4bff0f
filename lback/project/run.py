"""The one way to move a database: a plan under the lock, with its progress and what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lback.core.graph.view import GraphView
from lback.core.lines import Line
from lback.core.messages import runs as messages
from lback.core.plans import Downgrade, Step, Upgrade, refuse_moved
from lback.project.context import Context
from lback.project.file_changes import change_files
from lback.project.interrupted_step import noting_steps, refuse_interrupted
from lback.project.notes import remember_stamp
from lback.project.rebase_notes import (
    forget_followed_rebase,
    refuse_hook_rebase,
    refuse_undone_rebase,
)

if TYPE_CHECKING:
    from lback.db.events import Event, OnEvent, RunOutcome
    from lback.db.performing import Before, Decide
    from lback.db.runner import Database


@dataclass(frozen=True, slots=True)
class Run:
    """One way of a database, performed under its lock.

    `decide` chooses the steps by the stamp that it has then; with `planned` that must be the
    stamp that the steps were chosen for. `before` asks or saves on the same connection when there
    is something to do. `files` change (None removes one) once the steps are chosen and before the
    first one runs. Raising leaves the database and the files as they are. `line` is the Alembic
    command that env.py sees.
    """

    decide: Decide
    planned: Sequence[str] | None = None
    before: Before | None = None
    files: Mapping[str, bytes | None] | None = None
    line: Line = ("upgrade", "heads")
    lock_timeout: float | None = None
    graph_before: GraphView | None = None
    """The graph that the stamp is of, where the files change."""


def perform(ctx: Context, database: Database, run: Run) -> RunOutcome:
    """Take the lock, make sure of the stamp, do the steps, remember where the database is then."""
    graph = run.graph_before or database.graph
    files = run.files

    def decide(stamp: tuple[str, ...]) -> Sequence[Step]:
        nonlocal files
        if run.planned is not None:
            refuse_moved(run.planned, stamp)
        refuse_unsettled(ctx, graph, stamp)
        steps = run.decide(stamp)
        _refuse_left_out(ctx, database, steps)
        if files is not None or (steps and run.files is None):
            refuse_changed_files(ctx, run.graph_before or ctx.database.graph)
        if files is not None:
            change_files(ctx, files)
            files = None  # for all databases that env.py configures
        return steps

    def move(listener: OnEvent) -> RunOutcome:
        return database.run(
            decide,
            on_event=listener,
            lock_timeout=ctx.lock_timeout(run.lock_timeout),
            line=run.line,
            before=run.before,
        )

    tell = partial(_tell_step, ctx, database.graph)
    return noted(ctx, lambda: database.graph, move, tell)


def noted(
    ctx: Context,
    graph: Callable[[], GraphView],
    move: Callable[[OnEvent], RunOutcome],
    tell: OnEvent | None = None,
) -> RunOutcome:
    """Let `move` move a database; note the step at work, and where the database is then.

    It is given a listener, which tells a person of the lock, and of the steps by `tell`. The
    `graph` is only asked for where something ran.
    """
    with noting_steps(ctx, partial(_tell, ctx, tell)) as listener:
        outcome = move(listener)
        if outcome.databases:
            forget_followed_rebase(ctx, graph())
    if outcome.databases:
        remember_stamp(ctx, outcome.after)
    return outcome


def refuse_changed_files(ctx: Context, before: GraphView) -> None:
    """Raise LbackError where files are not as they were when the steps were chosen by them.

    Whoever held the lock before may have rewritten them; new ones are only pending.
    """
    now = ctx.revisions.graph()
    changed = [
        one.path
        for one in before
        if one.id not in now or (now[one.id].path, now[one.id].blob) != (one.path, one.blob)
    ]
    if changed:
        raise messages.files_changed(changed)


def _refuse_left_out(ctx: Context, database: Database, steps: Sequence[Step]) -> None:
    """Raise LbackError where a sparse checkout leaves out a file that would be run."""
    if ctx.repository is None or not ctx.repository.is_sparse:
        return
    for step in steps:
        if isinstance(step, Upgrade | Downgrade) and not step.fake:
            path = database.graph[step.revision].path
            known = step.revision in database.origin.sources
            if not known and not (ctx.project.root / path).exists():
                raise messages.left_out(path)


def refuse_unsettled(ctx: Context, graph: GraphView, stamp: Sequence[str]) -> None:
    """Raise LbackError where a stamp does not tell what this database has run."""
    refuse_interrupted(ctx, graph, stamp)
    refuse_undone_rebase(ctx, graph, stamp)
    refuse_hook_rebase(ctx, graph, stamp)


def _tell(ctx: Context, more: OnEvent | None, event: Event) -> None:
    if event.kind in ("waiting", "note"):
        ctx.console.note(event.text)
    elif more is not None:
        more(event)


def _tell_step(ctx: Context, graph: GraphView, event: Event) -> None:
    if event.kind == "done" and event.step is not None:
        sign, name = _shown(graph, event.step)
        told = messages.step_done(sign, name, event.number, event.total, event.seconds)
        ctx.console.note(told)


def _shown(graph: GraphView, step: Step) -> tuple[str, str]:
    if isinstance(step, Upgrade | Downgrade):
        doc = graph[step.revision].doc if step.revision in graph else ""
        return "+" if isinstance(step, Upgrade) else "-", f"{step.revision}  {doc}"
    return "=", ", ".join(step.revisions) or "nothing"
