"""Databases that do not answer, passed over so that env.py comes to the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import Connection, Engine

from lback.core.databases import DatabaseName
from lback.db.events import DatabaseOutcome, RunOutcome, Turn
from lback.db.failures import UnreachableError, plain, swallowed, taken_back
from lback.errors import LbackError


class _Nothing:
    """The driver's connection where there is none: may be ended, and raises for all else."""

    def __init__(self, error: LbackError) -> None:
        self._error = error

    def __getattr__(self, _name: str) -> Any:
        raise self._error

    def commit(self) -> None:
        """Do nothing: nothing was begun."""

    rollback = close = commit


class StandIn(Connection):
    """What env.py gets instead of a connection that is known to fail; every statement fails."""

    def __init__(self, engine: Engine, error: LbackError) -> None:
        nothing: Any = _Nothing(error)
        super().__init__(engine, connection=nothing, _has_events=False)
        self.error = error


class PassedOver:
    """What one run has no more to do with: databases that are done, failed, or do not answer.

    To connect to one that does not answer is not tried again: env.py gets a stand-in for the
    connection, whose turn is passed over, so that a loop comes to the next one.
    """

    def __init__(self) -> None:
        self.outcomes: dict[str, DatabaseOutcome] = {}
        """By the key of the database, in the order in which they were settled."""
        self.raised: dict[str, Exception] = {}
        """What came out of the turn of each database, whatever env.py made of it."""
        self._order: dict[str, int] = {}
        self._urls: dict[str, LbackError] = {}

    def learn(self, error: LbackError) -> bool:
        """Remember a database by the error of its connection; False where that tells no new one."""
        url = error.url if isinstance(error, UnreachableError) else None
        if url is None or url in self._urls:
            return False
        self._urls[url] = error
        return True

    def fail(self, database: DatabaseName, error: LbackError) -> None:
        """Note why there was no turn for a database."""
        self.outcomes[database.key] = DatabaseOutcome(database, (), None, error=error)

    def reach(self, database: DatabaseName) -> None:
        """Note that env.py came to a database."""
        self._order.setdefault(database.key, len(self._order))

    def call(self, databases: Iterable[DatabaseName]) -> None:
        """Take the names of databases that had failed before env.py gave them."""
        for database in databases:
            outcome = self.outcomes.get(database.key)
            if outcome is not None:
                self.outcomes[database.key] = outcome._replace(database=database)

    def settle(
        self, turns: Iterable[Turn], stands: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        """Take over what is settled by turns; `stands` are the stamps after a run that broke off.

        What env.py has taken back as a whole then is not settled: it may be done again.
        """
        for turn in turns:
            outcome = turn.outcome()
            if turn.error is None and not turn.finished:
                outcome = outcome._replace(error=swallowed(turn))
            elif turn.error is None and stands is not None:
                now = stands.get(turn.database.key)
                if now is not None and now != turn.after and turn.transactional:
                    continue
                if now != turn.after and turn.done:
                    outcome = outcome._replace(after=now, error=taken_back(turn, now))
            self.outcomes[turn.database.key] = outcome

    def outcome(self) -> RunOutcome:
        """Return what was done, in env.py's order."""
        rows = sorted(self.outcomes.values(), key=lambda row: self.place(row.database))
        return RunOutcome(tuple(rows))

    def place(self, database: DatabaseName | None) -> int:
        """Return where a database comes in env.py's order; the last place for an unknown one."""
        last = len(self._order)
        return self._order.get(database.key, last) if database is not None else last

    @contextmanager
    def stood_in_for(self) -> Iterator[None]:
        """Give stand-ins to whoever connects to what does not answer, while this lasts."""
        connect = Engine.connect

        def connected(engine: Engine) -> Connection:
            error = self._urls.get(plain(engine.url))
            return connect(engine) if error is None else StandIn(engine, error)

        # On the class, so that engines which the application has made already obey as well.
        Engine.connect = connected  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            Engine.connect = connect  # type: ignore[method-assign]
