"""The database that the project's own env.py connects to."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lback.core.plans import Step
from lback.db.breakage import migration_failure, state_left
from lback.db.environment import Adjust, WatchedEnvironment, surroundings
from lback.db.events import Event, OnEvent, Outcome, Stamp, ignore
from lback.db.failures import Situation, translate
from lback.db.flaskapp import application_context
from lback.db.locks import Locks
from lback.db.performing import Decide, Performer
from lback.db.project import build_config, extend_sys_path, open_scripts
from lback.db.scripts import TextScriptDirectory
from lback.errors import LbackError

if TYPE_CHECKING:
    from alembic.config import Config

    from lback.core.graph import Graph
    from lback.core.settings import Settings

MakeWork = Callable[["Config", TextScriptDirectory], Callable[..., Any]]


class Database:
    """Runs env.py, unchanged, to look at the database or to move it.

    `root` is what the paths of the graph's revisions are relative to; `folder` is where
    Alembic would be started (relative URLs and paths of env.py start there). Texts in
    `sources`, by revision id, are run instead of files.
    """

    def __init__(
        self,
        settings: Settings,
        graph: Graph,
        root: Path,
        *,
        x: Sequence[str] = (),
        folder: Path | None = None,
        sources: Mapping[str, bytes] | None = None,
        verbose: bool = False,
    ) -> None:
        self.settings = settings
        self.graph = graph
        self.root = root.absolute()
        self.folder = (folder or root).absolute()
        self.x = tuple(x)
        self.sources = sources or {}
        self.verbose = verbose

    def stamp(self) -> Stamp:
        """Read where the database is, without a lock and without writing anything."""
        watcher = Performer(lambda _stamp: (), ignore)
        self.run_env("current", lambda *_: watcher)
        first, *others = (Stamp(one.before, one.url, one.dialect) for one in watcher.turns)
        return Stamp(first.revisions, first.url, first.dialect, tuple(others))

    def run(
        self,
        decide: Decide,
        *,
        on_event: OnEvent = ignore,
        lock_timeout: float | None = None,
        command: str = "upgrade",
        destination: str = "heads",
    ) -> Outcome:
        """Take the lock, read the stamp, let `decide` choose the steps, perform them.

        `decide` is called once for each database that env.py configures, with the raw
        stamp; an LbackError of its leaves the database untouched. `command` and
        `destination` are what env.py may ask for ("upgrade", "downgrade", "stamp").
        """
        performer = Performer(decide, on_event)
        locks = Locks(lock_timeout, _tell(on_event))
        self.run_env(
            command,
            lambda *_: performer,
            performer=performer,
            locks=locks,
            options={"revision": destination},
            destination_rev=destination,
        )
        return Outcome(tuple(turn.as_done() for turn in performer.turns), tuple(locks.notes))

    def sql(
        self,
        steps: Sequence[Step],
        start: Sequence[str] = (),
        *,
        command: str = "upgrade",
        destination: str = "heads",
    ) -> str:
        """Return the SQL of the steps from `start`, by env.py's offline mode; no connection."""
        buffer = io.StringIO()
        performer = Performer(lambda _stamp: steps, ignore)
        self.run_env(
            command,
            lambda *_: performer,
            performer=performer,
            buffer=buffer,
            options={"revision": destination, "sql": True},
            as_sql=True,
            starting_rev=list(start) or None,
            destination_rev=destination,
        )
        return buffer.getvalue()

    def run_env(
        self,
        command: str,
        make_work: MakeWork,
        *,
        performer: Performer | None = None,
        locks: Locks | None = None,
        adjust: Adjust | None = None,
        buffer: io.StringIO | None = None,
        options: Mapping[str, Any] | None = None,
        **context: Any,
    ) -> None:
        """Run env.py once with the work that `make_work` gives; LbackError for all that breaks.

        `context` are options of Alembic's EnvironmentContext.
        """
        at = Situation(Path("env.py"), self.folder)
        at.learn(os.environ.get("DATABASE_URL"))
        environment: WatchedEnvironment | None = None
        with surroundings(self.folder, verbose=self.verbose):
            try:
                config = build_config(
                    self.settings,
                    self.folder,
                    command=command,
                    x=self.x,
                    options=options,
                    buffer=buffer,
                )
                scripts = open_scripts(config, self._open)
                extend_sys_path(self.settings, self.folder)
                at.env_path = scripts.env_path
                with application_context(self.settings, scripts.env_path, config) as config:
                    work = make_work(config, scripts)
                    environment = WatchedEnvironment(
                        config,
                        scripts,
                        at,
                        locks=locks,
                        adjust=adjust,
                        fn=work,
                        dont_mutate=True,
                        **context,
                    )
                    with environment:
                        scripts.run_env()
            except KeyboardInterrupt:
                self._tell_interrupted(performer)
                raise
            except (Exception, SystemExit) as err:
                raise self._explain(err, at, performer) from err
            finally:
                if locks is not None:
                    locks.release()
        if not environment.ran:
            raise LbackError(
                f"{at.relative(at.env_path)} ended without a call of context.run_migrations().",
                "See that it gets there; `lback init` writes one that does.",
            )

    def _open(self, config: Config) -> TextScriptDirectory:
        return TextScriptDirectory.open(config, self.graph, self.root, self.sources)

    def _explain(
        self, err: BaseException, at: Situation, performer: Performer | None
    ) -> LbackError:
        turn = performer.turns[-1] if performer is not None and performer.turns else None
        if turn is None or turn.current is None:
            return _as_ours(err, at)
        if turn.loading:
            return migration_failure(err, turn, at, turn.before)
        now = self._position(performer)
        return migration_failure(err, turn, at, now)

    def _position(self, performer: Performer | None) -> tuple[str, ...] | None:
        """Read the stamp again after a failure; None when even that fails."""
        if performer is None:
            return None
        try:
            stamp = self.stamp()
            return (stamp, *stamp.others)[len(performer.turns) - 1].revisions
        except (LbackError, IndexError):
            return None

    def _tell_interrupted(self, performer: Performer | None) -> None:
        turn = performer.turns[-1] if performer is not None and performer.turns else None
        if performer is None or turn is None or turn.current is None:
            return
        left = state_left(turn, self._position(performer))
        performer.on_event(Event("failed", turn.current, len(turn.done) + 1, turn.total, text=left))


def _as_ours(err: BaseException, at: Situation) -> LbackError:
    return err if isinstance(err, LbackError) else translate(err, at)


def _tell(on_event: OnEvent) -> Callable[[str, float], None]:
    def waiting(holder: str, seconds: float) -> None:
        on_event(Event("waiting", seconds=seconds, text=holder))

    return waiting
