"""What `lback doctor` says of each thing that it looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lback.core.graph.revision import Problem
from lback.core.shell import command
from lback.errors import LbackError

Topic = Literal["versions", "git", "configuration", "revisions", "hooks", "database"]


@dataclass(frozen=True, slots=True)
class DoctorLine:
    """One thing that was looked at and its state; `fix` where it is not as it should be.

    `mended`: it was not, and `doctor --fix` has mended it.
    """

    topic: Topic
    level: Literal["ok", "note", "warning", "error"]
    text: str
    fix: str | None = None
    mended: bool = False


def failed(topic: Topic, error: LbackError, *, wrong: bool = True) -> DoctorLine:
    """Say why a thing could not be looked at; not `wrong`: it needs no more than to wait."""
    return DoctorLine(topic, "error" if wrong else "note", error.message, error.hint or None)


def versions(python: str, packages: Mapping[str, str | None]) -> DoctorLine:
    """Show the versions of Python and of packages, None where one is not installed."""
    shown = [f"{name} {version or '(not installed)'}" for name, version in packages.items()]
    return DoctorLine("versions", "ok", f"Python {python}, {', '.join(shown)}")


NO_REPOSITORY = DoctorLine(
    "git", "note", "no repository", "run `git init`, or clone the repository"
)
SHALLOW = DoctorLine(
    "git",
    "warning",
    "the clone is shallow: older history cannot be seen",
    "`git fetch --unshallow`; in CI, `fetch-depth: 0`",
)
NO_CONFIGURATION = DoctorLine(
    "database", "note", "not looked at: `--script-location` leaves the configuration out"
)
PARTIAL = DoctorLine("git", "note", "the clone is partial: contents may be missing")


def no_git(error: LbackError) -> DoctorLine:
    """Say why git tells nothing, and the way to mend that."""
    return DoctorLine("git", "warning", error.message, error.hint)


def repository(place: object, branch: str) -> DoctorLine:
    """Show where the repository is, and its branch."""
    return DoctorLine("git", "ok", f"{place}, on {branch}")


def in_progress(operation: str) -> DoctorLine:
    """Say which operation of git waits to be continued."""
    fix = command("git", operation, then="--continue")
    return DoctorLine("git", "warning", f"a {operation} is in progress", fix)


def configuration(path: str | None, folder: object) -> DoctorLine:
    """Show the configuration, and the folder that Alembic is started in."""
    return DoctorLine("configuration", "ok", f"{path or 'none'}, run from {folder}")


def version_location(folder: str) -> DoctorLine:
    """Show a folder of revisions."""
    return DoctorLine("configuration", "ok", f"revisions in {folder}")


def setting(warning: str) -> DoctorLine:
    """Say what is odd about a setting."""
    return DoctorLine("configuration", "warning", warning, "correct the name of the key")


def shared_branch(name: str | None) -> DoctorLine:
    """Show the shared branch, or say how to name it."""
    if name is not None:
        return DoctorLine("configuration", "ok", f"shared branch: {name}")
    fix = "`git remote set-head REMOTE -a`, or name it in `[tool.lback] upstream`"
    return DoctorLine("configuration", "note", "shared branch: none", fix)


def revisions(number: int, heads: Sequence[str]) -> DoctorLine:
    """Show how many revisions there are, and their heads."""
    counted = "1 revision" if number == 1 else f"{number} revisions"
    return DoctorLine("revisions", "ok", f"{counted}, heads: {', '.join(heads) or 'none'}")


def problem(found: Problem) -> DoctorLine:
    """Say what is wrong with a revision file."""
    place = f"{found.path}:{found.line}: " if found.path else ""
    return DoctorLine("revisions", "error", f"{place}{found.message}", found.hint or None)


def fork(heads: Sequence[str]) -> DoctorLine:
    """Say which heads are a fork."""
    return DoctorLine("revisions", "error", f"a fork: {', '.join(heads)}", "`lback resolve`")


def hooks(states: Mapping[str, str]) -> DoctorLine:
    """Show how each hook stands."""
    if set(states.values()) == {"installed"}:
        return DoctorLine("hooks", "ok", "all installed")
    shown = ", ".join(f"{name} {state}" for name, state in states.items())
    return DoctorLine("hooks", "note", shown, "`lback hooks install`")


MEND_HOOKS = "Install the git hooks? What is there is kept and still runs first."


def database_failed(name: str, error: LbackError) -> DoctorLine:
    """Say why one database could not be looked at."""
    told = f"{name}: {error.message}" if name else error.message
    return DoctorLine("database", "error", told, error.hint or None)


def database(
    url: str, dialect: str, stamp: Sequence[str], redundant: Sequence[str] = ()
) -> DoctorLine:
    """Show the database and where it is, and the rows of its stamp that others stand on."""
    at = ", ".join(stamp) or "its base: nothing is applied"
    text = f"{url} ({dialect}), at {at}"
    if not redundant:
        return DoctorLine("database", "ok", text)
    more = f"{text}; another row of the stamp stands on {', '.join(redundant)}"
    return DoctorLine("database", "warning", more, "`lback migrate`")
