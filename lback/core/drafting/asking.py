"""What `makemigrations` has to be told: its questions, and which new name is likely whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

# Below it a pair is not worth a line of the question; `--rename` may still name it.
_LIKELY = 0.4


@dataclass(frozen=True, slots=True)
class ColumnSketch:
    """A column, as far as it tells which other one it is."""

    name: str
    type: str
    nullable: bool = True
    position: int = 0
    constraints: frozenset[str] = frozenset()
    """Words for what holds it: "primary key", "unique", "index", "foreign key to orders"."""

    @property
    def definition(self) -> str:
        """Return it as a line of CREATE TABLE has it."""
        null = "" if self.nullable or "primary key" in self.constraints else " NOT NULL"
        return ", ".join((f"{self.name} {self.type}{null}", *sorted(self.constraints)))


@dataclass(frozen=True, slots=True)
class TableSketch:
    """A table, as far as it tells which other one it is."""

    name: str
    columns: tuple[ColumnSketch, ...]

    @property
    def definition(self) -> str:
        """Return its columns."""
        return "; ".join(column.definition for column in self.columns)


class Candidate(NamedTuple):
    """A new name for what is gone, and how likely it is, from 0 to 1."""

    name: str
    definition: str
    score: float


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What only a person knows, and which options answer it."""

    kind: Literal["gone", "value", "fill"]
    name: str
    definition: str
    text: str
    choices: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def column_candidates(
    gone: ColumnSketch, new: Sequence[ColumnSketch], same_type: Sequence[str]
) -> tuple[Candidate, ...]:
    """Return what the column may be called now, the likeliest first.

    `same_type` names those whose type the database holds for the same.
    """
    scored = [
        Candidate(column.name, column.definition, _column_score(gone, column, same_type))
        for column in new
    ]
    return _likely(scored)


def table_candidates(gone: TableSketch, new: Sequence[TableSketch]) -> tuple[Candidate, ...]:
    """Return what the table may be called now, the likeliest first."""
    return _likely(
        [Candidate(table.name, table.definition, _table_score(gone, table)) for table in new]
    )


def in_turn(renames: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the renames in an order in which each new name is free; a circle takes a step more."""
    left, steps = dict(renames), []
    while left:
        old = next((old for old, new in left.items() if new not in left), None)
        if old is None:
            old = next(iter(left))
            aside = f"{old}_"
            while aside in left or aside in left.values():
                aside += "_"
            steps.append((old, aside))
            left[aside] = left.pop(old)
        else:
            steps.append((old, left.pop(old)))
    return tuple(steps)


def _likely(scored: Sequence[Candidate]) -> tuple[Candidate, ...]:
    kept = [candidate for candidate in scored if candidate.score >= _LIKELY]
    return tuple(sorted(kept, key=lambda candidate: -candidate.score))


def _column_score(gone: ColumnSketch, new: ColumnSketch, same_type: Sequence[str]) -> float:
    kind = 1.0 if new.name in same_type else 0.4 * (_family(gone.type) == _family(new.type))
    place = 1 / (1 + abs(gone.position - new.position))
    held = float(gone.constraints == new.constraints) + float(gone.nullable == new.nullable)
    return 0.45 * kind + 0.3 * _alike(gone.name, new.name) + 0.15 * place + 0.05 * held


def _table_score(gone: TableSketch, new: TableSketch) -> float:
    old = {(column.name, _family(column.type)) for column in gone.columns}
    fresh = {(column.name, _family(column.type)) for column in new.columns}
    shared = len(old & fresh) / max(1, len(old | fresh))
    return 0.7 * shared + 0.3 * _alike(gone.name, new.name)


def _alike(old: str, new: str) -> float:
    return SequenceMatcher(None, old.casefold(), new.casefold()).ratio()


def _family(type_: str) -> str:
    return type_.partition("(")[0].split(" ")[0].upper()
