"""Colours, width and the characters that a terminal can show."""

from __future__ import annotations

from typing import NamedTuple

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
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

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
        """Cut a text to what is left of the line after `used` columns."""
        room = max(self.width - used, 10)
        return text if len(text) <= room else text[: room - 1] + "…"


def safe(text: str) -> str:
    """Make a text from a file or from git harmless for a terminal: no control characters."""
    if text.isprintable():
        return text  # as nearly always
    return "".join(ch if ch.isprintable() else "�" for ch in text)
