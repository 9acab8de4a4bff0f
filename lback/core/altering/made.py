"""How the things of a schema are made and dropped, and in which order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lback.core.schema_diff import Column, Schema

Key = tuple[str, str | None, str]
"""Kind, table and name, as `schema_diff.changes` has them; the name of what has none is ""."""
Turn = tuple[int, int]

# A constraint goes before what it is of, and comes after that; views are above everything.
_COMES = (
    "schema",
    "extension",
    "enum",
    "domain",
    "sequence",
    "function",
    "table",
    "column",
    "parent",
    "storage",
    "comment",
    "primary key",
    "unique constraint",
    "check",
    "index",
    "foreign key",
    "view",
    "materialized view",
    "trigger",
    "row security",
    "row policy",
)
_GOES = (
    "row policy",
    "row security",
    "trigger",
    "materialized view",
    "view",
    "foreign key",
    "check",
    "unique constraint",
    "index",
    "primary key",
    "comment",
    "column",
    "table",
)
_GOES_LAST = ("function", "sequence", "domain", "enum", "extension", "schema")
OUTSIDE: Turn = (-1, 0)
"""Before the transaction begins."""


class Spelling(NamedTuple):
    """The statements that make a thing, that drop it, and that make it of another one.

    Without the last it is dropped and made again.
    """

    make: tuple[str, ...]
    drop: tuple[str, ...] = ()
    change: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """How the things of a schema are made; `places` are the tables' and types' names in SQL.

    Where tables are `whole`, what makes one makes its keys, constraints and indexes, too.
    """

    things: Mapping[Key, Spelling] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False


class SchemaSide(NamedTuple):
    """A schema, and how it is made."""

    schema: Schema
    source: Source

    def column(self, table: str | None, name: str | None) -> Column | None:
        """Return a column of it; None where there is none."""
        found = self.schema.tables.get(table or "")
        return found.columns.get(name or "") if found is not None else None


def comes_at(kind: str, rank: int = 0) -> Turn:
    """Return when a thing is made."""
    return 100 + _COMES.index(kind) if kind in _COMES else 199, rank


def goes_at(kind: str, rank: int = 0) -> Turn:
    """Return when a thing is dropped."""
    if kind in _GOES_LAST:
        return 200 + _GOES_LAST.index(kind), rank
    return 50 + _GOES.index(kind) if kind in _GOES else 50, -rank


def quoted(name: str) -> str:
    """Return a name as PostgreSQL and SQLite have it in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def above(name: str, views: Mapping[str, str | None]) -> list[str]:
    """Return the views that read a table or a view, and those above them, the lowest first."""
    ranked = ranks(views)
    found, waiting = set[str](), [name]
    while waiting:
        below = waiting.pop()
        new = {view for view in views if view not in found and _reads(views[view], below)}
        found |= new
        waiting += new
    return sorted(found, key=lambda view: (ranked[view], view))


def ranks(views: Mapping[str, str | None]) -> dict[str, int]:
    """Return for each view how many lie below it at most, of those that it reads."""
    found: dict[str, int] = dict.fromkeys(views, 0)
    for _ in views:
        for view, sql in views.items():
            below = [found[one] for one in views if one != view and _reads(sql, one)]
            found[view] = min(max((rank + 1 for rank in below), default=0), len(views))
    return found


def _reads(sql: str | None, name: str) -> bool:
    plain = re.escape(name.rpartition(".")[2])
    return re.search(rf"(?<!\w){plain}(?!\w)", sql or "") is not None
