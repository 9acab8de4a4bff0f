"""One opening of the user's Alembic environment: configuration, scripts, application."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from lback.db.environment import Adjust, WatchedEnvironment, surroundings
from lback.db.failures import Situation, translate
from lback.db.flaskapp import application_context
from lback.db.locks import Locks
from lback.db.project import build_config, extend_sys_path, open_scripts
from lback.db.scripts import TextScriptDirectory
from lback.errors import LbackError

if TYPE_CHECKING:
    from alembic.config import Config

    from lback.core.graph import Graph
    from lback.core.settings import Settings

Work = Callable[..., Any]
"""What Alembic calls with (heads, context) for each database that env.py configures."""


class Origin(NamedTuple):
    """Where a project is: what `Database` was made of."""

    settings: Settings
    graph: Graph
    root: Path
    folder: Path
    x: tuple[str, ...] = ()
    sources: Mapping[str, bytes] = MappingProxyType({})
    verbose: bool = False


class Session:
    """The environment while it is open; `run_env` may be called several times."""

    def __init__(self, config: Config, scripts: TextScriptDirectory, at: Situation) -> None:
        self.config = config
        self.scripts = scripts
        self.at = at

    def replay(self, work: Work, options: Mapping[str, Any], **context: Any) -> None:
        """Do what env.py did with these options of configure(), without running it."""
        environment = WatchedEnvironment(
            self.config, self.scripts, self.at, fn=work, dont_mutate=True, **context
        )
        with environment:
            environment.configure(**options)
            with environment.begin_transaction():
                environment.run_migrations()

    def run_env(
        self,
        work: Work,
        *,
        locks: Locks | None = None,
        adjust: Adjust | None = None,
        **context: Any,
    ) -> None:
        """Run env.py with this work; whatever it raises comes out as it is.

        `context` are options of Alembic's EnvironmentContext.
        """
        environment = WatchedEnvironment(
            self.config,
            self.scripts,
            self.at,
            locks=locks,
            adjust=adjust,
            fn=work,
            dont_mutate=True,
            **context,
        )
        try:
            with environment:
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
    origin: Origin,
    command: str,
    *,
    options: Mapping[str, Any] | None = None,
    buffer: io.StringIO | None = None,
) -> Iterator[Session]:
    """Open the environment as `alembic COMMAND` would; LbackError for what cannot be opened."""
    at = Situation(Path("env.py"), origin.folder)
    at.learn(os.environ.get("DATABASE_URL"))
    with ExitStack() as stack:
        stack.enter_context(surroundings(origin.folder, verbose=origin.verbose))
        try:
            config = build_config(
                origin.settings,
                origin.folder,
                command=command,
                x=origin.x,
                options=options,
                buffer=buffer,
            )
            scripts = open_scripts(config, _opener(origin))
            extend_sys_path(origin.settings, origin.folder)
            at.env_path = scripts.env_path
            config = stack.enter_context(
                application_context(origin.settings, scripts.env_path, config)
            )
        except (Exception, SystemExit) as err:
            raise translate(err, at) from err
        yield Session(config, scripts, at)


def _opener(origin: Origin) -> Callable[[Config], TextScriptDirectory]:
    def opener(config: Config) -> TextScriptDirectory:
        return TextScriptDirectory.open(config, origin.graph, origin.root, origin.sources)

    return opener
