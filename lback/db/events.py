"""What a run on a database tells while it goes, and what it has done in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from lback.core.databases import DatabaseName
from lback.core.messages import runs as messages
from lback.core.plans import Step
from lback.errors import LbackError

if TYPE_CHECKING:
    from alembic.script import Script


class Event(NamedTuple):
    """One moment of a run.

    `plan`: the steps are known (`total`); `start`, `done`, `failed`: of step `number`
    (from 1); `waiting`: somebody else holds the lock (`text` says who); `note`: a
    sentence in `text`. `seconds` is how long the step took, or how long we waited.
    `database` is the one at work. At `start`, `stamp` is where it is, `text` its dialect, and
    `lasting` that it takes back nothing of a step that is cut off; `outside` that env.py's own
    transaction has the stamps of all steps.
    """

    kind: Literal["plan", "start", "done", "failed", "waiting", "note"]
    step: Step | None = None
    number: int = 0
    total: int = 0
    seconds: float = 0.0
    text: str = ""
    stamp: tuple[str, ...] = ()
    lasting: bool = False
    outside: bool = False
    database: DatabaseName | None = None


OnEvent = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Listen to nothing."""


class Stamp(NamedTuple):
    """Where a database is; `url` has no password."""

    revisions: tuple[str, ...]
    url: str
    dialect: str
    database: DatabaseName


class DatabaseOutcome(NamedTuple):
    """What one run did to one database; `steps` are those that were completed.

    `error` is why not all were; `after` is None where it could not be read then.
    """

    database: DatabaseName
    before: tuple[str, ...]
    after: tuple[str, ...] | None
    steps: tuple[Step, ...] = ()
    error: LbackError | None = None


TakesBack = Literal["all", "step", "nothing"]
"""What a failure of the last step takes back: all steps, this one, or not even that."""


@dataclass(slots=True)
class Turn:
    """How far the work on one database has come."""

    database: DatabaseName
    dialect: str
    before: tuple[str, ...]
    transactional: bool
    after: tuple[str, ...] = ()
    total: int = 0
    done: list[Step] = field(default_factory=list)
    current: Step | None = None
    stamped: bool = False
    """The stamp has moved for `current`; only the commit is left."""
    script: Script | None = None
    loading: bool = False
    inside: bool = False
    """The code of `current` is at work; what follows it are the stamp and the commit."""
    recorded: bool = False
    """Each statement of a step is written down, where what ran of it may stay."""
    kept_each: bool = False
    """Every step has a transaction of its own."""
    outside: bool = False
    """env.py had begun the transaction itself."""
    autocommit: bool = False
    """The connection commits each statement at once."""
    committed: list[Step] = field(default_factory=list)
    """Steps that committed on their way: in an autocommit block, or by a COMMIT of their own."""
    offline: bool = False
    """Only SQL is written."""
    applied: set[str] = field(default_factory=set)
    """Every revision that is applied; kept only where the way leads down."""

    error: LbackError | None = None
    """Why nothing was begun."""
    steps: tuple[Step, ...] = ()
    began: tuple[str, ...] | None = None
    """Where the database was at the first try, where this is another one."""
    kept: int = 0
    """How many of the steps earlier tries have done."""

    @property
    def stamp(self) -> Stamp:
        """Return where the database was."""
        return Stamp(self.before, self.database.url, self.dialect, self.database)

    def is_done_at(self, now: tuple[str, ...] | None) -> bool:
        """Tell whether the step at work is done all the same: only word of the commit was lost."""
        return self.stamped and now is not None and now == self.after

    @property
    def at_the_end(self) -> bool:
        """Tell whether the last step is at work."""
        return self.current is not None and len(self.done) + 1 == self.total

    @property
    def takes_back(self) -> TakesBack:
        """Return what goes when the step at work fails now."""
        if not self.transactional or self.current in self.committed:
            return "nothing"
        return "step" if self.kept_each and self.done else "all"

    @property
    def finished(self) -> bool:
        """Tell whether all steps are done, or there are none."""
        return self.error is None and self.current is None and len(self.done) == self.total

    def outcome(self) -> DatabaseOutcome:
        """Return what has been done, as the caller sees it."""
        before = self.before if self.began is None else self.began
        return DatabaseOutcome(self.database, before, self.after, tuple(self.done), self.error)


class RunOutcome(NamedTuple):
    """What a run did: one entry for each database that env.py connects to."""

    databases: tuple[DatabaseOutcome, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the completed steps of all databases in their order."""
        return tuple(step for database in self.databases for step in database.steps)

    @property
    def before(self) -> tuple[str, ...]:
        """Return the stamp of the first database as it was."""
        return self.databases[0].before

    @property
    def after(self) -> tuple[str, ...]:
        """Return the stamp of the first database as it is now."""
        return self.databases[0].after or ()

    @property
    def failed(self) -> tuple[DatabaseOutcome, ...]:
        """Return the databases on which not all was done."""
        return tuple(
            database_outcome
            for database_outcome in self.databases
            if database_outcome.error is not None
        )


class SeveralError(LbackError):
    """Says which of several databases failed and why; `outcome` tells of each.

    `broken` is why env.py itself did not come to its end.
    """

    def __init__(self, outcome: RunOutcome, broken: LbackError | None) -> None:
        rows = [
            (str(database_outcome.database), database_outcome.error)
            for database_outcome in outcome.databases
        ]
        told = messages.some_failed(rows, broken)
        super().__init__(told.message, told.hint)
        self.outcome = outcome
        self.broken = broken
