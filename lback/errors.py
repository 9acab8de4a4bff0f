"""The errors that reach a user; everything else that escapes is a bug of ours."""

from __future__ import annotations

from typing import Literal

ErrorState = Literal["failed", "locked", "unreachable", "lost", "killed", "interrupted", "left"]


class LbackError(Exception):
    """Refuses or fails with a message and the next step; the terminal turns it into exit 3."""

    exit_code = 3
    state: ErrorState = "failed"
    """What the database is, of which it tells, in a summary."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class LockedError(LbackError):
    """Says that somebody else is at work with the database."""

    state: ErrorState = "locked"


class LostError(LbackError):
    """Says that the database is stamped with what no file here defines."""

    state: ErrorState = "lost"


class OtherDatabaseError(LbackError):
    """Says that env.py is at work with another database than the one that it was given."""


class UsageError(LbackError):
    """Says that the command was called wrongly; exit 2."""

    exit_code = 2


class NoScratchError(LbackError):
    """Says that there is no scratch database of the kind that the project connects to."""


class GitUnavailable(LbackError):
    """Says why git tells nothing here; what needs no git goes on without.

    `outside` where there is no repository that git could tell of.
    """

    outside = False


class NotConfigured(UsageError):
    """Says that there is no Alembic configuration where one was looked for."""


class HistoryMissing(LbackError):
    """Says that git lacks the objects needed: a shallow or partial clone."""
