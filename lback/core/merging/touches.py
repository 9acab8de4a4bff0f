"""What an effect touches: one resource, in one mode, of a table perhaps only some columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lback.core.naming import key

# Columns that are not known: any that the table has.
ANY: None = None


class Touch(NamedTuple):
    """One resource that an effect touches; `kind` and `mode` are those of the matrix.

    `of` is the key of a table or of a name. `only` are the columns (or names on the table)
    that are meant, None for any of them but those in `but`.
    """

    kind: str
    of: str
    mode: str
    only: frozenset[str] | None = None
    but: frozenset[str] = frozenset()

    def meets(self, other: Touch) -> bool:
        """Tell whether two touches of one `of` may be about one column."""
        if self.only is None:
            return other.only is None or bool(other.only - self.but)
        if other.only is None:
            return bool(self.only - other.but)
        return not self.only.isdisjoint(other.only)

    def both(self, other: Touch) -> Touch:
        """Return the touch of what two of them have in common."""
        if self.only is None or other.only is None:
            return self._replace(only=self.only or other.only)
        return self._replace(only=self.only & other.only)

    def about(self) -> tuple[str, ...]:
        """Return the keys that may be its table: "users key of id" is on users too."""
        if " " not in self.of:
            return (self.of,)
        return (self.of, self.of.partition(" ")[0], self.of.rpartition(" ")[2])


def named(name: str | None, mode: str) -> list[Touch]:
    """Touch what shares the names of a schema: a table, view, type, sequence, index."""
    return [Touch("name", key(name), mode)] if name else []


def columns(table: str | None, names: Iterable[str] | None, mode: str) -> list[Touch]:
    """Touch columns of a table; None: columns that are not known."""
    if names is None and mode == "need":
        mode = "some"
    return _on("column", table, names, mode)


def aspect(kind: str, table: str | None, names: Iterable[str] | None, mode: str) -> list[Touch]:
    """Touch the type, the default, the values, ... of columns."""
    return _on(kind, table, names, mode)


def _on(kind: str, table: str | None, names: Iterable[str] | None, mode: str) -> list[Touch]:
    if names is None:
        return [Touch(kind, key(table), mode)]
    only = folded(names)
    return [Touch(kind, key(table), mode, only)] if only else []


def whole(kind: str, table: str | None, mode: str) -> list[Touch]:
    """Touch something that a table has one of."""
    return [Touch(kind, key(table), mode)] if table else []


def fragile(table: str | None) -> list[Touch]:
    """Touch what a copy of the table would not keep, or would break on."""
    return [*whole("copies", table, "fragile"), *whole("rebuilt", table, "fragile")]


def folded(names: Iterable[str]) -> frozenset[str]:
    """Return column names in one case."""
    return frozenset(name.casefold() for name in names if name)
