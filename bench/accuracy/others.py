"""Indexes, constraints, types, sequences and rows: what was said of them beside what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from bench.accuracy.picture import SCHEMA, Picture
from lback.core.dialects import Dialects
from lback.core.effects import Effect, Unknown
from lback.core.naming import bare

if TYPE_CHECKING:
    from bench.accuracy.judging import Truth

Outcome = Literal["found", "open", "warned", "missed", "wrong"]

_NAMED = frozenset({"index", "constraint"})
_SCHEMA_WIDE = frozenset({"enum", "type", "domain", "sequence"})


def judged(
    truth: Truth, said: Sequence[Effect], unknown: Sequence[Unknown], dialect: str
) -> Iterator[tuple[str, Outcome]]:
    """Yield what is said of each key, type, sequence and table's rows that changed.

    What goes or comes with a table is not counted again. "wrong" is a named index, type or
    sequence that should have come or gone for certain, and did not.
    """
    effects = [one for one in said if _happens_on(one.dialect, dialect)]
    for table in sorted(truth.before.keys() & truth.after.keys()):
        old, new = truth.before[table].get("keys", {}), truth.after[table].get("keys", {})
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                about = [one for one in effects if _about(one, table, key, old, new)]
                yield f"{table}: {key}", _outcome(about, unknown, table)
    for table, columns in sorted(truth.rows.items()):
        about = [one for one in effects if _writes(one, table, columns)]
        yield f"rows of {table} ({', '.join(columns[:3])})", _outcome(about, unknown, table)
    yield from _idle(truth, effects)


def _outcome(about: Sequence[Effect], unknown: Sequence[Unknown], table: str) -> Outcome:
    if about:
        return "found" if any(one.certain for one in about) else "open"
    warned = any(not one.tables or bare(table) in map(bare, one.tables) for one in unknown)
    return "warned" if warned else "missed"


def _about(
    effect: Effect, table: str, key: str, old: Mapping[str, str], new: Mapping[str, str]
) -> bool:
    """Tell whether an effect speaks of a key: by its name, or since it goes with something."""
    name = bare(key)
    if name in (bare(effect.name), bare(effect.to)) and effect.object != "column":
        return True
    if table == SCHEMA:
        return _makes_along(effect, name)
    if not any(bare(table) == bare(one) for one in (effect.table, effect.to)):
        # A foreign key goes with the table that it points at, where that is dropped.
        return effect.object == "table" and effect.kind == "drop" and "cascade" in effect.aspects
    if effect.object in _NAMED:
        # MySQL makes an index for a foreign key, and forgets it where another one serves.
        text = f"{old.get(key, '')} {new.get(key, '')}".casefold()
        same = any(one.casefold() in text for one in effect.columns)
        return effect.name is None or not effect.columns or same
    if effect.object == "table":
        return effect.kind != "alter"
    if effect.object == "column":
        text = f"{old.get(key, '')} {new.get(key, '')}".casefold()
        named = (effect.name or "", effect.to or "")
        return any(one.casefold() in text for one in named if one) or "check" in text
    return False


def _makes_along(effect: Effect, name: str) -> bool:
    """Tell whether a sequence or type comes or goes with a column or a table."""
    uses = [bare(one.name) for one in effect.uses if one.object in ("type", "sequence")]
    if name in uses:
        return True
    return effect.object in ("table", "column") and name.startswith(bare(effect.table))


def _writes(effect: Effect, table: str, columns: Sequence[str]) -> bool:
    if effect.object == "data":
        # Rows elsewhere may go along by a foreign key.
        return bare(effect.table) == bare(table) or effect.kind == "delete"
    if bare(effect.table) != bare(table) and bare(effect.to) != bare(table):
        return False
    if effect.object == "table":
        return effect.kind in ("create", "drop", "rename")
    wanted = {one.casefold() for one in columns}
    named = {(effect.name or "").casefold(), (effect.to or "").casefold()}
    # Other values of an altered column are the alteration's own: another type, a default.
    return effect.object == "column" and bool(wanted & named)


def _idle(truth: Truth, effects: Sequence[Effect]) -> Iterator[tuple[str, Outcome]]:
    before, after = _names(truth.before), _names(truth.after)
    wanted: dict[str, tuple[bool, Effect]] = {}
    for effect in effects:
        told = effect.certain and effect.kind in ("create", "drop")
        if told and effect.name and effect.object in (*_NAMED, *_SCHEMA_WIDE):
            wanted[bare(effect.name)] = (effect.kind == "create", effect)
    for name, (there, effect) in wanted.items():
        seen = name in after
        if seen is not there and (name in before) is seen and not _hidden(effect, truth):
            yield f"{effect.kind} {effect.object} {name} did not happen", "wrong"


def _hidden(effect: Effect, truth: Truth) -> bool:
    """Tell whether the catalogue would not show it by its name: keys, and what is told anyway."""
    if effect.object == "constraint":
        return True  # SQLite and MariaDB keep names of few of them
    word = effect.name or ""
    return any(word.casefold() in one.casefold() for one in truth.statements)


def _names(picture: Picture) -> frozenset[str]:
    return frozenset(bare(key) for about in picture.values() for key in about.get("keys", {}))


def _happens_on(text: str | None, dialect: str) -> bool:
    wanted = Dialects.of(text)
    return (dialect in wanted.names) is not wanted.but
