"""Overlaps of two sides of a fork: effects of one that do not commute with the other's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lback.core.deeds import described
from lback.core.effects import Effect, Effects, Unknown
from lback.core.forks.judging import exclusive, graver, judge
from lback.core.forks.matrix import SEVERITY
from lback.core.forks.sides import Done, Side
from lback.core.forks.surroundings import NOTHING_AROUND, Surroundings
from lback.core.naming import key, same_name
from lback.core.results import Verdict


@dataclass(frozen=True, slots=True)
class Overlap:
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
    found: dict[tuple[str, str, str], Overlap] = {}
    for overlap in _pairs(Side(left, around), Side(right, around)):
        key = (overlap.object, overlap.left_revision, overlap.right_revision)
        known = found.get(key)
        if known is None or SEVERITY[overlap.verdict] > SEVERITY[known.verdict]:
            found[key] = overlap
    return tuple(sorted(found.values(), key=lambda one: -SEVERITY[one.verdict]))


def _pairs(left: Side, right: Side) -> Iterator[Overlap]:
    for mine in left.effects:
        worst: dict[int, tuple[Done, tuple[str, str, str]]] = {}
        for theirs, touch, other, clash in right.clashes(mine):
            if mine.effect.dialect and exclusive(mine.effect.dialect, theirs.effect.dialect):
                continue
            alike = left.makes_as(right, mine.effect)
            said = judge(mine.effect, theirs.effect, touch.both(other), clash, alike=alike)
            known = worst.get(theirs.at)
            if known is None or graver(said[1], known[1][1]):
                worst[theirs.at] = (theirs, said)
        for theirs, said in worst.values():
            yield _overlap(mine, theirs, *said)
    yield from _unknowns(left, right, mirrored=False)
    yield from _unknowns(right, left, mirrored=True)


def _overlap(mine: Done, theirs: Done, about: str, verdict: str, why: str) -> Overlap:
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
    tables = {key(one) for one in unknown.tables}
    for done in other.effects:
        if not tables or any(not tables.isdisjoint(touch.about()) for touch in done.touches):
            return done.revision, done.effect
    for revision, one in other.unknown:
        if not unknown.tables or not one.tables or _share(unknown.tables, one.tables):
            return revision, one
    return None


def _share(left: Iterable[str], right: Iterable[str]) -> bool:
    return any(same_name(one, other) for one in left for other in right)
