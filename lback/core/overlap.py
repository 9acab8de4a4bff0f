"""Overlaps of two sides of a fork: effects of one that do not commute with the other's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lback.core.commuting import COMMUTES, QUERIED, REFERRED, VIEWED, clash
from lback.core.deeds import deeds, described
from lback.core.dialects import Dialects
from lback.core.effects import Effect, Effects, Unknown
from lback.core.naming import bare, same_name

Verdict = Literal["conflict", "order-matters", "same", "unknown"]
_SEVERITY: dict[str, int] = {"conflict": 3, "order-matters": 2, "unknown": 1, "same": 0}

# Objects whose names are unique across a schema whatever table they belong to, at least
# on one of the databases: an index on PostgreSQL and SQLite, a foreign key on MySQL.
_SCHEMA_WIDE = frozenset({"index", "constraint"})
_TABLES_AND_THE_LIKE = frozenset({"table", "view", "sequence", "index"})
_ON_TABLES = frozenset(
    {"table", "column", "index", "constraint", "data", "comment", "trigger", "rule", "policy"}
    | {"privileges"}
)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two effects, one of each side, that cannot be known to commute.

    `object` names what both are about: "table users", "column users.email", "anything".
    """

    object: str
    left_revision: str
    left_effect: Effect | Unknown
    right_revision: str
    right_effect: Effect | Unknown
    verdict: Verdict
    message: str

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


def overlaps(left: Mapping[str, Effects], right: Mapping[str, Effects]) -> tuple[Overlap, ...]:
    """Return what two sides of a fork may not do in either order, worst first.

    Each side maps revision ids, in the order in which they run, to their effects in
    upgrade direction. An empty result means: known to commute. Of the pairs of two
    revisions on one object only the worst is given.
    """
    found: dict[tuple[str, str, str], Overlap] = {}
    for overlap in _pairs(_Side(left), _Side(right)):
        key = (overlap.object, overlap.left_revision, overlap.right_revision)
        known = found.get(key)
        if known is None or _SEVERITY[overlap.verdict] > _SEVERITY[known.verdict]:
            found[key] = overlap
    return tuple(sorted(found.values(), key=lambda one: -_SEVERITY[one.verdict]))


def _pairs(left: _Side, right: _Side) -> Iterator[Overlap]:
    for mine in left.effects:
        for theirs in right.near(mine):
            yield from _judge(mine, theirs)
    yield from _unknowns(left, right, mirrored=False)
    yield from _unknowns(right, left, mirrored=True)


@dataclass(frozen=True, slots=True)
class _Done:
    """One effect of a side; `inside` when its table was created by the same side."""

    revision: str
    effect: Effect
    deeds: tuple[str, ...]
    inside: bool = False


class _Side:
    """One side of a fork, with its effects findable by what they are about."""

    def __init__(self, revisions: Mapping[str, Effects]) -> None:
        self.effects: list[_Done] = []
        self.unknown: list[tuple[str, Unknown]] = []
        self.reads: list[tuple[str, str]] = []
        self.by_key: dict[str, list[_Done]] = {}
        self.idle = True
        made: set[str] = set()
        for revision, effects in revisions.items():
            self._add(revision, effects, made)

    def _add(self, revision: str, effects: Effects, made: set[str]) -> None:
        for effect in (*effects.upgrade, *_queries(effects)):
            table = bare(effect.table)
            fresh = effect.object == "table" and effect.kind == "create"
            if fresh and effect.table:
                made.add(table)
            done = _Done(revision, effect, deeds(effect), table in made and not fresh)
            self.effects.append(done)
            for key in _keys(effect):
                self.by_key.setdefault(key, []).append(done)
        for unknown in effects.unknowns("upgrade"):
            self.unknown.append((revision, unknown))
        self.idle = not self.effects and not self.unknown

    def near(self, mine: _Done) -> Iterator[_Done]:
        """Yield the effects that share a table or a name with one of the other side."""
        seen: set[int] = set()
        for key in _keys(mine.effect):
            for one in self.by_key.get(key, ()):
                if id(one) not in seen:
                    seen.add(id(one))
                    yield one


def _queries(effects: Effects) -> Iterator[Effect]:
    """Yield the reading of tables as effects that change nothing."""
    for table in effects.reads:
        yield Effect("alter", "query", None, detail=table, reads=(table,))


def _keys(effect: Effect) -> set[str]:
    """Return the bare names that an effect is about, under which the other side may find it."""
    named = [effect.table, effect.refers_to, *effect.reads]
    if effect.object not in ("column", "data", "comment"):
        named.append(effect.name)
        named.append(effect.to)
    elif effect.object == "comment":
        named.append(effect.name)
    return {bare(one) for one in named if one}


def exclusive(left: str | None, right: str | None) -> bool:
    """Tell whether two effects never run on the same dialect."""
    return (Dialects.of(left) & Dialects.of(right)).empty


# -- pairs of effects --------------------------------------------------------------


def _judge(mine: _Done, theirs: _Done) -> Iterator[Overlap]:
    if mine.effect.dialect and exclusive(mine.effect.dialect, theirs.effect.dialect):
        return
    for found in (_on_one_table(mine, theirs), _by_name(mine, theirs)):
        if found is not None:
            yield _overlap(mine, theirs, *found)
            return
    for first, second in ((mine, theirs), (theirs, mine)):
        linked = _linked(first, second)
        if linked is not None:
            yield _overlap(mine, theirs, *linked)
            return


def _overlap(mine: _Done, theirs: _Done, about: str, verdict: str, why: str) -> Overlap:
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
    )


_WHY = {
    "conflict": "one of them cannot work after the other",
    "order-matters": "the outcome depends on which comes first",
    "same": "both do the same",
}


def _on_one_table(mine: _Done, theirs: _Done) -> tuple[str, str, str] | None:
    """Judge two effects on one table by the table of commuting pairs."""
    left, right = mine.effect, theirs.effect
    if not _one_table(left, right):
        return None
    if mine.inside and theirs.inside:
        return None
    worst: str | None = None
    for one in mine.deeds:
        for other in theirs.deeds:
            condition = COMMUTES.get((one, other))
            if condition is not None and condition(left, right):
                continue
            verdict = clash(one, other, left, right)
            if worst is None or _SEVERITY[verdict] > _SEVERITY[worst]:
                worst = verdict
    if worst is None:
        return None
    if worst == "order-matters" and _identical(left, right):
        return _about(left, right), "same", _WHY["same"]
    return _about(left, right), worst, _reason(left, right, worst)


def _one_table(left: Effect, right: Effect) -> bool:
    if not (left.object in _ON_TABLES and right.object in _ON_TABLES):
        return False
    mine = [left.table, left.to if left.object == "table" else None]
    theirs = [right.table, right.to if right.object == "table" else None]
    return any(same_name(one, other) for one in mine for other in theirs)


def _identical(left: Effect, right: Effect) -> bool:
    """Tell whether two alterations set the same thing to the same value."""
    if left.object != "column" or left.kind != "alter" or right.kind != "alter":
        return False
    settled = {"type", "nullable", "not null"}
    return (
        left.name == right.name
        and bool(left.detail)
        and "?" not in left.detail
        and left.detail == right.detail
        and left.aspects == right.aspects
        and set(left.aspects) <= settled
    )


def _reason(left: Effect, right: Effect, verdict: str) -> str:
    if left.kind == right.kind == "create" and verdict == "conflict":
        if left.detail == right.detail:
            return "both would make it, and the second one fails"
        return "both would make it, each in its own way, and the second one fails"
    if left.kind == right.kind == "drop" and verdict == "conflict":
        return "what one has dropped the other cannot drop"
    return _WHY[verdict]


def _about(left: Effect, right: Effect) -> str:
    """Name what two effects on one table are about."""
    table = left.table or right.table
    columns = [one.name for one in (left, right) if one.object == "column" and one.name]
    if {left.object, right.object} == {"column"} and len(set(columns)) == 1:
        return f"column {table}.{columns[0]}"
    if left.object == right.object and left.name and left.name == right.name:
        return f"{left.object} {left.name}"
    for column, other in ((left, right), (right, left)):
        if column.object == "column" and column.name in other.columns:
            return f"column {table}.{column.name}"
    return f"table {table}"


def _by_name(mine: _Done, theirs: _Done) -> tuple[str, str, str] | None:
    """Judge two effects on things that share a name across the schema."""
    left, right = mine.effect, theirs.effect
    if left.object in ("column", "data", "query") or right.object in ("column", "data", "query"):
        return None
    if not _one_namespace(left, right):
        return None
    mine_names, their_names = (left.name, left.to), (right.name, right.to)
    if not any(same_name(one, other) for one in mine_names for other in their_names):
        return None
    about = f"{left.object} {left.name}"
    if left.object == right.object == "enum" and left.kind == right.kind == "alter":
        return _enum_values(left, right, about)
    guarded = not left.certain and not right.certain
    if guarded and left.kind == right.kind and left.detail == right.detail:
        return about, "same", "both do it only where it is still to be done"
    if left.kind == right.kind == "alter":
        return about, "order-matters", _WHY["order-matters"]
    return about, "conflict", _reason(left, right, "conflict")


def _one_namespace(left: Effect, right: Effect) -> bool:
    both = {left.object, right.object}
    if len(both) == 1:
        return left.object != "privileges" and (
            left.object not in _ON_TABLES or left.object in _SCHEMA_WIDE
        )
    return both <= _TABLES_AND_THE_LIKE or both == _SCHEMA_WIDE


def _enum_values(left: Effect, right: Effect, about: str) -> tuple[str, str, str]:
    if left.detail != right.detail:
        return about, "order-matters", "the values would be sorted differently"
    if left.certain or right.certain:
        return about, "conflict", "both add the value, and the second one fails"
    return about, "same", _WHY["same"]


def _linked(first: _Done, second: _Done) -> tuple[str, str, str] | None:
    """Judge an effect that refers to, or queries, the table that another changes."""
    left, right = first.effect, second.effect
    if right.object not in _ON_TABLES or right.table is None:
        return None
    targets = [right.table, *([right.to] if right.object == "table" and right.to else [])]
    refers = any(same_name(left.refers_to, one) for one in targets)
    reads = any(same_name(table, one) for table in left.reads for one in targets)
    if not (refers or reads) or second.inside:
        return None
    if refers and all(one in REFERRED for one in second.deeds):
        return None
    allowed = VIEWED if left.object == "view" else QUERIED
    if reads and not refers and all(one in allowed for one in second.deeds):
        return None
    gone = right.object == "table" and right.kind in ("create", "drop", "rename")
    verb = "refers to" if refers else "reads"
    why = f"{first.revision} {verb} {right.table}"
    return f"table {right.table}", "conflict" if gone else "order-matters", why


# -- what could not be read --------------------------------------------------------


def _unknowns(side: _Side, other: _Side, *, mirrored: bool) -> Iterator[Overlap]:
    """Yield every unknown of a side with the first thing of the other that it may touch."""
    for revision, unknown in side.unknown:
        met = _met(unknown, other)
        if met is None:
            continue
        theirs, effect = met
        named = ", ".join(unknown.tables)
        about = f"table {named}" if len(unknown.tables) == 1 else named or "anything"
        message = (
            f"{about}: line {unknown.line} of {revision} cannot be read ({unknown.reason}), "
            f"and {theirs} would {operation(effect)}"
        )
        sides = (revision, unknown, theirs, effect)
        if mirrored:
            sides = (theirs, effect, revision, unknown)  # type: ignore[assignment]
        yield Overlap(about, sides[0], sides[1], sides[2], sides[3], "unknown", message)


def _met(unknown: Unknown, other: _Side) -> tuple[str, Effect | Unknown] | None:
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
