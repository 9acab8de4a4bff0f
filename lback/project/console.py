"""How a use case speaks to a person while it works; the terminal implements it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import StringIO
from typing import Protocol, TextIO

from lback.core.messages import questions as messages


class Console(Protocol):
    """Progress, warnings and questions, on standard error; `tell` alone is a result."""

    def tell(self, text: str) -> None:
        """Show a part of the result while the rest is still being made; not under `--json`."""

    def output(self) -> TextIO:
        """Return where another program's text goes when that text is the result."""

    def spoken(self) -> TextIO:
        """Return standard output for another program's lines, made safe for a terminal."""

    def note(self, text: str) -> None:
        """Say what is going on; silent under `--quiet`."""

    def detail(self, text: str) -> None:
        """Say something that only `--verbose` shows."""

    def warn(self, text: str) -> None:
        """Say something that a person should not miss."""

    def confirm(self, question: str, *, option: str, default: bool = False) -> bool:
        """Ask for consent; without a terminal raise, naming the option that answers."""

    def ask(self, question: str, *, option: str, default: str | None = None) -> str:
        """Ask for a value; without a terminal use the default or raise."""

    @property
    def asks(self) -> bool:
        """Tell whether there is somebody to ask."""

    def choose(self, question: str, choices: Sequence[str], default: int | None) -> int:
        """Return which of the choices it is, from 0; only where `asks`."""

    def value(self, question: str, check: Callable[[str], str]) -> str:
        """Ask until `check` takes the answer, which raises UsageError; only where `asks`."""


class SilentConsole:
    """A console for hooks and tests: says nothing and never asks."""

    def tell(self, text: str) -> None:
        """Stay silent."""

    def output(self) -> TextIO:
        """Keep it."""
        return StringIO()

    def spoken(self) -> TextIO:
        """Keep it."""
        return StringIO()

    def note(self, text: str) -> None:
        """Stay silent."""

    def detail(self, text: str) -> None:
        """Stay silent."""

    def warn(self, text: str) -> None:
        """Stay silent."""

    def confirm(self, question: str, *, option: str, default: bool = False) -> bool:
        """Take the safe answer."""
        return default

    def ask(self, question: str, *, option: str, default: str | None = None) -> str:
        """Take the default, or refuse."""
        if default is None:
            raise messages.unanswered(question, option)
        return default

    @property
    def asks(self) -> bool:
        """Tell that there is nobody."""
        return False

    def choose(self, question: str, choices: Sequence[str], default: int | None) -> int:
        """Refuse."""
        raise messages.unanswered(question, "")

    def value(self, question: str, check: Callable[[str], str]) -> str:
        """Refuse."""
        raise messages.unanswered(question, "")
