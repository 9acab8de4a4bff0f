"""What git's own configuration lets a hook do; no file of the tree can set it."""

from __future__ import annotations

from lback.vcs.git import Git


def configured(git: Git, key: str) -> str | None:
    """Return one value of git's configuration (system, global, local), None where it has none."""
    answer = git.ask("config", "-z", "--get", key)
    return answer.out.decode("utf-8", "replace").rstrip("\0") if not answer.status else None
