"""Notes about this project's database, in git's own folder: for the next command to know."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lback.project.context import Context

if TYPE_CHECKING:
    from lback.vcs.cache import Slate


class Note:
    """One kind of note; outside of git there is none, and writing does nothing.

    One about a `database` has the key of that in its name.
    """

    def __init__(self, ctx: Context, kind: str, database: str = "") -> None:
        place = f"{ctx.project.folder}\0{ctx.project.settings.section}\0{database}".rstrip("\0")
        self._name = f"{kind}-{hashlib.sha256(os.fsencode(place)).hexdigest()[:12]}"
        self._store = ctx.repository.store if ctx.repository is not None else None

    def read(self) -> Any:
        """Return what was written last; None where there is nothing that can be read."""
        data = self._store.table(self._name) if self._store is not None else None
        try:
            return json.loads(data) if data else None
        except ValueError:
            return None

    def write(self, value: Any) -> None:
        """Keep a value; raises OSError where that cannot be done."""
        if self._store is not None:
            self._store.put_table(self._name, json.dumps(value).encode())

    def clear(self) -> None:
        """Forget it, if that can be done."""
        if self._store is not None:
            with suppress(OSError):
                self._store.put_table(self._name, b"")

    def slate(self) -> Slate | None:
        """Return what is written on and wiped while something is at work."""
        return self._store.slate(self._name) if self._store is not None else None


Stamps = Mapping[str, tuple[str, ...]]
"""Where each database is, by its name."""


def remember_stamps(ctx: Context, stamps: Mapping[str, Sequence[str] | None]) -> None:
    """Keep where the databases are, for hooks, which never run env.py; failing to is no harm.

    Where one is not known now (None), what was known before stays.
    """
    if ctx.listed is not None:  # of hundreds, which no checkout is about
        return
    before = recall_stamps(ctx) or {}
    now = {name: before.get(name) if stamp is None else stamp for name, stamp in stamps.items()}
    with suppress(OSError, ValueError):
        known = {name: sorted(stamp) for name, stamp in now.items() if stamp is not None}
        Note(ctx, "stamp").write(known)


def recall_stamps(ctx: Context) -> Stamps | None:
    """Return where the databases were when lback last spoke to them; None where it never did."""
    note = Note(ctx, "stamp").read()
    if not isinstance(note, dict):
        return None
    return {name: tuple(map(str, stamp)) for name, stamp in note.items()} or None
