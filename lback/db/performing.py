"""One database's turn within env.py: decide under the lock, then Alembic's own steps."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial, wraps
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from alembic.runtime.migration import MigrationContext, RevisionStep, StampStep
from sqlalchemy import event
from sqlalchemy.engine import Connection

from lback.core.lines import lines_of
from lback.core.plans import Downgrade, Restamp, Step, Upgrade, is_only_written, stamp_after
from lback.db.alembic_compat import (
    commits_each_statement,
    is_kept_each,
    is_outside,
    make_version_table,
    send_stamps_alike,
)
from lback.db.events import Event, OnEvent, RunOutcome, Stamp, TakesBack, Turn
from lback.db.failures import swallowed
from lback.db.locking.locks import at_work
from lback.db.record.table import place_of
from lback.db.scripts import GraphStep, stamp_steps
from lback.db.sqlite.transactions import beginning, transactions_of
from lback.db.view import View
from lback.errors import LbackError
from lback.work import AT_WORK

if TYPE_CHECKING:
    from alembic.script import Script

    from lback.core.databases import DatabaseName
    from lback.db.keeping.keeper import Keeper
    from lback.db.record.writing import Recording, RecordWriter
    from lback.db.scripts import TextScript, TextScriptDirectory
    from lback.db.session import WatchedEnvironment, Work

Decide = Callable[[Stamp], Sequence[Step]]
After = Callable[[View, TakesBack], None]
"""Looks at what came of the steps, before the last one is kept where that can be."""
Refuse = Callable[[View], None]
"""Raises LbackError for a database on which nothing may be run."""
T = TypeVar("T")
_COMMIT = re.compile(r"(?:^|;)\s*(?:COMMIT\b|END\s*(?:WORK|TRANSACTION)?\s*(?:;|$))", re.IGNORECASE)
Before = Callable[[View], None]
"""What happens between decision and first step, under the lock, on the same connection."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """What one database was asked, or why it gave no answer.

    `stamp` is None where it was not reached, `database` where it is not even known which it is.
    """

    database: DatabaseName | None
    stamp: Stamp | None
    value: T | None
    error: LbackError | None = None


class Looker(Generic[T]):
    """The function that Alembic calls for each database where all are only asked."""

    def __init__(self, gather: Callable[[View], T]) -> None:
        self.gather = gather
        self.answers: list[Asked[T]] = []

    def __call__(self, heads: Sequence[str], context: MigrationContext) -> Sequence[Any]:
        """Ask one database; there are no steps to do."""
        turn = _begin(tuple(sorted(heads)), context)
        environment = cast("WatchedEnvironment", context.environment_context)
        connection = cast("Connection", context.connection)
        view = View(
            turn.stamp,
            connection,
            environment.replayable,
            environment.arguments,
            place=partial(place_of, context, connection),
            at_work=partial(at_work, connection, turn.database.locked),
        )
        try:
            answer = Asked(turn.database, turn.stamp, self.gather(view))
        except LbackError as err:
            answer = Asked(turn.database, turn.stamp, None, err)
        self.answers.append(answer)
        return ()


class Performer:
    """The function that Alembic calls for each database that env.py configures.

    The databases with the keys in `settled` are left alone. With a `recorder` all that is done is
    written down in the database. `first` asks a database before the steps are chosen, `before`
    once there are some. `keeper` saves what goes down, and puts it back.
    What a try before has `left` to do is gone on with.
    """

    def __init__(
        self,
        decide: Decide,
        on_event: OnEvent,
        before: Before | None = None,
        settled: Collection[str] = (),
        recorder: RecordWriter | None = None,
        first: Before | None = None,
        keeper: Keeper | None = None,
        left: Mapping[str, Turn] = MappingProxyType({}),
        after: After | None = None,
    ) -> None:
        self.after = after
        self.keeper = keeper
        self.decide = decide
        self.left = left
        self.on_event = on_event
        self.before = before
        self.settled = settled
        self.recorder = recorder
        self.first = first
        self.turns: list[Turn] = []
        self._asked: View | None = None
        """What the database at work was asked by, under the same lock."""

    def __call__(
        self, heads: Sequence[str], context: MigrationContext
    ) -> Iterator[RevisionStep | StampStep]:
        """Yield Alembic's steps; each is finished when the next one is asked for."""
        turn = _begin(tuple(sorted(heads)), context)
        if turn.database.key in self.settled:
            return
        self.turns.append(turn)
        left = _left(self.left.get(turn.database.key), turn)
        try:
            asked = left is None and isinstance(context.connection, Connection)
            self._asked = None
            if asked and self.first is not None:
                self._asked = _view(turn, context, cast("Connection", context.connection))
                self.first(self._asked)
            steps = tuple(self.decide(turn.stamp)) if left is None else left
        except LbackError as err:
            # Not raised: env.py may have other databases to come to.
            turn.error = err
            return
        turn.steps = (*turn.done, *steps)
        turn.total = len(turn.steps)
        self.on_event(Event("plan", total=turn.total, database=turn.database))
        if not steps:
            return
        scripts = cast("TextScriptDirectory", context.script)
        if any(isinstance(step, Downgrade) for step in steps):
            known = [revision for revision in turn.before if revision in scripts.graph]
            turn.applied.update(scripts.graph.ancestors(known))
        prepared = _prepared(scripts, turn, steps)
        with beginning(context.connection):
            yield from self._perform_all(turn, context, steps, prepared)

    def _perform_all(
        self,
        turn: Turn,
        context: MigrationContext,
        steps: Sequence[Step],
        prepared: Sequence[_Prepared],
    ) -> Iterator[RevisionStep | StampStep]:
        if not turn.before and not context.as_sql:
            # Alembic does it for any run; we only once there is something to write.
            make_version_table(context)
        if self.before is not None and isinstance(context.connection, Connection):
            with _heeding_refusals(turn):
                self.before(_view(turn, context, context.connection))
        keeping = _Keeping(self.keeper, turn, context, steps)
        with _heeding_refusals(turn):
            keeping.begin()
        recording = self._watch(turn, context, keeping)
        environment = cast("WatchedEnvironment", context.environment_context)
        scripts = cast("TextScriptDirectory", context.script)
        lines = lines_of(scripts.graph, steps, environment.line)
        kept = len(turn.done)
        with recording.listening() if recording is not None else nullcontext():
            for number, (line, (step, script, moves, stamped)) in enumerate(
                zip(lines, prepared, strict=True), 1
            ):
                if environment.locks is not None:
                    environment.locks.assure()
                if line != environment.line:
                    environment.look_like(line)
                keeping.before(step, number)
                if recording is not None:
                    recording.start(stamped, partial(_script_of, scripts), len(moves))
                yield from self._perform(turn, kept + number, step, script, moves, recording)
                keeping.after(step, number)

    def outcome(self) -> RunOutcome:
        """Return what has been done."""
        return RunOutcome(tuple(turn.outcome() for turn in self.turns))

    def require_finished(self) -> None:
        """Raise LbackError when env.py has swallowed a refusal or a failure."""
        for turn in self.turns:
            if turn.error is not None:
                raise turn.error
            if not turn.finished:
                raise swallowed(turn)

    def _perform(
        self,
        turn: Turn,
        number: int,
        step: Step,
        script: TextScript | None,
        moves: Sequence[RevisionStep | StampStep],
        recording: Recording | None,
    ) -> Iterator[RevisionStep | StampStep]:
        turn.current, turn.script, turn.stamped = step, script, False
        recorded = turn.recorded = recording is not None and recording.writes
        lasting = not turn.transactional and not getattr(step, "fake", False) and not recorded
        self.on_event(
            Event(
                "start",
                step,
                number,
                turn.total,
                text=turn.dialect,
                stamp=turn.after,
                lasting=lasting,
                outside=turn.outside,
                database=turn.database,
            )
        )
        AT_WORK.at("steps", number, turn.total)
        started = time.perf_counter()
        for move in moves:
            yield _noticed(turn, move, recording)
        turn.current, turn.script = None, None
        if isinstance(step, Downgrade):
            turn.applied.discard(step.revision)
        elif isinstance(step, Upgrade):
            turn.applied.add(step.revision)
        AT_WORK.at("")
        turn.done.append(step)
        seconds = time.perf_counter() - started
        self.on_event(
            Event("done", step, number, turn.total, seconds, database=turn.database),
        )

    def _watch(
        self, turn: Turn, context: MigrationContext, keeping: _Keeping | None = None
    ) -> Recording | None:
        """Learn what the version table holds after each step, as Alembic keeps it; record it."""
        connection, recording = context.connection, None
        if self.recorder is not None and isinstance(connection, Connection):
            recording = self.recorder.begin(turn, context, connection, self._asked)
            cast("WatchedEnvironment", context.environment_context).recording = recording

        def applied(*, heads: set[str], **_kw: Any) -> None:
            stamp = tuple(sorted(heads))
            turn.after, turn.stamped = stamp, stamp != turn.after
            if recording is not None:
                recording.applied()
            if keeping is not None:
                keeping.applied()
            if self.after is not None and isinstance(connection, Connection) and turn.at_the_end:
                with _heeding_refusals(turn):
                    self.after(_view(turn, context, connection), turn.takes_back)

        context.on_version_apply_callbacks = (*context.on_version_apply_callbacks, applied)
        if isinstance(connection, Connection):
            send_stamps_alike(context, connection)
            _watch_commits(turn, connection, recording)
        return recording


class Follower(Performer):
    """Performs what one of Alembic's own commands decides; `refuse` may stop it before."""

    def __init__(
        self,
        work: Work,
        refuse: Refuse | None,
        on_event: OnEvent,
        recorder: RecordWriter | None = None,
    ) -> None:
        super().__init__(lambda _stamp: (), on_event, recorder=recorder)
        self.work = work
        self.refuse = refuse

    def __call__(
        self, heads: Sequence[str], context: MigrationContext
    ) -> Iterator[RevisionStep | StampStep]:
        """Yield the command's own steps; each is finished when the next one is asked for."""
        purged = cast("WatchedEnvironment", context.environment_context).purged
        turn = _begin(tuple(sorted(purged or heads)), context)
        self.turns.append(turn)
        if self.refuse is not None and isinstance(context.connection, Connection):
            with _heeding_refusals(turn):
                self.refuse(_view(turn, context, context.connection))
        moves = tuple(self.work(heads, context))
        turn.total = len(moves)
        if purged and not moves:
            self._record_purge(turn, context)
        with beginning(context.connection):
            recording = self._watch(turn, context) if moves else None
            with recording.listening() if recording is not None else nullcontext():
                for number, move in enumerate(moves, 1):
                    step = _step(move)
                    if recording is not None:
                        script = move.revision if isinstance(move, RevisionStep) else None
                        recording.start((step,), partial(_always, script), 1)
                    yield from self._perform(turn, number, step, None, (move,), recording)

    def _record_purge(self, turn: Turn, context: MigrationContext) -> None:
        """Write down that the table was emptied, which is all that a purge to the base does."""
        step = Restamp(())
        with beginning(context.connection), context.begin_transaction(_per_migration=True):
            recording = self._watch(turn, context)
            if recording is not None:
                recording.start((step,), partial(_always, None), 1)
            turn.after, turn.total = (), 1
            turn.done.append(step)
            if recording is not None:
                recording.applied()


class _Keeping:
    """What a keeper does between the steps of one turn."""

    def __init__(
        self,
        keeper: Keeper | None,
        turn: Turn,
        context: MigrationContext,
        steps: Sequence[Step],
    ) -> None:
        connection = context.connection
        self.keeper = keeper if isinstance(connection, Connection) else None
        self.turn = turn
        self.context = context
        self.steps = steps
        self.turned = False
        self.number = self.put = 0

    def begin(self) -> None:
        """Save what goes, before the first step."""
        if self.keeper is not None:
            # In the transaction of the first step, where there is one.
            self.keeper.begin(self._view(own=not self.turn.transactional), self.steps)

    def before(self, step: Step, number: int) -> None:
        """Look at what is there before the first step up."""
        self.number = number
        if self.keeper is not None and isinstance(step, Upgrade) and not self.turned:
            self._turn(self.steps[number - 1 :])

    def applied(self) -> None:
        """Put back what waited for the step at work, in its transaction."""
        step, place = self.turn.current, self.number
        if self.keeper is not None and self.put < place and isinstance(step, Upgrade):
            self.put = place
            self.keeper.stepped(self._view(own=False), step, self.steps[place:])

    def after(self, step: Step, number: int) -> None:
        """Put back what waited for this step; after the last one, look at what is there."""
        if self.keeper is None:
            return
        view = self._view(own=self.turn.kept_each or not self.turn.transactional)
        if self.put < number:  # its stamp has moved with that of another
            self.keeper.stepped(view, step, self.steps[number:])
        self.keeper.tidy(view)
        if number == len(self.steps) and not self.turned:
            self._turn(())

    def _turn(self, left: Sequence[Step]) -> None:
        assert self.keeper is not None
        self.turned = True
        view = self._view(own=self.turn.kept_each or not self.turn.transactional)
        self.keeper.turn(view, left)
        view.commit()

    def _view(self, *, own: bool) -> View:
        connection = cast("Connection", self.context.connection)
        commit = connection.commit if own and not self.turn.outside else _stay_open
        place = partial(place_of, self.context, connection)
        return View(self.turn.stamp, connection, place=place, commit=commit)


def _stay_open() -> None:
    """Leave what was written to the transaction that is open."""


def _watch_commits(turn: Turn, connection: Connection, recording: Recording | None) -> None:
    """Learn which steps commit before they are done; the record goes along."""

    def committed(_connection: Connection) -> None:
        if recording is not None:
            recording.committing()
        if turn.inside and turn.current is not None and turn.current not in turn.committed:
            turn.committed.append(turn.current)

    def executed(_connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        if _COMMIT.search(statement):
            committed(connection)

    transactions = transactions_of(connection)
    if transactions is not None:
        transactions.go_along.append(committed)
    event.listen(connection, "commit", committed)
    if recording is not None:
        event.listen(connection, "rollback", lambda _connection: recording.rolled_back())
    event.listen(connection, "before_cursor_execute", executed)


def _left(earlier: Turn | None, turn: Turn) -> tuple[Step, ...] | None:
    """Return what an earlier try has left to do here; None where the stamp is not as it left it."""
    if earlier is None:
        return None
    ways = [(earlier.before, earlier.kept), (earlier.after, len(earlier.done))]
    for stamp, done in reversed(ways) if earlier.kept_each else ways:
        if turn.before == stamp:
            turn.began = earlier.before if earlier.began is None else earlier.began
            turn.kept, turn.done = done, list(earlier.done[:done])
            return earlier.steps[done:]
    return None


def _view(turn: Turn, context: MigrationContext, connection: Connection) -> View:
    return View(turn.stamp, connection, place=partial(place_of, context, connection))


def _noticed(
    turn: Turn, move: RevisionStep | StampStep, recording: Recording | None
) -> RevisionStep | StampStep:
    """Let the turn, and the record, know while the code of a step is at work."""
    function = move.migration_fn

    @wraps(function)  # Alembic says its name
    def noticed(*args: Any, **kw: Any) -> Any:
        turn.inside = True
        work = partial(function, *args, **kw)
        result = recording.watch(work) if recording is not None else work()
        turn.inside = False
        return result

    move.migration_fn = noticed
    return move


@contextmanager
def _heeding_refusals(turn: Turn) -> Iterator[None]:
    """Keep a refusal, whatever env.py makes of it."""
    try:
        yield
    except LbackError as err:
        turn.error = err
        raise


def _script_of(scripts: TextScriptDirectory, step: Step) -> Script | None:
    return None if isinstance(step, Restamp) else scripts.script(step.revision)


def _always(script: Script | None, _step: Step) -> Script | None:
    return script


def _step(move: RevisionStep | StampStep) -> Step:
    if isinstance(move, StampStep):
        return Restamp(tuple(move.to_))
    revision = str(move.revision.revision)
    return Upgrade(revision) if move.is_upgrade else Downgrade(revision)


_Prepared = tuple[Step, "TextScript | None", Sequence[RevisionStep | StampStep], tuple[Step, ...]]
"""A step, its script and Alembic's moves for it; and the steps that those moves do."""


def _prepared(scripts: TextScriptDirectory, turn: Turn, steps: Sequence[Step]) -> list[_Prepared]:
    """Load the code of every step before the first one runs."""
    prepared: list[_Prepared] = []
    for only_written, group in groupby(steps, _is_stamped):
        if not only_written:
            prepared += [_prepare(scripts, turn, step) for step in group]
            continue
        # As `alembic stamp` does: all at once, however many revisions it leads over.
        part = tuple(group)
        before = stamp_after(scripts.graph, turn.before, steps[: len(prepared)])
        moves = stamp_steps(scripts, before, stamp_after(scripts.graph, before, part))
        prepared.append((part[0], None, moves, part))
        prepared += [(step, None, (), ()) for step in part[1:]]
    return prepared


def _is_stamped(step: Step) -> bool:
    """Tell whether a step only moves the stamp."""
    return is_only_written(step) and not (isinstance(step, Upgrade) and step.late)


def _prepare(scripts: TextScriptDirectory, turn: Turn, step: Any) -> _Prepared:
    script = scripts.script(step.revision)
    if step.fake:  # what its stamp stands for already is only written down
        return step, None, (GraphStep(scripts, turn.applied, script, step, _nothing),), (step,)
    turn.current, turn.script, turn.loading = step, script, True
    function = _function(script, "upgrade" if isinstance(step, Upgrade) else "downgrade")
    move = GraphStep(scripts, turn.applied, script, step, function)
    turn.current, turn.script, turn.loading = None, None, False
    return step, script, (move,), (step,)


def _nothing(**_kw: Any) -> None:
    """Run nothing."""


def _begin(before: tuple[str, ...], context: MigrationContext) -> Turn:
    environment = cast("WatchedEnvironment", context.environment_context)
    connection = context.connection
    autocommit = isinstance(connection, Connection) and commits_each_statement(connection)
    outside = is_outside(context)
    together = bool(context.impl.transactional_ddl)
    return Turn(
        database=environment.database,
        dialect=context.dialect.name,
        before=before,
        after=before,
        transactional=(together or transactions_of(connection) is not None) and not autocommit,
        autocommit=autocommit,
        kept_each=(is_kept_each(context) or not together) and not outside,
        outside=outside,
        offline=context.as_sql,
    )


def _function(script: TextScript, name: str) -> Callable[..., Any]:
    function = getattr(script.module, name, None)
    if not callable(function):
        raise LbackError(
            f"{script.path}: revision {script.revision} has no {name}().",
            f"Write a function {name}() there; `pass` is enough where nothing is to be done.",
        )
    return cast("Callable[..., Any]", function)
