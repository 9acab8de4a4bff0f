"""Fetches what a check lacks in a shallow clone, when it was asked to."""

from __future__ import annotations

from lback.core.source import INDEX, WORKTREE
from lback.errors import HistoryMissing
from lback.project.context import Context
from lback.vcs.discovery import discover
from lback.vcs.lookups import remotes
from lback.vcs.repository import Repository


def deepen_for(ctx: Context, at: str, against: tuple[str, ...]) -> tuple[str, ...]:
    """Fetch the branches to compare with, and their history; return their names."""
    repository = ctx.repository
    if repository is None:
        return against
    from lback.vcs.fetching import deepen

    names = remotes(repository)
    if not names:
        return against
    ours = repository.commit("HEAD" if at in (WORKTREE, INDEX) else at)
    branches = []
    for branch in against or (None,):
        ref = _tracking(ctx, repository, names[0], branch)
        if ref is None:
            branches += [branch] if branch else []
            continue
        branches.append(ref.removeprefix("refs/remotes/"))
        if repository.is_shallow:
            deepen(repository, names[0], ours, ref)
    # What was known of the clone is not true any more.
    ctx.repository = discover(ctx.cwd)
    return tuple(branches)


def _tracking(ctx: Context, repository: Repository, remote: str, branch: str | None) -> str | None:
    """Return the remote-tracking ref to compare with, fetched if need be; None for other refs."""
    from lback.vcs.fetching import default_branch, fetch_branch

    prefix = f"refs/remotes/{remote}/"
    configured = branch or ctx.project.settings.lback.upstream
    try:
        shared = repository.upstream(configured)
    except HistoryMissing:
        shared = None
    # A clone of one branch suggests that branch itself; the remote knows better.
    default = None if configured else default_branch(repository, remote)
    if default is not None and (shared is None or shared.ref != prefix + default):
        return fetch_branch(repository, remote, default)
    if shared is not None and shared.ref.startswith(prefix):
        return shared.ref
    if shared is not None and branch:
        return None
    name = branch.removeprefix(f"{remote}/") if branch else default_branch(repository, remote)
    return fetch_branch(repository, remote, name) if name else None
