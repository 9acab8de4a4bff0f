"""The database that the project's own env.py connects to."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lback.db.command_lines import LOOK
from lback.db.events import Event, OnEvent, RunOutcome, Stamp, ignore
from lback.db.failures import Situation, migration_failure, state_left, translate
from lback.db.locks import Locks
from lback.db.performing import Before, Decide, Looker, Performer
from lback.db.session import ProjectPlace, Session, open_session
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView
    from lback.core.lines import Line
    from lback.core.settings import Settings
    from lback.db.view import View

T = TypeVar("T")


class Database:
    """Runs env.py, unchanged, to look at the database or to move it.

    `root` is what the paths of the graph's revisions are relative to; `folder` is where
    Alembic would be started (relative URLs and paths of env.py start there). Texts in
    `sources`, by revision id, are run instead of files. `before` are options of Alembic's that
    stand before its command, and `heads` those that env.py sees, where the graph has others.
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
    ) -> None:
        self.graph = graph
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
        )

    def stamp(self) -> Stamp:
        """Read where the database is, without a lock and without writing anything."""
        return self.look_first(lambda view: view.stamp)

    def look(self, gather: Callable[[View], T]) -> tuple[T, ...]:
        """Run env.py once and let `gather` ask each database; nothing locked, nothing written.

        An LbackError of `gather` comes out as it is, whatever env.py makes of it.
        """
        looker = Looker(gather)
        with self.opened(LOOK) as session, explained(session.at):
            session.run_env(looker)
        if looker.refusal is not None:
            raise looker.refusal
        return tuple(looker.gathered)

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
    ) -> RunOutcome:
        """Take the lock, read the stamp, let `decide` choose the steps, perform them.

        `decide` is called once for each database that env.py configures, with the raw
        stamp; an LbackError of its leaves the database untouched. `line` is the Alembic
        command that env.py sees.
        `before` may ask the database, or save from it, when there is something to do;
        nothing is done when it raises.
        """
        performer = Performer(decide, on_event, before)
        locks = Locks(lock_timeout, on_event)
        with self.opened(line) as session, self._explained(session.at, performer):
            session.run_env(performer, locks=locks)
        performer.require_finished()
        return performer.outcome()

    def sql(
        self, decide: Decide, start: Sequence[str] = (), *, line: Line = ("upgrade", "heads")
    ) -> str:
        """Return the SQL of the steps that `decide(start)` chooses, by env.py's offline mode."""
        buffer = io.StringIO()
        performer = Performer(lambda _stamp: decide(tuple(start)), ignore)
        command, *names = line
        if len(start) == 1 and command != "stamp":
            names = [f"{start[0]}:{name}" for name in names]
        context: dict[str, Any] = {"starting_rev": list(start)} if len(start) > 1 else {}
        with (
            self.opened((command, *names, "--sql"), buffer) as session,
            self._explained(session.at, performer),
        ):
            session.run_env(performer, **context)
        performer.require_finished()
        return buffer.getvalue()

    @contextmanager
    def opened(self, line: Line, buffer: io.StringIO | None = None) -> Iterator[Session]:
        """Open the environment as `alembic LINE` does."""
        with open_session(self.origin, line, buffer=buffer) as session:
            yield session

    @contextmanager
    def _explained(self, at: Situation, performer: Performer) -> Iterator[None]:
        """Say which migration broke, and what that has left behind."""
        try:
            yield
        except KeyboardInterrupt:
            self._tell_interrupted(performer)
            raise
        except (Exception, SystemExit) as err:
            turn = performer.turns[-1] if performer.turns else None
            if turn is None or turn.current is None:
                raise translate(err, at) from err
            now = turn.before if turn.loading or turn.offline else self._position(performer)
            raise migration_failure(err, turn, at, now) from err

    def _position(self, performer: Performer) -> tuple[str, ...] | None:
        """Read the stamp again after a failure; None when even that fails."""
        try:
            return self.look(lambda view: view.stamp.revisions)[len(performer.turns) - 1]
        except (LbackError, IndexError):
            return None

    def _tell_interrupted(self, performer: Performer) -> None:
        turn = performer.turns[-1] if performer.turns else None
        if turn is None or turn.current is None or turn.loading:
            return
        left = state_left(turn, self._position(performer))
        number = len(turn.done) + 1
        performer.on_event(Event("failed", turn.current, number, turn.total, text=left))


@contextmanager
def explained(at: Situation) -> Iterator[None]:
    """Turn whatever env.py raises into an LbackError."""
    try:
        yield
    except (Exception, SystemExit) as err:
        raise translate(err, at) from err
