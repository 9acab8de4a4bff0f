"""What the git hooks, and `lback hooks`, say of what they did not do."""

from __future__ import annotations

from collections.abc import Sequence

from lback.core.shell import command, pathspec
from lback.errors import LbackError, UsageError

MERGE_COMMIT = "Merge migrations"
OTHERS_STAGED = "other changes are staged, too"
HAS_RUN = "the database has run what moves"


def failed(error: Exception) -> str:
    """Return the first line of what went wrong."""
    said = str(error).splitlines()
    return said[0] if said else "it failed"


def left_out(paths: Sequence[str]) -> str:
    """Say how to commit what closes a fork, where a commit of some files leaves it out."""
    add = command("git add", *map(pathspec, paths))
    return f"{add} and commit without naming files: {' and '.join(paths)} closes the fork"


def lies_staged(paths: Sequence[str]) -> str:
    """Say what closes a fork, where that is staged and in no commit yet."""
    return f"`git commit`: {' and '.join(paths)} lies staged and closes the fork"


def no_repository(folder: str) -> LbackError:
    """Say that there is no git here."""
    return LbackError(
        f"{folder} is not in a git repository, so there is nowhere to put hooks.",
        "Run `git init` first, or change into the clone.",
    )


def not_guarded(name: str, others: Sequence[str]) -> UsageError:
    """Say that an uninstall is about an environment that the hooks do not know."""
    return UsageError(
        f"The hooks do not guard {name}; they guard {', '.join(others)}.",
        "Name one of these with `-C`, `-c` or `-n`, or give `--all`.",
    )


def left_alone(hooks: Sequence[str], action: str) -> LbackError:
    """Say which hooks were neither installed nor removed."""
    force = command("lback hooks", action, then="--force")
    return LbackError(
        f"Left alone: {', '.join(hooks)}.",
        f"Each line above says why; {force} overrides an edited shim.",
    )
