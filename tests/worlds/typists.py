"""Somebody at a real terminal: reads what a program asks, types, and presses keys."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ENTER, CTRL_C, CTRL_D = "\r", "\x03", "\x04"
_PATIENCE = 60.0


class Typist:
    """One run of `python -m lback` on a pseudo-terminal of its own."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        columns: int = 80,
    ) -> None:
        self.said = ""
        self._read = 0
        self._closed = False
        self.pid, self.screen = pty.fork()
        if self.pid == 0:  # pragma: no cover
            os.chdir(folder)
            size = struct.pack("HHHH", 24, columns, 0, 0)
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            program = [sys.executable, "-m", "lback", *arguments]
            kept = {name: value for name, value in environment.items() if name != "COLUMNS"}
            # What takes longer than a second says so, unless a test wants to see that.
            os.execve(sys.executable, program, {"CI": "true", **kept, "TERM": "xterm"})

    def until(self, text: str) -> str:
        """Read until it has been said since the last time; return everything since then."""
        start = self._read
        deadline = time.monotonic() + _PATIENCE
        while text not in self.said[start:]:
            assert self._more(deadline), f"never said {text!r}:\n{self.said}"
        self._read = self.said.index(text, start) + len(text)
        return self.said[start : self._read]

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.screen, keys.encode())

    def end(self, keys: str = "") -> int:
        """Press keys and read to the end; return the exit status.

        They are pressed again as long as nothing comes of them: a Ctrl-C between a prompt and the
        reading of a line is only seen with the next key.
        """
        deadline = time.monotonic() + _PATIENCE
        self.type(keys)
        while not self._closed and time.monotonic() < deadline:
            quiet = not self._more(min(deadline, time.monotonic() + 5) if keys else deadline)
            if quiet and not self._closed:
                self.type(keys)
        os.close(self.screen)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _more(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.screen], [], [], max(0.0, deadline - time.monotonic()))
        try:
            piece = os.read(self.screen, 4096) if ready else b""
        except OSError:  # the other side has closed
            piece = b""
        self._closed = bool(ready) and not piece
        self.said += piece.decode(errors="replace").replace("\r\n", "\n")
        return bool(piece)
