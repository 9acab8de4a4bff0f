"""What a hook does with a fork where the project prefers rebases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lback.app.context import Context
from lback.app.journal import change_files
from lback.app.last_seen import recall
from lback.app.moving import perform, stage
from lback.app.reading import Reader
from lback.app.rebase_plan import Ready, RebaseOptions, prepare, rebase_data
from lback.app.unasked import note_unasked
from lback.core.forks.choosing import choose
from lback.core.forks.joining import Join
from lback.core.forks.moving import plan_move
from lback.core.forks.rebasing import Rebase
from lback.errors import LbackError


@dataclass(frozen=True, slots=True)
class Rebased:
    """What would be moved; `way` is "rebased" where it was, else "told", with the reason."""

    plan: Rebase
    way: str = "told"
    note: str = ""


def rebase_in_hook(ctx: Context, reader: Reader, joins: Sequence[Join]) -> Rebased | None:
    """Put the local revisions onto the shared head; None where a merge is right after all.

    To ask the database would run env.py, and consent to that comes from git's own
    configuration alone: `git config lback.onFork rebase`. Else files are all that changes,
    unless the database is known to have run what moves; the next command that opens the
    database looks whether that was true.
    """
    try:
        ready = prepare(ctx, RebaseOptions())
    except LbackError:
        return None
    if choose(joins, ready.plan, "rebase").way != "rebase":
        return None
    try:
        if _may_ask(ctx):
            perform(ctx, ready, RebaseOptions())
        elif _has_run(ctx, ready):
            return Rebased(ready.plan, note="the database has run what moves")
        else:
            note_unasked(ctx, ready.plan)
            change_files(ctx, ready.contents)
        stage(ctx, ready, rebase_data(ready))
    except (LbackError, OSError) as err:
        return Rebased(ready.plan, note=str(err).splitlines()[0] if str(err) else "it failed")
    return Rebased(ready.plan, "rebased")


def _may_ask(ctx: Context) -> bool:
    from lback.vcs.consent import on_fork

    return ctx.repository is not None and on_fork(ctx.repository.git) == "rebase"


def _has_run(ctx: Context, ready: Ready) -> bool:
    """Tell whether the database, as lback last saw it, has run what moves."""
    stamp = recall(ctx)
    if stamp is None:
        return False
    try:
        known = tuple(one for one in stamp if one in ready.graph)
        return (
            known != stamp
            or not plan_move(ready.graph, ready.graph_after, ready.plan.touched, known).idle
        )
    except LbackError:
        return True
