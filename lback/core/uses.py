"""What applied revisions need of a table, so that it cannot just go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lback.core.deeds import described
from lback.core.effects import Effect, Effects
from lback.core.naming import bare, same_name
from lback.core.overlap import overlaps

_LOOKING = frozenset({"view", "materialized view", "trigger", "function", "procedure", "rule"})


@dataclass(frozen=True, slots=True)
class Use:
    """A revision that needs what an undo would take away; `line` is in its file."""

    revision: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class _Taken:
    """What an undo takes away: whole tables, and columns by table."""

    tables: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]


def first_use(
    undoing: Sequence[Effect],
    later: Sequence[str],
    effects: Mapping[str, Effects],
    texts: Mapping[str, str],
) -> Use | None:
    """Return what needs something that the undoing effects take away, or None.

    `later` are the applied revisions that stay, in their order, none of them below what
    is undone; `texts` are their files.
    """
    taken = _taken(undoing)
    found = _reference(taken, later, effects, texts)
    if found is None:
        found = _looking(taken, later, effects, texts)
    return found or _clash(undoing, later, effects)


def _taken(undoing: Iterable[Effect]) -> _Taken:
    tables, columns = [], []
    for one in undoing:
        if one.object == "table" and one.kind == "drop" and one.table:
            tables.append(one.table)
        elif one.object == "column" and one.kind in ("drop", "rename") and one.table and one.name:
            columns.append((one.table, one.name))
    # A table that is dropped and made again, as a batch by hand does, stays.
    made = [one.table for one in undoing if one.object == "table" and one.kind == "create"]
    made += [one.to for one in undoing if one.object == "table" and one.kind == "rename"]
    kept = [one for one in tables if not any(same_name(one, other) for other in made)]
    return _Taken(tuple(kept), tuple(columns))


def _reference(
    taken: _Taken,
    later: Sequence[str],
    effects: Mapping[str, Effects],
    texts: Mapping[str, str],
) -> Use | None:
    """Find a foreign key that is still there and points at what goes."""
    living: dict[tuple[str, str], Use] = {}
    for revision in later:
        for effect in effects[revision].upgrade:
            table = bare(effect.table)
            if effect.kind == "drop" and effect.object in ("table", "column", "constraint"):
                for key in [one for one in living if _ends(effect, table, one)]:
                    del living[key]
            target = effect.refers_to
            if not target or effect.kind == "drop" or same_name(target, effect.table):
                continue
            whole = any(same_name(target, one) for one in taken.tables)
            part = any(
                same_name(target, name) and _names(texts.get(revision, ""), column)
                for name, column in taken.columns
            )
            if (whole or part) and not _is_taken(effect.table, taken):
                message = f"{described(effect)}: it refers to what would go"
                key = (table, effect.name or ",".join(effect.columns))
                living[key] = Use(revision, effect.line, message)
    return next(iter(living.values()), None)


def _ends(effect: Effect, table: str, key: tuple[str, str]) -> bool:
    if table != key[0]:
        return False
    return effect.object == "table" or effect.name in key[1].split(",")


def _is_taken(table: str | None, taken: _Taken) -> bool:
    return any(same_name(table, one) for one in taken.tables)


def _looking(
    taken: _Taken,
    later: Sequence[str],
    effects: Mapping[str, Effects],
    texts: Mapping[str, str],
) -> Use | None:
    """Find a view, a trigger or a statement that reads what goes."""
    gone: set[tuple[str, str]] = set()
    for revision in reversed(later):
        for effect in reversed(effects[revision].upgrade):
            if effect.kind == "drop":
                gone.add((effect.object, bare(effect.name)))
            elif _reads(taken, effect.reads, texts.get(revision, "")) and not (
                effect.object in _LOOKING and (effect.object, bare(effect.name)) in gone
            ):
                return Use(revision, effect.line, f"{described(effect)}: it reads what would go")
        if _reads(taken, effects[revision].reads, texts.get(revision, "")):
            return Use(revision, 1, "it reads what would go")
    return None


def _reads(taken: _Taken, tables: Iterable[str], text: str) -> bool:
    return any(
        any(same_name(table, one) for one in taken.tables)
        or any(same_name(table, name) and _names(text, column) for name, column in taken.columns)
        for table in tables
    )


def _names(text: str, column: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", text) is not None


def _clash(
    undoing: Sequence[Effect], later: Sequence[str], effects: Mapping[str, Effects]
) -> Use | None:
    """Find a later change of the same object: it stands on the one that is undone."""
    mine = {"this rollback": Effects(upgrade=tuple(undoing))}
    theirs = {one: Effects(upgrade=effects[one].upgrade) for one in later}
    tables = [one.table for one in undoing]
    for one in overlaps(mine, theirs):
        if one.verdict in ("conflict", "order-matters") and isinstance(one.right_effect, Effect):
            table = one.right_effect.table
            if table and not any(same_name(table, other) for other in tables):
                continue  # it only refers to the table, which is looked at more closely above
            message = f"{described(one.right_effect)}: it is a later change of {one.object}"
            return Use(one.right_revision, one.right_effect.line, message)
    return None
