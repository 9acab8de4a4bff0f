"""One line that says what a command is at, once that takes longer than a second."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from lback.cli import streams
from lback.project.options import Options
from lback.system import has_echo, hung_up, in_front
from lback.work import AT_WORK, Work

_AFTER = 1.0
_EVERY = 0.2
_SAID: dict[Work, str] = {
    "headers": "reading revisions",
    "effects": "reading what revisions do",
    "branches": "comparing branches",
    "steps": "running revisions",
}
_BAR = 20
_FEW = 10  # so many need no bar


class Waiting:
    """Draws the line in a thread of its own; whoever writes on the terminal clears it first.

    `between` is False while the cursor stands behind somebody's text, such as a question.
    """

    def __init__(self, options: Options) -> None:
        self.lock = threading.RLock()
        self.between = True
        self._options = options
        self._drawn = 0
        self._since = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="lback-waiting", daemon=True)
        self._thread.start()

    def clear(self) -> None:
        """Take the line away."""
        drawn, self._drawn = self._drawn, 0
        if drawn:
            _put(f"\r{' ' * drawn}\r")

    def end(self) -> None:
        """Take the line away for good."""
        self._ended.set()
        self._thread.join()
        self.clear()

    def _draw(self) -> None:
        pause = _AFTER
        while not self._ended.wait(pause):
            pause = _EVERY
            with self.lock:
                if self._may_draw():
                    line = _line(self._options.command, time.monotonic() - self._since)
                    line = line[: _columns() - 1]
                    # At the start of the line again: what else comes there is read.
                    _put(f"\r{line}{' ' * (self._drawn - len(line))}\r")
                    self._drawn = len(line)
                else:
                    self.clear()

    def _may_draw(self) -> bool:
        return (
            self.between
            and not self._options.quiet
            and not AT_WORK.hidden
            and in_front(2)
            and has_echo(2)
        )


def _line(command: str, seconds: float) -> str:
    work, done, total = AT_WORK.work, AT_WORK.done, AT_WORK.total
    took = f"{int(seconds)} s"
    if not work or total < _FEW:
        return f"{command or 'lback'}: {took}"
    full = _BAR * min(done, total) // total
    return f"{command}: {_SAID[work]} [{'#' * full}{'-' * (_BAR - full)}] {done}/{total}, {took}"


def _put(text: str) -> None:
    with suppress(OSError):
        os.write(2, text.encode("ascii", "replace"))


def _columns() -> int:
    try:
        return os.get_terminal_size(2).columns or 80
    except OSError:
        return 80


@contextmanager
def waiting(options: Options) -> Iterator[None]:
    """Show what a command is at, on a terminal that a person looks at, and nowhere else."""
    unseen = os.environ.get("CI") or os.environ.get("TERM") == "dumb"
    if unseen or not streams.goes_on_screen():
        yield
        return
    shown = Waiting(options)
    streams.wait(shown)
    with _cleared_when_killed(shown):
        try:
            yield
        finally:
            streams.let_nothing_wait()


@contextmanager
def _cleared_when_killed(shown: Waiting) -> Iterator[None]:
    """Take the line away before a signal ends the process as it would have."""

    def killed(number: int, _frame: Any) -> None:
        shown.clear()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    numbers = (signal.SIGTERM, *hung_up())
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, killed)
    try:
        yield
    finally:
        for number in ours:
            if signal.getsignal(number) is killed:
                signal.signal(number, signal.SIG_DFL)
