"""What is said where a project, its configuration or one of its places is not there."""

from __future__ import annotations

from pathlib import Path

from lback.core.shell import command
from lback.errors import LbackError, UsageError


def folder_gone() -> LbackError:
    """Make the error for a current folder that was deleted."""
    return LbackError(
        "The current folder is gone.", "Change into one that is there, or give `-C DIR`."
    )


def no_folder(directory: str) -> UsageError:
    """Make the error for a `-C` that names no folder."""
    return UsageError(f"-C {directory}: there is no such folder")


def no_configuration(folder: Path) -> UsageError:
    """Make the error for a folder in no project."""
    return UsageError(
        f"There is no Alembic configuration in {folder} or above it.",
        "Change into the project, name the file with `--config`, or start one with `lback init`.",
    )


def not_configured_by(path: Path) -> UsageError:
    """Make the error for a file that was named and configures nothing."""
    return UsageError(
        f"{path} is not there, or holds no Alembic configuration.",
        "Name an alembic.ini, or a pyproject.toml with [tool.alembic].",
    )


def no_configuration_at(at: str, git_dir: Path) -> UsageError:
    """Make the error for a commit of a bare repository that configures nothing."""
    return UsageError(
        f"There is no Alembic configuration at the top of {at} in {git_dir}",
        "Name the file with `--config` (from the top of the tree), or the folder of the "
        "migrations with `--script-location`.",
    )


def no_package(package: str, location: str) -> UsageError:
    """Make the error for a script location in a package that is not found."""
    return UsageError(
        f"The package {package} of the script location {location} was not found.",
        "Run from the project's root, or add its folder to `prepend_sys_path`.",
    )


def too_large(path: Path) -> UsageError:
    """Make the error for a configuration that nobody has written by hand."""
    return UsageError(f"{path} is larger than 1 MB.", "Is it the right file?")


def not_utf8(path: Path) -> UsageError:
    """Make the error for a configuration in another encoding."""
    return UsageError(f"{path} is not UTF-8 text.", "Save it as UTF-8.")


def without_git(why: LbackError) -> str:
    """Say once what a command did without, and the way to mend that."""
    return f"{why.message}: commits, authors and branches are not known here. {why.hint or ''}"


def head_gone(remote: str, ref: str) -> str:
    """Say that a remote's HEAD leads nowhere, and how to ask the remote for its branch."""
    short = ref.removeprefix("refs/remotes/")
    mend = command("git remote set-head", remote, then="-a")
    return f"note: {remote}/HEAD points to {short}, which is gone: {mend} asks {remote} for another"


def no_git(at: str, folder: Path) -> LbackError:
    """Make the error for `--at` outside of git."""
    return LbackError(
        f"{command('--at', at)} needs git, and {folder} is not in a git repository.",
        "Leave `--at` out to read the files as they are.",
    )
