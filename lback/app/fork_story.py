"""What a person hears about a fork: who forked from whom, and what is done about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lback.app.context import Context
from lback.app.merge import Joined, join_path, perform_joins, plan_joins
from lback.app.reading import WORKTREE, Reader
from lback.core.forks.joining import fork_sides
from lback.core.graph import Graph
from lback.core.source import Commit
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.core.forks.rebasing import Rebase


@dataclass(frozen=True, slots=True)
class Healed:
    """What a hook has done about the forks of a graph.

    `way` says where the merge revisions are: staged, committed, amended; or that they
    were only told of. `rebase` is what was moved instead ("rebased"), or what `lback
    rebase` would move.
    """

    done: tuple[Joined, ...] = ()
    way: str = "told"
    rebase: Rebase | None = None
    note: str = ""


def heal(ctx: Context, reader: Reader, graph: Graph) -> Healed:
    """Plan the join of every fork, and write, stage and commit it as the settings say."""
    settings = ctx.project.settings.lback
    joins = plan_joins(reader, graph)
    done = tuple(Joined(join, join_path(ctx, graph, join)) for join in joins)
    if not done:
        return Healed()
    wish = preferred_way(ctx)
    if wish == "tell":
        return Healed(done)
    if wish == "rebase":
        from lback.app.rebasing_hook import rebase_in_hook

        rebased = rebase_in_hook(ctx, reader, joins)
        if rebased is not None:
            return Healed(done, rebased.way, rebased.plan, rebased.note)
    perform_joins(ctx, list(done), stage=True)
    paths = [one.path for one in done if one.path]
    if not paths or settings.merge_commit == "stage":
        return Healed(done, "staged")
    way, note = _commit(ctx, paths, amend=settings.merge_commit == "amend")
    return Healed(done, way, note=note)


def preferred_way(ctx: Context) -> str:
    """Return how forks are to be closed: as this person's git says, else as the project."""
    from lback.vcs.consent import on_fork

    own = on_fork(ctx.repository.git) if ctx.repository is not None else None
    return own or ctx.project.settings.lback.on_fork


def _commit(ctx: Context, paths: list[str], *, amend: bool) -> tuple[str, str]:
    """Commit the staged merge revisions; where that may not be they stay staged."""
    from lback.vcs.committing import amend_merge, commit_staged

    if ctx.repository is None:
        return "staged", ""
    try:
        if amend and amend_merge(ctx.repository, paths):
            return "amended", ""
        if commit_staged(ctx.repository, paths, "Merge migrations"):
            return "committed", ""
    except LbackError as err:
        return "staged", err.message
    return "staged", "other changes are staged, too"


def story(reader: Reader, graph: Graph, healed: Healed) -> Iterator[str]:
    """Yield the lines about each fork: both sides with their authors, the verdict, what to do."""
    for one in healed.done:
        yield from sides_story(reader, graph, one.join.heads)
        if healed.rebase is None:
            yield from _verdict(one, healed)
    if healed.rebase is not None:
        yield from _rebase_story(healed, healed.rebase)


def _rebase_story(healed: Healed, rebase: Rebase) -> Iterator[str]:
    if healed.way == "told":
        yield f"they are to be rebased: {rebase.reason}"
        if healed.note:
            yield f"  not done by the hook: {healed.note}"
        yield "next: `lback rebase`, which takes the database along"
        return
    yield f"rebased: {rebase.reason}"
    paths = " and ".join(one.path for one in rebase.rewrites)
    yield f"rewrote {paths}" + (" and staged it" if len(rebase.rewrites) == 1 else ", all staged")
    yield 'next: git commit -m "Rebase migrations", then `lback migrate`'


def sides_story(
    reader: Reader, graph: Graph, heads: Sequence[str], at: str = WORKTREE
) -> Iterator[str]:
    """Yield where a fork begins, and each side's revisions with their authors."""
    sides = fork_sides(graph, heads)
    common = graph.merge_base(heads[0], heads[1])
    after = ", ".join(sorted(common)) or "the beginning"
    yield f"the migrations fork after {after}: {len(heads)} heads"
    commits = reader.commits([graph[one].path for side in sides.values() for one in side], at)
    for head in heads:
        for revision in reversed(sides[head]):
            yield f"  {revision}  {_about(graph, revision)}  {_author(graph, revision, commits)}"


def _about(graph: Graph, revision: str) -> str:
    return f"“{graph[revision].doc or 'no message'}”"


def _author(graph: Graph, revision: str, commits: Mapping[str, Commit]) -> str:
    commit = commits.get(graph[revision].path)
    if commit is None:
        return "yours, not committed yet"
    return f"by {commit.author}, {commit.date[:10]}, commit {commit.sha[:7]}"


def _verdict(one: Joined, healed: Healed) -> Iterator[str]:
    join = one.join
    if join.action == "refused":
        yield "they are not joined by themselves:"
        for overlap in join.overlaps:
            yield f"  {overlap.verdict}: {overlap.brief}"
            yield f"    {overlap.left_revision}  {overlap.left_operation}"
            yield f"    {overlap.right_revision}  {overlap.right_operation}"
        if all(overlap.verdict == "unknown" for overlap in join.overlaps):
            yield "next: `lback show` both; where they go together, `lback merge --force`"
        else:
            yield "next: `lback resolve`; or agree with the author and edit one side"
        return
    yield f"they can be joined: {join.reason}"
    if healed.way == "told":
        yield "next: `lback merge`"
    elif healed.way == "staged":
        yield f"wrote and staged {one.path}"
        if healed.note:
            yield f"  not committed: {healed.note}"
        yield 'next: git commit -m "Merge migrations", then `lback migrate`'
    else:
        where = "put it into the merge commit" if healed.way == "amended" else "committed it"
        yield f"wrote {one.path} and {where}"
        yield "next: `lback migrate`"
