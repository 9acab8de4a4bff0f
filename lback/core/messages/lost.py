"""What is said of applied revisions that no file of a checkout defines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lback.core.display import visible
from lback.core.shell import command
from lback.errors import LbackError, LostError

if TYPE_CHECKING:
    from datetime import datetime

    from lback.core.record.steps import RecordedStep


def in_git(refs: Sequence[str], sha: str) -> str:
    """Say where git has a revision; without `refs` a reflog has its commit."""
    if refs:
        return f"on {', '.join(refs[:3])}"
    return f"in the reflog, commit {sha[:7]}"


def in_record(who: str, when: datetime) -> str:
    """Say that the record has the text that ran."""
    return f"in the record of this database: {who} ran it on {when:%Y-%m-%d}"


def stray(kind: str, where: str, path: str, blob: str) -> str:
    """Say where a file is that no commit has."""
    if kind == "index":
        return f"staged in {where}: {path}"
    if kind == "folder":
        return f"in the worktree {where}: {path}"
    return f"staged once, object {blob[:12]} of git"


def lost_stamp(lost: Sequence[str]) -> LbackError:
    """Say that the stamp names what no file here defines, and who knows more."""
    return LostError(
        f"The database is stamped with {', '.join(map(visible, lost))}, and no file of this "
        "checkout defines it.",
        "It probably came from another branch: `lback status` says where it may be, "
        "`lback switch` undoes it.",
    )


def dead_end(
    gone: Sequence[str],
    steps: Sequence[RecordedStep],
    more: Sequence[str],
    fits: Sequence[str],
    *,
    recorded: bool,
    in_git: bool,
) -> LbackError:
    """Say what is known of a revision that is nowhere, and what a stamp would declare.

    `more` are tables and columns that no file here makes, `fits` what the schema is up to.
    """
    names = ", ".join(map(visible, gone))
    git = "none of git's refs, stashes, reflogs, indexes and unreachable objects"
    asked = (
        f", not the record of this database, and {git}"
        if in_git
        else (" and not the record of this database; there is no git here to look in")
    )
    parts = [
        f"The database is at {names}, and nothing defines it: no file of this checkout{asked}."
    ]
    parts += [f"{_ran(step)}." for step in steps]
    if not steps:
        parts.append(
            "Who ran it is not recorded." if recorded else "This database has no record of who did."
        )
    things = ", ".join(map(visible, more[:5])) + (", …" if len(more) > 5 else "")
    if more:
        parts.append(f"In the database, and made by no file here: {things}.")
    person = steps[0].who if steps else "whoever migrated this database"
    return LostError(" ".join(parts), f"{_ask(person)} {_stamp(fits, things)}")


def _ran(step: RecordedStep) -> str:
    at = [f"on branch {step.branch}"] if step.branch else []
    at += [f"at commit {step.commit[:12]}"] if step.commit else []
    where = f" {' '.join(at)}" if at else ""
    file = f" from {step.path}" if step.path else ""
    return visible(
        f"{step.who} ran {step.revision}{file} on {step.started_at:%Y-%m-%d %H:%M} UTC{where}"
    )


def _ask(person: str) -> str:
    return f"Ask {visible(person)} for the file or the branch, and run this again."


def _stamp(fits: Sequence[str], things: str) -> str:
    rows = tuple(dict.fromkeys(fits)) or ("base",)
    names = " and ".join(map(visible, rows))
    stays = f"; {things} stay as they are, and no revision knows of them" if things else ""
    what = (
        "that nothing has run"
        if rows == ("base",)
        else f"that {names} and all below has run, and nothing else"
    )
    return (
        f"Or declare it lost: {command('lback alembic stamp --purge', *rows)} says {what}{stays}."
    )
