"""What is noted while a revision is amended, for whoever comes after a kill.

Commands that only ask for a note import nothing of what amends.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from lback.core.messages import half as messages
from lback.files import FileLock, write_whole
from lback.project.context import Context, folder_of

_LOCK = "lock"


class AmendNote:
    """What is noted of one revision until it is up again: who is down, and its old text."""

    def __init__(self, ctx: Context, revision: str) -> None:
        name = sha256(revision.encode("utf-8", "surrogatepass")).hexdigest()[:20]
        self.revision = revision
        self.place = _folder(ctx) / f"{name}.json"
        known = _read(self.place)
        self.down = {str(key) for key in known.get("down", ())}
        self.old = str(known.get("old", ""))

    def write(self) -> None:
        """Keep it; OSError where that cannot be done."""
        known = {"revision": self.revision, "down": sorted(self.down), "old": self.old}
        write_whole(self.place, json.dumps(known).encode())

    def remove(self) -> None:
        """Forget it."""
        self.place.unlink(missing_ok=True)


def tell_of_cut_off(ctx: Context) -> None:
    """Say which amending a kill has cut off, and its old text."""
    for known in _cut_off(ctx):
        if known.get("old"):
            text = messages.amend_cut_off(str(known.get("revision")), str(known["old"]))
            ctx.console.warn(text)


def settle_cut_off(ctx: Context, up: Collection[str]) -> None:
    """Forget each amending that was cut off once all that it took down is up, by its key."""
    for known in _cut_off(ctx):
        note = AmendNote(ctx, str(known.get("revision")))
        note.down -= {*up}
        note.write() if note.down else note.remove()


def _cut_off(ctx: Context) -> Iterator[dict[str, Any]]:
    places = sorted(_folder(ctx).glob("*.json")) if ctx.repository is not None else ()
    if not places:
        return
    lock = FileLock(_folder(ctx) / _LOCK)
    if not lock.attempt():
        return  # one that is at work
    try:
        yield from map(_read, places)
    finally:
        lock.release()


@contextmanager
def at_work(ctx: Context) -> Iterator[None]:
    """Let nobody take this for one that was cut off."""
    _folder(ctx).mkdir(parents=True, exist_ok=True)
    lock = FileLock(_folder(ctx) / _LOCK)
    lock.attempt(wait=True)
    try:
        yield
    finally:
        lock.release()


def _folder(ctx: Context) -> Path:
    return folder_of(ctx, "amending")


def _read(place: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        known = json.loads(place.read_bytes())
        if isinstance(known, dict) and isinstance(known.get("down", []), list):
            return known
    return {}
