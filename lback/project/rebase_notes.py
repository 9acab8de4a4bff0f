"""Notes of rebases after which a stamp may stand for other revisions than the files say.

A hook asks no database: it notes what it has moved, and the next command that opens a database
looks whether that had run it. A database that has followed a rebase stands for the parents in the
rewritten files; where git takes these back, revisions would run twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lback.core.graph.graph import Graph
from lback.core.graph.revision import Revision
from lback.core.graph.view import GraphView
from lback.core.messages import runs as messages
from lback.core.plans import Restamp, Step, Upgrade, tips
from lback.project.context import Context
from lback.project.notes import Note

if TYPE_CHECKING:
    from lback.core.merging.database_move import Move
    from lback.core.merging.rebase_plan import RebasePlan
    from lback.db.events import Stamp


def note_hook_rebase(ctx: Context, plan: RebasePlan, settled: Sequence[str] = ()) -> None:
    """Note what is moved, and the commit that has the files as they were.

    The databases with the keys `settled` have been asked.
    """
    if ctx.repository is None:
        return
    moved = {
        rewrite.revision: {"path": rewrite.path, "to": list(rewrite.new)}
        for rewrite in plan.rewrites
    }
    Note(ctx, "unasked").write(
        {"moved": moved, "commit": ctx.repository.head().commit, "settled": list(settled)}
    )


def refuse_hook_rebase(ctx: Context, graph: GraphView, stamp: Stamp) -> None:
    """Raise LbackError where this database had run what a hook has moved without asking it.

    One that had not is asked no more: it may run it by the files as they are now.
    """
    note = Note(ctx, "unasked")
    value = note.read()
    if not isinstance(value, dict) or not {"moved", "commit"} <= value.keys():
        return
    moved, settled = value["moved"], value.get("settled", [])
    if stamp.database.key in settled:
        return
    here = [
        option
        for option in moved
        if option in graph and list(graph[option].parents) == moved[option]["to"]
    ]
    done = graph.ancestors(revision for revision in stamp.revisions if revision in graph)
    ran = [option for option in here if option in done]
    if not ran:
        # What a revision that is not here stands on is not known: that settles nothing.
        if all(revision in graph for revision in stamp.revisions):
            note.write({**value, "settled": [*settled, stamp.database.key]})
        return
    below = sorted({parent for option in ran for parent in moved[option]["to"]})
    paths = [moved[option]["path"] for option in here]
    raise messages.rebased_by_hook(ran, below, value["commit"], paths)


def forget_hook_rebase(ctx: Context, databases: Collection[str]) -> None:
    """Forget what a hook has moved once none of the databases, by their keys, had run it."""
    note = Note(ctx, "unasked")
    value = note.read()
    if isinstance(value, dict) and set(databases) <= set(value.get("settled", [])):
        note.clear()


def note_followed_rebase(
    ctx: Context,
    database: str,
    after: GraphView,
    touched: Collection[str],
    between: Sequence[str],
    up: Sequence[Step],
) -> None:
    """Note the new parents of what moves, and each stamp that a database will have by them."""
    parents = {name: list(after[name].parents) for name in sorted(touched) if name in after}
    with suppress(OSError):
        Note(ctx, "moved", database).write(
            {"parents": parents, "stamps": _stamps(after, between, up)}
        )


def note_rebase(ctx: Context, database: str, old: GraphView, after: GraphView, move: Move) -> None:
    """Note what a database has to run again, and where it may stand until it has."""
    done = set(old.ancestors(move.before))
    stamps = [sorted(move.before)]
    for step in move.down:
        done.discard(step.revision)
        stamps.append(sorted(tips(old, done)))
    left = [step.revision for step in move.up if isinstance(step, Upgrade)]
    value = {"stamps": [*stamps, *_stamps(after, move.between, move.up)], "left": left}
    with suppress(OSError):
        Note(ctx, "rebasing").write({**rebases_left(ctx), database: value})


def rebases_left(ctx: Context) -> dict[str, Any]:
    """Return what was noted of databases, by their keys, on which a rebase was cut off."""
    value = Note(ctx, "rebasing").read()
    return value if isinstance(value, dict) else {}


def left_of_rebase(rebases: Mapping[str, Any], at: Stamp) -> tuple[str, ...]:
    """Return what a rebase was to run again when it was cut off on a database."""
    note = rebases.get(at.database.key)
    return tuple(note["left"]) if note and sorted(at.revisions) in note["stamps"] else ()


def is_followed(ctx: Context, graph: GraphView, database: str) -> bool:
    """Tell whether the files stand as a rebase has put them that a database has followed."""
    parents, _ = _followed(ctx, database)
    return all(name in graph and list(graph[name].parents) == parents[name] for name in parents)


def _stamps(after: GraphView, between: Sequence[str], up: Sequence[Step]) -> list[list[str]]:
    # A merge revision that is gone with the rebase is in the way of nothing: then only the stamp
    # changes, which says itself what it will be.
    done = set(after.ancestors(name for name in between if name in after))
    stamps = []
    for step in up:
        if isinstance(step, Restamp):
            stamps.append(sorted(step.revisions))
        elif isinstance(step, Upgrade):
            done.add(step.revision)
            stamps.append(sorted(tips(after, done)))
    return stamps


def refuse_undone_rebase(ctx: Context, graph: GraphView, at: Stamp) -> None:
    """Raise LbackError where the database has followed a rebase whose files are gone again."""
    parents, stamps = _followed(ctx, at.database.key)
    stamp = at.revisions
    if sorted(stamp) not in stamps or not all(revision in graph for revision in stamp):
        return
    moved = Graph(
        Revision(
            revision.header._replace(down_revisions=tuple(parents[revision.id])),
            revision.path,
            revision.blob,
        )
        if revision.id in parents
        else revision
        for revision in graph
    )
    if moved.problems:
        return
    has_run = moved.ancestors(stamp)
    if has_run != graph.ancestors(stamp):
        raise messages.rebase_undone(stamp, tips(graph, has_run))


def forget_followed_rebase(
    ctx: Context, database: str, graph: GraphView, now: Sequence[str]
) -> None:
    """Forget a rebase once the database has gone its way by other files, from a stamp of theirs.

    What it was cut off before is forgotten as soon as it has run.
    """
    parents, _ = _followed(ctx, database)
    if any(name in graph and list(graph[name].parents) != new for name, new in parents.items()):
        Note(ctx, "moved", database).clear()
    rebases = rebases_left(ctx)
    note = rebases.pop(database, None)
    if note is not None:
        done = graph.ancestors(name for name in now if name in graph)
        if all(name in done for name in note["left"] if name in graph):
            with suppress(OSError):
                Note(ctx, "rebasing").write(rebases)


def _followed(ctx: Context, database: str) -> tuple[Mapping[str, list[str]], list[list[str]]]:
    note = Note(ctx, "moved", database).read()
    try:
        return note["parents"], note["stamps"]
    except (KeyError, TypeError):
        return {}, []
