"""Where the database was when lback last spoke to it, for hooks that must not run env.py."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress

from lback.app.context import Context


def remember(ctx: Context, stamp: Sequence[str]) -> None:
    """Keep the stamp of this work tree's database; failing to is no harm."""
    if ctx.repository is not None:
        with suppress(OSError, ValueError):
            ctx.repository.store.put_table(_name(ctx), json.dumps(sorted(stamp)).encode())


def recall(ctx: Context) -> tuple[str, ...] | None:
    """Return the stamp that was seen last, None where lback has never seen the database."""
    data = ctx.repository.store.table(_name(ctx)) if ctx.repository is not None else None
    try:
        stamp = json.loads(data) if data is not None else None
    except ValueError:
        return None
    return tuple(str(one) for one in stamp) if isinstance(stamp, list) else None


def _name(ctx: Context) -> str:
    place = f"{ctx.project.folder}\0{ctx.project.settings.section}"
    return f"stamp-{hashlib.sha256(os.fsencode(place)).hexdigest()[:12]}"
