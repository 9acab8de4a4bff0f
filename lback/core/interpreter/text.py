"""Strings put together from known and unknown pieces, none of them longer than is allowed."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence

from lback.core.interpreter.choices import list_of, options
from lback.core.interpreter.machine import MOST_ITEMS, Machine
from lback.core.interpreter.schema import SqlV, TableV
from lback.core.interpreter.values import (
    PLAIN,
    UNKNOWN_TEXT,
    Choice,
    Constant,
    Map,
    Plain,
    Seq,
    Text,
    Value,
)

Pieces = tuple[str | None, ...]
_PERCENT = re.compile(r"%(?:\((\w+)\))?([-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?)([diouxXeEfFgGcrsa%])")
_WIDEST = 200
_HUGE = 10**60


def pieces(value: Value) -> Pieces:
    """Return what `str(value)` gives, as pieces of a string."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Text):
        return value.parts
    if isinstance(value, SqlV):
        return value.parts
    if isinstance(value, bool | float | None):
        return (str(value),)
    if isinstance(value, int):
        return (str(value),) if abs(value) < _HUGE else (None,)
    if isinstance(value, TableV) and len(value.names) == 1:
        return (value.names[0],)
    return (None,)


def text_of(machine: Machine, parts: Iterable[str | None]) -> Value:
    """Build a string from pieces: a plain str where all of them are known."""
    merged: list[list[str] | None] = []
    size = 0
    for part in parts:
        if part is None:
            if not merged or merged[-1] is not None:
                merged.append(None)
            continue
        size += len(part)
        last = merged[-1] if merged else None
        if last is None:
            merged.append([part])
        else:
            last.append(part)
    if not machine.room_for(size) or len(merged) > MOST_ITEMS:
        return UNKNOWN_TEXT
    found = tuple(None if one is None else "".join(one) for one in merged)
    if not found:
        return ""
    return found[0] if len(found) == 1 and found[0] is not None else Text(found)


def join(machine: Machine, left: Value, right: Value) -> Value:
    """Concatenate two strings, known or not."""
    return text_of(machine, (*pieces(left), *pieces(right)))


def strings(value: Value) -> tuple[str, ...] | None:
    """Return what a string may be, or None where that is not known."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, SqlV):
        return (value.text,) if value.text is not None else None
    if isinstance(value, Choice):
        found: list[str] = []
        for option in value.options:
            inner = strings(option)
            if inner is None:
                return None
            found.extend(inner)
        return tuple(dict.fromkeys(found))
    return None


def percent(machine: Machine, template: Value, arguments: Value) -> Value:
    """Return `template % arguments`."""
    items = arguments.content.items if isinstance(arguments, Seq) else (arguments,)
    named = arguments.content.items if isinstance(arguments, Map) else {}
    waiting = iter(items)
    found: list[str | None] = []
    for piece in pieces(template):
        if piece is None:
            found.append(None)
            continue
        start = 0
        for match in _PERCENT.finditer(piece):
            found.append(piece[start : match.start()])
            start = match.end()
            key, width, kind = match.groups()
            if kind == "%":
                found.append("%")
                continue
            for _ in range(width.count("*")):
                next(waiting, None)
            value = next(waiting, PLAIN) if key is None else named.get(key, PLAIN)
            found.extend(pieces(value) if not width and kind in "sdi" else (None,))
        found.append(piece[start:])
    return text_of(machine, found)


def formatted(
    machine: Machine, template: Value, positional: Sequence[Value], keywords: dict[str, Value]
) -> Value:
    """Return `template.format(...)`."""
    if not isinstance(template, str):
        return text_of(machine, pieces(template)) if isinstance(template, Text) else UNKNOWN_TEXT
    found: list[str | None] = []
    automatic = 0
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError:
        return UNKNOWN_TEXT
    for literal, field, spec, conversion in parsed:
        found.append(literal)
        if field is None:
            continue
        key: str | int = field
        if field == "":
            key, automatic = automatic, automatic + 1
        elif field.isdecimal() and len(field) < 4:
            key = int(field)
        value = _argument(key, positional, keywords)
        plain = value is not None and not spec and conversion in (None, "s")
        found.extend(pieces(value[0]) if plain and value else (None,))
    return text_of(machine, found)


def _argument(
    key: str | int, positional: Sequence[Value], keywords: dict[str, Value]
) -> tuple[Value] | None:
    if isinstance(key, int):
        return (positional[key],) if key < len(positional) else None
    return (keywords[key],) if key in keywords else None


# Methods that give a text no longer than what goes in, and those that give no text.
_SHORTER = frozenset(
    """strip lstrip rstrip lower upper title capitalize removeprefix removesuffix casefold
    swapcase""".split()  # noqa: SIM905
)
_ASKING = frozenset(
    """startswith endswith isdigit isalpha isalnum isupper islower isspace isidentifier isnumeric
    isdecimal istitle isprintable isascii find rfind index rindex count""".split()  # noqa: SIM905
)
_CUTTING = frozenset(["split", "rsplit", "splitlines", "partition", "rpartition"])


def string_method(
    machine: Machine,
    owner: str | Text,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
) -> Value:
    """Return the outcome of a method of a string; none of them can reach the database."""
    if name == "format":
        return formatted(machine, owner, positional, keywords)
    if name == "format_map":
        mapped = (
            positional[0].content.items if positional and isinstance(positional[0], Map) else {}
        )
        return formatted(
            machine, owner, [], {k: v for k, v in mapped.items() if isinstance(k, str)}
        )
    if name == "join":
        return _joined(machine, owner, positional[0] if positional else PLAIN)
    if isinstance(owner, Text):
        return _of_unknown(owner, name, positional)
    if name == "replace" and len(positional) >= 2:
        return _replaced(machine, owner, positional[0], positional[1])
    known: list[Constant] = []
    for one in positional:
        inner = _constant(one)
        if inner is PLAIN:
            return PLAIN if name in _ASKING or name in _CUTTING else UNKNOWN_TEXT
        known.append(inner)  # type: ignore[arg-type]
    return _of_known(machine, owner, name, known)


def _constant(value: Value) -> Constant | Plain | tuple[str, ...]:
    if isinstance(value, str | int | None):
        return value
    if isinstance(value, Seq) and not value.content.open:
        return tuple(item for item in value.content.items if isinstance(item, str))
    return PLAIN


def _of_known(machine: Machine, owner: str, name: str, known: list[Constant]) -> Value:
    if name not in _SHORTER | _ASKING | _CUTTING and not _is_narrow(known):
        return UNKNOWN_TEXT
    if not machine.room_for(len(owner)):
        return UNKNOWN_TEXT
    try:
        result = getattr(owner, name)(*known)
    except (AttributeError, TypeError, ValueError, IndexError, OverflowError, MemoryError):
        return PLAIN
    if isinstance(result, list | tuple):
        texts = [one for one in result if isinstance(one, str)]
        return list_of(texts) if len(texts) <= MOST_ITEMS else PLAIN
    return result if isinstance(result, str | int | bytes) else PLAIN


def _is_narrow(known: list[Constant]) -> bool:
    return all(one <= _WIDEST for one in known if isinstance(one, int))


def _of_unknown(owner: Text, name: str, positional: list[Value]) -> Value:
    if name in ("lower", "upper", "casefold"):
        return Text(tuple(part if part is None else getattr(part, name)() for part in owner.parts))
    if name in _SHORTER:
        return owner if name.endswith("strip") and not positional else UNKNOWN_TEXT
    return PLAIN if name in _ASKING or name in _CUTTING else UNKNOWN_TEXT


def _replaced(machine: Machine, owner: str, old: Value, new: Value) -> Value:
    if not isinstance(old, str) or not old:
        return UNKNOWN_TEXT
    times = owner.count(old)
    filler = pieces(new)
    size = len(owner) + times * sum(len(one or "") for one in filler)
    if not machine.room_for(size) or times > MOST_ITEMS:
        return UNKNOWN_TEXT
    found: list[str | None] = []
    for position, part in enumerate(owner.split(old)):
        found.extend((*filler, part) if position else (part,))
    return text_of(machine, found)


def _joined(machine: Machine, separator: str | Text, items: Value) -> Value:
    if isinstance(items, str) and len(items) < MOST_ITEMS:
        items = list_of(list(items))
    if not isinstance(items, Seq) or items.content.open:
        return UNKNOWN_TEXT
    count = len(items.content.items)
    if not machine.room_for(count * sum(len(piece or "") for piece in pieces(separator))):
        return UNKNOWN_TEXT
    rows: list[tuple[Value, ...]] = [options(item) for item in items.content.items]
    if any(len(row) > 1 for row in rows):
        return UNKNOWN_TEXT
    found: list[str | None] = []
    for position, row in enumerate(rows):
        if position:
            found.extend(pieces(separator))
        found.extend(pieces(row[0]))
    return text_of(machine, found)
