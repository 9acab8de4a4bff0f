"""How a hook rebases: files and index, and the database only with consent."""

from __future__ import annotations

from collections.abc import Sequence

from lback.core import hook_facts as facts
from lback.core.merging.database_move import plan_move
from lback.core.merging.merge_plan import MergePlan
from lback.core.merging.resolve_plan import plan_resolve
from lback.core.messages import hooks as messages
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.file_changes import change_files
from lback.project.githooks.guarded import guarded
from lback.project.notes import recall_stamps
from lback.project.rebase_database import perform, stage
from lback.project.rebase_notes import note_hook_rebase
from lback.project.rebasing import PreparedRebase, RebaseOptions, prepare
from lback.vcs.configuration import on_fork


def rebase(ctx: Context, merges: Sequence[MergePlan]) -> facts.ForkRebase | None:
    """Put the local revisions onto the shared head; None where a merge is right after all.

    To ask the database would run env.py, and consent to that comes from git's own
    configuration alone: `git config lback.onFork rebase`. Else files are all that changes,
    unless the database is known to have run what moves; the next command that opens the
    database looks whether that was true.
    """
    try:
        ready = prepare(ctx)
    except LbackError:
        return None
    if ready.held or plan_resolve(merges, ready.plan, "rebase").action != "rebase":
        return None
    try:
        # Two env.py are never run in one process.
        alone = len(guarded(ctx)) < 2
        if ctx.repository is not None and alone and on_fork(ctx.repository.git) == "rebase":
            perform(ctx, ready, RebaseOptions())
        elif _has_run(ctx, ready):
            return facts.ForkRebase(ready.plan, done=False, note=messages.HAS_RUN)
        else:
            note_hook_rebase(ctx, ready.plan)
            change_files(ctx, ready.contents)
        stage(ctx, ready)
    except (LbackError, OSError) as err:
        return facts.ForkRebase(ready.plan, done=False, note=messages.failed(err))
    return facts.ForkRebase(ready.plan, done=True)


def _has_run(ctx: Context, ready: PreparedRebase) -> bool:
    """Tell whether a database, as lback last saw it, has run what moves."""
    stamps = (recall_stamps(ctx) or {}).values()
    if any(revision not in ready.graph for stamp in stamps for revision in stamp):
        return True
    touched = ready.plan.touched
    try:
        return not all(
            plan_move(ready.graph, ready.graph_after, touched, stamp).idle for stamp in stamps
        )
    except LbackError:
        return True
