"""What revisions do to rows, line by line: a squash asks what a new database needs of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lback.core.effects import Effects, described
from lback.core.graph.view import GraphView

Answer = Literal["keep", "drop", "rows"]


@dataclass(frozen=True, slots=True)
class DataRow:
    """A statement that changes rows, or one that could not be read: then `known` is false.

    `answer` is None until somebody has given one. `table` is the one whose rows it changes, by its
    name at that revision; None where that is not known.
    """

    revision: str
    path: str
    line: int
    what: str
    known: bool
    answer: Answer | None = None
    table: str | None = None


def data_rows(
    graph: GraphView, members: Iterable[str], effects: Mapping[str, Effects]
) -> tuple[DataRow, ...]:
    """Return what upgrade() of these revisions does to rows, in the order in which it runs."""
    found: dict[tuple[str, int, bool], DataRow] = {}
    for name in members:
        path = graph[name].path
        for effect in effects[name].upgrade:
            if effect.object == "data":
                row = DataRow(
                    name, path, effect.line, described(effect), known=True, table=effect.table
                )
                found.setdefault((name, effect.line, True), row)
        for doubt in effects[name].unknowns("upgrade"):
            row = DataRow(name, path, doubt.line, doubt.reason, known=False)
            found.setdefault((name, doubt.line, False), row)
    return tuple(found.values())


def kept_lines(rows: Sequence[DataRow]) -> dict[str, tuple[int, ...]]:
    """Return the lines that move into the new file, by revision."""
    kept: dict[str, list[int]] = {}
    for row in rows:
        if row.answer == "keep":
            kept.setdefault(row.revision, []).append(row.line)
    return {name: tuple(lines) for name, lines in kept.items()}


def tables_by_rows(rows: Iterable[DataRow], there: Collection[str]) -> frozenset[str] | None:
    """Return the tables whose rows are written down as they are in the end; None for any table.

    A statement that could not be read may be about any, and so may one whose table has another
    name in the end than those that are `there`.
    """
    meant = [row.table for row in rows if row.answer == "rows"]
    if any(table is None or table not in there for table in meant):
        return None
    return frozenset(filter(None, meant))
