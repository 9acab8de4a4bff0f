"""The step that a kill has cut off, where neither a rollback nor the record settles it.

On a database that rolls no half-done step back, the record tells of it. Where nothing can be
recorded, a note of the step lies in git's own folder while it is at work. Whatever ends in an
orderly way removes the note and has said its own word; only a kill leaves it behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lback.core.effects import Direction
from lback.core.graph.view import GraphView
from lback.core.messages import half as half_messages
from lback.core.messages import runs as messages
from lback.core.plans import Downgrade, Upgrade
from lback.project.context import Context
from lback.project.notes import Note

if TYPE_CHECKING:
    from lback.db.events import Event, OnEvent, Stamp
    from lback.vcs.cache import Slate

_KIND = "step"
_KEYS = frozenset({"way", "revision", "stamp", "dialect"})


@contextmanager
def noting_steps(ctx: Context, listener: OnEvent) -> Iterator[OnEvent]:
    """Yield a listener that notes the step at work before it tells the given one."""
    slates: dict[str, Slate | None] = {}
    first: dict[str, dict[str, Any]] = {}

    def listen(event: Event) -> None:
        step = event.step
        if event.kind == "start" and event.lasting and isinstance(step, Upgrade | Downgrade):
            key = event.database.key if event.database is not None else ""
            way = "upgrade" if isinstance(step, Upgrade) else "downgrade"
            note = {"way": way, "revision": step.revision, "stamp": sorted(event.stamp)}
            note["dialect"] = event.text
            if key not in slates:
                slates[key] = Note(ctx, _KIND, key).slate()
                first[key] = note
            slate = slates[key]
            # What env.py's own transaction holds, the stamp falls back to where it began.
            notes = [first[key], note] if event.outside and note != first[key] else [note]
            if slate is not None and not slate.write(json.dumps(notes).encode()):
                ctx.console.warn(messages.NOT_NOTED)
                slates[key] = None  # said once
        listener(event)

    try:
        yield listen
    finally:
        for slate in slates.values():
            if slate is not None:  # one it has not written on is of another command
                slate.wipe()


def refuse_interrupted(
    ctx: Context,
    graph: GraphView,
    stamp: Stamp,
    at_work: Callable[[], str] = str,
    *,
    keep: bool = False,
) -> None:
    """Refuse once where a kill has left a step half done, and nobody has moved it since.

    Where somebody is `at_work`, the note may be of a step that goes on: it stays. To `keep` it is
    for who only looks.
    """
    note = Note(ctx, _KIND, stamp.database.key)
    notes = note.read()
    if not isinstance(notes, list):
        return
    who = at_work()
    if not who and not keep:
        note.clear()
    now = sorted(stamp.revisions)
    value = next((item for item in notes if item.keys() >= _KEYS and item["stamp"] == now), None)
    if value is None:
        return
    revision = str(value["revision"])
    path, effects = "", None
    direction: Direction = "upgrade" if value["way"] == "upgrade" else "downgrade"
    if who:
        raise half_messages.running(direction, revision, who)
    if revision in graph:
        path, effects = graph[revision].path, ctx.revisions.effects(graph, [revision])[revision]
    raise messages.interrupted(direction, revision, path, str(value["dialect"]), effects)
