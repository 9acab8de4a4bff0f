"""What is said while branches are compared."""

from __future__ import annotations

from pathlib import Path

from lback.core.shell import command
from lback.errors import LbackError

FETCHING = "fetching all remotes"
PULL = "`git pull`"


def bring(name: str, branch: str | None, *, pulls: bool) -> str:
    """Return what brings a shared branch to where HEAD is; `branch` is None on a detached one."""
    if pulls:
        return PULL
    if branch is not None:
        return command("git merge", name)
    return f"{command('git switch', name.partition('/')[2] or name)}, then {PULL}"


def nothing_beside(folder: Path) -> LbackError:
    """Say that there is no git repository to have another side."""
    return LbackError(
        f"{folder} is not in a git repository, so there is no other commit to draw.",
        "Change into the clone.",
    )


def nothing_committed(other: str) -> LbackError:
    """Say that nothing is committed yet that could be drawn beside another commit."""
    return LbackError(
        f"Nothing is committed here yet, so nothing can be drawn beside {other}.",
        command("git commit"),
    )


def no_branches(folder: Path) -> LbackError:
    """Say that there is no git repository to have branches."""
    return LbackError(
        f"{folder} is not in a git repository, so there are no other branches.",
        "Change into the clone.",
    )
