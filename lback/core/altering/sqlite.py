"""Tables of SQLite that have to be made anew, as SQLite's own documentation has it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lback.core.altering.made import SchemaSide, quoted
from lback.core.schema_diff import SchemaChange

_APART = ("view", "table")
# SQLite keeps the text from the name on, which may be quoted in four ways.
_CREATE = re.compile(
    r"CREATE TABLE\s+(\"(?:[^\"]|\"\")*\"|\[[^\]]*\]|`(?:[^`]|``)*`|'[^']*'|[^\s(]+)"
)


def to_rebuild(found: Sequence[SchemaChange], after: SchemaSide) -> tuple[str, ...]:
    """Return the tables that cannot be altered for what changes of them."""
    every = (_to_rebuild(change, after) for change in found)
    return tuple(dict.fromkeys(filter(None, every)))


def _to_rebuild(change: SchemaChange, after: SchemaSide) -> str | None:
    if change.kind == "storage":
        return change.name
    if change.kind == "index" and change.name is not None:
        return None
    if change.kind == "column" and change.state == "added":
        made = after.source.things.get(("column", change.table, change.name or ""))
        return None if made is not None and made.make else change.table
    return change.table


def about(found: Sequence[SchemaChange], table: str) -> list[int]:
    """Return the numbers of the changes that a table's making anew does."""
    return [
        number
        for number, change in enumerate(found)
        if change.kind not in _APART and table in (change.table, _table_of(change))
    ]


def _table_of(change: SchemaChange) -> str | None:
    if change.kind == "storage":
        return change.name
    return (change.name or "").partition(".")[0] if change.kind == "trigger" else None


def rebuilding(
    table: str, numbers: Sequence[int], before: SchemaSide, after: SchemaSide
) -> Iterator[tuple[int, str]]:
    """Yield the statements, each with the number of a change: all is done for the last one."""
    last, things = numbers[-1], after.source.things
    yield from ((number, "") for number in numbers[:-1])
    old, new = (side.schema.tables[table].columns for side in (before, after))
    kept = [name for name, column in new.items() if name in old and not column.generated]
    columns = ", ".join(map(quoted, kept))
    place, draft = quoted(table), quoted(f"_lback_{table}")
    made = things["table", None, table].make[0]
    yield last, _CREATE.sub(lambda _: f"CREATE TABLE {draft}", made, count=1)
    if kept:
        yield last, f"INSERT INTO {draft} ({columns}) SELECT {columns} FROM {place}"
    yield last, f"DROP TABLE {place}"
    yield last, f"ALTER TABLE {draft} RENAME TO {place}"
    for (kind, its, name), thing in things.items():
        trigger = kind == "trigger" and name.partition(".")[0] == table
        if trigger or (kind == "index" and its == table):
            yield from ((last, sql) for sql in thing.make)
