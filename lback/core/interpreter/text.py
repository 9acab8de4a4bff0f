"""Strings put together from known and unknown pieces, none of them longer than is allowed."""

from __future__ import annotations

import operator
import re
import string
from collections.abc import Callable, Iterable, Sequence

from lback.core.interpreter.choices import is_constant, list_of, tuple_of
from lback.core.interpreter.folding import UNREAD, fold
from lback.core.interpreter.machine import MOST_ITEMS, Machine
from lback.core.interpreter.schema import SqlV, TableV
from lback.core.interpreter.values import (
    PLAIN,
    UNKNOWN_TEXT,
    Choice,
    Map,
    PathText,
    Seq,
    Text,
    Value,
)

Pieces = tuple[str | None, ...]
_PERCENT = re.compile(r"%(?:\((\w+)\))?([-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?)([diouxXeEfFgGcrsa%])")
# Four digits where a width may stand.
_LONG = re.compile(r"\d{4}")
_WIDE = re.compile(r"%(?:\([^)]*\))?[-+ #0]*(?:\d*\.?\d{4}|\d{4}|\*|\d*\.\*)")
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
    merged_pieces = tuple(None if value is None else "".join(value) for value in merged)
    if not merged_pieces:
        return ""
    return (
        merged_pieces[0]
        if len(merged_pieces) == 1 and merged_pieces[0] is not None
        else Text(merged_pieces)
    )


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
        texts: list[str] = []
        for option in value.options:
            inner = strings(option)
            if inner is None:
                return None
            texts.extend(inner)
        return tuple(dict.fromkeys(texts))
    return None


def percent(machine: Machine, template: Value, arguments: Value) -> Value:
    """Return `template % arguments`."""
    if isinstance(template, str) and not _WIDE.search(template):
        found = fold(machine, operator.mod, template, arguments, grows=True)
        if found is not UNREAD or machine.dead:
            return found
    row = isinstance(arguments, Seq) and arguments.kind == "tuple"
    if row and isinstance(arguments, Seq) and arguments.content.open:
        return UNKNOWN_TEXT
    items = arguments.content.items if row and isinstance(arguments, Seq) else (arguments,)
    named = arguments.content.items if isinstance(arguments, Map) else {}
    waiting = iter(items)
    parts: list[str | None] = []
    for piece in pieces(template):
        if piece is None:
            return text_of(machine, (*parts, None))
        start = 0
        for match in _PERCENT.finditer(piece):
            parts.append(piece[start : match.start()])
            start = match.end()
            key, width, kind = match.groups()
            if kind == "%":
                parts.append("%")
                continue
            if "*" in width:
                return text_of(machine, (*parts, None))
            value = next(waiting, PLAIN) if key is None else named.get(key, PLAIN)
            parts.extend(_one(machine, f"%{width}{kind}", value))
        parts.append(piece[start:])
    return text_of(machine, parts)


def _one(machine: Machine, spec: str, value: Value) -> Pieces:
    if is_constant(value) and not _WIDE.search(spec):
        return pieces(fold(machine, operator.mod, spec, tuple_of([value])))
    return pieces(value) if spec == "%s" else (None,)


def formatted(
    machine: Machine, template: Value, positional: Sequence[Value], keywords: dict[str, Value]
) -> Value:
    """Return `template.format(...)`."""
    if not isinstance(template, str):
        return UNKNOWN_TEXT
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError:
        return UNKNOWN_TEXT
    if all(_narrow(field or "", spec or "") for _, field, spec, _ in parsed):
        whole = fold(machine, str.format, template, *positional, keywords=keywords, grows=True)
        if whole is not UNREAD or machine.dead:
            return whole
    parts: list[str | None] = []
    automatic = 0
    for literal, field, spec, conversion in parsed:
        parts.append(literal)
        if field is None:
            continue
        key: str | int = field
        if field == "":
            key, automatic = automatic, automatic + 1
        elif field.isdecimal() and len(field) < 4:
            key = int(field)
        value = _argument(key, positional, keywords)
        if "{" in (spec or ""):
            return text_of(machine, (*parts, None))
        parts.extend(laid_out(machine, value[0], spec or "", conversion) if value else (None,))
    return text_of(machine, parts)


def laid_out(machine: Machine, value: Value, spec: Value, conversion: str | None) -> Pieces:
    """Return the pieces of `f"{value!conversion:spec}"`."""
    if isinstance(spec, str) and is_narrow(spec):
        function = _CONVERSIONS.get(conversion or "", str)
        found = fold(machine, lambda option, how: format(function(option), how), value, spec)
        if found is not UNREAD:
            return pieces(found)
    return pieces(value) if spec == "" and conversion in (None, "", "s") else (None,)


_CONVERSIONS: dict[str, Callable[[object], object]] = {
    "": lambda entry: entry, "s": str, "r": repr, "a": ascii,
}  # fmt: skip


def _narrow(field: str, spec: str) -> bool:
    """Tell whether a field asks for a value alone, in a width that is not huge."""
    return "." not in field and is_narrow(spec)


def is_narrow(spec: str) -> bool:
    """Tell whether what a format makes is no longer than a few hundred letters."""
    return not _LONG.search(spec) and not set("n{") & set(spec)


def _argument(
    key: str | int, positional: Sequence[Value], keywords: dict[str, Value]
) -> tuple[Value] | None:
    if isinstance(key, int):
        return (positional[key],) if key < len(positional) else None
    return (keywords[key],) if key in keywords else None


_TEXTS = frozenset(
    """strip lstrip rstrip lower upper title capitalize removeprefix removesuffix casefold swapcase
    center ljust rjust zfill expandtabs translate replace format_map""".split()  # noqa: SIM905
)
_WIDTHS = frozenset(["center", "ljust", "rjust", "zfill", "expandtabs", "to_bytes"])
_GROWS = frozenset(["replace", "translate", "join", "expandtabs"])
_CODECS = frozenset(["utf-8", "utf8", "ascii", "latin-1", "latin1", "utf-16", "utf-32"])
_OF_CONSTANTS: dict[type, frozenset[str]] = {
    kind: frozenset(text for text in dir(kind) if text[:1] != "_") - {"format", "format_map"}
    for kind in (str, bytes, int, float, complex, bool)
}


def constant_method(
    machine: Machine, owner: Value, name: str, positional: list[Value], keywords: dict[str, Value]
) -> Value:
    """Return what a method of a constant gives, as Python works it out; UNREAD where it cannot."""
    if name not in _OF_CONSTANTS.get(type(owner), ()):
        return UNREAD
    if name in ("encode", "decode"):
        codec = positional[0] if positional else keywords.get("encoding", "utf-8")
        if not isinstance(codec, str) or codec.lower() not in _CODECS:
            return UNREAD
    return fold(
        machine,
        lambda value, *given, **named: getattr(value, name)(*given, **named),
        owner,
        *positional,
        keywords=keywords,
        grows=name in _GROWS,
        widest=_WIDEST if name in _WIDTHS else None,
    )


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
    if isinstance(owner, PathText) and name in ("replace", "removesuffix"):
        found = constant_method(machine, str(owner), name, positional, keywords)
        return PathText(found) if isinstance(found, str) else UNKNOWN_TEXT
    found = constant_method(machine, owner, name, positional, keywords)
    if found is not UNREAD or machine.dead:
        return found
    if name == "format_map" and len(positional) == 1 and isinstance(positional[0], Map):
        mapped = positional[0].content.items
        return formatted(
            machine, owner, [], {k: v for k, v in mapped.items() if isinstance(k, str)}
        )
    if name == "join" and len(positional) == 1:
        return _joined(machine, owner, positional[0])
    if name == "replace" and len(positional) == 2 and not keywords and isinstance(owner, str):
        return _replaced(machine, owner, positional[0], positional[1])
    if isinstance(owner, Text) and not positional and not keywords:
        return _of_unknown(owner, name)
    return UNKNOWN_TEXT if name in _TEXTS else PLAIN


def _of_unknown(owner: Text, name: str) -> Value:
    if name in ("lower", "upper", "casefold"):
        return Text(tuple(part if part is None else getattr(part, name)() for part in owner.parts))
    return UNKNOWN_TEXT if name in _TEXTS else PLAIN


def _replaced(machine: Machine, owner: str, old: Value, new: Value) -> Value:
    if not isinstance(old, str) or not old or not isinstance(new, str | Text):
        return UNKNOWN_TEXT
    times = owner.count(old)
    filler = pieces(new)
    size = len(owner) + times * sum(len(name or "") for name in filler)
    if not machine.room_for(size) or times > MOST_ITEMS:
        return UNKNOWN_TEXT
    parts: list[str | None] = []
    for position, part in enumerate(owner.split(old)):
        parts.extend((*filler, part) if position else (part,))
    return text_of(machine, parts)


def _joined(machine: Machine, separator: str | Text, items: Value) -> Value:
    if isinstance(items, str) and len(items) < MOST_ITEMS:
        items = list_of(list(items))
    if not isinstance(items, Seq) or items.content.open:
        return UNKNOWN_TEXT
    count = len(items.content.items)
    shuffled = items.kind in ("set", "frozenset") and count > 1
    long = count * sum(len(piece or "") for piece in pieces(separator))
    if shuffled or not machine.room_for(long):
        return UNKNOWN_TEXT
    parts: list[str | None] = []
    for position, item in enumerate(items.content.items):
        if position:
            parts.extend(pieces(separator))
        parts.extend(pieces(item) if isinstance(item, str | Text) else (None,))
    return text_of(machine, parts)
