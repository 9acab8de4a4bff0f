"""`lback alembic ...`: Alembic's own commands on this project, under lback's lock."""

from __future__ import annotations

import io
import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import alembic.command
import alembic.config
import alembic.util.messaging
from alembic.config import CommandLine, Config
from alembic.util.exc import CommandError

from lback.db.events import OnEvent, ignore
from lback.db.failures import Situation, translate
from lback.db.locks import Locks
from lback.db.project import application_context, config_for
from lback.db.runner import tell_waiting
from lback.db.session import WatchedEnvironment, standing_in
from lback.errors import LbackError, UsageError
from lback.start import come_back

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
    out: TextIO | None = None,
    told: TextIO | None = None,
    on_event: OnEvent = ignore,
) -> int:
    """Run one Alembic command; return its exit status. Its SQL goes to `out`, its words to `told`.

    UsageError for a wrong line, LbackError for what Alembic or env.py refuses. What the
    project's own code prints goes to standard error.
    """
    out = out or sys.stdout
    told = told or out
    line = CommandLine(prog="lback alembic")
    options = _parsed(line, arguments, told)
    if options is None:
        return 0
    options.x = [*x, *(options.x or [])] or None
    at = Situation(Path("env.py"), folder.absolute())
    at.learn(os.environ.get("DATABASE_URL"))
    locks = Locks(lock_timeout, tell_waiting(on_event))
    come_back()
    with (
        standing_in(folder),
        _watched(at, locks if _moves(options) else None),
        _speaking_to(told, out),
        redirect_stdout(sys.stderr),
    ):
        try:
            _run(line, settings, folder.absolute(), options, at, arguments, out, told)
        except CommandError as err:
            raise LbackError(at.hide(str(err)), _hint(str(err))) from err
        except (Exception, SystemExit) as err:
            raise translate(err, at) from err
        finally:
            locks.release()
    return 0


def _parsed(line: CommandLine, arguments: Sequence[str], out: TextIO) -> Namespace | None:
    """Parse the line; None where it only asked for help, which is printed then."""
    said = io.StringIO()
    try:
        with redirect_stdout(out), redirect_stderr(said):
            options = line.parser.parse_args(list(arguments))
            if not hasattr(options, "cmd"):
                line.parser.error("too few arguments")
    except SystemExit as err:
        if not err.code:
            return None
        # argparse prints the usage, which is long, and the reason on its last line.
        reason = said.getvalue().strip().rpartition("error: ")[2]
        raise UsageError(
            f"alembic: {reason}", "`lback alembic --help` lists its commands."
        ) from err
    return options


def _run(
    line: CommandLine,
    settings: Settings,
    folder: Path,
    options: Namespace,
    at: Situation,
    arguments: Sequence[str],
    out: TextIO,
    told: TextIO,
) -> None:
    function, positional, named = options.cmd
    elsewhere = options.config != line.parser.get_default("config")
    if function.__name__ in _NEEDS_NO_PROJECT or elsewhere:
        # Another project than ours, or none yet. What is refused shall be raised, not printed.
        line.main(["--raiseerr", *arguments])
        return
    if options.name == "alembic":
        options.name = settings.section
    config = config_for(settings, folder, options, buffer=out, stdout=told)
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


@contextmanager
def _speaking_to(told: TextIO, out: TextIO) -> Iterator[None]:
    """Let Alembic's own words go to `told`, while standard output is closed to the project."""
    messages: Any = alembic.util.messaging
    configuration: Any = alembic.config
    theirs = messages.write_outstream, configuration.Config

    def write(stream: TextIO, *texts: str | bytes, **options: Any) -> None:
        theirs[0](told if stream is sys.stdout else stream, *texts, **options)

    messages.write_outstream = write
    configuration.Config = partial(Config, stdout=told, output_buffer=out)
    try:
        yield
    finally:
        messages.write_outstream, configuration.Config = theirs


def _hint(message: str) -> str:
    if "Can't locate revision" in message:
        return "`lback status` says what the database is stamped with and where that may be."
    if "multiple heads" in message.lower():
        return "Name one of them, or join them with `lback resolve`."
    return "`lback alembic COMMAND --help` shows what the command takes."
