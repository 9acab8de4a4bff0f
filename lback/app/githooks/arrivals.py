"""What `post-merge` and `post-rewrite` do: say which revisions arrived, and close a fork."""

from __future__ import annotations

from collections.abc import Iterator

from lback.app.context import Context
from lback.app.cycle_story import cycle_story
from lback.app.fork_story import Healed, heal, story
from lback.app.githooks.models import arrived_models
from lback.app.journal import recover
from lback.app.reading import Reader
from lback.core.findings import Finding
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
    recover(ctx)
    reader = ctx.revisions
    graph = reader.graph()
    lines = list(_arrived(ctx, reader, graph, before))
    told = list(cycle_story(reader, graph))
    for problem in graph.problems:
        lines.append(f"{problem.path or 'migrations'}: {problem.message}")
        if problem.hint and not (told and problem.code == "LB105"):
            lines.append(f"next: {problem.hint}")
    lines += told
    healed = Healed()
    if not graph.problems:
        healed = heal(ctx, reader, graph)
        lines += story(reader, graph, healed)
    if lines and not healed.done and not graph.problems:
        lines.append("next: `lback migrate`")
    paths = [one.path for one in healed.done]
    data = {
        "heads": list(graph.heads),
        "merges": [] if healed.way in ("told", "rebased") else [p for p in paths if p],
    }
    return Result("hook", data, _models(ctx, before), view={"lines": lines})


def _models(ctx: Context, before: str) -> list[Finding]:
    try:
        old = ctx.repository.commit(before) if ctx.repository is not None else ""
    except UsageError:  # there was nothing before
        return []
    return list(arrived_models(ctx, old)) if old else []


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
