"""Strings put together from known and unknown pieces."""

from __future__ import annotations

import re
import string

from lback.core.reader.values import (
    NOTHING_KNOWN,
    Choice,
    Holed,
    Map,
    Seq,
    Value,
    choice,
    holed,
    is_constant,
    pieces,
)

_NONE_LEFT = NOTHING_KNOWN
_PERCENT = re.compile(r"%(?:\((\w+)\))?([-+ #0]*\d*(?:\.\d+)?)([diouxXeEfFgGcrsa%])")


def formatted(value: Value) -> tuple[str | None, ...]:
    """Return the pieces that a value adds to an f-string."""
    return pieces(value)


def percent(template: Value, arguments: Value) -> Value:
    """Return `template % arguments`."""
    positional = list(arguments.items) if isinstance(arguments, Seq) else [arguments]
    named = arguments.items if isinstance(arguments, Map) else {}
    waiting = iter(positional)
    found: list[str | None] = []
    for piece in pieces(template):
        if piece is None:
            found.append(None)
            continue
        start = 0
        for match in _PERCENT.finditer(piece):
            found.append(piece[start : match.start()])
            start = match.end()
            key, _, kind = match.groups()
            if kind == "%":
                found.append("%")
            else:
                value = next(waiting, _NONE_LEFT) if key is None else named.get(key, _NONE_LEFT)
                found.extend(pieces(value))
        found.append(piece[start:])
    return holed(found)


def format_call(template: Value, positional: list[Value], keywords: dict[str, Value]) -> Value:
    """Return `template.format(...)`."""
    if isinstance(template, Choice):
        return choice([format_call(one, positional, keywords) for one in template.options])
    if not isinstance(template, str):
        return holed(pieces(template)) if isinstance(template, Holed) else Holed((None,))
    found: list[str | None] = []
    automatic = 0
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError:
        return Holed((None,))
    for literal, field, spec, conversion in parsed:
        found.append(literal)
        if field is None:
            continue
        key: str | int = field
        if field == "":
            key, automatic = automatic, automatic + 1
        elif field.isdigit():
            key = int(field)
        value = _argument(key, positional, keywords)
        known = value is not None and not spec and not conversion
        found.extend(pieces(value[0]) if known and value else (None,))
    return holed(found)


def _argument(
    key: str | int, positional: list[Value], keywords: dict[str, Value]
) -> tuple[Value] | None:
    if isinstance(key, int):
        return (positional[key],) if key < len(positional) else None
    return (keywords[key],) if key in keywords else None


_TEXT_METHODS = frozenset(
    [
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "title",
        "replace",
        "capitalize",
        "removeprefix",
        "removesuffix",
    ]
)


def string_method(
    owner: str | Holed, name: str, positional: list[Value], keywords: dict[str, Value]
) -> Value:
    """Return the outcome of a method of a string, or None where it is not a string method."""
    if name == "format":
        return format_call(owner, positional, keywords)
    if name == "join":
        return _join(owner, positional[0] if positional else None)
    if isinstance(owner, Holed):
        return owner if name in _TEXT_METHODS else Holed((None,))
    plain = all(is_constant(one) for one in positional) and not keywords
    if not plain and name == "replace" and len(positional) == 2:
        return _replace(owner, *positional)
    if not plain:
        return Holed((None,))
    try:
        result = getattr(owner, name)(*positional)
    except (AttributeError, TypeError, ValueError, IndexError):
        return Holed((None,))
    return Seq(list(result)) if isinstance(result, list | tuple) else result


def _replace(owner: str, old: Value, new: Value) -> Value:
    if not isinstance(old, str) or not old:
        return Holed((None,))
    found: list[str | None] = []
    for position, part in enumerate(owner.split(old)):
        found.extend((*pieces(new), part) if position else (part,))
    return holed(found)


def _join(separator: Value, items: Value) -> Value:
    if not isinstance(items, Seq) or items.open:
        return Holed((None,))
    found: list[str | None] = []
    for position, one in enumerate(items.items):
        if position:
            found.extend(pieces(separator))
        found.extend(pieces(one))
    return holed(found)
