"""Colours, width and the characters that a terminal can show."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import NamedTuple

from lback.core.display import visible

# Nobody who names a branch or a file can know it, so nobody else can paint.
_MARK = f"\x1b{os.urandom(8).hex()}"
_PAINT = re.compile(rf"({_MARK}\[\d+m)")
_ASCII = str.maketrans(
    {
        "→": "->",
        "←": "<-",
        "…": "...",
        "·": "-",
        "—": "--",
        "–": "-",
        "●": "*",
        "○": "o",
        "✓": "ok",
        "✗": "x",
        "×": "x",
        "│": "|",
        "├": "+",
        "└": "`",
        "─": "-",
        "╮": "\\",
        "╯": "/",
        "╱": "/",
        "⋮": ":",
        "“": '"',
        "”": '"',
        "’": "'",
    }
)


def to_ascii(text: str) -> str:
    """Spell a text with ASCII only; what has no spelling becomes a backslash escape."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


class Style(NamedTuple):
    """How wide and how colourful a report may be; width in columns, at least 60."""

    colour: bool = False
    width: int = 100

    def _paint(self, code: str, text: str) -> str:
        return f"{_MARK}[{code}m{text}{_MARK}[0m" if self.colour else text

    def bold(self, text: str) -> str:
        """Return the text in bold."""
        return self._paint("1", text)

    def dim(self, text: str) -> str:
        """Return the text dimmed."""
        return self._paint("2", text)

    def red(self, text: str) -> str:
        """Return the text in red: wrong."""
        return self._paint("31", text)

    def green(self, text: str) -> str:
        """Return the text in green: fine."""
        return self._paint("32", text)

    def yellow(self, text: str) -> str:
        """Return the text in yellow: look here. Revision ids, as git colours commits."""
        return self._paint("33", text)

    def cyan(self, text: str) -> str:
        """Return the text in cyan: a place or a command."""
        return self._paint("36", text)

    def cut(self, text: str, used: int = 0) -> str:
        """Cut a text without colours to what is left of the line after `used` columns."""
        room = max(self.width - used, 10)
        return text if len(text) <= room else text[: room - 1] + "…"


class Script(str):
    """SQL that a person may pipe into a database: nothing in it is shortened or spelled out."""

    __slots__ = ()


safe = visible


def inked(text: str, clean: Callable[[str], str]) -> str:
    """Return a line as a terminal wants it: our colours as they are, all else through `clean`."""
    if _MARK not in text:
        return clean(text)
    parts = _PAINT.split(text)
    parts[::2] = map(clean, parts[::2])
    return "".join(parts).replace(_MARK, "\x1b")
