"""Overlaps of two sides of a fork: effects of one that do not commute with the other's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from lback.core.dialects import Dialects
from lback.core.effects import Effect, Effects, Unknown, described
from lback.core.merging.matrix import SEVERITY, Clash
from lback.core.merging.overlap_rows import Verdict
from lback.core.merging.sides import PlacedEffect, Side
from lback.core.merging.surroundings import NOTHING_AROUND, Surroundings
from lback.core.merging.touches import Touch
from lback.core.naming import key, same_name

# Aspects of a column that are the same after being set twice to the same.
_SETTLED = frozenset({"type", "nullable", "not null", "default", "comment"})
_OF_COLUMN = frozenset({"column", "type", "values", "nullable", "default", "comment"})
_BY_NAME = frozenset({"name", "foreign key", "trigger", "object", "constraint"})


class Overlap(NamedTuple):
    """Two effects, one of each side, that cannot be known to commute.

    `object` names what both are about: "table users", "column users.email", "anything".
    `brief` says what is wrong, and leaves out what either side does.
    """

    object: str
    left_revision: str
    left_effect: Effect | Unknown
    right_revision: str
    right_effect: Effect | Unknown
    verdict: Verdict
    message: str
    brief: str

    @property
    def left_operation(self) -> str:
        """Say what the left side does."""
        return operation(self.left_effect)

    @property
    def right_operation(self) -> str:
        """Say what the right side does."""
        return operation(self.right_effect)


def operation(effect: Effect | Unknown) -> str:
    """Say what an effect does, or what could not be read."""
    if isinstance(effect, Unknown):
        return f"line {effect.line}: {effect.reason}"
    return described(effect)


def overlaps(
    left: Mapping[str, Effects],
    right: Mapping[str, Effects],
    around: Surroundings = NOTHING_AROUND,
) -> tuple[Overlap, ...]:
    """Return what two sides of a fork may not do in either order, worst first.

    Each side maps revision ids, in the order in which they run, to their effects in
    upgrade direction. An empty result means: known to commute. Of the pairs of two
    revisions on one object only the worst is given. `around` are facts of the schema
    that both sides start from, see `surroundings()`; without them foreign keys and
    indexes made by older revisions are not known.
    """
    gravest: dict[tuple[str, str, str], Overlap] = {}
    for overlap in _pairs(Side(left, around), Side(right, around)):
        place = (overlap.object, overlap.left_revision, overlap.right_revision)
        known = gravest.get(place)
        if known is None or SEVERITY[overlap.verdict] > SEVERITY[known.verdict]:
            gravest[place] = overlap
    return tuple(sorted(gravest.values(), key=lambda overlap: -SEVERITY[overlap.verdict]))


def _pairs(left: Side, right: Side) -> Iterator[Overlap]:
    for mine in left.effects:
        worst: dict[int, tuple[PlacedEffect, tuple[str, str, str]]] = {}
        for theirs, touch, other, clash in right.clashes(mine):
            if mine.effect.dialect and _exclusive(mine.effect.dialect, theirs.effect.dialect):
                continue
            alike = left.makes_as(right, mine.effect)
            said = _judge(mine.effect, theirs.effect, touch.both(other), clash, alike=alike)
            known = worst.get(theirs.at)
            if known is None or SEVERITY[said[1]] > SEVERITY[known[1][1]]:
                worst[theirs.at] = (theirs, said)
        for theirs, said in worst.values():
            yield _overlap(mine, theirs, *said)
    yield from _unknowns(left, right, mirrored=False)
    yield from _unknowns(right, left, mirrored=True)


def _overlap(
    mine: PlacedEffect, theirs: PlacedEffect, about: str, verdict: str, why: str
) -> Overlap:
    message = (
        f"{about}: {mine.revision} would {described(mine.effect)}, "
        f"{theirs.revision} would {described(theirs.effect)}: {why}"
    )
    return Overlap(
        about,
        mine.revision,
        mine.effect,
        theirs.revision,
        theirs.effect,
        verdict,  # type: ignore[arg-type]
        message,
        f"{about}: {why}",
    )


# -- the verdict on two effects whose touches clash -----------------------------------


def _exclusive(left: str | None, right: str | None) -> bool:
    """Tell whether two effects never run on the same dialect."""
    return (Dialects.of(left) & Dialects.of(right)).empty


def _judge(
    left: Effect, right: Effect, touch: Touch, clash: Clash, *, alike: bool = False
) -> tuple[str, str, str]:
    """Return what a clash is about, its verdict, and why.

    `alike`: the table that both make has the same inside on both sides.
    """
    verdict, why = clash
    # The same from both sides.
    first, second = sorted((left, right), key=_rank)
    about = _about(first, second, touch)
    if _identical(left, right, alike):
        return about, "same", "both do the same"
    if left.object == right.object == "enum" and left.kind == right.kind == "alter":
        verdict, why = _labels(left, right)
    if verdict == "conflict" and not left.certain and not right.certain:
        verdict = "order-matters"
    return about, verdict, _told(left, right, why)


def _rank(effect: Effect) -> tuple[str, ...]:
    return (effect.object, effect.kind, effect.table or "", effect.name or "", effect.detail)


def _labels(left: Effect, right: Effect) -> tuple[str, str]:
    if left.detail != right.detail:
        return "order-matters", "the values would be sorted differently"
    return "conflict", "both add the value, and the second one fails"


def _identical(left: Effect, right: Effect, alike: bool) -> bool:
    """Tell whether two effects do the same, so that the second one changes and fails nothing."""
    if left._replace(line=0) != right._replace(line=0):
        return False
    if left.guarded and left.kind in ("create", "drop", "alter"):
        if left.object == "table" and left.kind == "create":
            return alike
        return left.object != "column" or left.kind == "drop" or bool(left.sets)
    if left.object != "column" or left.kind != "alter" or not set(left.aspects) <= _SETTLED:
        return False
    said = dict(left.sets)
    known = all(said.get(aspect, "?") != "?" for aspect in left.aspects if aspect != "not null")
    # A conversion with an expression of its own converts a second time.
    return known and "?" not in said.values() and not left.uses and bool(left.aspects)


def _told(left: Effect, right: Effect, why: str) -> str:
    both_make = left.kind == right.kind == "create" and why.startswith("both would make it")
    if both_make and (left.detail, left.columns) != (right.detail, right.columns):
        return "both would make it, each in its own way, and the second one fails"
    return why


def _about(left: Effect, right: Effect, touch: Touch) -> str:
    """Name what two effects are about: the object that the clash is of."""
    if touch.kind == "cascade":
        return f"{right.object} {right.name or right.table}"
    if touch.kind == "somewhere":
        index = left if left.object == "index" else right
        return f"index {index.name}"
    if touch.kind == "rights":
        made = right if left.object == "privileges" else left
        if made.table is None:
            return f"{made.object} {made.name}"
    columns = [effect.name for effect in (left, right) if effect.object == "column" and effect.name]
    table = left.table or right.table
    if {left.object, right.object} == {"column"} and len(set(columns)) == 1:
        return f"column {table}.{columns[0]}"
    if left.object == right.object and left.name and left.name == right.name:
        return f"{left.object} {left.name}"
    if touch.kind in _OF_COLUMN and touch.only and len(touch.only) == 1:
        (column,) = touch.only
        return f"column {_spelled(left, right, touch.of)}.{_as_written(left, right, column)}"
    if touch.kind in _BY_NAME:
        meant = (touch.of.rpartition(" ")[2], *(touch.only or ()))
        for effect in (left, right):
            if effect.object != "column" and effect.name and key(effect.name) in meant:
                return f"{effect.object} {effect.name}"
    return f"table {_spelled(left, right, touch.of)}"


def _spelled(left: Effect, right: Effect, of: str) -> str:
    """Return a table as one of the effects spells it."""
    for effect in (left, right):
        for name in (effect.table, effect.refers_to, *effect.reads):
            if name and key(name) == of:
                return name
    return left.table or right.table or of


def _as_written(left: Effect, right: Effect, column: str) -> str:
    for effect in (left, right):
        for name in (effect.name, effect.to, *effect.columns):
            if name and name.casefold() == column:
                return name
    return column


# -- what could not be read --------------------------------------------------------


def _unknowns(side: Side, other: Side, *, mirrored: bool) -> Iterator[Overlap]:
    """Yield every unknown of a side with the first thing of the other that it may touch."""
    for revision, unknown in side.unknown:
        met = _met(unknown, other)
        if met is None:
            continue
        theirs, effect = met
        named = ", ".join(unknown.tables)
        about = f"table {named}" if len(unknown.tables) == 1 else named or "anything"
        brief = (
            f"{about + ': ' if named else ''}line {unknown.line} of {revision} cannot be read "
            f"({unknown.reason})"
        )
        message = f"{brief}, and {_besides(theirs, effect)}"
        sides = (revision, unknown, theirs, effect)
        if mirrored:
            sides = (theirs, effect, revision, unknown)  # type: ignore[assignment]
        yield Overlap(about, *sides, "unknown", message, brief)


def _besides(revision: str, effect: Effect | Unknown) -> str:
    if isinstance(effect, Unknown):
        return f"no more can line {effect.line} of {revision} ({effect.reason})"
    return f"{revision} would {described(effect)}"


def _met(unknown: Unknown, other: Side) -> tuple[str, Effect | Unknown] | None:
    tables = {key(table) for table in unknown.tables}
    for done in other.effects:
        if not tables or any(not tables.isdisjoint(touch.about()) for touch in done.touches):
            return done.revision, done.effect
    for revision, theirs in other.unknown:
        if not unknown.tables or not theirs.tables or _share(unknown.tables, theirs.tables):
            return revision, theirs
    return None


def _share(left: Iterable[str], right: Iterable[str]) -> bool:
    return any(same_name(mine, other) for mine in left for other in right)
