"""Gets what the remotes have."""

from __future__ import annotations

import os
from collections.abc import Callable

from lback.errors import LbackError
from lback.vcs import library
from lback.vcs.git import said
from lback.vcs.repository import Repository

_BARS = ("GIT_ALLOW_PROTOCOL", "GIT_NO_LAZY_FETCH")


def fetch_all(repository: Repository, tell: Callable[[str], None]) -> None:
    """Fetch all remotes and forget branches that are gone there; LbackError in git's words.

    `tell` is given a line for each step of the transfer.
    """
    # Everywhere else no child of ours may talk to a remote; here that is the point.
    kept = {name: value for name, value in repository.git.environ.items() if name not in _BARS}
    kept.update({name: os.environ[name] for name in _BARS if name in os.environ})
    with library.opened(repository, kept) as repo:
        answer = library.fetch(repo, "--all", "--prune", "--no-recurse-submodules", tell=tell)
    if answer.status != 0:
        raise LbackError(
            f"git fetch: {said(answer.complaint) or 'it failed'}",
            "Look at the network and at `git remote -v`; without --fetch, what was fetched last "
            "is compared.",
        )
