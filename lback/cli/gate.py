"""The one place where errors become messages and exit statuses."""

from __future__ import annotations

import json
import os
import sys

import click

from lback.app.context import Options
from lback.cli.commands import COMMANDS
from lback.cli.terminal import Terminal
from lback.errors import LbackError


def guarded(program: click.Command, args: list[str], prog: str) -> int:
    """Run the program; return its exit status whatever happens inside."""
    options = Options()
    # An error can come before click has seen the options, so look for these two by hand.
    options.json = "--json" in args
    options.debug = "--debug" in args
    name = next((arg for arg in args if arg in COMMANDS), "")
    terminal = Terminal(options, prog)
    try:
        outcome = program.main(args, prog_name=prog, standalone_mode=False, obj=options)
        return outcome if isinstance(outcome, int) else 0
    except click.UsageError as err:
        hint = f"see `{err.ctx.command_path} --help`" if err.ctx else "see `lback --help`"
        return _fail(terminal, name, "error", 2, err.format_message(), hint)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (KeyboardInterrupt, click.Abort) as err:
        _debug(options)
        message, hint = _interrupted(err)
        return _fail(terminal, name, "error", 130, message, hint)
    except LbackError as err:
        _debug(options)
        status = "error" if err.exit_code == 2 else "refused"
        return _fail(terminal, name, status, err.exit_code, err.message, err.hint)
    except BrokenPipeError:
        # The reader of our output left: not an error of anybody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, UnicodeError) as err:
        _debug(options)
        return _fail(terminal, name, "error", 3, _system_words(err), _system_hint(err))
    except RecursionError:
        _debug(options)
        return _fail(terminal, name, "error", 3, "A file is nested too deeply to be read", "")
    except Exception:
        return _bug(terminal, name)


def _fail(
    terminal: Terminal, name: str, status: str, code: int, message: str, hint: str | None
) -> int:
    if name == "hook":
        # A hook never breaks git because lback failed: one line, and git goes on.
        terminal.line(f"lback: {message.splitlines()[0]} (hook skipped)")
        return 0
    if terminal.options.json:
        report = {
            "lback": 1,
            "command": name,
            "status": status,
            "exit_code": code,
            "data": {},
            "findings": [],
            "error": {"message": message, "hint": terminal.spell(hint or "") or None},
        }
        terminal.print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        terminal.error(message, hint or "")
    return code


def _debug(options: Options) -> None:
    if options.debug:
        import traceback

        traceback.print_exc()


def _interrupted(err: BaseException) -> tuple[str, str]:
    return (
        "Interrupted",
        getattr(err, "hint", "") or "see where things stand with `lback status`",
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


def _bug(terminal: Terminal, name: str) -> int:
    import platform
    import traceback
    from importlib import metadata

    if terminal.options.debug:
        traceback.print_exc()
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
    return _fail(terminal, name, "error", 70, message, hint)
