"""Notes about this project's database, in git's own folder: for the next command to know."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lback.project.context import Context

if TYPE_CHECKING:
    from lback.vcs.cache import Slate


class Note:
    """One kind of note; outside of git there is none, and writing does nothing."""

    def __init__(self, ctx: Context, kind: str) -> None:
        place = f"{ctx.project.folder}\0{ctx.project.settings.section}"
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


def remember_stamp(ctx: Context, stamp: Sequence[str]) -> None:
    """Keep where the database is, for hooks, which never run env.py; failing to is no harm."""
    with suppress(OSError, ValueError):
        Note(ctx, "stamp").write(sorted(stamp))


def recall_stamp(ctx: Context) -> tuple[str, ...] | None:
    """Return where the database was when lback last spoke to it; None where it never did."""
    stamp = Note(ctx, "stamp").read()
    return tuple(str(revision) for revision in stamp) if isinstance(stamp, list) else None
