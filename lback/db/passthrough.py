"""`lback alembic ...`: Alembic's own commands on this project, under lback's lock."""

from __future__ import annotations

import io
import os
import re
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import alembic.command
import alembic.config
import alembic.util.messaging
from alembic.config import CommandLine, Config
from alembic.util import coerce_resource_to_filename
from alembic.util.exc import CommandError

from lback.core.messages.lost import lost_stamp
from lback.db.command_lines import like
from lback.db.events import OnEvent, RunOutcome, ignore
from lback.db.failures import Situation, translate
from lback.db.listed.handing import hand_over, in_environment
from lback.db.locking.locks import Locks
from lback.db.performing import Follower, Refuse
from lback.db.project import application_context, config_for
from lback.db.session import WatchedEnvironment, standing_in
from lback.db.sqlite.batches import sparing_others
from lback.errors import LbackError, UsageError
from lback.start import come_back

if TYPE_CHECKING:
    from lback.core.listed.databases import ListedDatabase
    from lback.core.settings import Settings
    from lback.db.record.writing import RecordWriter

_RUNS_REVISIONS = frozenset({"upgrade", "downgrade"})
_MOVES_THE_DATABASE = _RUNS_REVISIONS | {"stamp", "ensure_version"}
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
    refuse: Refuse | None = None,
    recorder: RecordWriter | None = None,
    listed: ListedDatabase | None = None,
) -> RunOutcome:
    """Run one Alembic command; return what it did to this project's databases, if it moves any.

    Its SQL goes to `out`, its words to `told`, and what the project's own code prints to
    standard error. `refuse` is called with the database before a revision runs, under the lock.
    What moves a database is written down by the `recorder`.
    UsageError for a wrong line, LbackError for what Alembic or env.py refuses.
    """
    out = out or sys.stdout
    told = told or out
    line = CommandLine(prog="lback alembic")
    options = _parsed(line, arguments, told)
    if options is None:
        return RunOutcome(())
    options.x = [*x, *(listed.x if listed is not None else ()), *(options.x or [])] or None
    at = Situation(Path("env.py"), folder.absolute(), listed=listed)
    at.learn(os.environ.get("DATABASE_URL"))
    locks = Locks(lock_timeout, on_event, f"alembic {options.cmd[0].__name__}")
    watch = _Watch(at, line, options, locks, on_event, refuse, recorder)
    come_back()
    with (
        standing_in(folder),
        in_environment(listed),
        watch.installed(),
        _speaking_to(told, out),
        redirect_stdout(sys.stderr),
        _translated(at, arguments),
    ):
        _run(line, settings, folder.absolute(), options, at, arguments, out, told)
    return watch.outcome()


class _Watch:
    """Makes the environment for Alembic's command, under lback's lock if it moves a database."""

    def __init__(
        self,
        at: Situation,
        line: CommandLine,
        options: Namespace,
        locks: Locks,
        on_event: OnEvent,
        refuse: Refuse | None,
        recorder: RecordWriter | None,
    ) -> None:
        self.recorder = recorder
        name = options.cmd[0].__name__
        self.at, self.locks, self.on_event = at, locks, on_event
        self.refuse = refuse if name in _RUNS_REVISIONS else None
        self.moves = name in _MOVES_THE_DATABASE and not getattr(options, "sql", False)
        self.ours = not _is_elsewhere(line, options)
        self.followers: list[Follower] = []

    def __call__(self, config: Config, script: Any, **options: Any) -> WatchedEnvironment:
        """Do what Alembic's own class does for its command."""
        if self.moves and self.ours:
            follower = Follower(options["fn"], self.refuse, self.on_event, self.recorder)
            self.followers.append(follower)
            options["fn"] = like(options["fn"], follower)
        locks = self.locks if self.moves else None
        return WatchedEnvironment(config, script, self.at, locks=locks, **options)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Let Alembic's commands make our environment instead of their own."""
        module: Any = alembic.command
        theirs, module.EnvironmentContext = module.EnvironmentContext, self
        try:
            with sparing_others():
                yield
        finally:
            module.EnvironmentContext = theirs
            self.locks.release()

    def outcome(self) -> RunOutcome:
        """Return what was done; LbackError where env.py has swallowed why it was not."""
        for follower in self.followers:
            follower.require_finished()
        return RunOutcome(
            tuple(done for follower in self.followers for done in follower.outcome().databases)
        )


_NOT_LOCATED = re.compile("Can't locate revision identified by '(.+)'")


@contextmanager
def _translated(at: Situation, arguments: Sequence[str]) -> Iterator[None]:
    try:
        yield
    except CommandError as err:
        _refuse_lost(str(err), arguments)
        raise LbackError(at.hide(str(err)), _hint(str(err))) from err
    except (Exception, SystemExit) as err:
        raise translate(err, at) from err


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
    if function.__name__ in _NEEDS_NO_PROJECT or _is_elsewhere(line, options):
        # Another project than ours, or none yet. What is refused shall be raised, not printed.
        line.main(["--raiseerr", *arguments])
        return
    if options.name == "alembic":
        options.name = settings.section
    config = config_for(settings, folder, options, buffer=out, stdout=told)
    hand_over(config, at.listed)
    at.env_path = _env_path(settings)
    with application_context(settings, at.env_path, config) as config:
        function(
            config,
            *(getattr(options, name, None) for name in positional),
            **{name: getattr(options, name, None) for name in named},
        )


def _env_path(settings: Settings) -> Path:
    try:
        return Path(str(coerce_resource_to_filename(settings.script_location)), "env.py")
    except (ImportError, ValueError):
        return Path(settings.script_location, "env.py")


def _is_elsewhere(line: CommandLine, options: Namespace) -> bool:
    return bool(options.config != line.parser.get_default("config"))


@contextmanager
def _speaking_to(told: TextIO, out: TextIO) -> Iterator[None]:
    """Let Alembic's own words go to `told`, while standard output is closed to the project."""
    messages: Any = alembic.util.messaging
    configuration: Any = alembic.config
    theirs = messages.write_outstream, configuration.Config

    def write(stream: TextIO, *texts: str | bytes, **options: Any) -> None:
        theirs[0](told if stream is sys.stdout else stream, *texts, **options)

    class Told(Config):  # a class, for Flask-Migrate derives one of its own from it
        def __init__(self, *given: Any, **options: Any) -> None:
            super().__init__(*given, **{"stdout": told, "output_buffer": out, **options})

    messages.write_outstream = write
    configuration.Config = Told
    try:
        yield
    finally:
        messages.write_outstream, configuration.Config = theirs


def _refuse_lost(message: str, arguments: Sequence[str]) -> None:
    """Say whose revision it is that Alembic cannot locate: the database's, or who typed it."""
    named = _NOT_LOCATED.search(message)
    if named is None:
        return
    revision = named.group(1)
    if any(revision in argument for argument in arguments):
        raise LbackError(
            f"No file of this checkout defines {revision}.",
            "`lback graph` lists what there is; `lback graph --at REF` what another branch has.",
        )
    raise lost_stamp([revision])


def _hint(message: str) -> str:
    if "overlaps with other" in message:
        return "`lback migrate` takes a row out of the stamp that another one stands on."
    if "multiple heads" in message.lower():
        return "Name one of them, or join them with `lback resolve`."
    return "`lback alembic COMMAND --help` shows what the command takes."
