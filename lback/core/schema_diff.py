"""What a database's schema is, as plain data, and where two of them differ first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple

Constraints = tuple["Constraint", ...]


class Column(NamedTuple):
    """A column of a table; the type and the default as the database writes them."""

    type: str
    nullable: bool
    default: str | None
    comment: str | None


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
    """The tables, views and enum types of a database by name ("schema.name" or "name")."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    views: Mapping[str, str | None] = field(default_factory=dict)
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def only(self, tables: Collection[str]) -> Schema:
        """Return these tables of it, and nothing else."""
        return Schema({name: table for name, table in self.tables.items() if name in tables})

    def without(self, tables: Collection[str]) -> Schema:
        """Return it without these tables."""
        left = {name: table for name, table in self.tables.items() if name not in tables}
        return Schema(left, self.views, self.enums)


class Difference(NamedTuple):
    """The first thing in which two schemas differ, as "table orders".

    For a changed table `part` names what of it differs ("columns"), and `detail` says how the
    second schema departs from the first.
    """

    thing: str
    state: Literal["new", "missing", "changed"]
    part: str = ""
    detail: str = ""


def difference(before: Schema, after: Schema) -> Difference | None:
    """Return where two schemas differ first; None where they are the same."""
    return (
        _first("enum", before.enums, after.enums)
        or _first("table", before.tables, after.tables)
        or _first("view", before.views, after.views)
    )


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
