"""What is said while branches are compared."""

from __future__ import annotations

from pathlib import Path

from lback.errors import LbackError

FETCHING = "fetching all remotes"


def no_branches(folder: Path) -> LbackError:
    """Say that there is no git repository to have branches."""
    return LbackError(
        f"{folder} is not in a git repository, so there are no other branches.",
        "Change into the clone.",
    )
