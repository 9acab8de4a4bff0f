"""Which folders of a repository the hooks are about, kept in its own git configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lback.vcs import library
from lback.vcs.git import Git, text

if TYPE_CHECKING:
    from lback.vcs.repository import Repository

_KEY = "lback.project"


def recorded(git: Git) -> tuple[str, ...]:
    """Return the recorded folders, relative to the root ("." for the root itself)."""
    answer = git.ask("config", "--local", "-z", "--get-all", _KEY)
    return tuple(one for one in text(answer.out).split("\0") if one)


def record(repository: Repository, folder: str) -> None:
    """Add one folder; a second time changes nothing."""
    if folder not in recorded(repository.git):
        # Not by GitPython's own writer: it leaves a person's comments out.
        with library.opened(repository) as repo:
            library.run(repo, "config", "--local", "--add", _KEY, folder)


def forget(repository: Repository) -> None:
    """Remove what was recorded."""
    if not recorded(repository.git):
        return
    with library.opened(repository) as repo:
        library.run(repo, "config", "--local", "--unset-all", _KEY)
        # What a person has set for lback there stays.
        if library.ask(repo, "config", "--local", "--get-regexp", r"^lback\.").status:
            library.ask(repo, "config", "--local", "--remove-section", "lback")
