"""The use case of `status`: database, checkout and shared branch side by side."""

from __future__ import annotations

from typing import Any

from lback.app.context import Context
from lback.app.last_seen import remember
from lback.app.lost import find_lost, with_lost
from lback.app.reading import Reader
from lback.app.unasked import refuse_unasked
from lback.core.findings import from_forks, from_problems
from lback.core.graph import Graph
from lback.core.result import Result
from lback.errors import LbackError, UsageError


def status(ctx: Context, *, with_database: bool = True) -> Result:
    """Return where things stand and the next command to run."""
    reader = ctx.revisions
    graph = ctx.database.graph if with_database else reader.graph()
    database = _database(ctx, graph) if with_database else None
    current = database["current"] if database else []
    # A file that cannot be read may be the one that defines it.
    lost = [] if graph.problems else [one for one in current if one not in graph]
    found_lost = find_lost(reader, graph, lost)
    reachable = database is not None and database["state"] != "unreachable"
    known = with_lost(graph, found_lost.values()) if found_lost else graph
    pending = _pending(graph, known, current) if reachable else []
    data = {
        "database": database,
        "checkout": _checkout(ctx, graph),
        "upstream": _upstream(ctx, reader, graph),
        "pending": pending,
        "lost": lost,
    }
    found = (*from_problems(graph.problems), *from_forks(graph, ctx.project.settings.lback.heads))
    step = _skipped(ctx, graph, current) if reachable else ""
    view = {
        "lost": {one: lost.place for one, lost in found_lost.items()},
        "docs": {revision: graph[revision].doc for revision in pending},
        "next": step or _next(data, bool(found)),
    }
    return Result("status", data, found, view=view)


def _skipped(ctx: Context, graph: Graph, current: list[str]) -> str:
    """Warn of revisions that this database would never run; return the way out, "" for none."""
    try:
        refuse_unasked(ctx, graph, current)
    except LbackError as err:
        ctx.console.warn(err.message)
        return err.hint or ""
    return ""


def _database(ctx: Context, graph: Graph) -> dict[str, Any]:
    try:
        stamp = ctx.database.stamp()
    except UsageError:
        raise
    except LbackError as err:
        return {
            "url": None,
            "current": [],
            "state": "unreachable",
            "message": err.message,
            "hint": err.hint,
        }
    current = list(stamp.revisions)
    remember(ctx, current)
    return {"url": stamp.url, "current": current, "state": state(graph, current)}


def state(graph: Graph, current: list[str]) -> str:
    """Return how a stamp stands to the heads of a graph: the contract's `state`.

    `ahead` cannot be told from one checkout alone: what is beyond it is lost.
    """
    if any(one not in graph for one in current):
        return "lost"
    if not current:
        return "empty"
    done = graph.ancestors(current)
    if done >= set(graph.order()):
        return "current"
    return "behind"


def _pending(graph: Graph, known: Graph, current: list[str]) -> list[str]:
    """Return what this checkout adds; `known` also holds lost revisions that git still has.

    Below a revision that is nowhere nobody knows what has been applied: nothing is claimed.
    """
    if any(one not in known for one in current):
        return []
    done = known.ancestors(current)
    return [one for one in graph.order() if one not in done]


def _checkout(ctx: Context, graph: Graph) -> dict[str, Any]:
    ref = ctx.repository.head().name if ctx.repository else None
    return {"ref": ref, "heads": list(graph.heads)}


def _upstream(ctx: Context, reader: Reader, graph: Graph) -> dict[str, Any] | None:
    """Return the shared ref with the number of revisions that only one side has."""
    shared = reader.shared
    if shared is None or ctx.repository is None:
        return None
    if ctx.repository.head().ref == shared.ref:
        return None
    theirs = reader.graph(shared.commit)
    mine, other = set(graph.order()), set(theirs.order())
    return {
        "ref": shared.name,
        "heads": list(theirs.heads),
        "ahead": len(mine - other),
        "behind": len(other - mine),
    }


def _next(data: dict[str, Any], broken: bool) -> str:
    database = data["database"]
    if database and database["state"] == "unreachable":
        return database["hint"] or "Start the database, then run `lback status` again."
    if broken:
        return "Mend what is listed below, then run `lback status` again."
    if data["lost"]:
        return "`lback switch` undoes what this checkout lacks; `lback switch --plan` shows it."
    if data["pending"]:
        return "Run `lback migrate`."
    upstream = data["upstream"]
    if upstream and upstream["behind"]:
        return "Run `git pull` to get what the team has added."
    return "Nothing to do."
