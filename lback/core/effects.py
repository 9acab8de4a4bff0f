"""What a revision does to which table and column, read from its text and never by running it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

# Raise it whenever the same text may give other effects than before: caches are keyed by it.
EFFECTS_VERSION = 21

Kind = Literal["create", "drop", "alter", "rename", "insert", "update", "delete"]
Direction = Literal["upgrade", "downgrade"]
Resolve = Callable[[str], "bytes | None"]
# Gives the content of a file of the project's tree by its path, or None.
ResolveFile = Callable[[str], "bytes | None"]

# What paths made from `__file__` begin with: the root of the tree that is read.
TREE = "/lback-tree"


Used = Literal[
    "table", "column", "type", "sequence", "function", "view", "index", "constraint", "trigger",
    "schema", "extension",
]  # fmt: skip


class Use(NamedTuple):
    """Something of the schema that an effect, or a condition, needs as it was found.

    `name` is as the text spells it, "schema.name" where a schema is given; `table` is the
    table of a column, constraint or trigger. A column named "*" stands for every column that
    the table has at that moment (`SELECT *`, `LIKE`, a copy of the table).
    """

    object: Used
    name: str
    table: str | None = None


IF_THERE = ("if there", "yes")


class Effect(NamedTuple):
    """One thing that one direction of a revision does to one object.

    `table` is "schema.table" where the text gives a schema. `name` is None where the
    object has no name of its own or the text hides it. `dialect` is None for every
    dialect, "mysql|sqlite" for these, "!sqlite" for all but this. `aspects` says what
    of the object is meant: "type", "nullable", "not null", "default", "comment" for a
    column, the flavour of a constraint ("unique", "check", ...), "unique" for an index.
    `reads` are other tables that the statement takes data from. `restates` are aspects of a
    column that MySQL's MODIFY sets again beside those that are meant: to what the text says
    that they are, or to nothing where it does not say; wherever that is not the truth they
    change as well. `uses` is what the effect needs besides its own object: a column's type, a
    sequence in a default, columns and functions inside an expression, a predicate or a view.
    `sets` is what a new or altered column is from then on, by aspect: "type", "nullable" ("yes"
    or "no"), "default" and "computed" as SQL, "identity", "comment". "" means that there is none
    any more, "?" that the text does not say it; an aspect that is not listed stays as it was
    (of a new column: it has none).
    `guarded` is set where the statement itself looks first (IF EXISTS, IF NOT EXISTS,
    checkfirst): done already, it does nothing and fails nothing.
    `terms` say what of the rows that are there decides whether it can be done: ("every row",
    "yes") where each of them must satisfy it by the plain `columns` alone, ("refers", column) for
    each column that a foreign key refers to, ("condition", SQL) of a check, ("using", SQL) of a
    conversion, ("value", label) for each value of an enum. An option that changes the question is
    a term under its own name ("postgresql_where"); "?" is a value that the text does not say.
    `IF_THERE` is one where nothing but the statement's own look decides.
    """

    kind: Kind
    object: str
    table: str | None
    name: str | None = None
    to: str | None = None
    certain: bool = True
    line: int = 0
    detail: str = ""
    dialect: str | None = None
    columns: tuple[str, ...] = ()
    refers_to: str | None = None
    aspects: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    restates: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()
    sets: tuple[tuple[str, str], ...] = ()
    guarded: bool = False
    terms: tuple[tuple[str, str], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, for a cache."""
        shown: dict[str, Any] = {"kind": self.kind, "object": self.object, "table": self.table}
        for name, default in _EFFECT_DEFAULTS:
            value = getattr(self, name)
            if value != default:
                shown[name] = list(value) if isinstance(value, tuple) else value
        return shown

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Effect:
        """Build an effect from what `as_dict` gave."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        if "uses" in values:
            values["uses"] = tuple(Use(*value) for value in values["uses"])
        for name in ("sets", "terms"):
            if name in values:
                values[name] = tuple((aspect, value) for aspect, value in values[name])
        return cls(**values)


# Objects that are changed by their own name, and belong to the history of a table.
_SERVING = frozenset({"index", "enum", "type", "domain", "sequence", "view"})

_EFFECT_DEFAULTS = tuple(Effect._field_defaults.items())


class Unknown(NamedTuple):
    """Something that may touch the database and could not be read."""

    direction: Direction
    line: int
    reason: str
    tables: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for a cache."""
        return {
            "direction": self.direction,
            "line": self.line,
            "reason": self.reason,
            "tables": list(self.tables),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Unknown:
        """Build an unknown from what `as_dict` gave."""
        return cls(data["direction"], data["line"], data["reason"], tuple(data["tables"]))


class Effects(NamedTuple):
    """Everything that a revision was read to do, in both directions, in textual order.

    `downgrade_gap` says why there is no way down: "missing" (no such function), "empty"
    or "raises"; it is "" where there is one. `reads` are tables that upgrade() queries
    without changing them. `asked` is what conditions in upgrade() ask of the schema
    (`has_table`, an inspector's answers): what they lead to depends on it.
    """

    upgrade: tuple[Effect, ...] = ()
    downgrade: tuple[Effect, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    downgrade_gap: Literal["", "missing", "empty", "raises"] = ""
    reads: tuple[str, ...] = ()
    asked: tuple[Use, ...] = ()

    @property
    def has_downgrade(self) -> bool:
        """Tell whether downgrade() exists, does something and does not just raise."""
        return not self.downgrade_gap

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the sorted names of the tables that upgrade() changes."""
        names = {effect.table for effect in self.upgrade if effect.table}
        names |= {e.to for e in self.upgrade if e.object == "table" and e.kind == "rename" and e.to}
        return tuple(sorted(names))

    @property
    def homeless(self) -> bool:
        """Tell whether upgrade() changes something of a table that it does not name."""
        return any(e.table is None and e.name and e.object in _SERVING for e in self.upgrade)

    def unknowns(self, direction: Direction) -> tuple[Unknown, ...]:
        """Return what could not be read in one direction."""
        return tuple(doubt for doubt in self.unknown if doubt.direction == direction)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON data; `from_dict` gives the same Effects back."""
        return {
            "upgrade": [effect.as_dict() for effect in self.upgrade],
            "downgrade": [effect.as_dict() for effect in self.downgrade],
            "unknown": [unknown.as_dict() for unknown in self.unknown],
            "downgrade_gap": self.downgrade_gap,
            "reads": list(self.reads),
            "asked": [list(use) for use in self.asked],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, upgrade_only: bool = False) -> Effects:
        """Build Effects from what `as_dict` gave; raises KeyError or TypeError on other data."""
        down = () if upgrade_only else data["downgrade"]
        return cls(
            tuple(Effect.from_dict(value) for value in data["upgrade"]),
            tuple(Effect.from_dict(value) for value in down),
            tuple(Unknown.from_dict(value) for value in data["unknown"]),
            data["downgrade_gap"],
            tuple(data["reads"]),
            tuple(Use(*value) for value in data["asked"]),
        )


def enclosed(detail: str) -> str:
    """Return a detail in parentheses, once."""
    whole = detail.startswith("(") and detail.find(")") == len(detail) - 1
    return detail if whole else f"({detail})"


def container(effect: Effect) -> str | None:
    """Return the schema or the database that goes with all of its tables, None where none does."""
    gone = effect.kind == "drop" and effect.object in ("schema", "database")
    return effect.name if gone else None


class Partition(NamedTuple):
    """A table that is, or is no more, a part of another one, which takes it along when it goes."""

    child: str
    parent: str
    attached: bool


def partition(effect: Effect) -> Partition | None:
    """Return what an effect makes a partition of what, None where it does nothing of the kind."""
    if effect.object != "table" or effect.kind != "alter" or not effect.table:
        return None
    word, _, other = effect.detail.partition(" of ")
    if other:
        attached = {"partition": True, "no partition": False}.get(word)
        return None if attached is None else Partition(effect.table, other, attached)
    word, _, child = effect.detail.partition(" ")
    return Partition(child, effect.table, True) if word == "partition" and child else None


def described(effect: Effect) -> str:
    """Say what an effect does, as an order: "add column users.email (String)"."""
    place = f"{effect.table}." if effect.table else ""
    name = effect.name or "(unnamed)"
    detail = f" {enclosed(effect.detail)}" if effect.detail else ""
    if effect.object == "query":
        text = f"read {effect.detail}"
    elif effect.object == "condition":
        text = f"ask for {effect.detail}"
    elif effect.object == "data":
        columns = f" ({', '.join(effect.columns[:6])})" if effect.columns else ""
        words = {"insert": "insert rows into", "update": "update rows of"}
        text = f"{words.get(effect.kind, 'delete rows of')} {effect.table}{columns}"
    elif effect.object == "table":
        text = f"{effect.kind} table {effect.table}"
        text += f" to {effect.to}" if effect.to else detail
    elif effect.object == "column":
        verb = {"create": "add"}.get(effect.kind, effect.kind)
        text = f"{verb} column {place}{name}" + (f" to {effect.to}" if effect.to else detail)
    elif effect.object == "comment":
        text = f"comment on {effect.table or effect.name}"
    elif effect.object in ("index", "constraint", "trigger", "rule", "policy"):
        verb = {"create": "add"}.get(effect.kind, effect.kind)
        on = f" on {effect.table}" if effect.table else ""
        text = f"{verb} {effect.object} {name}{on}" + (f" to {effect.to}" if effect.to else detail)
    else:
        text = f"{effect.kind} {effect.object} {effect.name or effect.table or '(unnamed)'}"
        text += f" to {effect.to}" if effect.to else detail
    return text + (f" [{effect.dialect} only]" if effect.dialect else "")
