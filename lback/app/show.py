"""The use case of `show`."""

from __future__ import annotations

from lback.app.context import Context
from lback.app.reading import WORKTREE
from lback.app.rows import effects_rows, graph_row
from lback.core.result import Result
from lback.core.shell import named
from lback.errors import UsageError


def show(ctx: Context, token: str, at: str = WORKTREE) -> Result:
    """Return one revision: its row, what it does in both directions, its commit."""
    reader = ctx.revisions
    graph = reader.graph(at)
    ids = graph.resolve(token)
    if len(ids) != 1:
        raise UsageError(
            f"{named(token)} names {len(ids)} revisions: {', '.join(ids) or 'none'}",
            "give one revision id; `lback heads` and `lback graph` list them",
        )
    revision = ids[0]
    effects = reader.effects(graph, [revision], at)[revision]
    tables = reader.tables(graph, [revision], {revision: effects}, at)
    row = graph_row(graph, revision, tables[revision])
    row["effects"] = effects_rows(effects)
    commit = reader.commits([row["path"]], at).get(row["path"])
    row["commit"] = commit.as_dict() if commit else None
    row["published"] = revision in reader.published_among(graph, [revision])
    row["children"] = list(graph.children(revision))
    return Result("show", {"at": at, **row})
