"""What `post-checkout` does: tells what the database has run that the new branch lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lback.app.context import Context
from lback.app.last_seen import recall
from lback.core.graph import Graph
from lback.core.preferences import CONSENTS
from lback.core.result import Result
from lback.vcs.consent import on_checkout

_MOST = 8


def post_checkout(ctx: Context, arguments: Sequence[str]) -> Result:
    """Compare the branch that was left with the one that is here; never runs env.py.

    Which revisions are applied is what lback saw when it last spoke to the database: a
    hook that imported the new branch's code would run what one only wanted to look at.
    """
    if len(arguments) < 3 or arguments[2] != "1" or not arguments[0].strip("0"):
        return Result("hook", {})
    reader = ctx.revisions
    before, now = reader.graph(arguments[0]), reader.graph(arguments[1])
    stamp = recall(ctx)
    gone = [one for one in before.order() if one not in now]
    new = [one for one in now.order() if one not in before]
    lines = [*_lacking(before, now, gone, stamp), *_adding(now, new, stamp)]
    data = {"heads": list(now.heads), "lacks": gone, "adds": new}
    if lines:
        lines = [*_consented(ctx, lines)]
    return Result("hook", data, view={"lines": lines})


def _consented(ctx: Context, lines: list[str]) -> Iterator[str]:
    """Yield what is told, and take the database along where git's configuration says so.

    A file is no consent: the branch that was just checked out has brought it.
    """
    wish = on_checkout(ctx.repository.git) if ctx.repository is not None else None
    if wish == "switch":
        yield from (line for line in lines if not line.startswith("next: "))
        yield from _switched(ctx)
        return
    yield from lines
    if wish is None and "on_checkout" in ctx.project.settings.lback.powerless:
        yield (
            "note: `on_checkout` of the project's file is not followed, for this branch brought "
            f"it; to let hooks move the database: {CONSENTS['on_checkout']}"
        )


def _switched(ctx: Context) -> Iterator[str]:
    """Bring the database along, as the settings wish; rows are never lost without a question."""
    from lback.app.switch import SwitchOptions, switch

    done = switch(ctx, SwitchOptions())
    if done.status == "refused":
        yield f"the database stays where it is: {done.message}"
        return
    undone = [row["revision"] for row in done.data["undoes"]]
    applied = [row["revision"] for row in done.data["applies"]]
    if undone:
        yield f"the database has undone {', '.join(undone)}"
    if applied:
        yield f"the database has run {', '.join(applied)}"


def _lacking(
    before: Graph, now: Graph, gone: Sequence[str], stamp: tuple[str, ...] | None
) -> Iterator[str]:
    if stamp is None:
        if gone:
            yield f"this branch lacks {_count(gone)} of the one before"
            yield from _rows(before, gone)
            yield "next: if this database has run them: `lback switch`"
        return
    known = [one for one in stamp if one in before]
    done = before.ancestors(known) if known else frozenset()
    applied = [one for one in gone if one in done]
    lost = [one for one in stamp if one not in before and one not in now]
    if applied or lost:
        yield f"the database has run {_count([*applied, *lost])} that this branch lacks"
        yield from _rows(before, [*applied, *lost])
        yield "next: `lback switch` undoes them; or go back to the branch that has them"


def _adding(now: Graph, new: Sequence[str], stamp: tuple[str, ...] | None) -> Iterator[str]:
    if stamp is not None:
        known = [one for one in stamp if one in now]
        done = now.ancestors(known) if known else frozenset()
        new = [one for one in new if one not in done]
    if new:
        yield f"this branch adds {_count(new)}"
        yield from _rows(now, new)
        yield "next: `lback migrate`"


def _rows(graph: Graph, revisions: Sequence[str]) -> Iterator[str]:
    for one in revisions[:_MOST]:
        doc = f"  “{graph[one].doc}”" if one in graph else "  (on neither branch)"
        yield f"  {one}{doc}"
    if len(revisions) > _MOST:
        yield f"  and {len(revisions) - _MOST} more"


def _count(revisions: Iterable[str]) -> str:
    number = len(list(revisions))
    return f"{number} {'revision' if number == 1 else 'revisions'}"
