"""How far a command has come with many databases: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from lback.cli import streams
from lback.cli.terminal import Terminal

_FREE = "\r\x1b[K"


class Progress:
    """Tells of each that has ended; on a terminal by a bar below what has gone wrong."""

    def __init__(self, terminal: Terminal, total: int, bar: Any) -> None:
        self._terminal = terminal
        self._total = total
        self._bar = bar
        self._ended = 0

    def ended(self, text: str, *, wrong: bool) -> None:
        """Tell that one more has ended."""
        self._ended += 1
        if self._bar is None:
            width = len(str(self._total))
            self._terminal.note(f"[{self._ended:>{width}}/{self._total}] {text}")
            return
        if wrong:
            self.said(text)
        self._bar.update(1)

    def said(self, text: str) -> None:
        """Show a line that one of them has for a person."""
        if self._bar is None:
            self._terminal.line(text)
            return
        self._bar.file.write(_FREE)
        self._terminal.line(text)
        self._bar.render_progress()


@contextmanager
def progress(terminal: Terminal, total: int, label: str) -> Iterator[Progress]:
    """Yield what tells how far a command has come."""
    if not sys.stderr.isatty() or terminal.options.quiet:
        yield Progress(terminal, total, None)
        return
    streams.let_nothing_wait()
    # Only our own words and numbers go into the bar; whatever has a name goes by the terminal.
    with click.progressbar(length=total, label=label, show_pos=True, file=sys.stderr) as bar:
        yield Progress(terminal, total, bar)
