"""The small phrases that several reports share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from lback.core.source import Commit
from lback.formats.style import Style, safe

if TYPE_CHECKING:
    from lback.core.record.gaps import UnrecordedMove
    from lback.core.record.standing import AppliedBy


class AppliedRevision(Protocol):
    """A row that says where a revision is applied."""

    @property
    def applied(self) -> bool | None:
        """Tell whether all databases have run it; None where none tells."""

    @property
    def applied_on(self) -> tuple[str, ...]:
        """Return those that have, where others have not."""

    @property
    def applied_by(self) -> tuple[AppliedBy, ...]:
        """Return who did that, of several databases in their order."""


NOBODY_KNOWN = "by whom is not known"  # without git


def who(commit: Commit | None) -> str:
    """Return `Ada Lovelace, 2026-11-20, 1a2b3c4` or what is known instead."""
    if commit is None:
        return "not committed"
    return f"{safe(commit.author)}, {commit.date[:10]}, commit {commit.sha[:7]}"


def standing(published: bool, commit: Commit | None, *, in_git: bool) -> tuple[str, str]:
    """Return whether others have a revision, and who brought it, as far as that is known."""
    if not in_git:
        return "", NOBODY_KNOWN
    beyond = published and commit is None  # a shallow clone
    return "published" if published else "local", NOBODY_KNOWN if beyond else who(commit)


def applied(row: AppliedRevision) -> str:
    """Return `applied by Ada on 2026-11-20`, `pending`, or "" where no database tells."""
    if row.applied is None:
        return ""
    first, *others = row.applied_by or (None,)
    by = ""
    if first is not None:
        more = f" and {len(others)} more" if others else ""
        by = f" by {safe(first.who)} on {first.at[:10]}{more}"
    if row.applied_on:
        return f"applied on {listing(row.applied_on)} alone{by}"
    return f"applied{by}" if row.applied else "pending"


def listing(names: Sequence[str], most: int = 5) -> str:
    """Return names joined by commas, the rest counted."""
    shown = ", ".join(safe(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def moved(move: UnrecordedMove) -> str:
    """Return what is known of a move of the stamp that was not lback's."""
    way = f"{listing(move.before) or 'nothing'} to {listing(move.after) or 'nothing'}"
    until = f"{move.until} UTC" if move.until else "now"
    return f"moved from {way} by something else than lback, between {move.since} UTC and {until}"


def counted(number: int, word: str) -> str:
    """Return `1 revision`, `2 revisions`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def title(revision: str, doc: str, style: Style) -> str:
    """Return a revision's id and what it is about."""
    return f"{style.yellow(safe(revision))}  {safe(message(doc)) or '(no message)'}"


def message(doc: str) -> str:
    """Return what a revision's docstring says, "" where it holds Alembic's own lines only."""
    text = " ".join(doc.split())
    return "" if text.startswith(("Revision ID:", "Revises:", "Create Date:")) else text
