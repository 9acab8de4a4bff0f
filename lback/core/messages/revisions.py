"""What is said of the revision that a command line names."""

from __future__ import annotations

from collections.abc import Sequence

from lback.core.shell import named
from lback.errors import UsageError


def not_one_revision(token: str, revisions: Sequence[str]) -> UsageError:
    """Make the error for a name that has to stand for one revision."""
    return UsageError(
        f"{named(token)} names {len(revisions)} revisions: {', '.join(revisions) or 'none'}",
        "give one revision id; `lback heads` and `lback graph` list them",
    )
