"""What a run on a database tells while it goes, and what it has done in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from lback.core.plans import Step


class Event(NamedTuple):
    """One moment of a run.

    `plan`: the steps are known (`total`); `start`, `done`, `failed`: of step `number`
    (from 1); `waiting`: somebody else holds the lock (`text` says who); `note`: a
    sentence in `text`. `seconds` is how long the step took, or how long we waited.
    At `start`, `stamp` is where the database is, `text` its dialect, and `lasting` that it
    takes back nothing of a step that is cut off.
    """

    kind: Literal["plan", "start", "done", "failed", "waiting", "note"]
    step: Step | None = None
    number: int = 0
    total: int = 0
    seconds: float = 0.0
    text: str = ""
    stamp: tuple[str, ...] = ()
    lasting: bool = False


OnEvent = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Listen to nothing."""


class Stamp(NamedTuple):
    """Where a database is. `url` has no password; `others` are further databases of env.py."""

    revisions: tuple[str, ...]
    url: str
    dialect: str
    others: tuple[Stamp, ...] = ()


class Done(NamedTuple):
    """What one run did to one database; `steps` are those that were completed."""

    url: str
    dialect: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    steps: tuple[Step, ...]
    seconds: float


class Outcome(NamedTuple):
    """What a run did: one entry for each database that env.py connects to."""

    databases: tuple[Done, ...]
    notes: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the completed steps of all databases in their order."""
        return tuple(step for one in self.databases for step in one.steps)

    @property
    def before(self) -> tuple[str, ...]:
        """Return the stamp of the first database as it was."""
        return self.databases[0].before

    @property
    def after(self) -> tuple[str, ...]:
        """Return the stamp of the first database as it is now."""
        return self.databases[0].after
