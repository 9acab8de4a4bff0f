"""The arguments of a call."""

from __future__ import annotations

from dataclasses import dataclass, field

from lback.core.reader.values import Value


@dataclass(slots=True)
class Arguments:
    """The arguments of a call; `open` when there may be more of them."""

    positional: list[Value] = field(default_factory=list)
    keywords: dict[str, Value] = field(default_factory=dict)
    open: bool = False

    def all(self) -> list[Value]:
        """Return every argument's value."""
        return [*self.positional, *self.keywords.values()]

    def get(self, position: int, name: str, default: Value = None) -> Value:
        """Return an argument by position or name."""
        if name in self.keywords:
            return self.keywords[name]
        if 0 <= position < len(self.positional):
            return self.positional[position]
        return default
