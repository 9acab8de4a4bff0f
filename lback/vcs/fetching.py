"""Gets what the remotes have."""

from __future__ import annotations

import os

from lback.errors import LbackError
from lback.vcs.git import Git, said
from lback.vcs.repository import Repository

_BARS = ("GIT_ALLOW_PROTOCOL", "GIT_NO_LAZY_FETCH")


def fetch_all(repository: Repository) -> None:
    """Fetch all remotes and forget branches that are gone there; LbackError in git's words."""
    # Everywhere else no child of ours may talk to a remote; here that is the point.
    kept = {name: value for name, value in repository.git.environ.items() if name not in _BARS}
    kept.update({name: os.environ[name] for name in _BARS if name in os.environ})
    answer = Git(repository.git.cwd, kept).ask(
        "fetch", "--all", "--prune", "--no-recurse-submodules", "--quiet"
    )
    if answer.status != 0:
        raise LbackError(
            f"git fetch: {said(answer.complaint) or 'it failed'}",
            "Look at the network and at `git remote -v`; without --fetch, what was fetched last "
            "is compared.",
        )
