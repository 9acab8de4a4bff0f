"""One side of a fork, with its effects findable by what they touch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lback.core.effects import Effect, Effects, Unknown
from lback.core.merging.footprint import footprint
from lback.core.merging.matrix import MATRIX, PARTNERS, Clash
from lback.core.merging.surroundings import Surroundings
from lback.core.merging.touches import Touch
from lback.core.naming import key

# What is inside of a table that the same side has made is nobody else's.
_INSIDE = frozenset(
    {"column", "type", "nullable", "default", "comment", "values", "rows", "constraint"}
    | {"keys", "child keys", "copies", "rebuilt", "firing", "single", "numbered"}
)


class PlacedEffect(NamedTuple):
    """One effect of a side with its footprint; `at` is its place among the side's effects.

    `inside` is the table, made by the same side, that it makes or is inside of.
    """

    revision: str
    effect: Effect
    touches: tuple[Touch, ...] = ()
    at: int = 0
    inside: str = ""


@dataclass(slots=True)
class _Shelf:
    """The touches of one resource in one mode, by the columns that they name."""

    by_column: dict[str, list[tuple[PlacedEffect, Touch]]] = field(default_factory=dict)
    open: list[tuple[PlacedEffect, Touch]] = field(default_factory=list)
    all: list[tuple[PlacedEffect, Touch]] = field(default_factory=list)

    def add(self, done: PlacedEffect, touch: Touch) -> None:
        self.all.append((done, touch))
        if touch.only is None:
            self.open.append((done, touch))
        for value in touch.only or ():
            self.by_column.setdefault(value, []).append((done, touch))

    def meeting(self, touch: Touch) -> Iterator[tuple[PlacedEffect, Touch]]:
        if touch.only is None:
            yield from self.all
            return
        yield from self.open
        for name in touch.only:
            yield from self.by_column.get(name, ())


class Side:
    """One side of a fork, with its effects findable by what they touch."""

    def __init__(self, revisions: Mapping[str, Effects], around: Surroundings) -> None:
        self.around = around.after(revisions.values())
        self.effects: list[PlacedEffect] = []
        self.unknown: list[tuple[str, Unknown]] = []
        self._shelves: dict[tuple[str, str, str], _Shelf] = {}
        self._made: set[str] = set()
        # What is inside the tables that were made under IF NOT EXISTS.
        self.contents: dict[str, list[Effect]] = {}
        for revision, effects in revisions.items():
            for effect in effects_of(effects):
                self._add(revision, effect)
            self.unknown.extend((revision, unknown) for unknown in effects.unknowns("upgrade"))

    def _add(self, revision: str, effect: Effect) -> None:
        touches = footprint(effect, self.around)
        table = key(effect.table)
        if table in self.contents:
            self.contents[table].append(effect._replace(line=0))
        if table in self._made:
            touches = tuple(touch for touch in touches if not self._is_inside(touch, effect))
        if effect.object == "table" and effect.kind == "create" and effect.table:
            self._made.add(table)
            if effect.guarded:
                self.contents.setdefault(table, [])
        elif effect.object == "table" and effect.kind == "rename" and table in self._made:
            self._made.add(key(effect.to))
        inside = table if table in self._made else ""
        done = PlacedEffect(revision, effect, touches, len(self.effects), inside)
        self.effects.append(done)
        for touch in touches:
            if touch.mode in PARTNERS[touch.kind]:
                shelf = self._shelves.setdefault((touch.kind, touch.of, touch.mode), _Shelf())
                shelf.add(done, touch)

    def _is_inside(self, touch: Touch, effect: Effect) -> bool:
        """Tell whether a touch is of the inside of a table that this side has made.

        The creation of the table is an effect too, and speaks for all that is inside.
        """
        if touch.kind == "name":
            return touch.mode == "need" and touch.of in self._made
        of = touch.of.partition(" ")[0] if touch.kind == "single" else touch.of.partition(".")[0]
        return touch.kind in _INSIDE and (touch.of in self._made or of in self._made)

    def makes_as(self, other: Side, effect: Effect) -> bool:
        """Tell whether both sides make a table with the same inside, each unless it is there."""
        table = key(effect.table)
        mine, theirs = self.contents.get(table), other.contents.get(table)
        return mine is not None and mine == theirs

    def clashes(self, mine: PlacedEffect) -> Iterator[tuple[PlacedEffect, Touch, Touch, Clash]]:
        """Yield the effects of this side that do not commute with one of the other side.

        With each: the touches of both, and how they clash.
        """
        for touch in mine.touches:
            for mode in PARTNERS[touch.kind].get(touch.mode, ()):
                shelf = self._shelves.get((touch.kind, touch.of, mode))
                for theirs, other in shelf.meeting(touch) if shelf else ():
                    if touch.meets(other) and not _inside_one(mine, theirs):
                        yield theirs, touch, other, MATRIX[touch.kind][touch.mode, mode]


def _inside_one(mine: PlacedEffect, theirs: PlacedEffect) -> bool:
    """Tell whether both are inside a table that both sides make: its making is the overlap."""
    if not mine.inside or mine.inside != theirs.inside:
        return False
    return not all(
        placed_effect.effect.object == "table" and placed_effect.effect.kind == "create"
        for placed_effect in (mine, theirs)
    )


def effects_of(effects: Effects) -> Iterator[Effect]:
    """Yield what upgrade() asks of the schema, does, and queries."""
    yield from _asked(effects)
    yield from effects.upgrade
    yield from _queries(effects)


def _asked(effects: Effects) -> Iterator[Effect]:
    """Yield what conditions ask of the schema, as effects that change nothing."""
    for use in effects.asked:
        shown = f"{use.object} {use.table + '.' if use.table else ''}{use.name}"
        yield Effect("alter", "condition", None, detail=shown, certain=False, uses=(use,))


def _queries(effects: Effects) -> Iterator[Effect]:
    """Yield the reading of tables as effects that change nothing, where no effect tells of it."""
    told = {read for effect in effects.upgrade for read in effect.reads}
    for table in effects.reads:
        if table in told:
            continue
        yield Effect("alter", "query", None, detail=table, reads=(table,))
