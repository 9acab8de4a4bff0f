"""The database that the project's own env.py connects to."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from lback.db.absent import PassedOver
from lback.db.command_lines import LOOK
from lback.db.events import Event, OnEvent, RunOutcome, SeveralError, Stamp, Turn, ignore
from lback.db.failures import Situation, cause, migration_failure, state_left, translate
from lback.db.locking.locks import Locks
from lback.db.locking.tries import Tries
from lback.db.performing import After, Asked, Before, Decide, Looker, Performer
from lback.db.record.writing import RecordWriter
from lback.db.session import ProjectPlace, Session, open_session
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView
    from lback.core.lines import Line
    from lback.core.listed.databases import ListedDatabase
    from lback.core.record.steps import GitFacts
    from lback.core.settings import Settings
    from lback.db.keeping.keeper import Keeper
    from lback.db.view import View

T = TypeVar("T")


class Database:
    """Runs env.py, unchanged, to look at the database or to move it.

    `root` is what the paths of the graph's revisions are relative to; `folder` is where
    Alembic would be started (relative URLs and paths of env.py start there). Texts in
    `sources`, by revision id, are run instead of files. `before` are options of Alembic's that
    stand before its command, and `heads` those that env.py sees, where the graph has others.
    With `git`, which tells where the checkout is, what `run` does is recorded in the database.
    `command` is lback's own at work, for whoever waits for it.
    `listed` is the database that env.py is given, of those that the project lists.
    """

    def __init__(
        self,
        settings: Settings,
        graph: GraphView,
        root: Path,
        *,
        x: Sequence[str] = (),
        folder: Path | None = None,
        sources: Mapping[str, bytes] | None = None,
        verbose: bool = False,
        before: Sequence[str] = (),
        heads: Sequence[str] | None = None,
        git: Callable[[], GitFacts] | None = None,
        command: str = "",
        listed: ListedDatabase | None = None,
    ) -> None:
        self.graph = graph
        self.git = git
        self.command = command
        self.origin = ProjectPlace(
            settings,
            graph,
            root.absolute(),
            (folder or root).absolute(),
            tuple(x),
            sources or {},
            verbose,
            tuple(before),
            tuple(graph.heads if heads is None else heads),
            listed,
        )

    def stamp(self) -> Stamp:
        """Read where the database is, without a lock and without writing anything."""
        return self.look_first(lambda view: view.stamp)

    def ask(self, gather: Callable[[View], T]) -> tuple[Asked[T], ...]:
        """Run env.py once and let `gather` ask each database; nothing locked, nothing written.

        A database that does not answer, or at which `gather` raises an LbackError, has that in
        its answer; so has the last one where env.py itself broke off. env.py runs again where
        others may come after one that does not answer.
        """
        passed = PassedOver()
        while True:
            looker = Looker(gather)
            try:
                with self.opened(LOOK) as session, explained(session.at):
                    session.run_env(looker, passed=passed)
            except LbackError as err:
                if passed.learn(err):
                    continue
                if not looker.answers and not passed.outcomes:
                    raise
                looker.answers.append(Asked(None, None, None, err))
            answers = [
                *looker.answers,
                *(
                    Asked(database_outcome.database, None, None, database_outcome.error)
                    for database_outcome in passed.outcomes.values()
                ),
            ]
            return tuple(sorted(answers, key=lambda answer: passed.place(answer.database)))

    def look(self, gather: Callable[[View], T]) -> tuple[T, ...]:
        """Let `gather` ask each database, as `ask` does; raise the LbackError of any."""
        answers = self.ask(gather)
        for answer in answers:
            if answer.error is not None:
                raise answer.error
        return tuple(cast("T", answer.value) for answer in answers)

    def look_first(self, gather: Callable[[View], T]) -> T:
        """Let `gather` ask the first database that env.py configures, as `look` does."""
        asked: list[T] = []

        def once(view: View) -> None:
            if not asked:
                asked.append(gather(view))

        self.look(once)
        return asked[0]

    def run(
        self,
        decide: Decide,
        *,
        on_event: OnEvent = ignore,
        lock_timeout: float | None = None,
        line: Line = ("upgrade", "heads"),
        before: Before | None = None,
        first: Before | None = None,
        keeper: Keeper | None = None,
        after: After | None = None,
    ) -> RunOutcome:
        """Take the lock, read the stamp, let `decide` choose the steps, perform them.

        `decide` is called once for each database that env.py configures, with its stamp; an
        LbackError of its leaves that database untouched. So does one of `first`, which may ask
        the database before that. `line` is the Alembic command that env.py sees.
        `before` may ask the database, or save from it, when there is something to do;
        nothing is done when it raises. `keeper` saves and puts back rows between the steps.
        `after` looks at what came of it; where it raises, the step that is open is not kept.

        Where one of several databases fails, env.py runs again for the others, and all that is
        known of each comes out as SeveralError.
        """
        passed = PassedOver()
        patience = self.origin.settings.lback.postgresql
        locks = Locks(lock_timeout, on_event, self.command, patience)
        tries = Tries(patience.retries, on_event)
        broken: LbackError | None = None
        process = os.getpid()
        recorder = self._recorder(on_event)
        while True:
            settled = frozenset(passed.outcomes)
            performer = Performer(
                decide, on_event, before, settled, recorder, first, keeper, tries.left, after
            )
            with self.opened(line) as session:
                try:
                    session.run_env(performer, locks=locks, passed=passed)
                except KeyboardInterrupt:
                    self._tell_interrupted(performer)
                    raise
                except (Exception, SystemExit) as raised:
                    if os.getpid() != process:  # a fork of env.py's, which has ended
                        raise
                    err = cause(raised)
                    if tries.again(err, performer.turns, locks.blockers):
                        if len(performer.turns) > 1:
                            passed.settle(performer.turns[:-1], self._stands(passed))
                        continue
                    broken = self._pass_over(err, session.at, performer, passed, tries)
                    if broken is None:
                        continue
                else:
                    self._tell_swallowed(session.at, performer, passed)
                    passed.settle(performer.turns)
            return _finished(passed, broken)

    def sql(
        self, decide: Decide, start: Sequence[str] = (), *, line: Line = ("upgrade", "heads")
    ) -> str:
        """Return the SQL of the steps that `decide(start)` chooses, by env.py's offline mode."""
        buffer = io.StringIO()
        performer = Performer(lambda stamp: decide(stamp._replace(revisions=tuple(start))), ignore)
        command, *names = line
        if len(start) == 1 and command != "stamp":
            names = [f"{start[0]}:{name}" for name in names]
        context: dict[str, Any] = {"starting_rev": list(start)} if len(start) > 1 else {}
        with self.opened((command, *names, "--sql"), buffer) as session:
            try:
                session.run_env(performer, **context)
            except (Exception, SystemExit) as err:
                turn = performer.turns[-1] if performer.turns else None
                broken = translate(err, session.at)
                raise _failure(err, session.at, turn, None) if turn else broken from err
        performer.require_finished()
        return buffer.getvalue()

    def _recorder(self, on_event: OnEvent) -> RecordWriter | None:
        return (
            RecordWriter(lambda: self.graph, self.git, on_event) if self.git is not None else None
        )

    @contextmanager
    def opened(self, line: Line, buffer: io.StringIO | None = None) -> Iterator[Session]:
        """Open the environment as `alembic LINE` does."""
        with open_session(self.origin, line, buffer=buffer) as session:
            yield session

    def _pass_over(
        self,
        err: BaseException,
        at: Situation,
        performer: Performer,
        passed: PassedOver,
        tries: Tries,
    ) -> LbackError | None:
        """Leave what failed to itself and come to the others; or return why that cannot be."""
        stands = self._stands(passed)
        turn = performer.turns[-1] if performer.turns else None
        if turn is None or turn.finished or turn.error is not None:
            error = tries.explained(translate(err, at))
            found = passed.learn(error)
        else:
            now = stands.get(turn.database.key)
            error = tries.explained(_failure(err, at, turn, now, self._invalid(turn)))
            turn.error, turn.after = error, now or turn.before
            found = False
        error.__cause__ = err if error is not err else err.__cause__
        passed.settle(performer.turns, stands)
        others = stands.keys() - passed.outcomes.keys()
        return (
            None if found or (others and len(passed.outcomes) > len(performer.settled)) else error
        )

    def _tell_swallowed(self, at: Situation, performer: Performer, passed: PassedOver) -> None:
        """Say why the turns broke off whose exceptions env.py has kept to itself."""
        broken = [
            (turn, passed.raised[turn.database.key])
            for turn in performer.turns
            if turn.error is None and not turn.finished and turn.database.key in passed.raised
        ]
        stands = self._stands(passed) if broken else {}
        for turn, err in broken:
            now = stands.get(turn.database.key)
            turn.error, turn.after = _failure(err, at, turn, now), now or turn.before

    def _stands(self, passed: PassedOver | None = None) -> dict[str, tuple[str, ...]]:
        """Read the stamps again after a failure, of those that can be read, and their names."""
        try:
            answers = self.ask(lambda view: view.stamp)
        except LbackError:
            return {}
        stamps = [asked.value for asked in answers if asked.value is not None]
        if passed is not None:
            passed.call([stamp.database for stamp in stamps])
        return {stamp.database.key: stamp.revisions for stamp in stamps}

    def _invalid(self, turn: Turn) -> tuple[str, ...]:
        """Return the indexes that a step has left INVALID which commits on its way."""
        commits = turn.autocommit or turn.current in turn.committed
        if turn.dialect != "postgresql" or turn.offline or turn.loading or not commits:
            return ()
        try:
            answers = self.ask(lambda view: view.invalid_indexes())
        except LbackError:
            return ()
        key = turn.database.key
        same = [item for item in answers if item.database and item.database.key == key]
        return tuple(name for item in same for name in item.value or ())

    def _tell_interrupted(self, performer: Performer) -> None:
        turn = performer.turns[-1] if performer.turns else None
        if turn is None or turn.current is None or turn.loading:
            return
        left = state_left(turn, self._stands().get(turn.database.key))
        number = len(turn.done) + 1
        event = Event("failed", turn.current, number, turn.total, text=left)
        performer.on_event(event._replace(database=turn.database))


def _failure(
    err: BaseException,
    at: Situation,
    turn: Turn,
    now: tuple[str, ...] | None,
    invalid: tuple[str, ...] = (),
) -> LbackError:
    """Say which migration broke, and what that has left behind."""
    if turn.current is None:
        return translate(err, at)
    now = turn.before if turn.loading or turn.offline else now
    return migration_failure(err, turn, at, now, invalid)


def _finished(passed: PassedOver, broken: LbackError | None) -> RunOutcome:
    """Return what was done; where that is not all of it, raise what is known of each database."""
    outcome = passed.outcome()
    errors = [
        database_outcome.error
        for database_outcome in outcome.failed
        if database_outcome.error is not None
    ]
    broken = None if broken in errors else broken
    errors += [broken] if broken is not None else []
    if not errors:
        return outcome
    if len(outcome.databases) <= 1:
        raise errors[0]
    raise SeveralError(outcome, broken)


@contextmanager
def explained(at: Situation) -> Iterator[None]:
    """Turn whatever env.py raises into an LbackError."""
    try:
        yield
    except (Exception, SystemExit) as err:
        raise translate(cause(err), at) from err
