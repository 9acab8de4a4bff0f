"""`lback alembic ...`: Alembic's own commands on this project, under lback's lock."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import alembic.command
from alembic.config import CommandLine, Config
from alembic.util.exc import CommandError

from lback.db.environment import WatchedEnvironment, standing_in
from lback.db.events import OnEvent, ignore
from lback.db.failures import Situation, translate
from lback.db.flaskapp import application_context
from lback.db.locks import Locks
from lback.db.project import config_for
from lback.db.runner import tell_waiting
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.core.settings import Settings

_MOVES_THE_DATABASE = frozenset({"upgrade", "downgrade", "stamp", "ensure_version"})
_NEEDS_NO_PROJECT = frozenset({"init", "list_templates"})


def run_alembic(
    settings: Settings,
    folder: Path,
    arguments: Sequence[str],
    *,
    x: Sequence[str] = (),
    lock_timeout: float | None = None,
    on_event: OnEvent = ignore,
) -> int:
    """Run one Alembic command; return its exit status. Its output is its own.

    LbackError for what Alembic or env.py refuses.
    """
    line = CommandLine(prog="lback alembic")
    try:
        options = line.parser.parse_args(list(arguments))
        if not hasattr(options, "cmd"):
            line.parser.error("too few arguments")
    except SystemExit as err:  # argparse has said what it wants
        return err.code if isinstance(err.code, int) else 2
    options.x = [*x, *(options.x or [])] or None
    at = Situation(Path("env.py"), folder.absolute())
    at.learn(os.environ.get("DATABASE_URL"))
    locks = Locks(lock_timeout, tell_waiting(on_event))
    with standing_in(folder), _watched(at, locks if _moves(options) else None):
        try:
            _run(line, settings, folder.absolute(), options, at, arguments)
        except CommandError as err:
            raise LbackError(at.hide(str(err)), _hint(str(err))) from err
        except SystemExit as err:
            return err.code if isinstance(err.code, int) else 1
        except Exception as err:
            raise translate(err, at) from err
        finally:
            locks.release()
    return 0


def _run(
    line: CommandLine,
    settings: Settings,
    folder: Path,
    options: Namespace,
    at: Situation,
    arguments: Sequence[str],
) -> None:
    function, positional, named = options.cmd
    elsewhere = options.config != line.parser.get_default("config")
    if function.__name__ in _NEEDS_NO_PROJECT or elsewhere:
        line.main(list(arguments))  # another project than ours, or none yet
        return
    if options.name == "alembic":
        options.name = settings.section
    config = config_for(settings, folder, options, stdout=sys.stdout)
    at.env_path = _env_path(settings)
    with application_context(settings, at.env_path, config) as config:
        function(
            config,
            *(getattr(options, name, None) for name in positional),
            **{name: getattr(options, name, None) for name in named},
        )


def _env_path(settings: Settings) -> Path:
    from alembic.util import coerce_resource_to_filename

    try:
        return Path(str(coerce_resource_to_filename(settings.script_location)), "env.py")
    except (ImportError, ValueError):
        return Path(settings.script_location, "env.py")


def _moves(options: Namespace) -> bool:
    return options.cmd[0].__name__ in _MOVES_THE_DATABASE and not getattr(options, "sql", False)


@contextmanager
def _watched(at: Situation, locks: Locks | None) -> Iterator[None]:
    """Let Alembic's commands make our environment instead of their own."""
    module: Any = alembic.command
    theirs = module.EnvironmentContext

    def make(config: Config, script: Any, **options: Any) -> WatchedEnvironment:
        return WatchedEnvironment(config, script, at, locks=locks, **options)

    module.EnvironmentContext = make
    try:
        yield
    finally:
        module.EnvironmentContext = theirs


def _hint(message: str) -> str:
    if "Can't locate revision" in message:
        return "`lback status` says what the database is stamped with and where that may be."
    if "multiple heads" in message.lower():
        return "Name one of them, or join them with `lback resolve`."
    return "`lback alembic COMMAND --help` shows what the command takes."
