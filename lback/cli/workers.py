"""A use case for each of many databases, in processes of their own.

Where the system can fork, each process is a fork of this one, which has imported everything and has
read the files, and runs no code of the project itself; elsewhere each starts anew.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from lback.cli import streams
from lback.cli.turns import UseCase, serve_all, stand_alone
from lback.core.listed.databases import ListedDatabase
from lback.core.messages import listed as messages
from lback.core.shell import given, place, placed
from lback.errors import LbackError
from lback.project.context import Context
from lback.start import taken
from lback.system import (
    APART,
    CAN_FORK,
    LAST,
    exit_status,
    fork,
    hung_up,
    interrupts,
    never_wait,
    tell,
)

_TICK = 0.2
_OF_EACH = (
    "lback.db.runner",
    "lback.db.keeping.keeper",
    "lback.db.listed.traces",
    "lback.db.preflight.asking",
)
"""What a use case imports where it comes to a database."""

_LONGEST_LINE = 10_000
_PROGRAM = """
import os, pickle, sys
given = os.fdopen(os.dup(0), "rb")
sys.path[:] = pickle.load(given)
from lback.cli.turns import serve
serve(given)
"""


class Ended(NamedTuple):
    """How the turn of one database has ended: with a value, or with an error."""

    database: ListedDatabase
    value: Any
    error: LbackError | None
    seconds: float


class Said(NamedTuple):
    """A line that a process has for a person."""

    database: ListedDatabase
    text: str


@dataclass
class Job:
    """What is to be done with each database, and how many at once."""

    ctx: Context
    use_case: UseCase
    options: Any
    jobs: int = 1
    patience: float = 60.0
    fork: bool = CAN_FORK
    stopped: bool = False
    """No other is begun."""
    inbox: queue.SimpleQueue[tuple[_Child, str, Any]] = field(default_factory=queue.SimpleQueue)
    running: dict[int, _Child] = field(default_factory=dict)


def each(job: Job, databases: Iterable[ListedDatabase]) -> Iterator[Ended | Said]:
    """Yield how each database's turn has ended, as they end, and what is said meanwhile.

    At Ctrl-C none is begun any more, those at work are told, and their ends are yielded.
    """
    waiting = iter(databases)
    again: list[ListedDatabase] = []
    if job.fork:
        _be_ready(job.ctx)
    with _interrupts(job):
        while True:
            _give_out(job, waiting, again)
            if not job.running:
                return
            for child, kind, value in _by_selectors(job) if job.fork else _by_threads(job):
                if kind == "line":
                    yield Said(child.turn, value)
                elif kind == "connected":
                    child.deadline = None
                elif kind in ("value", "error"):
                    child.answer = (kind, value)
                elif kind == "again":
                    again.append(child.turn)
                    child.database = None
                elif kind in ("ready", "leaving") or child.database is not None:
                    child.ready = kind == "ready"
                    if child.database is not None:
                        ended = _ended(child)
                        child.database = child.answer = None
                        yield ended
            _end_late(job)


def _give_out(job: Job, waiting: Iterator[ListedDatabase], again: list[ListedDatabase]) -> None:
    """Give databases to processes that are ready, or to new ones; let others leave."""
    while True:
        ready = next((child for child in job.running.values() if child.ready), None)
        if ready is None and len(job.running) >= job.jobs:
            return
        # What did not work out after another one needs a process that has had none.
        anew = bool(again) and not job.stopped
        database = None if job.stopped else again.pop() if anew else next(waiting, None)
        if database is None:
            for child in job.running.values():
                if child.ready:
                    child.dismiss()
            return
        if ready is not None and anew:
            ready.dismiss()
            ready = None
        if ready is None:
            ready = _forked(job) if job.fork else _started(job)
            job.running[ready.pid] = ready
        ready.take(database, job.patience)


@dataclass
class _Child:
    """A process, and the database that it has in hand."""

    pid: int
    orders: Any
    """Where it is told which database comes next."""
    answers: Any = None
    lines: Any = None
    process: subprocess.Popen[bytes] | None = None
    database: ListedDatabase | None = None
    turn: ListedDatabase = field(default_factory=lambda: ListedDatabase(""))
    """The one that it has or had in hand."""
    ready: bool = False
    deadline: float | None = None
    started: float = 0.0
    answer: tuple[str, Any] | None = None
    rest: bytes = b""
    """Of a message that has not come as a whole."""
    spoken: bytes = b""
    """Of a line."""
    late: bool = False
    status: int = 0

    def take(self, database: ListedDatabase, patience: float) -> None:
        """Hand it a database."""
        self.database = self.turn = database
        self.started = time.monotonic()
        self.deadline, self.ready = self.started + patience, False
        with contextlib.suppress(OSError):  # it has just died, which is seen elsewhere
            self.orders.write(pickle.dumps(database))
            self.orders.flush()

    def dismiss(self) -> None:
        """Tell it that nothing comes any more."""
        self.ready = False
        with contextlib.suppress(OSError):
            self.orders.close()

    def signal(self, number: int) -> None:
        """Send a signal; it may have ended."""
        tell(self.pid, number)


def _be_ready(ctx: Context) -> None:
    """Import and build what each of them would, and leave what there is to all of them alike."""
    from lback.db.listed.handing import warm_up

    for name in _OF_EACH:
        importlib.import_module(name)
    warm_up()
    gc.collect()
    gc.freeze()


def _forked(job: Job) -> _Child:
    answers, answer = os.pipe()
    lines, line = os.pipe()
    orders, order = os.pipe()
    for stream in (streams.result(), sys.stdout, sys.stderr):
        stream.flush()
    pid = fork()
    if not pid:
        try:
            for way in (answers, lines, order):
                os.close(way)
            for other in job.running.values():
                for way in (other.answers, other.lines):
                    if way is not None:
                        os.close(way)
                with contextlib.suppress(OSError):
                    os.close(other.orders.fileno())
            stand_alone(line)
            with open(orders, "rb") as given:  # noqa: PTH123
                serve_all(answer, given, job.ctx, job.use_case, job.options)
        finally:
            os._exit(70)
    for way in (answer, line, orders):
        os.close(way)
    return _Child(pid, open(order, "wb"), answers, lines)  # noqa: PTH123


def _started(job: Job) -> _Child:
    order = (taken(), job.ctx.options, job.use_case, job.options)
    home = os.fspath(Path(__file__).parents[2])
    path = [*(entry for entry in sys.path if entry != home), home]
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **APART,
    )
    child = _Child(process.pid, process.stdin, process=process)
    with contextlib.suppress(OSError):
        child.orders.write(pickle.dumps(path) + pickle.dumps(order))
    for stream, take in ((process.stdout, _messages), (process.stderr, _lines)):
        arguments = (child, stream, take, job.inbox)
        threading.Thread(target=_hand_on, args=arguments, daemon=True).start()
    return child


def _hand_on(child: _Child, stream: IO[bytes], take: Any, inbox: Any) -> None:
    while data := os.read(stream.fileno(), 65536):
        for kind, value in take(child, data):
            inbox.put((child, kind, value))


def _by_threads(job: Job) -> Iterator[tuple[_Child, str, Any]]:
    inbox = job.inbox
    with contextlib.suppress(queue.Empty):
        yield inbox.get(timeout=_TICK)
        while True:
            yield inbox.get_nowait()
    for child in list(job.running.values()):
        assert child.process is not None
        if child.process.poll() is not None:
            time.sleep(0.01)
            with contextlib.suppress(queue.Empty):
                while True:
                    yield inbox.get_nowait()
            child.status = child.process.returncode
            del job.running[child.pid]
            yield child, "ended", None


def _by_selectors(job: Job) -> Iterator[tuple[_Child, str, Any]]:
    import select

    ways = {child.answers: (child, _messages) for child in job.running.values()}
    ways |= {child.lines: (child, _lines) for child in job.running.values()}
    # Not until the pipes end: what env.py has forked may hold them for long.
    tick = 0.002 if None in ways else _TICK  # one is about to end
    ready, _, _ = select.select([way for way in ways if way is not None], [], [], tick)
    for way in ready:
        child, take = ways[way]
        data = os.read(way, 65536)
        if not data:
            _close(child, way)
        for kind, value in take(child, data):
            yield child, kind, value
    for child in list(job.running.values()):
        status = exit_status(child.pid)
        if status is not None:
            child.status = status
            yield from _last_words(child)
            del job.running[child.pid]
            yield child, "ended", None


def _last_words(child: _Child) -> Iterator[tuple[_Child, str, Any]]:
    """Yield what is left in the pipes of a process that has ended, and close them."""
    for way, take in ((child.answers, _messages), (child.lines, _lines)):
        if way is None:
            continue
        never_wait(way)
        with contextlib.suppress(BlockingIOError):
            while data := os.read(way, 65536):
                for kind, value in take(child, data):
                    yield child, kind, value
        _close(child, way)
    if child.spoken:
        yield child, "line", child.spoken.decode("utf-8", "replace")


def _close(child: _Child, way: int) -> None:
    os.close(way)
    if way == child.answers:
        child.answers = None
    else:
        child.lines = None


def _messages(child: _Child, data: bytes) -> Iterator[tuple[str, Any]]:
    child.rest += data
    while len(child.rest) >= 4:
        size = int.from_bytes(child.rest[:4], "big")
        if len(child.rest) < 4 + size:
            return
        message, child.rest = child.rest[4 : 4 + size], child.rest[4 + size :]
        yield pickle.loads(message)


def _lines(child: _Child, data: bytes) -> Iterator[tuple[str, Any]]:
    *whole, rest = (child.spoken + data).split(b"\n")
    if len(rest) > _LONGEST_LINE:
        whole, rest = [*whole, rest], b""
    child.spoken = rest
    for line in whole:
        yield "line", line.decode("utf-8", "replace")


def _ended(child: _Child) -> Ended:
    seconds = time.monotonic() - child.started
    if child.answer is not None and child.answer[0] == "value":
        return Ended(child.turn, child.answer[1], None, seconds)
    error: LbackError
    if child.answer is not None:
        message, hint, state = child.answer[1]
        error = LbackError(message, hint)
        error.state = state
    elif child.late:
        error = messages.no_answer(round(seconds))
        error.state = "unreachable"
    else:
        where = place(given("--db", child.turn.name))
        told = messages.killed(messages.left_with(child.status))
        error = LbackError(told.message, placed(told.hint or "", where))
        error.state = "killed"
    return Ended(child.turn, None, error, seconds)


def _end_late(job: Job) -> None:
    """End those that have not connected in time: nothing was begun there."""
    for child in job.running.values():
        if child.deadline is not None and time.monotonic() > child.deadline and not child.late:
            child.late = True
            child.signal(LAST)


@contextlib.contextmanager
def _interrupts(job: Job) -> Iterator[None]:
    """Hand Ctrl-C, and what a container is stopped by, on to those at work; wait for their ends."""

    def stop(_number: int, _frame: Any) -> None:
        last = LAST
        for child in list(job.running.values()):
            # A second time is meant for those that did not heed the first.
            child.signal(last if job.stopped else signal.SIGINT)
        job.stopped = True

    numbers = (*interrupts(), signal.SIGTERM, *hung_up())
    before = {}
    with contextlib.suppress(ValueError):  # not the main thread
        before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for child in list(job.running.values()):  # whoever listened has left
            child.signal(signal.SIGINT)
