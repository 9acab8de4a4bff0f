"""Fits a report onto one screen: what there is no room for is counted, and said where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from lback.formats.style import Style

LABEL = 10
"""Columns of the word that a line begins with."""


class ScreenRow(NamedTuple):
    """A line of a report, and how many lines of the terminal it takes."""

    text: str
    height: int = 1


class Section(NamedTuple):
    """What there is of one kind, each in one or more rows; `see` names the command that shows all.

    `head` stands above them, where they have a line in common.
    """

    label: str
    rows: Sequence[Sequence[ScreenRow]]
    see: str
    head: Sequence[ScreenRow] = ()

    def lines(self, shown: int) -> Iterator[ScreenRow]:
        """Yield the first rows, and how many more there are."""
        yield from self.head
        for row in self.rows[:shown]:
            yield from row
        left = len(self.rows) - shown
        if left and shown:
            yield ScreenRow(f"{'':<{LABEL}}… and {left} more; see {self.see}")
        elif left:
            yield ScreenRow(f"{self.label:<{LABEL}}{left} in all; see {self.see}")


def fitted(parts: Sequence[Section], room: int) -> list[list[ScreenRow]]:
    """Return the lines of each part, as many rows of each in turn as there is room for."""
    shown = [0] * len(parts)

    def height(counts: Sequence[int]) -> int:
        pairs = zip(parts, counts, strict=True)
        return sum(row.height for part, count in pairs for row in part.lines(count))

    fits = True
    while fits:
        fits = False
        for at, part in enumerate(parts):
            # The last row takes the place of the line that counts it.
            for more in range(1, len(part.rows) - shown[at] + 1):
                larger = [*shown[:at], shown[at] + more, *shown[at + 1 :]]
                if height(larger) <= room:
                    shown, fits = larger, True
                    break
                if more == 2:
                    break
    return [[*part.lines(count)] for part, count in zip(parts, shown, strict=True)]


def row(
    label: str, text: str, style: Style, paint: Callable[[str], str] = str, most: int = 3
) -> ScreenRow:
    """Return a text behind a label, cut where it takes more than so many lines of the terminal."""
    return line(f"{label:<{LABEL - 1}} {text}", style, paint, most)


def line(text: str, style: Style, paint: Callable[[str], str] = str, most: int = 3) -> ScreenRow:
    """Return a text, cut where it takes more than so many lines.

    The terminal breaks it: a command in it can be copied, and a pipe gets it in one piece.
    """
    shown = style._replace(width=style.width * most).cut(text)
    return ScreenRow(paint(shown), -(-len(shown) // style.width) or 1)
