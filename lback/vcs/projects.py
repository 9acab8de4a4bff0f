"""Which folders of a repository the hooks are about, kept in its own git configuration."""

from __future__ import annotations

from lback.vcs.git import Git, text

_KEY = "lback.project"


def recorded(git: Git) -> tuple[str, ...]:
    """Return the recorded folders, relative to the root ("." for the root itself)."""
    answer = git.ask("config", "--local", "-z", "--get-all", _KEY)
    return tuple(one for one in text(answer.out).split("\0") if one)


def record(git: Git, folder: str) -> None:
    """Add one folder; a second time changes nothing."""
    if folder not in recorded(git):
        git.run("config", "--local", "--add", _KEY, folder)


def forget(git: Git) -> None:
    """Remove what was recorded."""
    if recorded(git):
        git.run("config", "--local", "--unset-all", _KEY)
        # What a person has set for lback there stays.
        if git.ask("config", "--local", "--get-regexp", r"^lback\.").status:
            git.ask("config", "--local", "--remove-section", "lback")
