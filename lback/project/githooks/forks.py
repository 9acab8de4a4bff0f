"""What a hook finds out about forks and cycles, and how it closes a fork."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from lback.app.context import Context
from lback.app.journal import change_files
from lback.app.last_seen import recall
from lback.app.moving import perform, stage
from lback.app.reading import WORKTREE
from lback.app.unasked import note_unasked
from lback.core import hook_facts as facts
from lback.core.forks.choosing import plan_resolve
from lback.core.forks.joining import MergePlan, fork_sides
from lback.core.forks.moving import plan_move
from lback.core.graph import Graph
from lback.core.header import Header, read_header
from lback.core.messages import hooks as messages
from lback.errors import LbackError
from lback.project.merging import plan_merges, preferred_way, write_merges
from lback.project.rebasing import PreparedRebase, RebaseOptions, prepare
from lback.vcs.committing import amend_merge, commit_staged
from lback.vcs.consent import on_fork
from lback.vcs.log import histories

_MESSAGE = "Merge migrations"


def known(
    ctx: Context, graph: Graph, revisions: Sequence[str], at: str = WORKTREE
) -> tuple[facts.KnownRevision, ...]:
    """Return revisions of a graph with the commits that brought them."""
    commits = ctx.revisions.commits([graph[one].path for one in revisions], at)
    return tuple(
        facts.KnownRevision(one, graph[one].doc, commits.get(graph[one].path)) for one in revisions
    )


def fork(ctx: Context, graph: Graph, heads: Sequence[str], at: str = WORKTREE) -> facts.Fork:
    """Return where a fork begins, and each side's revisions with their authors."""
    sides = fork_sides(graph, heads)
    ids = [one for head in heads for one in reversed(sides[head])]
    common = graph.merge_base(heads[0], heads[1])
    return facts.Fork(tuple(sorted(common)), tuple(heads), known(ctx, graph, ids, at))


# -- closing a fork ----------------------------------------------------------------


def close_forks(ctx: Context, graph: Graph) -> tuple[tuple[facts.HookFact, ...], tuple[str, ...]]:
    """Close every fork as the settings say; return what to tell, and the files of merges."""
    plans = plan_merges(ctx, graph)
    forks = [fork(ctx, graph, plan.heads) for plan in plans]
    way = preferred_way(ctx) if plans else "tell"
    if way == "tell":
        return _merged(forks, plans, "none"), ()
    rebase = _rebase(ctx, plans) if way == "rebase" else None
    if rebase is not None:
        return (*forks, rebase), ()
    paths = write_merges(ctx, plans, stage=True)
    done, note = _commit(ctx, paths)
    return _merged(forks, plans, done, note), tuple(plan.path for plan in plans if plan.path)


def _merged(
    forks: Sequence[facts.Fork],
    plans: Sequence[MergePlan],
    done: Literal["none", "staged", "committed", "amended"],
    note: str = "",
) -> tuple[facts.HookFact, ...]:
    merges = [facts.Merge(plan, done, note) for plan in plans]
    return tuple(fact for pair in zip(forks, merges, strict=True) for fact in pair)


def _commit(
    ctx: Context, paths: Sequence[str]
) -> tuple[Literal["staged", "committed", "amended"], str]:
    """Commit the staged merge revisions where the settings say so; else they stay staged.

    The second is why they stay staged: what git said, or "" where there is no more to say.
    """
    how = ctx.project.settings.lback.merge_commit
    if ctx.repository is None or not paths or how == "stage":
        return "staged", ""
    try:
        if how == "amend" and amend_merge(ctx.repository, paths):
            return "amended", ""
        if commit_staged(ctx.repository, paths, _MESSAGE):
            return "committed", ""
    except LbackError as err:
        return "staged", err.message
    return "staged", messages.OTHERS_STAGED


def _rebase(ctx: Context, merges: Sequence[MergePlan]) -> facts.Rebase | None:
    """Put the local revisions onto the shared head; None where a merge is right after all.

    To ask the database would run env.py, and consent to that comes from git's own
    configuration alone: `git config lback.onFork rebase`. Else files are all that changes,
    unless the database is known to have run what moves; the next command that opens the
    database looks whether that was true.
    """
    try:
        ready = prepare(ctx)
    except LbackError:
        return None
    if plan_resolve(merges, ready.plan, "rebase").action != "rebase":
        return None
    try:
        if ctx.repository is not None and on_fork(ctx.repository.git) == "rebase":
            perform(ctx, ready, RebaseOptions())
        elif _has_run(ctx, ready):
            return facts.Rebase(ready.plan, done=False, note=messages.HAS_RUN)
        else:
            note_unasked(ctx, ready.plan)
            change_files(ctx, ready.contents)
        stage(ctx, ready)
    except (LbackError, OSError) as err:
        return facts.Rebase(ready.plan, done=False, note=messages.failed(err))
    return facts.Rebase(ready.plan, done=True)


def _has_run(ctx: Context, ready: PreparedRebase) -> bool:
    """Tell whether the database, as lback last saw it, has run what moves."""
    stamp = recall(ctx)
    if stamp is None:
        return False
    if any(one not in ready.graph for one in stamp):
        return True
    try:
        return not plan_move(ready.graph, ready.graph_after, ready.plan.touched, stamp).idle
    except LbackError:
        return True


# -- cycles ------------------------------------------------------------------------


def cycles(ctx: Context, graph: Graph) -> Iterator[facts.Cycle]:
    """Yield for each cycle who made it; the later change gives way, for everybody alike."""
    if ctx.repository is None:
        return
    for problem in graph.problems:
        if problem.code == "LB105":
            found = sorted(_reparentings(ctx, graph, problem.revisions), key=_age)
            if found:
                yield facts.Cycle(tuple(found))


def _reparentings(
    ctx: Context, graph: Graph, revisions: Sequence[str]
) -> Iterator[facts.Reparenting]:
    """Find the commit behind each edge of the cycle that was not there from the start."""
    assert ctx.repository is not None
    found = histories(ctx.repository, [graph[one].path for one in revisions])
    for one in revisions:
        path = graph[one].path
        past = found.get(path)
        for commit in past.edits if past else ():
            now = _parents(ctx, commit.sha, path)
            before = _parents(ctx, f"{commit.sha}~", path)
            if now is not None and before is not None and set(now) != set(before):
                yield facts.Reparenting(one, path, now, before, commit)
                break


def _parents(ctx: Context, at: str, path: str) -> tuple[str, ...] | None:
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
