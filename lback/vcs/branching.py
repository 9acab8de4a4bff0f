"""Where a branch came from, and which branch is at work."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from lback.vcs.git import Git, text
from lback.vcs.refs import short_name
from lback.vcs.repository import Repository

_CREATED = re.compile(r"branch: Created from (.+)")
_RENAMED = re.compile(r"[Bb]ranch: renamed (refs/heads/.+) to (refs/heads/.+)")
_MOVED = re.compile(r"checkout: moving from (.+) to (.+)")


def branch_at_work(repository: Repository) -> str | None:
    """Return the branch of this work tree, also while it is rebased; None where there is none."""
    head = repository.head()
    if head.ref is not None and head.ref.startswith("refs/heads/"):
        return short_name(head.ref)
    for place in ("rebase-merge", "rebase-apply"):
        with suppress(OSError):
            name = (repository.git_dir / place / "head-name").read_text().strip()
            if name.startswith("refs/heads/"):
                return short_name(name)
    return None


def came_from(repository: Repository, branch: str) -> tuple[str, ...]:
    """Return the branch that another one was made from, by the reflogs; () where none tells."""
    lines = _reflog(repository.git, f"refs/heads/{branch}")
    found = _CREATED.fullmatch(lines[-1]) if lines else None
    if found is not None and found[1] != "HEAD":
        return (short_name(found[1]),)
    for line in reversed(_reflog(repository.git, "HEAD")):
        moved = _MOVED.fullmatch(line)
        if moved is not None and moved[2] == branch:
            return (moved[1],)
    return ()


def renamed_from(repository: Repository, branch: str) -> tuple[str, ...]:
    """Return what a branch was called before, newest first."""
    lines = _reflog(repository.git, f"refs/heads/{branch}")
    names = (_RENAMED.fullmatch(line) for line in lines)
    return tuple(short_name(found[1]) for found in names if found is not None)


def distance(repository: Repository, branch: str, other: str) -> int | None:
    """Return how many commits a branch has that another one has not; None where that is open."""
    own, theirs = f"refs/heads/{branch}", f"refs/heads/{other}"
    answer = repository.git.ask("rev-list", "--count", own, f"^{theirs}")
    return int(text(answer.out)) if answer.status == 0 else None


def main_worktree(repository: Repository) -> Path | None:
    """Return the work tree that git made first; None where that is not to be told."""
    common = repository.common_dir
    return common.parent if common.name == ".git" else None


def _reflog(git: Git, ref: str) -> Sequence[str]:
    answer = git.ask("reflog", "show", "--format=%gs", ref, "--")
    return text(answer.out).splitlines() if answer.status == 0 else ()
