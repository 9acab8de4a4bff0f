"""What `pre-commit` does: looks at the index, not at the work tree."""

from __future__ import annotations

from collections.abc import Iterator

from lback.app.context import Context
from lback.app.cycle_story import cycle_story
from lback.app.fork_story import sides_story
from lback.app.githooks.models import staged_models
from lback.app.lines import contradicting
from lback.app.reading import INDEX, Reader
from lback.core.findings import Finding, finding, from_forks, from_problems
from lback.core.graph import Graph
from lback.core.lanes import forks
from lback.core.result import Result
from lback.core.rules.published import published_findings
from lback.core.shell import command, pathspec

# Only these stop a commit: afterwards the branch would be broken for everybody.
STOPS = frozenset(
    {"LB101", "LB103", "LB104", "LB105", "LB106", "LB109", "LB201", "LB202", "LB203", "LB307"}
)


def pre_commit(ctx: Context) -> Result:
    """Check what would be committed; exit 1 when the commit would break the branch."""
    reader = ctx.revisions
    graph = reader.graph(INDEX)
    found = [
        *from_problems(graph.problems),
        *from_forks(graph, ctx.project.settings.lback.heads),
        *_published(reader, graph),
        *contradicting(reader, graph, staged(reader, graph), INDEX),
        *_left_out(ctx, reader),
        *staged_models(ctx, reader, graph),
    ]
    # A rebase replays commits whose heads are joined at its end.
    replaying = ctx.repository is not None and ctx.repository.in_progress() == "rebase"
    stop = not replaying and any(one.code in STOPS for one in found)
    return Result(
        "hook",
        {"heads": list(graph.heads)},
        found,
        status="findings" if found else "ok",
        exit_code=1 if stop else 0,
        view={
            "lines": [*cycle_story(reader, graph), *_forks(ctx, reader, graph)] if stop else [],
            "stopped": "commit" if stop else "",
        },
    )


def staged(reader: Reader, graph: Graph) -> list[str]:
    """Return the revisions that the next commit adds or changes."""
    repository = reader.repository
    known: frozenset[tuple[str, str]] = frozenset()
    if repository is not None and repository.head().commit is not None:
        known = frozenset((one.id, one.blob) for one in reader.graph("HEAD"))
    return [one.id for one in graph if (one.id, one.blob) not in known]


def _forks(ctx: Context, reader: Reader, graph: Graph) -> Iterator[str]:
    declared = ctx.project.settings.lback.heads
    for fork in forks(graph, declared) if not graph.problems else ():
        yield from sides_story(reader, graph, fork, INDEX)


def _published(reader: Reader, graph: Graph) -> Iterator[Finding]:
    shared = reader.shared
    if shared is None or not shared.publishes or reader.repository is None:
        return
    theirs = reader.graph(shared.commit)
    # What this branch does not have yet is not deleted by it.
    base = reader.repository.merge_base("HEAD", shared.commit)
    if base is None:
        return
    ours = reader.graph(base)

    def texts(graph: Graph, revision: str, at: str) -> bytes:
        return reader.texts([graph[revision]], at)[graph[revision].blob]

    yield from published_findings(
        graph,
        theirs,
        ours,
        lambda revision: texts(graph, revision, INDEX),
        lambda revision: texts(theirs, revision, shared.commit),
    )


def _left_out(ctx: Context, reader: Reader) -> Iterator[Finding]:
    """Yield migration files that exist but would not be in the commit."""
    repository = ctx.repository
    if repository is None:
        return
    folders, _ = reader.folders(INDEX)
    for path in repository.untracked(folders):
        yield finding(
            "LB303",
            "this migration file is not tracked by git",
            command("git add", pathspec(path)),
            path=path,
        )
    for path in repository.unstaged(folders):
        yield finding(
            "LB303",
            "this migration file has changes that are not staged",
            command("git add", pathspec(path)),
            path=path,
        )
    for path in repository.ignored(folders):
        yield finding(
            "LB304",
            "this migration file is ignored by git",
            f"{command('git check-ignore -v', f':/{path}')} shows the rule; "
            f"{command('git add -f', pathspec(path))} overrides it",
            path=path,
        )
