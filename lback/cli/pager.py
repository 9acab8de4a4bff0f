"""Shows what is longer than the terminal in the pager that git would take."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

from lback.system import IS_POSIX, spawn, wait_for
from lback.vcs.replay import ask

TYPE_CHECKING = False  # a kept answer goes through here as well, and has no time for `typing`
if TYPE_CHECKING:
    from collections.abc import Mapping

# What git sets where nobody else has: leave where it fits, show colours, keep the screen.
_SETTINGS = (("LESS", "FRX"), ("LV", "-c"))
_NOT_FOUND = 127  # what a shell ends with


def paged(text: bytes, out: int) -> bool:
    """Show a text in the pager, the terminal being descriptor `out`; False where it is not shown.

    It is not where it fits on the terminal, and where there is no pager, or `cat`.
    """
    try:
        if not IS_POSIX or os.environ.get("TERM") == "dumb" or not os.isatty(out):
            return False
        size = os.get_terminal_size(out)
    except OSError:
        return False
    if _rows(text, size.columns or 80) < (size.lines or 24):
        return False
    program = _program(os.environ)
    return bool(program) and program != "cat" and _shown(program, text, out)


def _rows(text: bytes, columns: int) -> int:
    """Return how many rows a text takes; one that has colours may take fewer."""
    lines = text.decode(errors="replace").split("\n")[:-1]
    return sum(max(1, -(-len(line) // columns)) for line in lines)


def _program(environ: Mapping[str, str]) -> str:
    """Return what git calls: GIT_PAGER, core.pager, PAGER, or less."""
    if "GIT_PAGER" in environ:  # git is asked without any variable of its own
        return environ["GIT_PAGER"].strip()
    said = ask(("var", "GIT_PAGER"))
    return environ.get("PAGER") or "less" if said is None else os.fsdecode(said).strip()


def _shown(program: str, text: bytes, out: int) -> bool:
    environ = {**dict(_SETTINGS), **os.environ}
    end, begin = os.pipe()
    sys.stderr.flush()
    # What is typed is for the pager: Ctrl-C ends its search, and not us before it.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child = spawn("/bin/sh", ("sh", "-c", program), environ, {0: end, 1: out})
        os.close(end)
        with suppress(BrokenPipeError), open(begin, "wb") as pipe:  # noqa: PTH123
            pipe.write(text)
        status = wait_for(child)
    finally:
        signal.signal(signal.SIGINT, before)
    return status != _NOT_FOUND
