"""What is being gathered while SQL is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from lback.core.effects import Effect

# Stands in SQL text for a piece that is not known; it parses as an identifier.
HOLE = "lback_hole"


class CannotRead(Exception):
    """Says that a statement is not understood; its text, if any, is the reason."""


@dataclass(slots=True)
class Reading:
    """Effects, unknowns and queried tables, in the order of the text."""

    effects: list[Effect] = field(default_factory=list)
    unknown: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    reads: dict[str, None] = field(default_factory=dict)

    def add(self, effect: Effect) -> None:
        """Record an effect."""
        self.effects.append(effect)

    def cannot_read(self, reason: str, tables: tuple[str, ...]) -> None:
        """Record what is not understood."""
        self.unknown.append((reason, tables))

    def include(self, other: Reading, *, certain: bool) -> None:
        """Take over what another reading found, as sure as given at most."""
        self.effects.extend(one._replace(certain=one.certain and certain) for one in other.effects)
        self.unknown.extend(other.unknown)
        self.reads.update(other.reads)
