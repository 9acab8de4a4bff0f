"""Gets what the remotes have: all of it, or as much as a shallow clone lacks."""

from __future__ import annotations

import os
from collections.abc import Callable

from lback.errors import HistoryMissing, LbackError
from lback.vcs import library
from lback.vcs.git import Answer, said, text
from lback.vcs.repository import Repository
from lback.work import AT_WORK

_BARS = ("GIT_ALLOW_PROTOCOL", "GIT_NO_LAZY_FETCH")


def fetch_all(repository: Repository, tell: Callable[[str], None]) -> None:
    """Fetch all remotes and forget branches that are gone there; LbackError in git's words.

    `tell` is given a line for each step of the transfer.
    """
    # Everywhere else no child of ours may talk to a remote; here that is the point.
    kept = {name: value for name, value in repository.git.environ.items() if name not in _BARS}
    kept.update({name: os.environ[name] for name in _BARS if name in os.environ})
    with AT_WORK.aside(), library.opened(repository, kept) as repo:
        answer = library.fetch(repo, "--all", "--prune", "--no-recurse-submodules", tell=tell)
    if answer.status != 0:
        raise LbackError(
            f"git fetch: {said(answer.complaint) or 'it failed'}",
            "Look at the network and at `git remote -v`; without --fetch, what was fetched last "
            "is compared.",
        )


# How many commits more each time; the last step is the whole history.
_STEPS = ("--deepen=50", "--deepen=500", "--deepen=5000", "--unshallow")
# Reading never goes to the network; this is the one place that was asked to.
_NETWORK = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"}


def fetch_branch(repository: Repository, remote: str, branch: str) -> str:
    """Fetch the tip of one branch of a remote; return the name of its remote-tracking ref."""
    ref = f"refs/remotes/{remote}/{branch}"
    depth = ("--depth=1",) if repository.is_shallow else ()
    _fetch(repository, *depth, remote, f"+refs/heads/{branch}:{ref}")
    return ref


def default_branch(repository: Repository, remote: str) -> str | None:
    """Ask a remote for its default branch; None where it does not tell."""
    with library.opened(repository, {**repository.git.environ, **_NETWORK}) as repo:
        answer = library.ask(repo, "ls-remote", "--symref", remote, "HEAD")
    for line in text(answer.out).split("\n"):
        if line.startswith("ref: refs/heads/") and line.endswith("\tHEAD"):
            return line[len("ref: refs/heads/") : -len("\tHEAD")]
    return None


def deepen(repository: Repository, remote: str, ours: str, theirs: str) -> str | None:
    """Fetch history until two commits have an ancestor in common; return it, or None.

    `theirs` is a remote-tracking ref; of `ours` more is fetched where the remote gives it.
    """
    branch = theirs.removeprefix(f"refs/remotes/{remote}/")
    for step in ("", *_STEPS):
        if step:
            _fetch(repository, step, remote, f"+refs/heads/{branch}:{theirs}")
            _fetch_commit(repository, step, remote, ours)
        try:
            base = repository.merge_base(ours, theirs)
        except HistoryMissing:
            continue
        if not (repository.common_dir / "shallow").exists():
            return base
        if base is not None and not is_cut(repository, base, ours, theirs):
            return base
    return None


def is_cut(repository: Repository, base: str, *tips: str) -> bool:
    """Tell whether history ends early above `base`, so that a nearer ancestor may be hidden."""
    try:
        ends = (repository.common_dir / "shallow").read_text("ascii").split()
    except FileNotFoundError:
        return False
    commits = repository.git.run("rev-list", *tips, f"^{base}", "--").decode("ascii").split()
    return not frozenset(ends).isdisjoint(commits)


def _fetch_commit(repository: Repository, step: str, remote: str, commit: str) -> None:
    """Deepen below one commit; a server may refuse to be asked for a commit by id."""
    if (repository.common_dir / "shallow").exists():
        _ask(repository, step, remote, commit)


def _fetch(repository: Repository, *arguments: str) -> None:
    if "--unshallow" in arguments and not (repository.common_dir / "shallow").exists():
        return
    answer = _ask(repository, *arguments)
    if answer.status != 0:
        raise LbackError(
            f"git fetch: {said(answer.complaint)}",
            "Fetch the history another way (in CI: fetch-depth: 0), and leave `--deepen` out.",
        )


def _ask(repository: Repository, *arguments: str) -> Answer:
    with library.opened(repository, {**repository.git.environ, **_NETWORK}) as repo:
        return library.fetch(repo, "--no-tags", "--no-recurse-submodules", *arguments)
