"""What is said where several files cannot be changed together, or were not to the end."""

from __future__ import annotations

from collections.abc import Sequence

from lback.core.shell import command
from lback.errors import LbackError


def outside(path: str, root: object) -> LbackError:
    """Say that a path leads out of the project."""
    return LbackError(
        f"{path} is reached by a link that leaves {root}: nothing is written there.",
        "Put the folder itself in the place of the link.",
    )


def folder_is_outside(folder: object, root: object) -> LbackError:
    """Say that the folder for what is pending leads out of the project."""
    return LbackError(f"{folder} is a link that leaves {root}.", "Take it away.")


def cannot_write(path: object, err: OSError) -> LbackError:
    """Say that nothing could be written."""
    return LbackError(
        f"{path} cannot be written: {err.strerror or err}",
        "Nothing was changed. Check who owns the folder and whether the disk is full.",
    )


def finished(paths: Sequence[str]) -> str:
    """Say that an earlier command's files were written now."""
    return f"an earlier command was killed while it wrote; finished it now: {', '.join(paths)}"


def edited_since(paths: Sequence[str], plan: str) -> LbackError:
    """Say that the rest of an earlier command's files cannot be written any more."""
    return LbackError(
        f"A command was killed while it changed several files, and {', '.join(paths)} has been "
        "edited since, so that it cannot be finished.",
        "Look at them with `git diff` and bring them to one state, for example by "
        f"{command('git checkout --', *paths)}; then {command('rm', plan)}.",
    )


def foreign_plan(plan: object, path: object, root: object) -> LbackError:
    """Say that a plan would write outside of the project."""
    return LbackError(
        f"{plan} would write {path}, which is not below {root}.",
        "No command of yours has left this: look where it comes from, and remove it.",
    )


def other_version(plan: object) -> LbackError:
    """Say that another version of lback has left a plan."""
    return LbackError(
        f"{plan} is of another version of lback, and says that a command was killed.",
        "Run that version once more, or look at `git diff` and remove the file.",
    )
