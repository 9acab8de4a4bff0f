"""What another program of Python's says on our standard output: its lines, made safe like ours."""

from __future__ import annotations

import io
from collections.abc import Callable


class Spoken(io.TextIOBase):
    """A stream that hands on whole lines."""

    encoding = "utf-8"

    def __init__(self, hand_on: Callable[[str], None]) -> None:
        self._hand_on = hand_on
        self._rest = ""

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, text: str, /) -> int:
        """Take a piece of text."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._hand_on(line)
        return len(text)

    def close(self) -> None:
        """Hand on a last line without an end."""
        rest, self._rest = self._rest, ""
        if rest:
            self._hand_on(rest)
        super().close()
