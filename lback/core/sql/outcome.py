"""What the reading of one SQL statement ends as: one of three, and never nothing."""

from __future__ import annotations

from typing import NamedTuple

from lback.core.effects import Effect, Use

# Stands in SQL text for a piece that is not known; it parses as an identifier.
HOLE = "lback_hole"


class Reads(NamedTuple):
    """The statement is shown to change nothing; `tables` and `uses` are what it looks at."""

    tables: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()


class NotUnderstood(NamedTuple):
    """The statement, or a part of it, may do anything to `tables`; () means any table."""

    reason: str
    tables: tuple[str, ...] = ()


class Does(NamedTuple):
    """The statement has these effects; `doubts` are its parts that are not understood.

    `temporary` are the temporary tables that it makes, `forgotten` those that it drops.
    """

    effects: tuple[Effect, ...]
    looks_at: Reads = Reads()
    doubts: tuple[NotUnderstood, ...] = ()
    temporary: tuple[str, ...] = ()


Outcome = Reads | Does | NotUnderstood


class CannotRead(Exception):
    """Says that a statement is not understood; its text, if any, is the reason."""

    def __init__(self, reason: str = "", tables: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.tables = tables


class Impossible(CannotRead):
    """Says that a grammar has no such statement: a database with this grammar refuses it."""


class TooMuch(CannotRead):
    """Says that a text is beyond what is read."""
