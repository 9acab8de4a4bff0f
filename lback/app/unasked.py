"""A rebase by a hook, which asks no database: the next command that opens one looks first."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from lback.app.context import Context
from lback.core.forks.rebasing import RebasePlan
from lback.core.graph import Graph
from lback.core.shell import command, pathspec
from lback.errors import LbackError


def note_unasked(ctx: Context, plan: RebasePlan) -> None:
    """Note what was moved, and the commit that has the files as they were."""
    if ctx.repository is None:
        return
    moved = {one.revision: {"path": one.path, "to": list(one.new)} for one in plan.rewrites}
    note = {"moved": moved, "commit": ctx.repository.head().commit}
    ctx.repository.store.put_table(_name(ctx), json.dumps(note).encode())


def refuse_unasked(ctx: Context, graph: Graph, stamp: Sequence[str]) -> None:
    """Raise LbackError where this database had run what a hook has moved without asking it."""
    note = _note(ctx)
    if note is None or ctx.repository is None:
        return
    moved: Mapping[str, Any] = note["moved"]
    here = [one for one in moved if one in graph and list(graph[one].parents) == moved[one]["to"]]
    done = graph.ancestors(one for one in stamp if one in graph)
    ran = [one for one in here if one in done]
    if not ran:
        # What a revision that is not here stands on is not known: that settles nothing.
        if all(one in graph for one in stamp):
            with suppress(OSError):
                ctx.repository.store.put_table(_name(ctx), b"")
        return
    paths = [pathspec(moved[one]["path"]) for one in here]
    below = " and ".join(sorted({parent for one in ran for parent in moved[one]["to"]}))
    raise LbackError(
        f"A hook has put {' and '.join(ran)} onto {below} without asking this database, which had "
        f"run {'it' if len(ran) == 1 else 'them'} before: it would never run {below}.",
        f"Take the files back: {command('git checkout', note['commit'], '--', *paths)}; then "
        "`lback rebase`, which takes the database along.",
    )


def _note(ctx: Context) -> dict[str, Any] | None:
    data = ctx.repository.store.table(_name(ctx)) if ctx.repository is not None else None
    try:
        note = json.loads(data) if data else None
    except ValueError:
        return None
    return note if isinstance(note, dict) and {"moved", "commit"} <= note.keys() else None


def _name(ctx: Context) -> str:
    place = f"{ctx.project.folder}\0{ctx.project.settings.section}"
    return f"unasked-{hashlib.sha256(os.fsencode(place)).hexdigest()[:12]}"
