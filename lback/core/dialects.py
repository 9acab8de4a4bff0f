"""Sets of dialects: those on which an effect happens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialects:
    """A set of dialects: these names, or all but these."""

    names: frozenset[str]
    but: bool = True

    def __and__(self, other: Dialects) -> Dialects:
        if self.but and other.but:
            return Dialects(self.names | other.names)
        if self.but:
            return Dialects(other.names - self.names, but=False)
        if other.but:
            return Dialects(self.names - other.names, but=False)
        return Dialects(self.names & other.names, but=False)

    def __invert__(self) -> Dialects:
        return Dialects(self.names, not self.but)

    def __or__(self, other: Dialects) -> Dialects:
        return ~(~self & ~other)

    @property
    def empty(self) -> bool:
        """Tell whether no dialect is meant."""
        return not self.but and not self.names

    @property
    def every(self) -> bool:
        """Tell whether all dialects are meant."""
        return self.but and not self.names

    @property
    def text(self) -> str | None:
        """Return the form that an Effect holds: None, "a|b" or "!a|b"."""
        if self.every:
            return None
        return ("!" if self.but else "") + "|".join(sorted(self.names))

    @classmethod
    def of(cls, text: str | None) -> Dialects:
        """Parse what `text` gives."""
        if text is None:
            return EVERY_DIALECT
        but = text.startswith("!")
        return cls(frozenset(text.lstrip("!").split("|")) if text.strip("!") else frozenset(), but)


EVERY_DIALECT = Dialects(frozenset())
NO_DIALECT = Dialects(frozenset(), but=False)
