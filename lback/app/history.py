"""The use case of `history`: who changed the schema, or one table, and when."""

from __future__ import annotations

from typing import Any

from lback.app.context import Context
from lback.app.reading import WORKTREE, Reader
from lback.core.effects import Effect, Effects
from lback.core.findings import from_problems
from lback.core.graph import Graph
from lback.core.result import Result
from lback.errors import UsageError


def history(
    ctx: Context, table: str | None, at: str = WORKTREE, *, with_database: bool = False
) -> Result:
    """Return the changes of one table, or of the whole schema, newest first."""
    reader = Reader(ctx)
    graph = reader.graph(at)
    applied = _applied(ctx, graph) if with_database else None
    if table is None:
        names: list[str] = []
        changes = _all_changes(reader, graph, at, applied)
    else:
        from lback.core.tables import life

        told = life(table, graph, reader.effects(graph, at=at))
        if not told.found:
            near = f"Did you mean {', '.join(told.near)}? " if told.near else ""
            raise UsageError(
                f"No revision changes a table called {table}.",
                f"{near}`lback history` lists what each revision changes.",
            )
        names = list(told.names)
        changes = [
            _change(graph, change.revision, change.effects, change.certain, applied)
            for change in told.changes
        ]
    _add_git(reader, changes, at)
    return Result(
        "history",
        {"table": table, "names": names, "changes": changes},
        from_problems(graph.problems),
    )


def _all_changes(
    reader: Reader, graph: Graph, at: str, applied: frozenset[str] | None
) -> list[dict[str, Any]]:
    effects = reader.effects(graph, at=at)
    return [
        _change(graph, revision, effects[revision].upgrade, _sure(effects[revision]), applied)
        for revision in reversed(graph.order())
    ]


def _sure(effects: Effects) -> bool:
    return all(effect.certain for effect in effects.upgrade) and not any(
        unknown.direction == "upgrade" for unknown in effects.unknown
    )


def _change(
    graph: Graph,
    revision: str,
    effects: tuple[Effect, ...],
    certain: bool,
    applied: frozenset[str] | None,
) -> dict[str, Any]:
    node = graph[revision]
    return {
        "revision": revision,
        "path": node.path,
        "line": effects[0].line if effects else node.header.line,
        "doc": node.doc,
        "operations": [
            {
                "kind": effect.kind,
                "object": effect.object,
                "name": effect.name,
                "table": effect.table,
                "to": effect.to,
                "detail": effect.detail or None,
            }
            for effect in effects
        ],
        "certain": certain,
        "published": False,
        "applied": None if applied is None else revision in applied,
        "commit": None,
    }


def _add_git(reader: Reader, changes: list[dict[str, Any]], at: str) -> None:
    commits = reader.commits([change["path"] for change in changes], at)
    published = reader.published
    for change in changes:
        commit = commits.get(change["path"])
        change["commit"] = commit.as_dict() if commit else None
        change["published"] = change["revision"] in published


def _applied(ctx: Context, graph: Graph) -> frozenset[str]:
    known = [one for one in ctx.database.stamp().revisions if one in graph]
    return graph.ancestors(known) if known else frozenset()
