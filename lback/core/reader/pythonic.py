"""Python's own functions and the methods of lists, dicts and strings."""

from __future__ import annotations

from collections.abc import Callable

from lback.core.reader.arguments import Arguments
from lback.core.reader.attributes import attribute
from lback.core.reader.conditions import decide, dialect_named, negate
from lback.core.reader.expressions import extend, hashable, iterate, represented
from lback.core.reader.machine import Frame, Machine
from lback.core.reader.values import (
    NOTHING_KNOWN,
    DialectV,
    Func,
    Handle,
    Instance,
    Map,
    Name,
    Opaque,
    Seq,
    Value,
    choice,
    holed,
    is_constant,
    pieces,
    reaches,
)

_LONGEST = 400


def builtin(machine: Machine, name: str, arguments: Arguments, frame: Frame) -> Value:
    """Evaluate a call of one of Python's own functions."""
    handler = _BUILTINS.get(name)
    if handler is not None and not arguments.open:
        return handler(machine, arguments)
    if name in ("globals", "locals", "vars"):
        return Instance("globals", fields={"scope": frame.scope})
    if name == "map" and len(arguments.positional) > 1:
        return _map(machine, arguments)
    if name in ("exec", "eval", "compile", "__import__"):
        if name != "compile":
            machine.cannot_read(f"{name}() runs code that is not in the text")
        return Opaque(reaches=True)
    if name == "super":
        return NOTHING_KNOWN
    if name == "open":
        return NOTHING_KNOWN
    return Opaque(reaches=any(reaches(one) for one in arguments.all()) and name == "getattr")


def _list(machine: Machine, arguments: Arguments) -> Value:
    if not arguments.positional:
        return Seq([], level=machine.level)
    value = arguments.positional[0]
    if isinstance(value, Handle | Opaque):
        return value
    items, complete = iterate(value)
    return Seq(items, not complete, machine.level, represented(value))


def _sorted(machine: Machine, arguments: Arguments) -> Value:
    value = arguments.get(0, "iterable", NOTHING_KNOWN)
    items, complete = iterate(value)
    if complete and "key" not in arguments.keywords and all(isinstance(i, str) for i in items):
        items = sorted(items, reverse=arguments.keywords.get("reverse") is True)
    return Seq(items, not complete, machine.level, represented(value))


def _reversed(machine: Machine, arguments: Arguments) -> Value:
    items, complete = iterate(arguments.get(0, "sequence", NOTHING_KNOWN))
    return Seq(items[::-1], not complete, machine.level)


def _dict(machine: Machine, arguments: Arguments) -> Value:
    found = Map({}, level=machine.level)
    if arguments.positional:
        value = arguments.positional[0]
        if isinstance(value, Map):
            found.items.update(value.items)
            found.open = value.open
        else:
            _pairs(found, value)
    found.items.update(arguments.keywords)
    return found


def _pairs(found: Map, value: Value) -> None:
    items, complete = iterate(value)
    found.open = not complete
    for one in items:
        if isinstance(one, Seq) and len(one.items) == 2 and is_constant(one.items[0]):
            found.items[one.items[0]] = one.items[1]
        else:
            found.open = True


def _range(_: Machine, arguments: Arguments) -> Value:
    if not all(isinstance(one, int) for one in arguments.positional):
        return NOTHING_KNOWN
    try:
        numbers = range(*arguments.positional)
    except (TypeError, ValueError):
        return NOTHING_KNOWN
    return Seq(list(numbers)) if len(numbers) <= _LONGEST else NOTHING_KNOWN


def _enumerate(_: Machine, arguments: Arguments) -> Value:
    items, complete = iterate(arguments.get(0, "iterable", NOTHING_KNOWN))
    start = arguments.get(1, "start", 0)
    first = start if isinstance(start, int) else 0
    return Seq([Seq([first + i, one]) for i, one in enumerate(items)], not complete)


def _zip(_: Machine, arguments: Arguments) -> Value:
    lists = [iterate(one) for one in arguments.positional]
    rows = zip(*(items for items, _ in lists), strict=False)
    return Seq([Seq(list(row)) for row in rows], not all(complete for _, complete in lists))


def _map(machine: Machine, arguments: Arguments) -> Value:
    from lback.core.reader.calls import run

    function = arguments.positional[0]
    items, complete = iterate(arguments.positional[1])
    if not isinstance(function, Func):
        return NOTHING_KNOWN
    found = [run(machine, function, Arguments([one])) for one in items]
    if not complete:
        with machine.maybe():
            run(machine, function, Arguments([NOTHING_KNOWN]))
    return Seq(found, not complete, machine.level)


def _str(_: Machine, arguments: Arguments) -> Value:
    value = arguments.get(0, "object", "")
    return holed(pieces(value))


def _len(_: Machine, arguments: Arguments) -> Value:
    value = arguments.get(0, "obj")
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Seq | Map) and not value.open:
        return len(value.items)
    return NOTHING_KNOWN


def _bool(_: Machine, arguments: Arguments) -> Value:
    return negate(negate(arguments.get(0, "x", False)))


def _int(_: Machine, arguments: Arguments) -> Value:
    value = arguments.get(0, "x", 0)
    try:
        return int(value) if is_constant(value) else NOTHING_KNOWN
    except (TypeError, ValueError):
        return NOTHING_KNOWN


def _isinstance(_: Machine, arguments: Arguments) -> Value:
    value, kind = arguments.get(0, "o"), arguments.get(1, "k")
    if isinstance(value, DialectV) and isinstance(kind, Name):
        parts = kind.path.split(".")
        if "dialects" in parts and parts.index("dialects") + 1 < len(parts):
            return dialect_named(parts[parts.index("dialects") + 1])
    return NOTHING_KNOWN


def _getattr(machine: Machine, arguments: Arguments) -> Value:
    name = arguments.get(1, "name")
    if isinstance(name, str):
        found = attribute(machine, arguments.get(0, "o"), name)
        return machine.force(found)
    return Opaque(reaches=reaches(arguments.get(0, "o")))


def _any(_: Machine, arguments: Arguments) -> Value:
    items, complete = iterate(arguments.get(0, "iterable", NOTHING_KNOWN))
    truths = [decide(one).truth for one in items]
    if True in truths and complete:
        return True
    return False if complete and None not in truths else NOTHING_KNOWN


_BUILTINS: dict[str, Callable[[Machine, Arguments], Value]] = {
    "list": _list,
    "tuple": _list,
    "set": _list,
    "frozenset": _list,
    "iter": _list,
    "sorted": _sorted,
    "reversed": _reversed,
    "dict": _dict,
    "range": _range,
    "enumerate": _enumerate,
    "zip": _zip,
    "str": _str,
    "len": _len,
    "bool": _bool,
    "int": _int,
    "isinstance": _isinstance,
    "getattr": _getattr,
    "any": _any,
}


# -- methods of containers ---------------------------------------------------------


def seq_method(machine: Machine, owner: Seq, name: str, arguments: Arguments) -> Value:
    """Evaluate a method of a list or a set."""
    first = arguments.get(0, "object", NOTHING_KNOWN)
    inside = owner.level < machine.level
    if inside and name in ("append", "add", "insert"):
        owner.opened(alike=True)
    if name in ("append", "add", "insert"):
        added = arguments.get(1, "object", NOTHING_KNOWN) if name == "insert" else first
        owner.items.append(added)
    elif name in ("extend", "update"):
        extend(owner, first)
    elif name in ("remove", "pop", "clear", "discard", "difference_update"):
        owner.opened(alike=True)
        return choice(owner.items) if name == "pop" and owner.items else NOTHING_KNOWN
    elif name in ("copy", "union", "difference", "intersection"):
        return Seq(list(owner.items), owner.open or name != "copy", machine.level)
    if inside and name in ("extend", "update"):
        owner.opened(alike=represented(first))
    return NOTHING_KNOWN


def map_method(machine: Machine, owner: Map, name: str, arguments: Arguments) -> Value:
    """Evaluate a method of a dict."""
    if name == "items":
        return Seq([Seq([k, v]) for k, v in owner.items.items()], owner.open, machine.level)
    if name == "keys":
        return Seq(list(owner.items), owner.open, machine.level)
    if name == "values":
        return Seq(list(owner.items.values()), owner.open, machine.level)
    if name in ("get", "pop", "setdefault"):
        return _get(machine, owner, name, arguments)
    if name == "update":
        given = arguments.get(0, "other", Map(dict(arguments.keywords)))
        if isinstance(given, Map):
            owner.items.update(given.items)
        owner.open = owner.open or not isinstance(given, Map) or owner.level < machine.level
    if name == "copy":
        return Map(dict(owner.items), owner.open, machine.level)
    return NOTHING_KNOWN


def _get(machine: Machine, owner: Map, name: str, arguments: Arguments) -> Value:
    from lback.core.reader.attributes import item

    given = arguments.get(0, "key", NOTHING_KNOWN)
    default = arguments.get(1, "default")
    key = hashable(given)
    if name == "pop":
        owner.open = True
    if name == "setdefault" and owner.level < machine.level:
        owner.open = True
        if isinstance(default, Seq):
            default.opened(alike=True)
    if key is NOTHING_KNOWN:
        owner.open = owner.open or name == "setdefault"
        return choice([item(machine, owner, given), default])
    if key in owner.items:
        return owner.items[key]
    if name == "setdefault":
        owner.items[key] = default
    return NOTHING_KNOWN if owner.open else default
