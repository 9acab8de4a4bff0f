"""The step that a kill has cut off, on databases that do not take back a half-done one.

While such a step is at work a note of it lies in the git directory. Whatever ends in an
orderly way removes it and has said its own word; only a kill leaves it behind.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from lback.app.context import Context
from lback.app.progress import Progress
from lback.app.taken_back import refuse_taken_back, settle
from lback.app.unasked import refuse_unasked
from lback.core.deeds import described
from lback.core.graph import Graph
from lback.core.plans import Downgrade, Upgrade
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.db.events import Event, OnEvent

# Alembic changes most of a table there by copying it; the rows may be in the copy alone.
_COPIES = (
    "A table `_alembic_tmp_NAME` is a copy that was being made: rename it to NAME if that is "
    "gone, and else drop it. "
)
_KEYS = frozenset({"way", "revision", "stamp", "dialect"})


@contextmanager
def watched(ctx: Context, graph: Graph) -> Iterator[OnEvent]:
    """Yield a listener that tells of each step, and notes the one at work."""
    with noted(ctx, Progress(ctx.console, graph)) as listen:
        yield listen
        settle(ctx, graph)


@contextmanager
def noted(ctx: Context, tell: OnEvent) -> Iterator[OnEvent]:
    """Yield a listener that notes the step at work, and lets `tell` tell of it."""
    slate = ctx.repository.store.slate(_name(ctx)) if ctx.repository is not None else None

    def listen(event: Event) -> None:
        step = event.step
        if event.kind == "start" and event.lasting and isinstance(step, Upgrade | Downgrade):
            way = "upgrade" if isinstance(step, Upgrade) else "downgrade"
            note = {"way": way, "revision": step.revision, "stamp": sorted(event.stamp)}
            if slate is not None:
                slate.write(json.dumps({**note, "dialect": event.text}).encode())
        tell(event)

    try:
        yield listen
    finally:
        if slate is not None:  # one it has not written on is of another command
            slate.wipe()


def refuse_unsettled(ctx: Context, graph: Graph, stamp: Sequence[str]) -> None:
    """Raise LbackError where a stamp does not tell what this database has run."""
    _refuse_cut_off(ctx, graph, stamp)
    refuse_taken_back(ctx, graph, stamp)
    refuse_unasked(ctx, graph, stamp)


def _refuse_cut_off(ctx: Context, graph: Graph, stamp: Sequence[str]) -> None:
    """Refuse once where a kill has left a step half done, and nobody has moved it since."""
    note = _note(ctx)
    if note is None:
        return
    _forget(ctx)
    if note["stamp"] != sorted(stamp):
        return
    revision, way = str(note["revision"]), str(note["way"])
    place = f" ({graph[revision].path})" if revision in graph else ""
    whole = "still" if way == "downgrade" else "not yet"
    dialect = str(note["dialect"])
    raise LbackError(
        f"An earlier command was killed in {way}() of {revision}{place}, and {dialect} takes "
        f"nothing back: what had been done by then is there, and by its stamp {revision} is "
        f"{whole} applied. It would{_deeds(ctx, graph, revision, way)}.",
        "Look which of it has been done and undo that by hand, so that "
        f"{revision} is {whole} applied in full. {_COPIES if dialect == 'sqlite' else ''}"
        "Then run the command again (this is said once).",
    )


def _deeds(ctx: Context, graph: Graph, revision: str, way: str) -> str:
    if revision not in graph:
        return " do what its file says, which is not here"
    effects = ctx.revisions.effects(graph, [revision])[revision]
    told = [described(one) for one in (effects.upgrade if way == "upgrade" else effects.downgrade)]
    told += [f"do what line {one.line} says" for one in effects.unknown if one.direction == way]
    return " " + ("; ".join(told) or "do nothing that could be read")


def _note(ctx: Context) -> dict[str, Any] | None:
    data = ctx.repository.store.table(_name(ctx)) if ctx.repository is not None else None
    try:
        note = json.loads(data) if data else None
    except ValueError:
        return None
    return note if isinstance(note, dict) and note.keys() >= _KEYS else None


def _forget(ctx: Context) -> None:
    if _note(ctx) is not None and ctx.repository is not None:
        with suppress(OSError):
            ctx.repository.store.put_table(_name(ctx), b"")


def _name(ctx: Context) -> str:
    place = f"{ctx.project.folder}\0{ctx.project.settings.section}"
    return f"step-{hashlib.sha256(os.fsencode(place)).hexdigest()[:12]}"
