"""What the hooks find out about forks and cycles: who did what, and where it began."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from lback.core import hook_facts as facts
from lback.core.graph.forks import fork_sides
from lback.core.graph.view import GraphView
from lback.core.source import INDEX, WORKTREE
from lback.project.context import Context
from lback.vcs.comparing import coming


def known(
    ctx: Context, graph: GraphView, revisions: Sequence[str], at: str = WORKTREE
) -> tuple[facts.KnownRevision, ...]:
    """Return revisions of a graph with the commits that brought them."""
    paths = [graph[revision].path for revision in revisions]
    commits = dict(ctx.revisions.commits(paths, at))
    # Before a merge is committed the other side's files are in its own history alone.
    others = coming(ctx.repository.git_dir) if ctx.repository and at in (WORKTREE, INDEX) else ()
    for other in others:
        lacking = [path for path in paths if path not in commits]
        commits.update(ctx.revisions.commits(lacking, other))
    return tuple(
        facts.KnownRevision(revision, graph[revision].doc, commits.get(graph[revision].path))
        for revision in revisions
    )


def fork(ctx: Context, graph: GraphView, heads: Sequence[str], at: str = WORKTREE) -> facts.Fork:
    """Return where a fork begins, and each side's revisions with their authors."""
    sides = fork_sides(graph, heads)
    ids = [revision for head in heads for revision in reversed(sides[head])]
    common = graph.merge_base(heads[0], heads[1])
    return facts.Fork(tuple(sorted(common)), tuple(heads), known(ctx, graph, ids, at))


def cycles(ctx: Context, graph: GraphView) -> Iterator[facts.Cycle]:
    """Yield for each cycle who made it; the later change is to be undone, for everybody alike."""
    if ctx.repository is None:
        return
    for problem in graph.problems:
        if problem.code == "LB105":
            changes = sorted(_reparentings(ctx, graph, problem.revisions), key=_age)
            if changes:
                yield facts.Cycle(tuple(changes))


def _reparentings(
    ctx: Context, graph: GraphView, revisions: Sequence[str]
) -> Iterator[facts.Reparenting]:
    """Find the commit behind each edge of the cycle that was not there from the start."""
    from lback.vcs.log import histories

    assert ctx.repository is not None
    pasts = histories(ctx.repository, [graph[revision].path for revision in revisions])
    for revision in revisions:
        path = graph[revision].path
        past = pasts.get(path)
        for commit in past.edits if past else ():
            now = _parents(ctx, commit.sha, path)
            before = _parents(ctx, f"{commit.sha}~", path)
            if now is not None and before is not None and set(now) != set(before):
                yield facts.Reparenting(revision, path, now, before, commit)
                break


def _parents(ctx: Context, at: str, path: str) -> tuple[str, ...] | None:
    # Where no file has to be parsed anew, nobody pays for its regular expressions.
    from lback.core.graph.revision import Header
    from lback.core.header import read_header

    assert ctx.repository is not None
    text = ctx.repository.file(at, path)
    header = read_header(text, path.rpartition("/")[2]) if text is not None else None
    return header.down_revisions if isinstance(header, Header) else None


def _age(change: facts.Reparenting) -> tuple[float, str]:
    try:
        moment = datetime.fromisoformat(change.commit.date.replace("Z", "+00:00")).timestamp()
    except ValueError:
        moment = 0.0
    return moment, change.commit.sha
