"""What a person hears about a fork: who forked from whom, and what is done about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lback.app.context import Context
from lback.app.merge import Joined, join_path, perform_joins, plan_joins
from lback.app.reading import Reader
from lback.core.graph import Graph
from lback.core.joining import Join, fork_sides
from lback.core.source import Commit


def heal(ctx: Context, reader: Reader, graph: Graph) -> list[Joined]:
    """Plan the join of every fork, and write and stage it when the settings say so."""
    wish = ctx.project.settings.lback.on_fork
    done = [Joined(join, join_path(ctx, graph, join)) for join in plan_joins(reader, graph)]
    if wish == "merge":
        perform_joins(ctx, done, stage=True)
    return done


def story(ctx: Context, reader: Reader, graph: Graph, done: list[Joined]) -> Iterator[str]:
    """Yield the lines about each fork: both sides with their authors, the verdict, what to do."""
    for one in done:
        yield from _sides(reader, graph, one.join)
        yield from _verdict(ctx, one)


def _sides(reader: Reader, graph: Graph, join: Join) -> Iterator[str]:
    sides = fork_sides(graph, join.heads)
    common = graph.merge_base(join.heads[0], join.heads[1])
    after = ", ".join(sorted(common)) or "the beginning"
    yield f"the migrations fork after {after}: {len(join.heads)} heads"
    commits = reader.commits([graph[one].path for side in sides.values() for one in side])
    for head in join.heads:
        for revision in reversed(sides[head]):
            yield f"  {revision}  {_about(graph, revision)}  {_author(graph, revision, commits)}"


def _about(graph: Graph, revision: str) -> str:
    return f"“{graph[revision].doc or 'no message'}”"


def _author(graph: Graph, revision: str, commits: Mapping[str, Commit]) -> str:
    commit = commits.get(graph[revision].path)
    if commit is None:
        return "(not committed)"
    return f"by {commit.author}, {commit.date[:10]}, commit {commit.sha[:7]}"


def _verdict(ctx: Context, one: Joined) -> Iterator[str]:
    join = one.join
    if join.action == "refused":
        yield f"they are not joined by themselves: {join.reason}"
        for overlap in join.overlaps[1:]:
            yield f"  {overlap.message}"
        yield "next: agree with the author, then `lback merge --force`, or edit one side"
        return
    wish = ctx.project.settings.lback.on_fork
    if wish == "merge":
        yield f"they can be joined: {join.reason}"
        yield f"wrote and staged {one.path}"
        yield 'next: git commit -m "Merge migrations", then `lback migrate`'
    else:
        yield f"they can be joined: {join.reason}"
        yield "next: `lback merge`"
