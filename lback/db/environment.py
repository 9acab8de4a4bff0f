"""How env.py is run: as Alembic runs it, but watched."""

from __future__ import annotations

import inspect
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy.engine import Connection

from lback.db.alembic_compat import speak_through
from lback.db.locks import Locks

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext

    from lback.db.failures import Situation
    from lback.db.scripts import TextScriptDirectory

Adjust = Callable[[dict[str, Any]], None]

_CONFIGURE = inspect.signature(EnvironmentContext.configure)


class WatchedEnvironment(EnvironmentContext):
    """Alembic's facade for env.py; `configure()` takes the lock before the stamp is read.

    `adjust` may change the options that env.py passes to configure(), after the lock.
    """

    def __init__(
        self,
        config: Config,
        script: TextScriptDirectory,
        at: Situation,
        *,
        locks: Locks | None = None,
        adjust: Adjust | None = None,
        **options: Any,
    ) -> None:
        super().__init__(config, script, **options)
        self.locks = locks
        self.adjust = adjust
        self.at = at
        self.ran = False
        self.replayable: dict[str, Any] | None = None
        """The options of configure(); None where env.py did more with the context than run it."""
        self._options: dict[str, Any] = {}
        self._handed_out = False

    def configure(self, *args: Any, **kw: Any) -> None:
        """Do what Alembic does, under the lock."""
        # alembic.context hands on every option by position.
        options = _CONFIGURE.bind(self, *args, **kw).arguments
        options.pop("self")
        options.update(options.pop("kw", {}))
        connection = options.get("connection")
        # Anything else than a Connection is a mistake of env.py's that Alembic explains.
        if isinstance(connection, Connection) and not self.is_offline_mode():
            self.at.connected = True
            self.at.learn(connection.engine.url)
            if self.locks is not None:
                self.locks.take(connection, version_table(options))
        if self.adjust is not None:
            self.adjust(options)
        self._options, self._handed_out = options, False
        super().configure(**options)

    def get_context(self) -> MigrationContext:
        """Do what Alembic does, and remember that env.py may have done something with it."""
        self._handed_out = True
        return super().get_context()

    def begin_transaction(self) -> Any:
        """Do what Alembic does; every env.py does that."""
        before = self._handed_out
        transaction = super().begin_transaction()
        self._handed_out = before
        return transaction

    def run_migrations(self, **kw: Any) -> None:
        """Do what Alembic does, and remember that env.py came this far."""
        self.ran = True
        self.replayable = None if self._handed_out or kw else self._options
        super().run_migrations(**kw)


speak_through(WatchedEnvironment)


def version_table(options: dict[str, Any]) -> str:
    """Return the name of the table that the options of configure() keep the stamp in."""
    schema = options.get("version_table_schema")
    name = options.get("version_table") or "alembic_version"
    return f"{schema}.{name}" if schema else str(name)


@contextmanager
def surroundings(folder: Path, *, verbose: bool) -> Iterator[None]:
    """Stand where Alembic would be started, and keep env.py's prints off our output."""
    with ExitStack() as stack:
        stack.enter_context(standing_in(folder))
        if sys.stderr is not None:
            stack.enter_context(redirect_stdout(sys.stderr))
        if not verbose:
            stack.enter_context(_less_talk())
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


@contextmanager
def _less_talk() -> Iterator[None]:
    """Drop Alembic's own "Running upgrade ..." lines: our progress says the same.

    A filter, since env.py's fileConfig() replaces levels and handlers but not filters.
    """
    # A filter is not inherited, so each of Alembic's loggers needs its own.
    import alembic.autogenerate  # noqa: F401

    names = [name for name in logging.root.manager.loggerDict if name.startswith("alembic.")]
    quiet = [logging.getLogger(name) for name in (*names, "alembic.env")]
    for logger in quiet:
        logger.addFilter(_is_worth_telling)
    try:
        yield
    finally:
        for logger in quiet:
            logger.removeFilter(_is_worth_telling)
