"""A rebase whose files git has taken back, after the database had followed it.

Its stamp then stands for the ancestors that the rewritten files gave it, and not for those
that it has in the files as they are: what is applied has to be said anew, or it runs twice.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from lback.app.context import Context
from lback.core.graph import Graph, Revision
from lback.core.plans import Restamp, Step, Upgrade, tips
from lback.core.shell import command
from lback.errors import LbackError


def keep_parents(
    ctx: Context, after: Graph, touched: Collection[str], between: Sequence[str], up: Sequence[Step]
) -> None:
    """Remember the new parents of what moves, and each stamp that there will be by them."""
    if ctx.repository is None:
        return
    parents = {one: list(after[one].parents) for one in sorted(touched) if one in after}
    note = {"parents": parents, "stamps": _stamps(after, between, up)}
    with suppress(OSError):
        ctx.repository.store.put_table(_name(ctx), json.dumps(note).encode())


def _stamps(after: Graph, between: Sequence[str], up: Sequence[Step]) -> list[list[str]]:
    # A merge revision that is gone with the rebase is in the way of nothing: then only the stamp
    # changes, which says itself what it will be.
    done = set(after.ancestors(one for one in between if one in after))
    found = []
    for step in up:
        if isinstance(step, Restamp):
            found.append(sorted(step.revisions))
        elif isinstance(step, Upgrade):
            done.add(step.revision)
            found.append(sorted(tips(after, done)))
    return found


def refuse_taken_back(ctx: Context, graph: Graph, stamp: Sequence[str]) -> None:
    """Raise LbackError where the database went along with a rebase whose files are gone again."""
    parents, stamps = _note(ctx)
    if sorted(stamp) not in stamps or not all(one in graph for one in stamp):
        return
    moved = Graph(
        Revision(one.header._replace(down_revisions=tuple(parents[one.id])), one.path, one.blob)
        if one.id in parents
        else one
        for one in graph
    )
    if moved.problems:
        return
    has_run = moved.ancestors(stamp)
    if has_run == graph.ancestors(stamp):
        return
    stamped = command("lback alembic stamp --purge", *tips(graph, has_run))
    raise LbackError(
        "The files of an earlier `lback rebase` were taken back after this database had followed "
        f"it: its stamp {', '.join(stamp)} stands for the parents in those files, and not for "
        "those in the files here, so that revisions would run twice.",
        "Bring the rewritten files back (`git stash pop`, or the branch that has them); or say "
        f"what this database has run: {stamped}.",
    )


def settle(ctx: Context, graph: Graph) -> None:
    """Forget the rebase once a database has gone its way by other files, from a stamp of theirs."""
    parents, _ = _note(ctx)
    if ctx.repository is not None and any(
        one in graph and list(graph[one].parents) != wished for one, wished in parents.items()
    ):
        with suppress(OSError):
            ctx.repository.store.put_table(_name(ctx), b"")


def _note(ctx: Context) -> tuple[Mapping[str, list[str]], list[list[str]]]:
    data = ctx.repository.store.table(_name(ctx)) if ctx.repository is not None else None
    try:
        note = json.loads(data) if data else {}
        return note["parents"], note["stamps"]
    except (ValueError, KeyError, TypeError):
        return {}, []


def _name(ctx: Context) -> str:
    place = f"{ctx.project.folder}\0{ctx.project.settings.section}"
    return f"moved-{hashlib.sha256(os.fsencode(place)).hexdigest()[:12]}"
