"""What `post-merge` and `post-rewrite` do: say which revisions arrived, and close a fork."""

from __future__ import annotations

from collections.abc import Iterator

from lback.app.context import Context
from lback.app.fork_story import heal, story
from lback.app.reading import Reader
from lback.core.graph import Graph
from lback.core.result import Result
from lback.errors import UsageError


def post_merge(ctx: Context) -> Result:
    """Speak after `git merge` and `git pull`."""
    return _arrivals(ctx, "ORIG_HEAD")


def post_rewrite(ctx: Context, command: str) -> Result:
    """Speak after `git pull --rebase` and `git rebase`; `git commit --amend` brings nothing."""
    if command != "rebase":
        return Result("hook", {})
    return _arrivals(ctx, "ORIG_HEAD")


def _arrivals(ctx: Context, before: str) -> Result:
    reader = Reader(ctx)
    graph = reader.graph()
    lines = list(_arrived(ctx, reader, graph, before))
    lines += [f"{p.path or 'migrations'}: {p.message}. {p.hint}" for p in graph.problems]
    done = []
    if not graph.problems:
        done = heal(ctx, reader, graph)
        lines += story(ctx, reader, graph, done)
    if lines and not done and not graph.problems:
        lines.append("next: `lback migrate`")
    data = {
        "heads": list(graph.heads),
        "merges": [one.path for one in done if one.path],
    }
    return Result("hook", data, view={"lines": lines})


def _arrived(ctx: Context, reader: Reader, graph: Graph, before: str) -> Iterator[str]:
    """Yield a line for each revision that the other side brought."""
    if ctx.repository is None:
        return
    try:
        old = ctx.repository.commit(before)
    except UsageError:
        return
    known = set(reader.graph(old).order())
    new = [one for one in graph.order() if one not in known]
    if not new:
        return
    yield f"{len(new)} {'revision' if len(new) == 1 else 'revisions'} arrived"
    commits = reader.commits([graph[one].path for one in new])
    for revision in new:
        commit = commits.get(graph[revision].path)
        by = f"  {commit.author}, {commit.date[:10]}" if commit else ""
        yield f"  {revision}  “{graph[revision].doc}”{by}"
