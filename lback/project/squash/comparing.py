"""Compares what old files and a new one build: the schema, and the rows that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from lback.core.schema_diff import changes
from lback.core.squash import messages
from lback.core.squash.seeds import alike, varying

if TYPE_CHECKING:
    from lback.db.squashing.exact import BuiltSchema
    from lback.project.squash.running import BuiltDatabase


def schema_apart(before: BuiltSchema, after: BuiltSchema) -> tuple[list[str], frozenset[str]]:
    """Return where two schemas differ, in words, and in which tables of the first."""
    found = changes(before.schema, after.schema)
    shown = [messages.change(one) for one in found]
    names = before.schema.tables.keys()
    tables = {table for one in found for table in _tables_of(one.table or one.name or "", names)}
    return shown, frozenset(tables)


def _tables_of(name: str, names: Iterable[str]) -> list[str]:
    """Return the tables that something is of, by its name: its own, or what comes before a dot."""
    known = set(names)
    parts = name.split(".")
    tries = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    tries += [".".join(parts[1:count]) for count in range(len(parts), 1, -1)]
    return [one for one in tries if one in known][:1]


def rows_apart(
    before: BuiltDatabase, after: BuiltDatabase, again: Callable[[], BuiltDatabase]
) -> tuple[list[str], list[str]]:
    """Return in words which tables have other rows, and columns of which kinds were compared.

    These have other values each time that the old files run, by a clock or by chance: `again` runs
    them once more. All other columns of such a row have to be the same.
    """
    shown: list[str] = []
    loose: list[str] = []
    rows = before.built.rows, after.built.rows
    for table in sorted(rows[0].keys() | rows[1].keys()):
        if rows[0].get(table) == rows[1].get(table):
            continue
        first, second = before.seeds.tables.get(table), after.seeds.tables.get(table)
        if first is not None and second is not None and len(first.rows) == len(second.rows):
            now = datetime.now(timezone.utc).replace(tzinfo=None)
            columns = varying(first, again().seeds.tables.get(table), now)
            if columns and alike(first, second, columns):
                loose += [f"{table}.{column}" for column in columns]
                continue
        numbers = (sum(one.get(table, {}).values()) for one in rows)
        shown.append(messages.rows_differ(table, *numbers))
    return shown, loose
