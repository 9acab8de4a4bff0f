"""The program in this process: what it writes, and its exit status."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from lback.cli.gate import guarded
from lback.cli.main import program


@dataclass(frozen=True, slots=True)
class Done:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


class _Text(io.TextIOWrapper):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode()


def lback(folder: Path, *arguments: str, terminal: bool = False) -> Done:
    """Run one command line in a folder; a terminal makes nobody answer questions."""
    out, err = _Text(terminal=terminal), _Text(terminal=terminal)
    with redirect_stdout(out), redirect_stderr(err):
        code = guarded(program, ["-C", str(folder), "--no-input", *arguments], "lback")
    return Done(code, out.text(), err.text())
