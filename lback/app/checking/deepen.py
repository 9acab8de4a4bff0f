"""Fetches the history that a check needs, when it was asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lback.app.reading import INDEX, WORKTREE
from lback.errors import HistoryMissing

if TYPE_CHECKING:
    from lback.app.checking.options import CheckOptions
    from lback.app.context import Context
    from lback.vcs.repository import Repository


def deepen_for(ctx: Context, request: CheckOptions) -> tuple[str, ...]:
    """Fetch the branches to compare with, and their history; return their names."""
    repository = ctx.repository
    if repository is None:
        return request.against
    from lback.vcs.fetching import deepen
    from lback.vcs.lookups import remotes
    from lback.vcs.repository import Repository

    names = remotes(repository)
    if not names:
        return request.against
    at = "HEAD" if request.at in (WORKTREE, INDEX) else request.at
    ours = repository.commit(at)
    found = []
    for wish in request.against or (None,):
        ref = _branch(ctx, repository, names[0], wish)
        if ref is None:
            found += [wish] if wish else []
            continue
        found.append(ref.removeprefix("refs/remotes/"))
        if repository.is_shallow:
            deepen(repository, names[0], ours, ref)
    # What was known of the clone is not true any more.
    ctx.repository = Repository.discover(ctx.cwd)
    return tuple(found)


def _branch(ctx: Context, repository: Repository, remote: str, wish: str | None) -> str | None:
    """Return the remote-tracking ref to compare with, fetched if need be; None for other refs."""
    from lback.vcs.fetching import default_branch, fetch_branch

    prefix = f"refs/remotes/{remote}/"
    try:
        shared = repository.upstream(wish or ctx.project.settings.lback.upstream)
    except HistoryMissing:
        shared = None
    if shared is not None and shared.ref.startswith(prefix):
        return shared.ref
    if shared is not None and wish:
        return None
    name = wish.removeprefix(f"{remote}/") if wish else default_branch(repository, remote)
    return fetch_branch(repository, remote, name) if name else None
