"""The turns of databases in one process: each is given to a use case, and its end is told.

A process takes another database only where the one before has left nothing behind.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import IO, Any

from lback.cli import streams
from lback.core.listed.databases import ListedDatabase
from lback.core.messages import listed as messages
from lback.core.messages.questions import unanswered
from lback.core.shell import place, placed
from lback.errors import LbackError, OtherDatabaseError
from lback.project.console import SilentConsole
from lback.project.context import Context
from lback.secrets import KNOWN, cleaned
from lback.start import take_over
from lback.system import hung_up, interrupts, lead_group

UseCase = Callable[[Context, Any], Any]
_MOST_TURNS = 50  # of one process, so that what leaks in it does not grow
# What was found once for all of them.
_SHARED = ("cwd", "repository", "project", "revisions")


class _ChildConsole(SilentConsole):
    """Hands on what is said; asks nobody."""

    def __init__(self, send: Callable[[str, Any], None], *, notes: bool) -> None:
        self._send = send
        self._notes = notes

    def note(self, text: str) -> None:
        """Hand on, where somebody wants to know: one message costs as much as a small step."""
        if self._notes:
            self._send("line", KNOWN.redact(text))

    def warn(self, text: str) -> None:
        """Hand on."""
        self._send("line", KNOWN.redact(text))

    def confirm(self, question: str, *, option: str, default: bool = False) -> bool:
        """Refuse, naming the option that answers."""
        raise unanswered(question, option)

    def ask(self, question: str, *, option: str, default: str | None = None) -> str:
        """Take the default, or refuse."""
        if default is None:
            raise unanswered(question, option)
        return default


def serve(given: IO[bytes]) -> None:
    """Do in a process that was started anew what a fork does."""
    folders, options, use_case, arguments = pickle.load(given)
    take_over(list(folders))
    answer = os.dup(1)
    stand_alone(os.dup(2))
    serve_all(answer, given, Context(options), use_case, arguments)


def stand_alone(line: int) -> None:
    """Have streams, signals and exit handlers of one's own, and the terminal's Ctrl-C not at all.

    The parent has that, and says it once.
    """
    lead_group()
    for number in interrupts():
        signal.signal(number, signal.default_int_handler)
    for number in (signal.SIGTERM, *hung_up()):
        signal.signal(number, signal.SIG_DFL)
    atexit._clear()
    streams.stand_alone(line)


def serve_all(
    answer: int, orders: IO[bytes], ctx: Context, use_case: UseCase, options: Any
) -> None:
    """Take one database after the other, until none comes or something was left by one."""
    from lback.db.listed.handing import tell_connected
    from lback.db.listed.traces import Traces

    me = os.getpid()

    def send(kind: str, value: Any = None) -> None:
        if os.getpid() != me:
            return
        data = pickle.dumps((kind, value))
        message = len(data).to_bytes(4, "big") + data
        with contextlib.suppress(OSError):  # nobody listens any more; what is begun is ended
            while message:
                message = message[os.write(answer, message) :]

    try:
        tell_connected(lambda: send("connected"))
        traces: Traces | None = None
        for number in range(_MOST_TURNS):
            database: ListedDatabase = pickle.load(orders)
            traces = traces or Traces(database.variables)
            inner = _inner(ctx, database, _ChildConsole(send, notes=ctx.options.verbose))
            kind, value = _done(inner, use_case, options, anew=not number)
            if os.getpid() != me:  # a fork of env.py's that has come back
                os._exit(0)
            send(kind, value)
            if kind == "again" or number == _MOST_TURNS - 1 or not traces.nothing_left():
                break
            send("ready")
        send("leaving")
        _leave()
    except BaseException:
        pass
    os._exit(0)


def _done(ctx: Context, use_case: UseCase, options: Any, *, anew: bool) -> tuple[str, Any]:
    where = place(ctx.options.place)
    try:
        value = use_case(ctx, options)
    except OtherDatabaseError as err:
        # What the first one has left in this process may be why.
        return _told(err, where) if anew else ("again", None)
    except LbackError as err:
        return _told(err, where)
    except KeyboardInterrupt:
        stopped = messages.stopped()
        stopped.state = "interrupted"
        return _told(stopped, where)
    except BaseException as err:
        return _told(messages.broke(type(err).__name__, str(err)), where)
    return "value", cleaned(value, lambda text: placed(KNOWN.redact(text, words=False), where))


def _told(err: LbackError, where: str) -> tuple[str, Any]:
    hint = placed(err.hint or "", where)
    return "error", (KNOWN.redact(err.message), KNOWN.redact(hint), err.state)


def _inner(ctx: Context, database: ListedDatabase, console: _ChildConsole) -> Context:
    options = replace(
        ctx.options, listed=database, database=database.name, no_input=True, json=False
    )
    inner = Context(options, console, environment=ctx.environment)
    known = vars(ctx)
    inner.__dict__.update({name: known[name] for name in _SHARED if name in known})
    return inner


def _leave() -> None:
    """End as a program does: with what env.py has left to be done at the end."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
