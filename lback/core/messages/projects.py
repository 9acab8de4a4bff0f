"""What is said where a project, its configuration or one of its places is not there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lback.core.shell import command, place
from lback.errors import LbackError, NotConfigured, UsageError


def folder_gone() -> LbackError:
    """Make the error for a current folder that was deleted."""
    return LbackError(
        "The current folder is gone.", "Change into one that is there, or give `-C DIR`."
    )


def no_folder(directory: str, at_the_root: str | None) -> UsageError:
    """Make the error for a `-C` that names no folder here; `at_the_root` there is one."""
    there = command("-C", at_the_root) if at_the_root else ""
    hint = f"The repository has it at its root: give {there}." if there else None
    return UsageError(f"-C {directory}: there is no such folder", hint)


def no_configuration(folder: Path) -> NotConfigured:
    """Make the error for a folder in no project."""
    return NotConfigured(
        f"There is no Alembic configuration in {folder}, above it or below it.",
        "Change into the project, name the file with `--config`, or let `lback init` adopt what "
        "lies here, or start one.",
    )


def the_only(name: str, verb: str, words: Sequence[str]) -> str:
    """Say which environment is taken, for there is no other."""
    return f"note: the environment is {name}: {command(f'lback {place(words)} {verb}')}"


def several(
    names: Sequence[str], line: Sequence[str], words: Sequence[Sequence[str]]
) -> UsageError:
    """Make the error for a command that acts on one environment where there are more."""
    each = [command(f"lback {place((*those, *line))}") for those in words]
    return UsageError(
        f"There are {len(names)} environments here: {', '.join(names)}.",
        f"Name one: {', '.join(each)}.",
    )


def ended(status: int) -> LbackError:
    """Make the error for a process that said nothing of its environment."""
    return LbackError(f"It ended with status {status}.", "Run the command for it alone.")


def not_configured_by(path: Path) -> NotConfigured:
    """Make the error for a file that was named and configures nothing."""
    return NotConfigured(
        f"{path} is not there, or holds no Alembic configuration.",
        "Name an alembic.ini, or a pyproject.toml with [tool.alembic].",
    )


def no_configuration_at(at: str, git_dir: Path) -> NotConfigured:
    """Make the error for a commit of a bare repository that configures nothing."""
    return NotConfigured(
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
