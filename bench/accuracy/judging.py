"""What lback said of one direction of one revision beside what really came of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench.accuracy.others import judged
from bench.accuracy.picture import SCHEMA, Picture
from bench.accuracy.predicting import ATTRIBUTES, Column, Guess, Prediction, predict
from lback.core.effects import Effects, Unknown
from lback.core.naming import bare

Class = Literal["found", "open", "restated", "warned", "missed", "wrong", "idle", "spared"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One table or column that changed, or that lback said would.

    "found": changed, and said for certain. "open": changed, and said to be possible.
    "restated": MySQL was told to alter the column, and set more of it than the text means to.
    "warned": changed and not said, but lback said that it could not read something that may
    touch that table. "missed": changed, and no word of it. "wrong": said for certain, and it
    did not change, nor was the database told to. "idle": the database was told to, and the
    column looks as before. "spared": said to be possible, and it did not happen.
    """

    place: str
    what: str
    is_: Class


@dataclass(frozen=True, slots=True)
class Truth:
    """What one direction of one revision really did."""

    revision: str
    direction: Literal["upgrade", "downgrade"]
    before: Picture
    after: Picture
    statements: Sequence[str] = ()
    rows: Mapping[str, Sequence[str]] = field(default_factory=dict)


def judge(truth: Truth, effects: Effects, dialect: str) -> list[Verdict]:
    """Compare table by table and column by column."""
    said = effects.upgrade if truth.direction == "upgrade" else effects.downgrade
    prediction = predict(truth.before, said, dialect)
    unknown = effects.unknowns(truth.direction)
    found = []
    place = f"{truth.revision} {truth.direction}"
    for table, what, verdict in _verdicts(truth, prediction):
        warned = verdict == "missed" and _warned(unknown, table)
        found.append(Verdict(place, what, "warned" if warned else verdict))
    for what, outcome in judged(truth, said, unknown, dialect):
        found.append(Verdict(place, what, outcome))
    return found


def _verdicts(truth: Truth, prediction: Prediction) -> Iterator[tuple[str, str, Class]]:
    before = {bare(name): one["columns"] for name, one in truth.before.items() if name != SCHEMA}
    after = {bare(name): one["columns"] for name, one in truth.after.items() if name != SCHEMA}
    for table in sorted({*before, *after, *prediction.tables}):
        guess = prediction.table(table)
        was, is_ = table in before, table in after
        verdict = _presence(was, is_, guess.there)
        if verdict:
            yield table, f"table {table} {_shift(was, is_)}", verdict
        if not is_ or guess.there is False:
            continue  # its columns went with it, or the table itself is the miss
        old = {name.casefold(): one for name, one in before.get(table, {}).items()}
        new = {name.casefold(): one for name, one in after[table].items()}
        for column in sorted({*old, *new, *guess.columns}):
            told = guess.columns.get(column, Column(False))
            verdict = _column(old.get(column), new.get(column), told, truth, f"{table}.{column}")
            if verdict:
                yield table, f"{table}.{column} {_change(old, new, column)}", verdict


def _presence(was: bool, is_: bool, guess: Guess) -> Class | None:
    if was != is_:
        return "found" if guess is is_ else "open" if guess is None else "missed"
    if guess is None:
        return "spared"
    return None if guess is is_ else "wrong"


def _column(
    old: list[object] | None, new: list[object] | None, told: Column, truth: Truth, name: str
) -> Class | None:
    presence = _presence(old is not None, new is not None, told.there)
    if old is None or new is None or presence == "wrong":
        return presence
    if old != new:
        changed = _changed(old, new)
        guess = told.said(changed)
        if guess is False and told.said(set(changed) - told.restated) is not False:
            return "restated"
        return "found" if guess else "open" if guess is None else "missed"
    if presence:
        return presence
    said = {told.altered[one] for one in ATTRIBUTES if one in told.altered}
    if told.new or not said:
        return None
    if True not in said:
        return "spared"
    return "idle" if _told_to(truth.statements, *name.rsplit(".", 1)) else "wrong"


def _changed(old: list[object], new: list[object]) -> list[str]:
    return [name for name, one, other in zip(ATTRIBUTES, old, new, strict=True) if one != other]


def _told_to(statements: Sequence[str], table: str, column: str) -> bool:
    """Tell whether the database was told to alter the column, or to copy its table."""
    names = (f"ALTER TABLE {table} ", f"CREATE TABLE _ALEMBIC_TMP_{table} ")
    wanted = tuple(one.upper() for one in names)
    bared = (one.replace('"', "").replace("`", "").upper() for one in statements)
    word = re.compile(rf"\b{re.escape(column.upper())}\b")
    return any(one.startswith(wanted) and word.search(one) for one in bared)


def _change(old: Mapping[str, object], new: Mapping[str, object], column: str) -> str:
    if column in old and column in new and old[column] != new[column]:
        return f"changed: {old[column]} -> {new[column]}"
    return _shift(column in old, column in new)


def _shift(was: bool, is_: bool) -> str:
    return {(False, True): "added", (True, False): "dropped"}.get((was, is_), "unchanged")


def _warned(unknown: Sequence[Unknown], table: str) -> bool:
    return any(not one.tables or table in map(bare, one.tables) for one in unknown)
