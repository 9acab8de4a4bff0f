"""The one place where errors become messages and exit statuses."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress

import click

from lback.cli import streams
from lback.cli.group import COMMANDS
from lback.cli.terminal import Terminal
from lback.core.results import envelope
from lback.errors import LbackError
from lback.project.options import Options
from lback.secrets import KNOWN, learn_environment
from lback.vcs.noted import INPUTS

# Options that take a value, so that `-C heads` is not mistaken for the command.
_TAKE_A_VALUE = (
    "-C",
    "-c",
    "--config",
    "-n",
    "--name",
    "-x",
    "--script-location",
    "--db",
    "--color",
    "--json-schema",
)


def guarded(program: click.Command, args: list[str], prog: str, only: str | None = None) -> int:
    """Run the program; return its exit status whatever happens inside."""
    options = Options(args=tuple(args), only=only)
    # An error can come before click has seen the options, so look for these by hand.
    options.json_lines = "--json-lines" in args
    options.json = options.json_lines or _wants_json(args)
    options.debug = "--debug" in args
    options.command = _command_in(args)
    learn_environment()
    for arg in args:  # such as `-x url=postgresql://...`
        KNOWN.learn_file(arg)
    terminal = Terminal(options, prog)
    if streams.is_closed() and options.command != "hook":
        terminal.error("Standard output is closed; nothing was done.", _ELSEWHERE)
        return 3
    code = _shown(program, args, terminal)
    if streams.taken():
        _let_interrupts_kill()
    code = _delivered(terminal, code)
    out = streams.result()
    INPUTS.keep(out.encoding, out.errors or "strict", code)
    return code


_ELSEWHERE = "send it to a file, or to /dev/null where only the exit status matters"


def _shown(program: click.Command, args: list[str], terminal: Terminal) -> int:
    """Run the program; on a terminal a line says what it is at, once that takes long."""
    if not streams.goes_on_screen():
        return _run(program, args, terminal)
    from lback.cli.waiting import waiting

    with waiting(terminal.options):
        return _run(program, args, terminal)


def _run(program: click.Command, args: list[str], terminal: Terminal) -> int:
    options = terminal.options
    try:
        outcome = program.main(args, prog_name=terminal.prog, standalone_mode=False, obj=options)
        return outcome if isinstance(outcome, int) else 0
    except click.UsageError as err:
        from lback.cli.habits import advice

        message = " ".join(err.format_message().split())  # click lists choices on lines
        return _fail(terminal, "error", 2, message, advice(err, args))
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (KeyboardInterrupt, click.Abort) as err:
        _debug(terminal)
        message, hint = _interrupted(err)
        return _fail(terminal, "error", 130, message, hint)
    except LbackError as err:
        _debug(terminal)
        status = "error" if err.exit_code == 2 else "refused"
        return _fail(terminal, status, err.exit_code, err.message, err.hint)
    except (OSError, UnicodeError) as err:
        _debug(terminal)
        return _fail(terminal, "error", 3, _system_words(err), _system_hint(err))
    except RecursionError:
        _debug(terminal)
        return _fail(terminal, "error", 3, "A file is nested too deeply to be read", "")
    except MemoryError:
        return _fail(terminal, "error", 3, "There is not enough memory", "")
    except SystemExit as leave:
        _debug(terminal)
        message = f"Code of the project ended the program with status {leave.code}"
        return _fail(terminal, "refused", 3, message, "find what calls `sys.exit` with `--debug`")
    except BaseException:  # an asyncio.CancelledError of env.py is no Exception
        return _bug(terminal)


def _wants_json(args: list[str]) -> bool:
    args = args[: args.index("--")] if "--" in args else args
    pairs = list(zip(args, args[1:], strict=False))  # noqa: RUF007
    return "--json" in args or "--format=json" in args or ("--format", "json") in pairs


def _command_in(args: list[str]) -> str:
    """Return the first argument that is a command's name and no option's value."""
    for before, arg in zip(["", *args], args, strict=False):
        if arg in COMMANDS and before not in _TAKE_A_VALUE:
            return arg
    return ""


def _let_interrupts_kill() -> None:
    """Nothing is left to be undone: Ctrl-C ends us as it ends any program, without a word."""
    with suppress(ValueError):  # only the main thread may say so
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _delivered(terminal: Terminal, code: int) -> int:
    """Return the exit status, once the result is out; 3 where it cannot be written.

    A reader that left (`| head`) is nobody's error; but what was found and not told is not 1.
    """
    try:
        err = streams.failure()
    except OSError as failure:
        err = failure
    if err is None or terminal.options.command == "hook":
        return code
    return undelivered(terminal, code, err)


def undelivered(terminal: Terminal, code: int, err: OSError) -> int:
    """Say that a result could not be written; return the exit status that is left."""
    INPUTS.doubt()
    if not isinstance(err, BrokenPipeError):
        terminal.error(
            f"The result could not be written to standard output: {err.strerror}.",
            f"{_ELSEWHERE}; the command itself ended with status {code}",
        )
    elif code == 0:
        return 0
    return code if code > 1 else 3


def _fail(terminal: Terminal, status: str, code: int, message: str, hint: str | None) -> int:
    name = terminal.options.command
    if name == "hook":
        # A hook never breaks git because lback failed: one line, and git goes on.
        terminal.line(f"lback: {message.splitlines()[0]} (hook skipped)")
        if not terminal.options.json or terminal.options.answered:
            return 0
        code = 0
    if terminal.options.json:
        if terminal.options.answered:
            # One object is all that may be printed, and it was printed before this failed.
            terminal.error(message, hint or "")
            return code
        terminal.answer(envelope(name, {}, status, code, (), (message, hint)))
    else:
        terminal.error(message, hint or "")
    return code


def _debug(terminal: Terminal) -> None:
    if terminal.options.debug:
        terminal.trace()


def _interrupted(err: BaseException) -> tuple[str, str]:
    raised = err.__cause__ or err  # click has made an Abort of what was raised
    return (
        "Interrupted",
        getattr(raised, "hint", "") or "see where things stand with `lback status`",
    )


def _system_words(err: OSError | UnicodeError) -> str:
    if isinstance(err, OSError) and err.strerror:
        place = f": {err.filename}" if err.filename else ""
        return f"{err.strerror}{place}"
    return str(err)


def _system_hint(err: OSError | UnicodeError) -> str:
    import errno

    number = err.errno if isinstance(err, OSError) else None
    if number == errno.ENOSPC:
        return "free some space and run the command again; nothing was left half written"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "check who owns the folder and whether it may be written to"
    return "run again with `--debug` for the place in the code"


def _bug(terminal: Terminal) -> int:
    import platform
    import traceback
    from importlib import metadata

    _debug(terminal)
    kind, value, trace = sys.exc_info()
    frames = traceback.extract_tb(trace)[-3:]
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    try:
        version = metadata.version("lback-migrations")
    except metadata.PackageNotFoundError:
        version = "unknown"
    message = (
        f"This is a bug in lback {version}: {kind.__name__ if kind else ''}: {value} "
        f"(at {where}; Python {platform.python_version()})"
    )
    hint = "please report the line above; `--debug` shows the whole traceback"
    return _fail(terminal, "error", 70, message, hint)
