"""What the record of a database says: plain data, wherever it was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

RECORD_TABLE = "lback_ledger"

Direction = Literal["upgrade", "downgrade", "fake upgrade", "fake downgrade", "stamp"]
"""`fake` ones were only written down; a stamp is a move that is no single revision's."""
Outcome = Literal["started", "done", "failed", "undone"]


@dataclass(frozen=True, slots=True)
class GitFacts:
    """Where the checkout is that a command runs from, and who works in it."""

    commit: str | None = None
    branch: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """One row of the record.

    `revision` is "" for a stamp of several rows or none. `before` and `after` are the rows of
    the version table; None where they are not known, and after a step that did not end. Times
    are UTC. `outcome` stays at started where the process was killed, or the connection was cut;
    it is undone where all that ran was taken back.
    """

    id: int
    run: str
    direction: Direction
    revision: str
    parents: tuple[str, ...]
    depends_on: tuple[str, ...]
    path: str
    blob: str
    commit: str | None
    branch: str | None
    git_user: str | None
    run_by: str
    host: str
    process: int | None
    command: str
    lback: str
    started_at: datetime
    seconds: float | None
    outcome: Outcome
    message: str | None
    before: tuple[str, ...] | None
    after: tuple[str, ...] | None

    @property
    def who(self) -> str:
        """Return the person: as git calls them, else as the machine does."""
        name = (self.git_user or "").partition(" <")[0]
        return name or self.run_by
