"""The one way to move a database: a plan under the lock, with its progress and what it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lback.app.context import Context
from lback.app.cut_off import refuse_unsettled, watched
from lback.app.last_seen import remember
from lback.core.plans import Step, refuse_moved

if TYPE_CHECKING:
    from lback.db.events import Outcome
    from lback.db.performing import Before, Decide
    from lback.db.runner import Database


def run(
    ctx: Context,
    database: Database,
    decide: Decide,
    *,
    lock_timeout: float | None = None,
    command: str = "upgrade",
    destination: str = "heads",
    before: Before | None = None,
) -> Outcome:
    """Perform what `decide` chooses under the lock, and remember where the database is then."""
    with watched(ctx, database.graph) as listener:
        outcome = database.run(
            decide,
            on_event=listener,
            lock_timeout=ctx.lock_timeout(lock_timeout),
            command=command,
            destination=destination,
            before=before,
        )
    remember(ctx, outcome.after)
    return outcome


def settled(
    ctx: Context, database: Database, decide: Decide, planned: Sequence[str] | None = None
) -> Decide:
    """Let a stamp be decided on that tells what has run, and that is still the planned one."""

    def choose(now: tuple[str, ...]) -> Sequence[Step]:
        if planned is not None:
            refuse_moved(planned, now)
        refuse_unsettled(ctx, database.graph, now)
        return decide(now)

    return choose
