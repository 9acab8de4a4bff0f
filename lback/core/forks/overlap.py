"""Overlaps of two sides of a fork: effects of one that do not commute with the other's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lback.core.deeds import described, is_rows
from lback.core.effects import Effect, Effects, Unknown
from lback.core.forks.judging import (
    SEVERITY,
    by_name,
    exclusive,
    linked,
    on_one_table,
)
from lback.core.forks.sides import Done, Side
from lback.core.forks.surroundings import NOTHING_AROUND, Surroundings
from lback.core.naming import bare, same_name

Verdict = Literal["conflict", "order-matters", "same", "unknown"]


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
    for overlap in _pairs(Side(left, around), Side(right, around), around):
        key = (overlap.object, overlap.left_revision, overlap.right_revision)
        known = found.get(key)
        if known is None or SEVERITY[overlap.verdict] > SEVERITY[known.verdict]:
            found[key] = overlap
    return tuple(sorted(found.values(), key=lambda one: -SEVERITY[one.verdict]))


def _pairs(left: Side, right: Side, around: Surroundings) -> Iterator[Overlap]:
    for mine in left.effects:
        for theirs in right.near(mine):
            yield from _judge(mine, theirs)
    yield from _homeless(left, right, mirrored=False)
    yield from _homeless(right, left, mirrored=True)
    yield from _rows_along_links(left, right, around)
    yield from _unknowns(left, right, mirrored=False)
    yield from _unknowns(right, left, mirrored=True)


# -- pairs of effects --------------------------------------------------------------


def _judge(mine: Done, theirs: Done) -> Iterator[Overlap]:
    if mine.effect.dialect and exclusive(mine.effect.dialect, theirs.effect.dialect):
        return
    for found in (on_one_table(mine, theirs), by_name(mine, theirs)):
        if found is not None:
            yield _overlap(mine, theirs, *found)
            return
    for first, second in ((mine, theirs), (theirs, mine)):
        met = linked(first, second)
        if met is not None:
            yield _overlap(mine, theirs, *met)
            return


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


# -- effects that meet elsewhere than on one table ---------------------------------


def _homeless(side: Side, other: Side, *, mirrored: bool) -> Iterator[Overlap]:
    """Yield drops of an index whose table nobody knows, met by what takes indexes along."""
    for done in side.effects:
        if done.effect.object != "index" or done.effect.table is not None:
            continue
        for one in other.effects:
            if one.effect.object in ("table", "column") and one.effect.kind in ("drop", "rename"):
                sides = (one, done) if mirrored else (done, one)
                about, why = f"index {done.effect.name}", "the index may be on that table"
                yield _overlap(*sides, about, "order-matters", why)
                break


def _rows_along_links(left: Side, right: Side, around: Surroundings) -> Iterator[Overlap]:
    """Yield rows written on both ends of a foreign key, where one side deletes or rewrites."""
    if not around.links:
        return
    for mine in left.effects:
        for theirs in right.effects:
            one, other = mine.effect, theirs.effect
            if _writes_along(one, other) and around.linked(one.table, other.table):
                if bare(one.table) == bare(other.table):
                    continue
                about = f"tables {one.table} and {other.table}"
                yield _overlap(mine, theirs, about, "order-matters", "a foreign key joins them")


def _writes_along(left: Effect, right: Effect) -> bool:
    if not (is_rows(left) or is_rows(right)):
        return False
    both = {left.kind if is_rows(left) else "", right.kind if is_rows(right) else ""}
    if "" in both:
        drops = any(one.object == "constraint" and one.kind == "drop" for one in (left, right))
        return drops and bool(both & {"delete", "update"})
    return bool(both & {"delete", "update"}) and both != {"update"}


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
    for done in other.effects:
        if not unknown.tables or any(_touches(done.effect, one) for one in unknown.tables):
            return done.revision, done.effect
    for revision, one in other.unknown:
        if not unknown.tables or not one.tables or _share(unknown.tables, one.tables):
            return revision, one
    return None


def _touches(effect: Effect, table: str) -> bool:
    named = [effect.table, effect.refers_to, *effect.reads]
    named += [effect.to] if effect.object == "table" else []
    return any(same_name(one, table) for one in named)


def _share(left: Iterable[str], right: Iterable[str]) -> bool:
    return any(same_name(one, other) for one in left for other in right)
