"""The standard streams: the result has a way out of its own, kept from everybody else's writing."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    # Not the real type: typing a buffer is another 2 ms of imports.
    from contextlib import AbstractContextManager
    from typing import Protocol

    from _typeshed import ReadableBuffer

    class Drawn(Protocol):
        """A line on the terminal that gives way to what others write."""

        between: bool

        @property
        def lock(self) -> AbstractContextManager[object]:
            """Return what keeps two from writing at once."""

        def clear(self) -> None:
            """Take it away."""

        def end(self) -> None:
            """Take it away for good."""


class _Way(io.FileIO):
    """A file that never raises while it is written to; it remembers the first failure."""

    def __init__(self, number: int, *, close: bool) -> None:
        super().__init__(number, "w", closefd=close)
        self.failed: OSError | None = None
        self.on_screen = self.isatty()
        # A child that env.py forks, and that comes back through here, has nothing to say.
        self._owner = os.getpid()

    def write(self, data: ReadableBuffer, /) -> int:
        waiting = _HERE.waiting if self.on_screen else None
        # In a fork nobody draws, and the lock may be held for ever.
        if waiting is None or os.getpid() != self._owner:
            return self._write(data)
        with waiting.lock:
            waiting.clear()
            waiting.between = memoryview(data).tobytes().endswith(b"\n")
            return self._write(data)

    def _write(self, data: ReadableBuffer, /) -> int:
        size = len(memoryview(data).cast("B"))
        if self.failed is not None or os.getpid() != self._owner:
            return size
        try:
            # None: the other side wants no more for now, and nothing here may be lost.
            while (done := super().write(data)) is None:
                _wait(self.fileno())
        except OSError as err:
            self.failed = err
            return size
        return done


class _Streams:
    """What `take` has made of the standard streams of this process."""

    def __init__(self) -> None:
        self.out: TextIO | None = None
        self.way: _Way | None = None
        self.closed = False
        self.waiting: Drawn | None = None


_HERE = _Streams()


def take() -> None:
    """Keep standard output for the result alone; whatever else writes there is told beside it.

    From here on descriptor 1 leads to standard error, for the code of the project, for the
    programs that it starts and for C libraries alike. Nothing that is done to the two standard
    streams raises, so that a terminal that is gone never stops a migration.
    """
    if _HERE.out is not None or sys.stdout is not sys.__stdout__:
        return
    closed = [number for number in (0, 1, 2) if _reserve(number)]
    encoding, errors = _encoding(sys.stdout)
    _HERE.closed = 1 in closed
    _HERE.way = _Way(os.dup(1), close=True)
    _HERE.out = _text(_HERE.way, encoding, errors)
    os.dup2(2, 1)
    if sys.stdin is None:
        sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    told = _encoding(sys.stderr)
    sys.stdout = sys.__stdout__ = _text(_Way(1, close=False), encoding, errors)  # type: ignore[misc, assignment]
    sys.stderr = sys.__stderr__ = _text(_Way(2, close=False), *told)  # type: ignore[misc, assignment]


def wait(waiting: Drawn) -> None:
    """Let what others write on the terminal take the place of a line that is drawn there."""
    _HERE.waiting = waiting


def let_nothing_wait() -> None:
    """Draw no such line from here on: a pager, a bar or another process has the terminal."""
    shown, _HERE.waiting = _HERE.waiting, None
    if shown is not None:
        shown.end()


def goes_on_screen() -> bool:
    """Tell whether a line on standard error is in nobody's way: no pager, no pipe, no log."""
    if _HERE.way is None or not sys.stderr.isatty():
        return False
    kind = os.fstat(_HERE.way.fileno()).st_mode & 0o170000
    return _HERE.way.on_screen or kind == 0o100000


def stand_alone(number: int) -> None:
    """Let a process that was forked from this one write to a descriptor, and read nothing."""
    empty = os.open(os.devnull, os.O_RDWR)
    os.dup2(empty, 0)
    os.dup2(number, 1)
    os.dup2(number, 2)
    _HERE.out = _HERE.way = _HERE.waiting = None
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout = sys.__stdout__ = _text(_Way(1, close=False), "utf-8", "backslashreplace")  # type: ignore[misc, assignment]
    sys.stderr = sys.__stderr__ = _text(_Way(2, close=False), "utf-8", "backslashreplace")  # type: ignore[misc, assignment]


def result() -> TextIO:
    """Return where the result goes: the caller's standard output."""
    return _HERE.out if _HERE.out is not None else sys.stdout


def taken() -> bool:
    """Tell whether this is the whole program, and not a call from within another one."""
    return _HERE.out is not None


def is_closed() -> bool:
    """Tell whether there was no standard output to begin with."""
    return _HERE.closed


def failure() -> OSError | None:
    """Send off what is still waiting; return why the result could not be written, if so."""
    if _HERE.out is None or _HERE.way is None:
        sys.stdout.flush()
        return None
    _HERE.out.flush()
    return _HERE.way.failed


def _reserve(number: int) -> bool:
    """Fill a closed standard descriptor; the next file, a database, would get its number."""
    try:
        os.fstat(number)
    except OSError:
        empty = os.open(os.devnull, os.O_RDWR)
        if empty != number:
            os.dup2(empty, number)
            os.close(empty)
        os.set_inheritable(number, True)
        return True
    return False


def _encoding(stream: TextIO | None) -> tuple[str, str]:
    """Return how a stream was encoded; what cannot be spelled is escaped and never an error."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    errors = getattr(stream, "errors", None) or "strict"
    return encoding, "backslashreplace" if errors == "strict" else errors


def _text(way: _Way, encoding: str, errors: str) -> TextIO:
    # What others print appears when they print it: in between is what their children print.
    direct = way.isatty() or way.fileno() in (1, 2)
    return io.TextIOWrapper(
        io.BufferedWriter(way), encoding=encoding, errors=errors, line_buffering=direct
    )


def _wait(number: int) -> None:
    import select

    select.select([], [number], [])
