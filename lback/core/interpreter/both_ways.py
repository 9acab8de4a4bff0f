"""upgrade() beside downgrade(): what the way down undoes, the way up has to have done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lback.core.effects import Effect, Unknown

_MADE = frozenset({"create", "rename"})
_GONE = frozenset({"drop", "rename"})


def doubts(
    upgrade: Sequence[Effect], downgrade: Sequence[Effect], unknown: Sequence[Unknown]
) -> Iterator[Unknown]:
    """Say on which tables upgrade() does more than was read, as its way down shows.

    A downgrade() that drops a table or column of a table that upgrade() was not seen to touch,
    or makes one, undoes something that nobody has read.
    """
    said = [one for one in unknown if one.direction == "upgrade"]
    if any(not one.tables for one in said):
        return
    known = {_bare(table) for one in said for table in one.tables}
    known |= {_bare(name) for one in upgrade for name in (one.table, one.to) if name}
    up, down = _Deeds(upgrade), _Deeds(downgrade)
    for effect in downgrade:
        table = _bare(effect.table)
        if effect.object not in ("table", "column") or not table or table in known:
            continue
        if effect.kind == "drop" and not (up.made(effect) or down.made(effect)):
            known.add(table)
            yield _unknown(effect, "which upgrade() was not seen to make")
        elif effect.kind == "create" and not (up.took(effect) or down.took(effect)):
            known.add(table)
            yield _unknown(effect, "which upgrade() was not seen to drop")


def _unknown(effect: Effect, why: str) -> Unknown:
    what = f"{effect.object} {effect.name or effect.table}"
    table = effect.table or ""
    return Unknown(
        "upgrade", effect.line, f"downgrade() {_verb(effect)} the {what}, {why}", (table,)
    )


def _verb(effect: Effect) -> str:
    return "drops" if effect.kind == "drop" else "makes"


class _Deeds:
    """The tables and columns that one direction makes and takes away."""

    def __init__(self, effects: Sequence[Effect]) -> None:
        self.new: set[tuple[str, str]] = set()
        self.old: set[tuple[str, str]] = set()
        for one in effects:
            table = _bare(one.table)
            column = (one.name or "").casefold() if one.object == "column" else ""
            if one.object not in ("table", "column", "view"):
                continue
            if one.kind in _MADE:
                to = one.to if one.kind == "rename" else None
                made = (table, to.casefold()) if to and column else (_bare(to or one.table), column)
                self.new.add(made)
            if one.kind in _GONE:
                self.old.add((table, column))

    def made(self, effect: Effect) -> bool:
        """Tell whether what an effect drops was made here."""
        return self._holds(self.new, effect)

    def took(self, effect: Effect) -> bool:
        """Tell whether what an effect makes was taken away here."""
        return self._holds(self.old, effect)

    def _holds(self, places: set[tuple[str, str]], effect: Effect) -> bool:
        table = _bare(effect.table)
        column = (effect.name or "").casefold() if effect.object == "column" else ""
        return (table, column) in places or (table, "") in places


def _bare(name: str | None) -> str:
    return (name or "").rpartition(".")[2].casefold()
