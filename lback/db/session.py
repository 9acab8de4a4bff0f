"""One opening of the user's Alembic environment: configuration, scripts, application, env.py."""

from __future__ import annotations

import inspect
import io
import logging
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import alembic.autogenerate  # noqa: F401 - its logger has to be there
from alembic.runtime.environment import EnvironmentContext
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SAWarning

from lback.core.databases import DatabaseName
from lback.db.absent import PassedOver, StandIn
from lback.db.alembic_compat import speak_through
from lback.db.command_lines import LOOK, context_options, function_like, retype
from lback.db.failures import Situation, plain, reason, translate
from lback.db.identity import given_name, identify, untouched
from lback.db.listed.handing import hand_over, in_environment, require_asked
from lback.db.locking.locks import Locks
from lback.db.project import application_context, build_config, extend_sys_path, open_scripts
from lback.db.scripts import TextScriptDirectory
from lback.db.sqlite.batches import sparing_others
from lback.db.sqlite.transactions import keep_transactions
from lback.errors import LbackError

# Of types and indexes that SQLAlchemy does not know, where we look at a schema.
warnings.filterwarnings("ignore", category=SAWarning, module=r"lback\.db\.")

if TYPE_CHECKING:
    from argparse import Namespace

    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext

    from lback.core.graph.view import GraphView
    from lback.core.lines import Line
    from lback.core.listed.databases import ListedDatabase
    from lback.core.settings import Settings
    from lback.db.failures import Situation
    from lback.db.record.writing import Recording
    from lback.db.scripts import TextScriptDirectory


Adjust = Callable[[dict[str, Any]], None]

_CONFIGURE = inspect.signature(EnvironmentContext.configure)


class WatchedEnvironment(EnvironmentContext):
    """Alembic's facade for env.py; `configure()` takes the lock before the stamp is read.

    `adjust` may change the options that env.py passes to configure(), after the lock.
    With a `line`, it looks like the environment of that Alembic command, and does `work`.
    """

    def __init__(
        self,
        config: Config,
        script: TextScriptDirectory,
        at: Situation,
        *,
        locks: Locks | None = None,
        adjust: Adjust | None = None,
        line: Line = (),
        work: Work | None = None,
        passed: PassedOver | None = None,
        **options: Any,
    ) -> None:
        super().__init__(config, script, **options)
        self.line = self._typed = line
        self._work = work
        self._given = options
        self.locks = locks
        self.adjust = adjust
        self.at = at
        self.passed = passed or PassedOver()
        self.ran = False
        self.recording: Recording | None = None
        """Of the database at work."""
        self.database = DatabaseName("")
        """The one that env.py has configured last."""
        self._absent: StandIn | None = None
        self._ran: Counter[DatabaseName] = Counter()
        self.replayable: dict[str, Any] | None = None
        """The options of configure(); None where env.py did more with the context than run it."""
        self.arguments: Mapping[str, Any] = {}
        self.purged: tuple[str, ...] = ()
        """Those of run_migrations()."""
        self._options: dict[str, Any] = {}
        self._handed_out = False
        if line:
            self.look_like(line)

    def look_like(self, line: Line) -> None:
        """Let env.py and the migrations see this Alembic command from now on."""
        options = cast("Namespace", self.config.cmd_opts)
        if line != self.line:
            retype(options, line)
        self.line = line
        self.context_opts["fn"] = function_like(line[0], self._begin)
        self.context_opts.update(context_options(line, options))
        self.context_opts.update(self._given)

    def _begin(self, heads: Any, context: MigrationContext) -> Any:
        """Do the work, once Alembic has left out what it does for an empty version table."""
        if self.line != LOOK:
            self.context_opts.pop("dont_mutate", None)
        assert self._work is not None
        return self._work(heads, context)

    def configure(self, *args: Any, **kw: Any) -> None:
        """Do what Alembic does, under the lock."""
        # alembic.context hands on every option by position.
        options = _CONFIGURE.bind(self, *args, **kw).arguments
        options.pop("self")
        options.update(options.pop("kw", {}))
        connection = options.get("connection")
        self._absent = connection if isinstance(connection, StandIn) else None
        # Anything else than a Connection is a mistake of env.py's that Alembic explains.
        if isinstance(connection, Connection) and not self.is_offline_mode():
            self.at.connected.add(plain(connection.engine.url))
            self.at.learn(connection.engine.url)
            named = identify(connection, options, asked=self._absent is None)
            listed = self.at.listed
            if listed is not None:
                if self._absent is None:
                    require_asked(listed, connection, named, self.at.folder)
                named = replace(named, name=listed.name)
            self.database = replace(named, number=self._ran[named] + 1)
            if self._absent is not None:
                return
            self._lock(connection)
            keep_transactions(connection)
        if self.adjust is not None:
            self.adjust(options)
        if self.line != self._typed:  # the database before has taken more than one command
            self.look_like(self._typed)
        self._options, self._handed_out = options, False
        super().configure(**options)

    def _lock(self, connection: Connection) -> None:
        if self.locks is None or self.database.key in self.passed.outcomes:
            return
        try:
            self.locks.take(connection, self.database.locked, str(self.database))
        except LbackError as err:
            self.passed.fail(self.database, err)
            raise

    def get_context(self) -> MigrationContext:
        """Do what Alembic does, and remember that env.py may have done something with it."""
        if self._absent is not None:
            raise self._absent.error
        self._handed_out = True
        return super().get_context()

    def begin_transaction(self) -> Any:
        """Do what Alembic does; every env.py does that."""
        if self._absent is not None:
            return nullcontext()
        before = self._handed_out
        transaction = super().begin_transaction()
        self._handed_out = before
        return transaction

    def run_migrations(self, **kw: Any) -> None:
        """Do what Alembic does, and remember that env.py came this far."""
        self.ran = True
        self._ran[replace(self.database, number=1)] += 1
        listed = self.at.listed.name if self.at.listed is not None else ""
        self.database = replace(self.database, name=given_name(kw) or listed)
        self.passed.reach(self.database)
        if self._absent is not None:
            self.passed.fail(self.database, self._absent.error)
            return
        self.recording = None
        self.replayable = None if self._handed_out else self._options
        self.arguments = kw
        if self.line:
            # The table of versions is made once there is something to write.
            self.context_opts["dont_mutate"] = True
        context = super().get_context()
        # Alembic empties the table before it says what is in it.
        purges = context.purge and not context.as_sql
        if purges and isinstance(context.connection, Connection):
            # Alembic commits the empty table only where no transaction has been begun before.
            with untouched(context.connection):
                self.purged = context.get_current_heads()
        try:
            super().run_migrations(**kw)
        except Exception as err:
            self._record_failure(err)
            # env.py may go on to the next database, and never tell.
            self.passed.raised[self.database.key] = err
            raise

    def _record_failure(self, err: Exception) -> None:
        if self.recording is not None:
            self.recording.failed(reason(err))


speak_through(WatchedEnvironment)


@contextmanager
def surroundings(folder: Path, *, verbose: bool) -> Iterator[None]:
    """Stand where Alembic would be started, and keep env.py's prints off our output."""
    with ExitStack() as stack:
        stack.enter_context(standing_in(folder))
        if sys.stderr is not None:
            stack.enter_context(redirect_stdout(sys.stderr))
        if not verbose:
            stack.enter_context(less_talk())
        yield


@contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    """Make `folder` the current one for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _is_worth_telling(record: logging.LogRecord) -> bool:
    return record.levelno > logging.INFO


def _is_not_alembics(record: logging.LogRecord) -> bool:
    return _is_worth_telling(record) or not record.name.startswith("alembic.")


@contextmanager
def less_talk() -> Iterator[None]:
    """Drop Alembic's own "Running upgrade ..." lines: our progress says the same.

    A filter, since env.py's fileConfig() replaces levels and handlers but not filters.
    """
    # A filter is not inherited, so each of Alembic's loggers needs its own; handlers that are there
    # already pass what a module says that is only imported now.
    names = [name for name in logging.root.manager.loggerDict if name.startswith("alembic.")]
    quiet: list[logging.Filterer] = [logging.getLogger(name) for name in (*names, "alembic.env")]
    loud = [*logging.root.handlers, *logging.getLogger("alembic").handlers]
    for logger in quiet:
        logger.addFilter(_is_worth_telling)
    for handler in loud:
        handler.addFilter(_is_not_alembics)
    try:
        yield
    finally:
        for logger in quiet:
            logger.removeFilter(_is_worth_telling)
        for handler in loud:
            handler.removeFilter(_is_not_alembics)


Work = Callable[..., Any]
"""What Alembic calls with (heads, context) for each database that env.py configures."""


class ProjectPlace(NamedTuple):
    """Where a project is: what `Database` was made of."""

    settings: Settings
    graph: GraphView
    root: Path
    folder: Path
    x: tuple[str, ...] = ()
    sources: Mapping[str, bytes] = MappingProxyType({})
    verbose: bool = False
    before: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    listed: ListedDatabase | None = None
    """The database that env.py is given; None: the one that it connects to by itself."""


class Session:
    """The environment while it is open; `run_env` may be called several times."""

    def __init__(
        self, config: Config, scripts: TextScriptDirectory, at: Situation, line: Line
    ) -> None:
        self.config = config
        self.scripts = scripts
        self.at = at
        self.line = line

    def replay(self, work: Work, options: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
        """Do what env.py did with these options and arguments, without running it."""
        environment = WatchedEnvironment(
            self.config, self.scripts, self.at, line=self.line, work=work
        )
        with environment:
            environment.configure(**options)
            with environment.begin_transaction():
                environment.run_migrations(**arguments)

    def run_env(
        self,
        work: Work,
        *,
        locks: Locks | None = None,
        adjust: Adjust | None = None,
        passed: PassedOver | None = None,
        **context: Any,
    ) -> None:
        """Run env.py with this work; whatever it raises comes out as it is.

        Databases in `passed` are not locked. `context` are options of Alembic's
        EnvironmentContext beside those of the command.
        """
        environment = WatchedEnvironment(
            self.config,
            self.scripts,
            self.at,
            locks=locks,
            adjust=adjust,
            passed=passed,
            line=self.line,
            work=work,
            **context,
        )
        try:
            with environment, environment.passed.stood_in_for(), sparing_others():
                self.scripts.run_env()
        finally:
            if locks is not None:
                locks.release()
        if not environment.ran:
            raise LbackError(
                f"{self.at.relative(self.at.env_path)} ended without a call of "
                "context.run_migrations().",
                "See that it gets there; `lback init` writes one that does.",
            )


@contextmanager
def open_session(
    origin: ProjectPlace, line: Line, *, buffer: io.StringIO | None = None
) -> Iterator[Session]:
    """Open the environment as `alembic LINE` would; LbackError for what cannot be opened."""
    at = Situation(Path("env.py"), origin.folder, listed=origin.listed)
    at.learn(os.environ.get("DATABASE_URL"))
    with ExitStack() as stack:
        stack.enter_context(surroundings(origin.folder, verbose=origin.verbose))
        stack.enter_context(in_environment(origin.listed))
        try:
            config = build_config(
                origin.settings,
                origin.folder,
                line=line,
                before=origin.before,
                x=(*origin.x, *(origin.listed.x if origin.listed is not None else ())),
                buffer=buffer,
            )
            hand_over(config, origin.listed)
            scripts = open_scripts(config, _opener(origin))
            extend_sys_path(origin.settings, origin.folder)
            at.env_path = scripts.env_path
            config = stack.enter_context(
                application_context(origin.settings, scripts.env_path, config)
            )
        except (Exception, SystemExit) as err:
            raise translate(err, at) from err
        yield Session(config, scripts, at, line)


def _opener(origin: ProjectPlace) -> Callable[[Config], TextScriptDirectory]:
    def opener(config: Config) -> TextScriptDirectory:
        scripts = TextScriptDirectory.open(config, origin.graph, origin.root, origin.sources)
        scripts.heads_seen = origin.heads
        return scripts

    return opener
