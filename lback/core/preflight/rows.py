"""What rows were asked, and what they said, as results tell it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

State = Literal["fine", "stops", "loses", "told", "unknown"]


@dataclass(frozen=True)
class PreflightRow:
    """What the database answered: how many rows are in the way, three of them, and all by `query`.

    `state` "stops" fails the statement, "loses" deletes or changes them, "told" does neither;
    "unknown" was not asked, or had no answer, for the `reason`. There may be more than `rows`
    where `more` is set.
    """

    kind: str
    state: State
    revision: str
    path: str
    line: int
    statement: str
    table: str
    columns: tuple[str, ...]
    rows: int = 0
    more: bool = False
    keys: tuple[str, ...] = ()
    query: str = ""
    reason: str = ""


def in_the_way(rows: Iterable[PreflightRow], state: State) -> Iterator[PreflightRow]:
    """Yield what the database answered in one way."""
    return (row for row in rows if row.state == state)
