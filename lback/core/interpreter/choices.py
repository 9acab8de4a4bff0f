"""Several values that one may be, and what a value certainly is not."""

from __future__ import annotations

from collections.abc import Iterable

from lback.core.interpreter.library import is_pure
from lback.core.interpreter.schema import SCHEMA_VALUES, Handle, Row, Rows
from lback.core.interpreter.values import (
    CONSTANTS,
    PLAIN,
    UNKNOWN_TEXT,
    Choice,
    Dialect,
    Items,
    Key,
    Map,
    Name,
    Opaque,
    Plain,
    Seq,
    Test,
    Text,
    Value,
)  # fmt: skip

MOST_CHOICES = 16


def tuple_of(values: Iterable[Value]) -> Seq:
    """Return a tuple of these values."""
    return Seq(Items(tuple(values)), "tuple")


def list_of(values: Iterable[Value], *, open: bool = False, alike: bool = False) -> Seq:
    """Return a list of these values."""
    return Seq(Items(tuple(values), open, alike))


def options(value: Value) -> tuple[Value, ...]:
    """Return what a value may be."""
    return value.options if isinstance(value, Choice) else (value,)


def key_value(key: Key) -> Value:
    """Return a dict's key as a value."""
    return tuple_of(key) if isinstance(key, tuple) else key


def members(value: Seq | Map) -> list[Value]:
    """Return the known items of a sequence, or keys of a dict."""
    if isinstance(value, Seq):
        return list(value.content.items)
    return [key_value(one) for one in value.content.items]


def key_of(value: Value) -> Key | Plain:
    """Return a value as a dict's key, or PLAIN where it is not known."""
    if isinstance(value, CONSTANTS):
        return value
    if isinstance(value, Seq) and not value.content.open and value.kind == "tuple":
        found = [one for one in value.content.items if isinstance(one, CONSTANTS)]
        return tuple(found) if len(found) == len(value.content.items) else PLAIN
    return PLAIN


def is_constant(value: Value) -> bool:
    """Tell whether a value is a plain Python constant."""
    return isinstance(value, CONSTANTS)


def same(left: Value, right: Value) -> bool:
    """Tell whether two values are certainly one; never looks into containers."""
    if left is right:
        return True
    return type(left) is type(right) and isinstance(left, _COMPARED) and left == right


_COMPARED = (*CONSTANTS, Plain, Text, Test, Dialect, Name, Handle, Rows, Row)


def choice(values: Iterable[Value]) -> Value:
    """Return the one value, a Choice of several, or what stands for too many."""
    flat: list[Value] = []
    for value in values:
        for one in options(value):
            if not any(same(one, seen) for seen in flat):
                flat.append(one)
                if len(flat) > MOST_CHOICES:
                    return wider(flat)
    if len(flat) == 1:
        return flat[0]
    return Choice(tuple(flat)) if flat else PLAIN


def wider(values: Iterable[Value]) -> Value:
    """Return what stands for any value like these."""
    if all(isinstance(one, str | Text) for one in values):
        return UNKNOWN_TEXT
    return PLAIN if all(is_data(one) for one in values) else Opaque()


def is_data(value: Value, depth: int = 4) -> bool:
    """Tell whether a value is proved unable to reach the database."""
    if isinstance(value, Choice):
        return all(is_data(one, depth) for one in value.options)
    if isinstance(value, Seq):
        content = value.content
        few = depth > 0 and len(content.items) <= _MOST_LOOKED_AT
        known = not content.open or content.alike
        return few and known and all(is_data(one, depth - 1) for one in content.items)
    if isinstance(value, Map):
        entries = value.content
        few = depth > 0 and len(entries.items) <= _MOST_LOOKED_AT
        known = not entries.open or entries.data
        return few and known and all(is_data(one, depth - 1) for one in entries.items.values())
    return isinstance(value, _DATA) or (isinstance(value, Row | Rows) and not value.whole)


_MOST_LOOKED_AT = 60


def is_inert(value: Value) -> bool:
    """Tell whether a value, kept by a library's object, can do no harm there."""
    if isinstance(value, Name):
        return is_pure(value.path)
    return is_data(value) or isinstance(value, SCHEMA_VALUES)


_DATA = (*CONSTANTS, Plain, Text, Test, Dialect)
