"""Python's own functions that make or walk through lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lback.core.interpreter.choices import (
    choice,
    decide,
    either,
    invert,
    is_data,
    key_of,
    list_of,
    negate,
    tuple_of,
)  # fmt: skip  # fmt: skip
from lback.core.interpreter.classes import enum_members, is_enum, special
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.flow import of_each, perhaps, throw
from lback.core.interpreter.iteration import collect
from lback.core.interpreter.library.python_objects import (
    drop_attribute,
    get_attribute,
    has_attribute,
    is_instance,
    put_attribute,
    text_of_value,
    truth,
    type_of,
)
from lback.core.interpreter.machine import MOST_ITEMS, Machine
from lback.core.interpreter.modules import MISSING, open_file
from lback.core.interpreter.objects import compared, may_be_object, touched
from lback.core.interpreter.schema import Handle, Rows
from lback.core.interpreter.text import text_of
from lback.core.interpreter.values import (
    ANY,
    NO,
    PLAIN,
    UNKNOWN_TEXT,
    YES,
    Arguments,
    Bound,
    Entries,
    Flavour,
    Func,
    Instance,
    Items,
    Key,
    Klass,
    Lazy,
    Map,
    Method,
    Names,
    Opaque,
    Plain,
    Seq,
    Value,
)  # fmt: skip  # fmt: skip


def sequence(kind: str) -> Callable[[Machine, Arguments], Discharge]:
    """Return how list(), tuple() and set() are followed."""

    def make(machine: Machine, arguments: Arguments) -> Discharge:
        found = Items((), machine.loading > 0 and kind != "tuple")
        if arguments.positional:
            found = collect(machine, arguments.positional[0])
        if kind == "tuple":
            return pure("builtins.tuple", Seq(found, "tuple"))
        return pure(f"builtins.{kind}", Seq(found, "set" if "set" in kind else "list"))

    return make


def sorted_list(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow sorted()."""
    content = collect(machine, arguments.get(0, "iterable", PLAIN))
    items = list(content.items)
    key = arguments.keywords.get("key")
    backwards = arguments.keywords.get("reverse") is True
    compared(machine, items, key)
    texts = [item for item in items if isinstance(item, str)]
    if key is None and len(texts) == len(items) and not content.open:
        items = [*sorted(texts, reverse=backwards)]
    return pure("builtins.sorted", list_of(items, open=content.open, alike=content.alike))


def reversed_list(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow reversed()."""
    content = collect(machine, arguments.get(0, "sequence", PLAIN))
    found = list_of(content.items[::-1], open=content.open, alike=content.alike)
    return pure("builtins.reversed", found)


def range_list(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow range()."""
    numbers = [one for one in arguments.positional if isinstance(one, int)]
    if len(numbers) != len(arguments.positional) or not 1 <= len(numbers) <= 3:
        return pure("builtins.range", Seq(Items((PLAIN,), True, True)))
    if len(numbers) == 3 and numbers[2] == 0:
        throw(machine)
        return pure("builtins.range", PLAIN)
    found = range(*numbers)
    if any(abs(number) > 10**18 for number in numbers) or len(found) > MOST_ITEMS:
        return pure("builtins.range", Seq(Items((PLAIN,), True, True)))
    return pure("builtins.range", list_of(list(found)))


def enumerated(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow enumerate()."""
    content = collect(machine, arguments.get(0, "iterable", PLAIN))
    start = arguments.get(1, "start", 0)
    first = start if isinstance(start, int) and not content.open else None
    rows = [
        tuple_of([PLAIN if first is None else first + place, item])
        for place, item in enumerate(content.items)
    ]
    found = list_of(rows, open=content.open, alike=content.alike)
    return pure("builtins.enumerate", found)


def zipped(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow zip()."""
    columns = [collect(machine, one) for one in arguments.positional]
    if any(column.open for column in columns):
        elements = [choice(column.items) if column.items else Opaque() for column in columns]
        alike = all(column.alike or not column.open for column in columns)
        row = tuple_of(elements if alike else [Opaque() for _ in columns])
        return pure("builtins.zip", list_of([row], open=True, alike=True))
    rows = zip(*(column.items for column in columns), strict=False)
    return pure("builtins.zip", list_of([tuple_of(row) for row in rows]))


def any_of(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow any()."""
    return pure("builtins.any", _tested(machine, arguments, wanted=True))


def all_of(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow all()."""
    return pure("builtins.all", _tested(machine, arguments, wanted=False))


def _tested(machine: Machine, arguments: Arguments, *, wanted: bool) -> Value:
    value = arguments.get(0, "iterable", PLAIN)
    if isinstance(value, Lazy):
        # It stops at the first that decides.
        perhaps(machine, lambda: _void(collect(machine, value)))
        return ANY
    content = collect(machine, value)
    found = NO
    for item in content.items:
        test = decide(truth(machine, item))
        found = either(found, test if wanted else invert(test))
    if content.open:
        return ANY
    found = found if wanted else invert(found)
    return found == YES if found in (YES, NO) else found


def _void(_: object) -> None:
    pass


def extreme(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow min() and max()."""
    values = arguments.positional
    if len(values) == 1:
        values = list(collect(machine, values[0]).items)
    compared(machine, values, arguments.keywords.get("key"))
    return pure("builtins.max", choice(values) if values else PLAIN)


def sum_of(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow sum()."""
    content = collect(machine, arguments.get(0, "iterable", PLAIN))
    touched(machine, [*content.items, *arguments.positional[1:]])
    data = all(is_data(item) for item in content.items)
    return pure("builtins.sum", PLAIN if data else Opaque())


def builtin(machine: Machine, name: str, arguments: Arguments) -> Discharge:
    """Follow a call of one of Python's own functions."""
    handler = _BUILTINS.get(name)
    if handler is not None and not arguments.open:
        return handler(machine, arguments)
    if name in _RUNS_CODE:
        return unknown(machine, f"{name}() runs code that is not in the text")
    if name == "open":
        return open_file(arguments)
    if name in ("exit", "quit"):
        throw(machine)
        return pure(f"builtins.{name}", None)
    if handler is not None:
        return unknown(machine, f"{name}() of arguments that are not in the text")
    owner, _, method = name.partition(".")
    if owner == "object":
        made = arguments.get(0, "cls")
        if method == "__new__" and isinstance(made, Klass):
            return pure("object.__new__", Instance(made, Names()))
        return pure(f"builtins.{name}", PLAIN)
    if method and owner in ("str", "list", "dict", "set", "bytes", "int", "tuple"):
        return _unbound(machine, owner, method, arguments)
    if name in _DATA or name.endswith(("Error", "Exception", "Warning")):
        touched(machine, arguments.all())
        return pure(f"builtins.{name}", PLAIN)
    return unknown(machine, f"{name}() may do anything")


_RUNS_CODE = frozenset(["exec", "eval", "__import__", "breakpoint"])
_DATA = frozenset(
    """abs aiter ascii bin bytearray bytes callable chr complex compile dir divmod float
    format
    hash help hex id input issubclass memoryview object oct open ord pow print repr round slice
    KeyboardInterrupt SystemExit StopIteration""".split()  # noqa: SIM905
)


def _unbound(machine: Machine, owner: str, method: str, arguments: Arguments) -> Discharge:
    """Follow `str.upper(text)`, `dict.fromkeys(names)`."""
    if owner == "dict" and method == "fromkeys":
        content = collect(machine, arguments.get(0, "iterable", PLAIN))
        value = arguments.get(1, "value")
        keys = [key_of(item) for item in content.items]
        found = {key: value for key in keys if not isinstance(key, Plain)}
        open_ = content.open or len(found) < len(keys)
        return pure("dict.fromkeys", Map(Entries(found, open_, data=open_ and is_data(value))))
    if not arguments.positional:
        return pure(f"{owner}.{method}", PLAIN)
    first, *rest = arguments.positional
    return machine.call_with(Method(first, method), Arguments(rest, arguments.keywords))


def _iter(machine: Machine, arguments: Arguments) -> Discharge:
    value = arguments.get(0, "object", PLAIN)
    if isinstance(value, Lazy | Rows | Handle | Plain):
        return pure("builtins.iter", value)
    content = collect(machine, value)
    # Others may advance it as well: `next()` takes an item away.
    return pure("builtins.iter", Seq(Items(content.items, True, bool(content.items))))


def _dict(machine: Machine, arguments: Arguments) -> Discharge:
    found: dict[Key, Value] = {}
    open_ = machine.loading > 0 and not arguments.all()
    for value in arguments.positional[:1]:
        if isinstance(value, Map):
            found.update(value.content.items)
            open_ = value.content.open
            continue
        content = collect(machine, value)
        open_ = content.open
        for item in content.items:
            pair = item.content.items if isinstance(item, Seq) else ()
            key = key_of(pair[0]) if len(pair) == 2 else PLAIN
            if isinstance(key, Plain):
                open_ = True
            else:
                found[key] = pair[1]
    found.update(arguments.keywords)
    return pure("builtins.dict", Map(Entries(found, open_)))


def _lazy(machine: Machine, arguments: Arguments, kind: str) -> Discharge:
    if len(arguments.positional) < 2:
        return unknown(machine, f"{kind}() of arguments that are not in the text")
    rest = Arguments(arguments.positional[1:])
    found = Lazy("map" if kind == "map" else "filter", arguments.positional[0], rest)
    return pure(f"{kind}() that nobody walks", found)


def _map(machine: Machine, arguments: Arguments) -> Discharge:
    return _lazy(machine, arguments, "map")


def _filter(machine: Machine, arguments: Arguments) -> Discharge:
    return _lazy(machine, arguments, "filter")


def _str(machine: Machine, arguments: Arguments) -> Discharge:
    value = arguments.get(0, "object", "")
    if len(arguments.positional) > 1:
        return pure("builtins.str", UNKNOWN_TEXT)
    found = of_each(machine, value, lambda one: text_of(machine, text_of_value(machine, one)))
    return followed(found)


def _len(machine: Machine, arguments: Arguments) -> Discharge:
    value = arguments.get(0, "obj")
    if may_be_object(value):
        return followed(of_each(machine, value, lambda one: _len(machine, Arguments([one])).value))
    if isinstance(value, str | bytes):
        return pure("builtins.len", len(value))
    if isinstance(value, Seq | Map) and not value.content.open:
        return pure("builtins.len", len(value.content.items))
    if isinstance(value, Klass) and is_enum(value):
        return pure("builtins.len", len(enum_members(machine, value)))
    method = special(machine, value, "__len__")
    return followed(machine.call(method)) if method is not MISSING else pure("builtins.len", PLAIN)


def _bool(machine: Machine, arguments: Arguments) -> Discharge:
    return pure("builtins.bool", negate(negate(truth(machine, arguments.get(0, "x", False)))))


def _number(machine: Machine, arguments: Arguments) -> Discharge:
    value = arguments.get(0, "x", 0)
    short = not isinstance(value, str) or len(value) < 40
    if isinstance(value, str | int | bool) and short and len(arguments.positional) < 2:
        try:
            return pure("builtins.int", int(value))
        except ValueError:
            throw(machine)
    return pure("builtins.int", PLAIN)


def _next(machine: Machine, arguments: Arguments) -> Discharge:
    value = arguments.get(0, "iterator", PLAIN)
    default = arguments.positional[1:2]
    if may_be_object(value):
        return followed(
            of_each(machine, value, lambda one: _next(machine, Arguments([one, *default])).value)
        )
    if isinstance(value, Seq) and not value.content.open and value.content.items:
        return pure("builtins.next", choice(value.content.items))
    method = special(machine, value, "__next__")
    if method is not MISSING:
        return followed(machine.call(method))
    found: list[Value] = []
    perhaps(machine, lambda: found.extend(collect(machine, value).items))
    return followed(choice([*found, *default]) if found or default else Opaque())


def _decorated(flavour: Flavour) -> Callable[[Machine, Arguments], Discharge]:
    def make(machine: Machine, arguments: Arguments) -> Discharge:
        value = arguments.get(0, "function", arguments.keywords.get("fget"))
        if not isinstance(value, Func):
            if isinstance(value, Bound | Method) and flavour == "staticmethod":
                return pure("builtins.staticmethod", value)
            return unknown(machine, f"{flavour}() of a function that is not in the text")
        return pure(f"builtins.{flavour}", replace(value, flavour=flavour))

    return make


_BUILTINS: dict[str, Callable[[Machine, Arguments], Discharge]] = {
    "list": sequence("list"), "tuple": sequence("tuple"), "set": sequence("set"),
    "frozenset": sequence("frozenset"), "iter": _iter, "sorted": sorted_list,
    "reversed": reversed_list, "dict": _dict, "range": range_list, "enumerate": enumerated,
    "zip": zipped, "map": _map,
    "filter": _filter, "str": _str, "len": _len, "bool": _bool, "int": _number,
    "isinstance": is_instance, "getattr": get_attribute, "setattr": put_attribute,
    "hasattr": has_attribute, "delattr": drop_attribute, "any": any_of, "all": all_of,
    "min": extreme, "max": extreme,
    "sum": sum_of, "next": _next,
    "type": type_of, "property": _decorated("property"), "classmethod": _decorated("classmethod"),
    "staticmethod": _decorated("staticmethod"),
}  # fmt: skip
