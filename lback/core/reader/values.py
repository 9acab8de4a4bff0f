"""What the reader knows about a value while it walks through a revision's text."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lback.core.dialects import Dialects
from lback.core.reader.schema_values import (
    Sql,
    TableV,
)

if TYPE_CHECKING:
    from lback.core.reader.machine import Frame
    from lback.core.reader.scope import Scope

# A value is a Python constant (str, int, float, bool, None, bytes) or one of these classes.
Value = Any

# A piece of a string that is not known; it survives in SQL as an identifier that parses.
HOLE = "lback_hole"
MOST_CHOICES = 16


@dataclass(slots=True)
class Opaque:
    """A value that is not known; `reaches` when code that has it may change the database."""

    reaches: bool = False
    foreign: bool = False
    tables: tuple[str, ...] = ()


NOTHING_KNOWN = Opaque()


@dataclass(frozen=True, slots=True)
class Holed:
    """A string with unknown pieces (None)."""

    parts: tuple[str | None, ...]


@dataclass(slots=True)
class Choice:
    """One of several values; which one depends on what is not known."""

    options: tuple[Value, ...]


@dataclass(slots=True)
class Seq:
    """A list, tuple or set; `open` when there may be more or other items.

    `level` is how many unsure branches deep it was made: a change further in opens it.
    `sample`: though open, every item is like one of those that are known.
    """

    items: list[Value]
    open: bool = False
    level: int = 0
    sample: bool = False

    def opened(self, *, alike: bool) -> None:
        """Note that there may be other items, or (`alike`) fewer or more of the known ones."""
        self.sample = alike and (self.sample or not self.open)
        self.open = True


@dataclass(slots=True)
class Map:
    """A dict; `open` when there may be more or other items; `level` as in Seq."""

    items: dict[Any, Value]
    open: bool = False
    level: int = 0


@dataclass(slots=True)
class Name:
    """Something imported, by its full dotted path; not looked into yet."""

    path: str
    ours: bool = False  # a relative import: certainly the project's own

    @property
    def last(self) -> str:
        """Return the last component of the path."""
        return self.path.rsplit(".", 1)[-1]

    @property
    def root(self) -> str:
        """Return the first component of the path."""
        return self.path.split(".", 1)[0]


@dataclass(slots=True)
class Func:
    """A function of the revision or of one of the project's modules."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    closure: Frame | None = None
    bound: tuple[Value, ...] = ()
    keywords: dict[str, Value] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the function's name."""
        return "lambda" if isinstance(self.node, ast.Lambda) else self.node.name


@dataclass(slots=True)
class Klass:
    """A class of the revision or of one of the project's modules."""

    node: ast.ClassDef
    scope: Scope
    members: dict[str, Value] = field(default_factory=dict)
    closure: Frame | None = None


@dataclass(slots=True)
class Module:
    """A module of the project."""

    scope: Scope


@dataclass(slots=True)
class Instance:
    """An object of a class; `table` when it is a row of a mapped class."""

    of: Value
    table: str | None = None
    fields: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True)
class Handle:
    """A way to the database.

    kind: op, batch, bind, session, result, context, inspector, query, impl.
    """

    kind: str
    table: str | None = None
    tables: tuple[str, ...] = ()


@dataclass(slots=True)
class Method:
    """An attribute of a value, about to be called."""

    owner: Value
    name: str


@dataclass(slots=True)
class DialectV:
    """The dialect in use, or its name (both compare to what tests ask)."""

    is_name: bool = False


@dataclass(slots=True)
class DialectTest:
    """The outcome of a test for a dialect: true exactly on `on`."""

    on: Dialects


def choice(options: Iterable[Value]) -> Value:
    """Return the one value, a Choice of several, or an Opaque of too many."""
    flat: list[Value] = []
    for option in options:
        for one in option.options if isinstance(option, Choice) else (option,):
            if not any(one is seen or (type(one) is type(seen) and one == seen) for seen in flat):
                flat.append(one)
    if len(flat) == 1:
        return flat[0]
    if not flat or len(flat) > MOST_CHOICES:
        return Opaque(reaches=any(reaches(one) for one in flat))
    return Choice(tuple(flat))


def options(value: Value) -> tuple[Value, ...]:
    """Return what a value may be."""
    return value.options if isinstance(value, Choice) else (value,)


def reaches(value: Value, depth: int = 3) -> bool:
    """Tell whether code that is handed this value could change the database with it."""
    if isinstance(value, Opaque):
        return value.reaches
    if isinstance(value, Handle):
        return value.kind not in ("inspector", "result")
    if isinstance(value, Name):
        return value.path == "alembic.op" or value.path.startswith("alembic.op.")
    if depth and isinstance(value, Choice):
        return any(reaches(one, depth - 1) for one in value.options)
    if depth and isinstance(value, Seq):
        return any(reaches(one, depth - 1) for one in value.items)
    if depth and isinstance(value, Map):
        return any(reaches(one, depth - 1) for one in value.items.values())
    if depth and isinstance(value, Method):
        return reaches(value.owner, depth - 1)
    return False


def is_constant(value: Value) -> bool:
    """Tell whether a value is a plain Python constant."""
    return value is None or isinstance(value, str | int | float | bool | bytes)


def join(left: Value, right: Value) -> Value:
    """Concatenate two strings, known or not."""
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return holed((*pieces(left), *pieces(right)))


def pieces(value: Value) -> tuple[str | None, ...]:
    """Return a value as pieces of a string."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Holed):
        return value.parts
    if isinstance(value, Sql):
        return pieces(value.text)
    if is_constant(value) and not isinstance(value, bytes):
        return (str(value),)
    if isinstance(value, TableV) and isinstance(value.name, str):
        return (value.name,)
    return (None,)


def holed(parts: Iterable[str | None]) -> Value:
    """Build a string from pieces: a plain str where all of them are known."""
    merged: list[str | None] = []
    for part in parts:
        if part is not None and merged and merged[-1] is not None:
            merged[-1] += part
        elif part is not None or not merged or merged[-1] is not None:
            merged.append(part)
    if not merged:
        return ""
    if len(merged) == 1 and merged[0] is not None:
        return merged[0]
    return Holed(tuple(merged))


def strings(value: Value) -> tuple[str, ...] | None:
    """Return what a string may be, or None where that is not known."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Choice):
        found: list[str] = []
        for one in value.options:
            inner = strings(one)
            if inner is None:
                return None
            found.extend(inner)
        return tuple(found)
    if isinstance(value, Sql):
        return strings(value.text)
    return None
