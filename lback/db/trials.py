"""Runs revisions up, down and up again on a scratch database, and looks after each step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lback.core.checks.trials import Loss, Trial
from lback.core.messages.proofs import changed
from lback.core.plans import Downgrade, Step, Upgrade
from lback.core.schema_diff import Schema, difference
from lback.db.autogenerate import differences
from lback.db.command_lines import LOOK
from lback.db.events import ignore
from lback.db.performing import Performer
from lback.db.runner import explained
from lback.db.schema import read_schema
from lback.db.scratch_run import (
    Broken,
    Redirect,
    empty,
    redirected,
    run_steps,
    scratch_connection,
)
from lback.db.specimens import losses, put_rows, read_rows
from lback.errors import LbackError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from lback.db.runner import Database


@dataclass(slots=True)
class Tried:
    """What all trials showed; `differences` is None where the models were not reached."""

    dialect: str
    trials: list[Trial] = field(default_factory=list)
    filled: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    differences: tuple[str, ...] | None = None


class Begun(NamedTuple):
    """What a scratch database has to begin with: the first of the revisions, in their order.

    `put` puts it into a file of SQLite; without it the database of `scratch` has it.
    """

    revisions: tuple[str, ...] = ()
    put: Callable[[Path], None] | None = None


_NOTHING = Begun()


def try_out(
    database: Database,
    order: Sequence[str],
    chosen: Collection[str],
    scratch: str | None,
    begun: Begun = _NOTHING,
) -> Tried:
    """Run all revisions in this order, the chosen ones up, down and up; compare the models.

    env.py runs unchanged, and every connection that it opens is led to a scratch
    database: the one that `scratch` names, or a SQLite file. Those that it has `begun` with are
    not run again. LbackError where that cannot be, or env.py cannot run.
    """
    with redirected(scratch) as redirect:
        if begun.put is not None:
            begun.put(redirect.file)
        dialect = _open(database, redirect)
        url = redirect.url_for(dialect)
        with scratch_connection(url, filled=bool(begun.revisions)) as connection:
            tried = Tried(dialect)
            _Stage(database, redirect, connection, tried).play(order, chosen, begun.revisions)
            if not any(trial.failed == "upgrade" for trial in tried.trials):
                tried.differences = differences(database)
    return tried


def _open(database: Database, redirect: Redirect) -> str:
    """Run env.py once with nothing to do, to see what it configures; return the dialect."""
    with database.opened(LOOK) as session, explained(session.at):
        session.run_env(Performer(lambda _stamp: (), ignore), adjust=redirect.adjust)
    if len(redirect.dialects) != 1:
        raise LbackError(
            f"env.py works on {len(redirect.dialects)} databases, and one scratch database "
            "cannot stand for them.",
            "Name one of them to env.py, as with `-x`, if it can choose.",
        )
    return redirect.dialects[0]


class _Stage:
    """The scratch database while revisions are tried on it."""

    def __init__(
        self, database: Database, redirect: Redirect, connection: Connection, tried: Tried
    ) -> None:
        self.database = database
        self.redirect = redirect
        self.connection = connection
        self.tried = tried

    def play(self, order: Sequence[str], chosen: Collection[str], begun: Sequence[str]) -> None:
        """Try the chosen revisions in order; stop at one that does not run at all."""
        done: list[str] = [*begun]
        waiting: list[Step] = []
        for revision in order[len(begun) :]:
            if revision not in chosen:
                waiting.append(Upgrade(revision))
                done.append(revision)
                continue
            if not self._pass(waiting) or not self._try(done, revision):
                return
            waiting = []
            done.append(revision)
        self._pass(waiting)

    def _pass(self, steps: list[Step]) -> bool:
        """Run revisions that are not on trial; one that fails is told all the same."""
        broken = self._run(*steps)
        if broken is not None:
            self._note(broken.revision, "upgrade", broken)
        return broken is None

    def _try(self, done: list[str], revision: str) -> bool:
        filled, refused = put_rows(self.connection, self.redirect.version_tables)
        self.tried.filled.update(filled)
        self.tried.refused = set(refused)
        before = self._look()
        rows = read_rows(self.connection)
        stumbled = self._run(Upgrade(revision))
        if stumbled is not None:
            # Does it never run, or does it only stumble over the rows?
            if not self._again_from_nothing(done):
                return False
            before, rows = self._look(), {}
            broken = self._run(Upgrade(revision))
            if broken is not None:
                self._note(revision, "upgrade", broken)
                return False
            self._note(revision, "upgrade with rows", stumbled)
        after = self._look()
        lost = list(losses(rows, read_rows(self.connection), "upgrade", values=False))
        broken = self._run(Downgrade(revision))
        if broken is not None:
            self._note(revision, "downgrade", broken, losses=tuple(lost))
            return self._again_from_nothing([*done, revision])
        back = _changes(before, self._look())
        lost += losses(rows, read_rows(self.connection), "downgrade", values=True)
        broken = self._run(Upgrade(revision))
        if broken is not None:
            self._note(revision, "again", broken, back=back, losses=tuple(lost))
            return self._again_from_nothing([*done, revision])
        again = _changes(after, self._look())
        self.tried.trials.append(Trial(revision, back=back, again=again, losses=tuple(lost)))
        return True

    def _again_from_nothing(self, revisions: list[str]) -> bool:
        """Empty the database, which a broken step may have left half done, and come back."""
        self.connection.rollback()
        empty(self.connection)
        broken = self._run(*(Upgrade(revision) for revision in revisions))
        if broken is not None:
            self._note(broken.revision, "upgrade", broken)
        return broken is None

    def _run(self, *steps: Step) -> Broken | None:
        broken = run_steps(self.database, steps, self.redirect.adjust)
        if broken is not None and not broken.revision:
            raise LbackError(f"env.py cannot be run: {broken.why}")
        return broken

    def _look(self) -> Schema:
        schema = read_schema(self.connection)
        self.connection.rollback()
        return schema.without(self.redirect.version_tables)

    def _note(
        self,
        revision: str,
        step: str,
        broken: Broken,
        *,
        back: str = "",
        losses: tuple[Loss, ...] = (),
    ) -> None:
        self.tried.trials.append(
            Trial(revision, step, broken.why, broken.kind, broken.line, back=back, losses=losses)
        )


def _changes(before: Schema, after: Schema) -> str:
    apart = difference(before, after, back=True)
    return changed(apart) if apart is not None else ""
