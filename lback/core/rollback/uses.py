"""What applied revisions need of a table, so that it cannot just go."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lback.core.effects import Effect, Effects, described
from lback.core.merging.overlap import overlaps
from lback.core.naming import bare, key, same_name

_LOOKING = frozenset({"view", "materialized view", "trigger", "function", "procedure", "rule"})


@dataclass(frozen=True, slots=True)
class Dependent:
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
    same: Collection[str] = (),
) -> Dependent | None:
    """Return what needs something that the undoing effects take away, or None.

    `later` are the applied revisions that stay, in their order, none of them below what
    is undone; `texts` are their files. Of a revision in `same`, which is itself the undone
    one, only what it did to other tables is looked at.
    """
    taken = _taken(undoing)
    dependent = _reference(taken, later, effects, texts)
    if dependent is None:
        dependent = _looking(taken, later, effects, texts, same)
    return dependent or _clash(undoing, later, effects)


def _taken(undoing: Iterable[Effect]) -> _Taken:
    tables, columns = [], []
    for effect in undoing:
        if effect.object == "table" and effect.kind == "drop" and effect.table:
            tables.append(effect.table)
        elif (
            effect.object == "column"
            and effect.kind in ("drop", "rename")
            and effect.table
            and effect.name
        ):
            columns.append((effect.table, effect.name))
    # A table that is dropped and made again, as a batch by hand does, stays.
    made = [
        effect.table for effect in undoing if effect.object == "table" and effect.kind == "create"
    ]
    made += [
        effect.to for effect in undoing if effect.object == "table" and effect.kind == "rename"
    ]
    kept = [table for table in tables if not any(same_name(table, other) for other in made)]
    return _Taken(tuple(kept), tuple(columns))


def _reference(
    taken: _Taken,
    later: Sequence[str],
    effects: Mapping[str, Effects],
    texts: Mapping[str, str],
) -> Dependent | None:
    """Find a foreign key that is still there and points at what goes."""
    living: dict[tuple[str, str], Dependent] = {}
    for revision in later:
        for effect in effects[revision].upgrade:
            table = key(effect.table)
            if effect.kind == "drop" and effect.object in ("table", "column", "constraint"):
                for ended in [value for value in living if _ends(effect, table, value)]:
                    del living[ended]
            target = effect.refers_to
            if not target or effect.kind == "drop" or same_name(target, effect.table):
                continue
            whole = any(same_name(target, table) for table in taken.tables)
            part = any(
                same_name(target, name)
                and _points_at(texts.get(revision, ""), effect.line, name, column)
                for name, column in taken.columns
            )
            if (whole or part) and not any(same_name(effect.table, text) for text in taken.tables):
                message = f"{described(effect)}: it refers to what would go"
                called = (table, effect.name or ",".join(effect.columns))
                living[called] = Dependent(revision, effect.line, message)
    return next(iter(living.values()), None)


def _ends(effect: Effect, table: str, called: tuple[str, str]) -> bool:
    if table != called[0]:
        return False
    return effect.object == "table" or effect.name in called[1].split(",")


def _looking(
    taken: _Taken,
    later: Sequence[str],
    effects: Mapping[str, Effects],
    texts: Mapping[str, str],
    same: Collection[str],
) -> Dependent | None:
    """Find a view, a trigger or a statement that reads what goes."""
    gone: set[tuple[str, str]] = set()

    def about(revision: str, effect: Effect) -> str:
        """Return where the statement may name a column: of the undone file, only its lines."""
        text = texts.get(revision, "")
        return _window(text, effect.line) if revision in same else text

    for revision in reversed(later):
        for effect in reversed(effects[revision].upgrade):
            if effect.kind == "drop":
                gone.add((effect.object, key(effect.name)))
            elif _reads(taken, effect.reads, about(revision, effect)) and not (
                effect.object in _LOOKING and (effect.object, key(effect.name)) in gone
            ):
                return Dependent(
                    revision, effect.line, f"{described(effect)}: it reads what would go"
                )
        text = "" if revision in same else texts.get(revision, "")
        if _reads(taken, effects[revision].reads, text):
            return Dependent(revision, 1, "it reads what would go")
    return None


def _reads(taken: _Taken, tables: Iterable[str], text: str) -> bool:
    return any(
        any(same_name(table, word) for word in taken.tables)
        or any(same_name(table, name) and _names(text, column) for name, column in taken.columns)
        for table in tables
    )


def _window(text: str, line: int) -> str:
    """Return a statement's lines, as far as a line number tells."""
    return "\n".join(text.splitlines()[max(line - 1, 0) : line + 11])


def _points_at(text: str, line: int, table: str, column: str) -> bool:
    """Tell whether a foreign key made at a line refers to this column of the table.

    Its effect names the table alone: "table.column" is how a Column says it, and
    create_foreign_key() and SQL name the column near by.
    """
    if re.search(rf"(?<!\w){re.escape(bare(table))}\.{re.escape(column)}(?!\w)", text, re.I):
        return True
    near = _window(text, line)
    return ("create_foreign_key" in near or "REFERENCES" in near.upper()) and _names(near, column)


def _names(text: str, column: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", text) is not None


def _clash(
    undoing: Sequence[Effect], later: Sequence[str], effects: Mapping[str, Effects]
) -> Dependent | None:
    """Find a later change of the same object: it stands on the one that is undone."""
    mine = {"this rollback": Effects(upgrade=tuple(undoing))}
    theirs = {revision: Effects(upgrade=effects[revision].upgrade) for revision in later}
    tables = [effect.table for effect in undoing]
    for overlap in overlaps(mine, theirs):
        if overlap.verdict in ("conflict", "order-matters") and isinstance(
            overlap.right_effect, Effect
        ):
            table = overlap.right_effect.table
            if table and not any(same_name(table, other) for other in tables):
                continue  # it only refers to the table, which is looked at more closely above
            message = f"{described(overlap.right_effect)}: it is a later change of {overlap.object}"
            return Dependent(overlap.right_revision, overlap.right_effect.line, message)
    return None
