"""What a database's schema is, as plain data, and where two of them differ first."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, NamedTuple

Constraints = tuple["Constraint", ...]
_PARTS = {
    "foreign key": "foreign_keys",
    "unique constraint": "unique_constraints",
    "index": "indexes",
    "check": "check_constraints",
}

# How PostgreSQL writes down a list of words.
_LITERAL = r"'(?:[^']|'')*'::character varying"
_ARRAY = re.compile(
    rf"\(ARRAY\[({_LITERAL}(?:, {_LITERAL})*)\]\)::text\[\]"
    rf"|ARRAY\[({_LITERAL}(?:, {_LITERAL})*)\]::text\[\]"
)
_ITEM = re.compile(_LITERAL)


class Column(NamedTuple):
    """A column of a table; the type and the default as the database writes them."""

    type: str
    nullable: bool
    default: str | None
    comment: str | None
    generated: str | None = None
    """How it is an identity, or from what it is computed; None for a plain column."""


class Constraint(NamedTuple):
    """An index or a constraint: its name, if it has one, and everything known of it."""

    name: str | None
    definition: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table; the order of its columns does not count. A partition is one of `part_of`."""

    columns: Mapping[str, Column]
    primary_key: tuple[str, ...] = ()
    foreign_keys: Constraints = ()
    unique_constraints: Constraints = ()
    indexes: Constraints = ()
    check_constraints: Constraints = ()
    comment: str | None = None
    part_of: str | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables, views and enum types of a database by name ("schema.name" or "name").

    `others` are what is compared by definition alone, by kind and name: triggers, functions …
    """

    tables: Mapping[str, Table] = field(default_factory=dict)
    views: Mapping[str, str | None] = field(default_factory=dict)
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def only(self, tables: Collection[str]) -> Schema:
        """Return these tables of it, and nothing else."""
        return Schema({name: table for name, table in self.tables.items() if name in tables})

    def without(self, tables: Collection[str]) -> Schema:
        """Return it without these tables."""
        left = {name: table for name, table in self.tables.items() if name not in tables}
        return Schema(left, self.views, self.enums, self.others)


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One thing in which two schemas differ: how it is in the first and in the second.

    `table` is None for what is in no table. `name` is None for a constraint without one.
    """

    state: Literal["added", "removed", "changed"]
    kind: str
    table: str | None
    name: str | None
    before: str | None
    after: str | None


class Difference(NamedTuple):
    """The first thing in which two schemas differ, as "table orders".

    For a changed table `part` names what of it differs ("columns"), and `detail` says how the
    second schema departs from the first.
    """

    thing: str
    state: Literal["new", "missing", "changed"]
    part: str = ""
    detail: str = ""


def difference(before: Schema, after: Schema, *, back: bool = False) -> Difference | None:
    """Return where two schemas differ first; None where they are the same.

    On the way `back` a constraint that had no name may come with one: SQLite's batches have to
    name what they make.
    """
    tables = after.tables
    if back:
        old = before.tables
        tables = {
            name: _unnamed(old[name], table) if name in old else table
            for name, table in tables.items()
        }
    return (
        _first("enum", before.enums, after.enums)
        or _first("table", before.tables, tables)
        or _first("view", before.views, after.views)
    )


def _unnamed(before: Table, after: Table) -> Table:
    """Take names off what has none in the table before, and is the same otherwise."""
    if before == after:
        return after
    parts: dict[str, Any] = {}
    for part in ("foreign_keys", "unique_constraints", "check_constraints"):
        old, new = getattr(before, part), getattr(after, part)
        left = [row for row in old if row.name is None and row not in new]
        rows = []
        for row in new:
            bare = row._replace(name=None)
            if row not in old and bare in left:
                left.remove(bare)
                row = bare  # noqa: PLW2901
            rows.append(row)
        parts[part] = tuple(rows)
    return replace(after, **parts)


def _first(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference | None:
    for name in sorted(before.keys() | after.keys()):
        thing = f"{kind} {name}"
        if name not in before:
            return Difference(thing, "new")
        if name not in after:
            return Difference(thing, "missing")
        if before[name] != after[name]:
            told = _in_table(before[name], after[name]) if kind == "table" else ("", "")
            return Difference(thing, "changed", *told)
    return None


def _in_table(before: Table, after: Table) -> tuple[str, str]:
    """Return which part of a table differs, and how."""
    names = [part.name for part in fields(Table)]
    name = next(each for each in names if getattr(before, each) != getattr(after, each))
    part, old, new = name.replace("_", " "), getattr(before, name), getattr(after, name)
    if name == "columns":
        return part, _in_columns(old, new)
    if name in ("primary_key", "comment"):
        return part, f"its {part} would be {_shown(new)}, not {_shown(old)}"
    return part, _in_constraints(part, old, new)


def _in_columns(before: Mapping[str, Column], after: Mapping[str, Column]) -> str:
    name = next(
        column for column in sorted({*before, *after}) if before.get(column) != after.get(column)
    )
    if name not in after:
        return f"column {name} would be missing"
    if name not in before:
        return f"column {name} would still be there"
    pairs = zip(Column._fields, before[name], after[name], strict=True)
    key, old, new = next(pair for pair in pairs if pair[1] != pair[2])
    return f"column {name}: its {key} would be {new}, not {old}"


def _in_constraints(part: str, before: Constraints, after: Constraints) -> str:
    """Say which index, constraint or key is too many, missing, or another one."""
    old, new = ({row.name: row for row in rows if row.name} for rows in (before, after))
    kind = "index" if part == "indexes" else part.removesuffix("s")
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            return f"its {kind} {name} would still be there"
        if name not in new:
            return f"its {kind} {name} would be missing"
        if old[name] != new[name]:
            return f"its {kind} {name} would be another one"
    there, here = ([row.definition for row in rows] for rows in (after, before))
    return f"its {part} would be {_shown(there)}, not {_shown(here)}"


def _shown(value: Collection[str] | None) -> str:
    return value if isinstance(value, str) and value else ", ".join(value or ()) or "none"


def changes(before: Schema, after: Schema) -> tuple[SchemaChange, ...]:
    """Return all in which two schemas differ: types, then table by table, then the rest."""
    found = _of_kind("enum", None, _joined(before.enums), _joined(after.enums))
    for name in sorted(before.tables.keys() | after.tables.keys()):
        old, new = before.tables.get(name), after.tables.get(name)
        if old is not None and new is not None:
            found += _of_table(name, old, new)
        else:
            found += _of_kind("table", None, *({name: _columns(one)} for one in (old, new)))
    found += _of_kind("view", None, before.views, after.views)
    for kind in sorted({kind for kind, _ in (*before.others, *after.others)}):
        found += _of_kind(kind, None, *(_others(side, kind) for side in (before, after)))
    both = before.tables.keys() & after.tables.keys()
    return tuple(one for one in found if one.kind != "storage" or one.name in both)


def _of_table(name: str, before: Table, after: Table) -> list[SchemaChange]:
    columns = (
        {key: _described(one) for key, one in side.columns.items()} for side in (before, after)
    )
    found = _of_kind("column", name, *columns)
    for kind, part in _PARTS.items():
        old, new = (_rows(side, part) for side in (before, after))
        found += _of_kind(
            kind,
            name,
            *({row.name: row.definition for row in rows if row.name} for rows in (old, new)),
        )
        loose = [{row.definition for row in rows if not row.name} for rows in (old, new)]
        found += [
            SchemaChange("removed", kind, name, None, text, None)
            for text in sorted(loose[0] - loose[1])
        ]
        found += [
            SchemaChange("added", kind, name, None, None, text)
            for text in sorted(loose[1] - loose[0])
        ]
    whole = (
        ("primary key", ", ".join(before.primary_key), ", ".join(after.primary_key)),
        ("comment", before.comment, after.comment),
        ("parent", before.part_of, after.part_of),
    )
    for kind, first, second in whole:
        found += _of_kind(kind, name, {"": first or None}, {"": second or None})
    return found


def _rows(table: Table, part: str) -> Constraints:
    """Return constraints or indexes of a table, without the indexes that are constraints."""
    rows: Constraints = getattr(table, part)
    if part != "indexes":
        return rows
    unique = {row.name for row in table.unique_constraints}
    return tuple(row for row in rows if row.name is None or row.name not in unique)


def _of_kind(
    kind: str,
    table: str | None,
    before: Mapping[str, str | None],
    after: Mapping[str, str | None],
) -> list[SchemaChange]:
    """Compare what has names; None is nothing, but for a view whose text is not known."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        gone = name not in before or (old is None and kind != "view")
        left = name not in after or (new is None and kind != "view")
        if old == new and gone == left:
            continue
        state: Literal["added", "removed", "changed"] = (
            "added" if gone else "removed" if left else "changed"
        )
        found.append(SchemaChange(state, kind, table, name or None, old, new))
    return found


def _joined(enums: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {name: ", ".join(labels) for name, labels in enums.items()}


def _columns(table: Table | None) -> str | None:
    return ", ".join(table.columns) if table is not None else None


def _others(schema: Schema, kind: str) -> dict[str, str]:
    return {name: text for (one, name), text in schema.others.items() if one == kind}


def _described(column: Column) -> str:
    """Write a column as SQL would."""
    parts = [column.type, "" if column.nullable else "NOT NULL"]
    parts.append(f"DEFAULT {column.default}" if column.default is not None else "")
    parts.append(column.generated or "")
    parts.append(f"COMMENT {column.comment!r}" if column.comment else "")
    return " ".join(filter(None, parts))


def settled(text: str) -> str:
    """Return text with each item of a list cast, as PostgreSQL writes it the second time.

    `word IN ('a', 'b')` is kept with one cast around the whole list. Made anew of its own
    definition, it has one for each item, and means the same.
    """
    return _ARRAY.sub(_by_item, text) if "::text[]" in text else text


def _by_item(found: re.Match[str]) -> str:
    if found[1] is not None:
        items = [f"({item})::text" for item in _ITEM.findall(found[1])]
    else:
        items = [f"{item}::text" for item in _ITEM.findall(found[2])]
    return f"ARRAY[{', '.join(items)}]"
