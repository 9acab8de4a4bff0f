"""What this process is at: noted by whoever does it, read by whatever shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, TypeVar

Work = Literal["headers", "effects", "branches", "steps", ""]
_Item = TypeVar("_Item")


class _AtWork:
    """The work at hand; `hidden` while a child has the terminal for itself."""

    __slots__ = ("done", "hidden", "total", "work")

    def __init__(self) -> None:
        self.work: Work = ""
        self.done = self.total = self.hidden = 0

    def at(self, work: Work, done: int = 0, total: int = 0) -> None:
        """Note what is being done, and how far it has come."""
        self.work, self.done, self.total = work, done, total

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Leave the terminal to a child that may ask for something."""
        self.hidden += 1
        try:
            yield
        finally:
            self.hidden -= 1


AT_WORK = _AtWork()


def counted_off(work: Work, items: Sequence[_Item]) -> Iterator[_Item]:
    """Yield items, and note how many have been done."""
    AT_WORK.at(work, 0, len(items))
    for number, item in enumerate(items):
        AT_WORK.done = number
        yield item
    AT_WORK.at("")
