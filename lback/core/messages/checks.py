"""Why a check refuses to begin, what it could not look at, and which codes there are."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from lback.core.checks.findings import CODES
from lback.core.shell import command
from lback.errors import HistoryMissing, LbackError, UsageError

_ANOTHER = "name another file after `--baseline`"


def no_such_code(code: str) -> UsageError:
    """Say that there is no such code, and which ones are near."""
    near = get_close_matches(code.upper(), CODES, n=3)
    return UsageError(
        f"There is no code {code}.", f"Did you mean {', '.join(near) or ', '.join(CODES)}?"
    )


def models_need_files() -> UsageError:
    """Refuse to run a commit that is not checked out."""
    return UsageError(
        "`--models` runs the files as they are, so it needs a work tree and no `--at`.",
        "Check the commit out first, as with `git worktree add`.",
    )


def models_need_configuration() -> UsageError:
    """Refuse to run env.py without its configuration."""
    return UsageError(
        "`--models` runs env.py, and `--script-location` leaves its configuration out.",
        "Name the configuration with `--config`.",
    )


# -- the baseline --------------------------------------------------------------------


def no_baseline(path: str) -> UsageError:
    """Say that the file is not there yet, and how to write it."""
    hint = f"write it with {command('lback check --write-baseline --baseline', path)}"
    return UsageError(f"There is no baseline {path}", hint)


def baseline_is_a_link(path: str) -> UsageError:
    """Refuse to put a file in the place of a link."""
    return UsageError(f"{path} is a link, and would become a file", "name the file it leads to")


def baseline_is_no_file(path: str) -> UsageError:
    """Refuse a device, a pipe or a folder."""
    return UsageError(f"{path} is not a plain file", _ANOTHER)


def not_a_baseline(path: str) -> UsageError:
    """Say that the file holds something else."""
    hint = "write it again with `--write-baseline`"
    return UsageError(f"{path} is not a baseline of `lback check`", hint)


def baseline_not_written(path: str, why: str | None) -> LbackError:
    """Say why the file could not be written."""
    return LbackError(f"{path} cannot be written: {why}", _ANOTHER)


# -- what could not be looked at -----------------------------------------------------


def no_shared_branch(remote: str) -> HistoryMissing:
    """Say that the branch to merge into is not here, and how to get it."""
    return HistoryMissing(
        "The branch that this one will be merged into is not in this clone", _let_name(remote)
    )


def only_its_copy(ref: str) -> HistoryMissing:
    """Say that a branch is compared with nothing but what the remote has of it."""
    return HistoryMissing(
        f"Which branch this one will be merged into is not known: {ref} is only its copy",
        _let_name(ref.partition("/")[0]),
    )


def _let_name(remote: str) -> str:
    fetch = command("git fetch", remote, f"+refs/heads/*:refs/remotes/{remote}/*")
    head = command("git remote set-head", remote, then="-a")
    return (
        f"Fetch it (in CI: fetch-depth: 0) and let the remote name it: {fetch}, then {head}; or "
        "name it with `--against REF`."
    )


def no_repository(
    folder: Path, branch: str | None = None, why: LbackError | None = None
) -> HistoryMissing:
    """Say that there is nothing to compare with, or why git does not tell of it."""
    if why is not None:
        return HistoryMissing(why.message, why.hint)
    return HistoryMissing(
        f"{folder} is not in a git repository, so nothing can be compared with "
        f"{branch or 'other branches'}",
        "Run it in a clone; an archive of the files has no history.",
    )


def nothing_in_common(mine: str, theirs: str) -> HistoryMissing:
    """Say that this clone knows no commit that both branches have."""
    return HistoryMissing(
        f"{mine} and {theirs} have no common ancestor in this clone",
        "Fetch the history of both branches (in CI: fetch-depth: 0), or name another branch "
        "with `--against`.",
    )


def history_cut_off(mine: str, theirs: str) -> HistoryMissing:
    """Say that the clone ends above where two branches left each other."""
    return HistoryMissing(
        f"the history of {mine} and {theirs} is cut off above their common ancestor",
        "Fetch the rest, `git fetch --unshallow` (in CI: fetch-depth: 0), or let `--deepen` do it.",
    )
