"""Python's own functions that make or walk through lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from lback.core.interpreter.choices import (
    choice,
    decide,
    distinct,
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
from lback.core.interpreter.folding import UNREAD, fold
from lback.core.interpreter.iteration import collect, in_order
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
from lback.core.interpreter.text import is_narrow, text_of
from lback.core.interpreter.values import (
    ANY,
    MUTABLE,
    NO,
    PLAIN,
    UNKNOWN_TEXT,
    YES,
    Arguments,
    Bound,
    Choice,
    Entries,
    Flavour,
    Func,
    Instance,
    Items,
    Key,
    Kind,
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


def sequence(kind: Kind) -> Callable[[Machine, Arguments], Discharge]:
    """Return how list(), tuple(), set() and frozenset() are followed."""

    def make(machine: Machine, arguments: Arguments) -> Discharge:
        items = Items((), machine.loading > 0 and kind in MUTABLE)
        if arguments.positional:
            items = collect(machine, arguments.positional[0], ordered="set" not in kind)
        if "set" in kind:
            items = distinct(items)
        return pure(f"builtins.{kind}", Seq(items, kind))

    return make


def sorted_list(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow sorted()."""
    content = collect(
        machine, arguments.get(0, "iterable", PLAIN), ordered="key" in arguments.keywords
    )
    items = in_order(machine, content, arguments)
    if items is None:
        alike = content.alike or not content.open
        return pure("builtins.sorted", list_of(content.items, open=True, alike=alike))
    return pure("builtins.sorted", list_of(items))


def reversed_list(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow reversed()."""
    value = arguments.get(0, "sequence", PLAIN)
    if isinstance(value, Seq) and value.kind in ("set", "frozenset", "iterator"):
        throw(machine)
    content = collect(machine, value)
    backwards = Items(content.items[::-1], content.open, content.alike)
    return pure("builtins.reversed", Seq(backwards, "iterator"))


def range_list(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow range()."""
    numbers = [argument for argument in arguments.positional if isinstance(argument, int)]
    if len(numbers) != len(arguments.positional) or not 1 <= len(numbers) <= 3:
        return pure("builtins.range", Seq(Items((PLAIN,), True, True), "range"))
    if len(numbers) == 3 and numbers[2] == 0:
        throw(machine)
        return pure("builtins.range", PLAIN)
    numbered = range(*numbers)
    if any(abs(number) > 10**18 for number in numbers) or len(numbered) > MOST_ITEMS:
        return pure("builtins.range", Seq(Items((PLAIN,), True, True), "range"))
    return pure("builtins.range", Seq(Items(tuple(numbered)), "range"))


def enumerated(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow enumerate()."""
    content = collect(machine, arguments.get(0, "iterable", PLAIN))
    start = arguments.get(1, "start", 0)
    first = start if isinstance(start, int) and not content.open else None
    rows = [
        tuple_of([PLAIN if first is None else first + place, item])
        for place, item in enumerate(content.items)
    ]
    numbered = Items(tuple(rows), content.open, content.alike)
    return pure("builtins.enumerate", Seq(numbered, "iterator"))


def zipped(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow zip()."""
    rule = "builtins.zip"
    walked = [
        argument
        for argument in arguments.positional
        if isinstance(argument, Seq) and argument.kind == "iterator"
    ]
    columns = [
        value
        if any(value is other for other in walked)
        else Seq(collect(machine, value), "iterator")
        for value in arguments.positional
    ]
    ends = {len(column.content.items) for column in columns if isinstance(column, Seq)}
    strict = len(ends) > 1 and decide(arguments.keywords.get("strict", False)) != NO
    parts = [column for column in columns if isinstance(column, Seq)]
    if not strict and not any(column.content.open for column in parts):
        return pure(rule, Seq(Items(tuple(_rows(machine, parts))), "iterator"))
    alike = all(seq.content.alike or not seq.content.open for seq in parts)
    row = [choice(seq.content.items) if seq.content.items and alike else Opaque() for seq in parts]
    for seq in walked:
        machine.state.fill(seq, seq.content.items, open=True, alike=alike)
    return pure(rule, Seq(Items((tuple_of(row),), True, True), "iterator"))


def _rows(machine: Machine, columns: list[Seq]) -> Iterator[Value]:
    """Take an item of of_each, as zip() does, until one of them has no more."""
    while columns:
        row: list[Value] = []
        for column in columns:
            machine.spend(1)
            items = column.content.items
            if not items:
                return
            machine.state.fill(column, items[1:], open=False)
            row.append(items[0])
        yield tuple_of(row)


def any_of(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow any()."""
    return pure("builtins.any", _tested(machine, arguments, wanted=True))


def all_of(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow all()."""
    return pure("builtins.all", _tested(machine, arguments, wanted=False))


def _tested(machine: Machine, arguments: Arguments, *, wanted: bool) -> Value:
    value = arguments.get(0, "iterable", PLAIN)
    walked: list[Items] = []
    lazy = isinstance(value, Lazy) or (isinstance(value, Seq) and value.kind == "iterator")
    if lazy:  # it stops at the first that decides
        perhaps(machine, lambda: walked.append(collect(machine, value, ordered=False)))
    else:
        walked.append(collect(machine, value, ordered=False))
    test_of_all = NO
    for item in walked[0].items if walked else ():
        test = decide(truth(machine, item))
        test_of_all = either(test_of_all, test if wanted else invert(test))
    if not walked or walked[0].open:
        return ANY
    test_of_all = test_of_all if wanted else invert(test_of_all)
    return test_of_all == YES if test_of_all in (YES, NO) else test_of_all


def extreme(kind: Callable[..., Any]) -> Callable[[Machine, Arguments], Discharge]:
    """Return how min() and max() are followed."""

    def find(machine: Machine, arguments: Arguments) -> Discharge:
        content = Items(tuple(arguments.positional))
        if len(content.items) == 1:
            keyed = "key" in arguments.keywords
            content = collect(machine, content.items[0], ordered=keyed)
        keys = compared(machine, content.items, arguments.keywords.get("key"))
        rest = [arguments.keywords["default"]] if "default" in arguments.keywords else []
        if not content.open and not content.items and rest:
            return pure("builtins.max", rest[0])
        if not content.open:
            place = fold(
                machine, lambda all_: kind(range(len(all_)), key=all_.__getitem__), list_of(keys)
            )
            if isinstance(place, int) or machine.dead:
                return pure(
                    "builtins.max", content.items[place] if isinstance(place, int) else PLAIN
                )
        known = content.items and (content.alike or not content.open)
        return pure("builtins.max", choice([*content.items, *rest]) if known else Opaque())

    return find


def sum_of(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow sum()."""
    content = collect(machine, arguments.get(0, "iterable", PLAIN))
    touched(machine, [*content.items, *arguments.positional[1:]])
    data = all(is_data(item) for item in content.items) and (content.alike or not content.open)
    if not content.open and len(content.items) * len(content.items) < MOST_ITEMS * 20:
        found = fold(machine, sum, list_of(content.items), arguments.get(1, "start", 0))
        if found is not UNREAD:
            return pure("builtins.sum", found)
    return pure("builtins.sum", PLAIN if data else Opaque())


# Python's own, which are asked where all they are given is known.
_ASKED: dict[str, Callable[..., object]] = {
    "abs": abs, "ascii": ascii, "bin": bin, "bool": bool, "chr": chr, "complex": complex,
    "divmod": divmod, "float": float, "hex": hex, "int": int, "len": len, "oct": oct, "ord": ord,
    "repr": repr, "round": round, "str": str, "format": format, "str.maketrans": str.maketrans,
    "bytes.fromhex": bytes.fromhex, "int.from_bytes": int.from_bytes,
}  # fmt: skip


def _asked(machine: Machine, name: str, arguments: Arguments) -> Value:
    """Return what one of Python's own functions gives for what is known."""
    given, named = arguments.positional, arguments.keywords
    long = name == "format" and not all(isinstance(o, str) and is_narrow(o) for o in given[1:])
    coded = name == "str" and len(given) + len(named) > 1
    if arguments.open or long or coded or any(isinstance(value, Choice) for value in given):
        return UNREAD
    return fold(machine, _ASKED[name], *given, keywords=named, widest=_LONGEST)


_LONGEST = 10**40


def builtin(machine: Machine, name: str, arguments: Arguments) -> Discharge:
    """Follow a call of one of Python's own functions."""
    if name in _ASKED:
        found = _asked(machine, name, arguments)
        if found is not UNREAD:
            return pure(f"builtins.{name}", found)
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
        entries = {key: value for key in keys if not isinstance(key, Plain)}
        open_ = content.open or len(entries) < len(keys)
        return pure("dict.fromkeys", Map(Entries(entries, open_, data=open_ and is_data(value))))
    if not arguments.positional:
        return pure(f"{owner}.{method}", PLAIN)
    if method in ("maketrans", "from_bytes", "fromhex"):
        return pure(f"{owner}.{method}", PLAIN)
    first, *rest = arguments.positional
    return machine.call_with(Method(first, method), Arguments(rest, arguments.keywords))


def _iter(machine: Machine, arguments: Arguments) -> Discharge:
    value = arguments.get(0, "object", PLAIN)
    walked = isinstance(value, Seq) and value.kind == "iterator"
    if walked or isinstance(value, Lazy | Rows | Handle | Plain):
        return pure("builtins.iter", value)
    return pure("builtins.iter", Seq(collect(machine, value), "iterator"))


def _dict(machine: Machine, arguments: Arguments) -> Discharge:
    entries: dict[Key, Value] = {}
    open_ = machine.loading > 0 and not arguments.all()
    for value in arguments.positional[:1]:
        if isinstance(value, Map):
            entries.update(value.content.items)
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
                entries[key] = pair[1]
    entries.update(arguments.keywords)
    return pure("builtins.dict", Map(Entries(entries, open_)))


def _lazy(machine: Machine, arguments: Arguments, kind: str) -> Discharge:
    if len(arguments.positional) < 2:
        return unknown(machine, f"{kind}() of arguments that are not in the text")
    rest = Arguments(arguments.positional[1:])
    walked = Lazy("map" if kind == "map" else "filter", arguments.positional[0], rest)
    return pure(f"{kind}() that nobody walks", walked)


def _map(machine: Machine, arguments: Arguments) -> Discharge:
    return _lazy(machine, arguments, "map")


def _filter(machine: Machine, arguments: Arguments) -> Discharge:
    return _lazy(machine, arguments, "filter")


def _str(machine: Machine, arguments: Arguments) -> Discharge:
    value = arguments.get(0, "object", "")
    if len(arguments.positional) + len(arguments.keywords) > 1:
        return pure("builtins.str", UNKNOWN_TEXT)
    texts = of_each(machine, value, lambda item: text_of(machine, text_of_value(machine, item)))
    return followed(texts)


def _len(machine: Machine, arguments: Arguments) -> Discharge:
    value = arguments.get(0, "obj")
    if may_be_object(value):
        return followed(
            of_each(machine, value, lambda item: _len(machine, Arguments([item])).value)
        )
    if isinstance(value, Seq) and value.kind == "iterator":
        throw(machine)
    if isinstance(value, Seq | Map) and not value.content.open:
        return pure("builtins.len", len(value.content.items))
    if isinstance(value, Klass) and is_enum(value):
        return pure("builtins.len", len(enum_members(machine, value)))
    method = special(machine, value, "__len__")
    return followed(machine.call(method)) if method is not MISSING else pure("builtins.len", PLAIN)


def _bool(machine: Machine, arguments: Arguments) -> Discharge:
    return pure("builtins.bool", negate(negate(truth(machine, arguments.get(0, "x", False)))))


def _number(machine: Machine, arguments: Arguments) -> Discharge:
    return pure("builtins.int", PLAIN)


def _next(machine: Machine, arguments: Arguments) -> Discharge:
    value = arguments.get(0, "iterator", PLAIN)
    default = arguments.positional[1:2]
    if may_be_object(value):
        return followed(
            of_each(machine, value, lambda item: _next(machine, Arguments([item, *default])).value)
        )
    if isinstance(value, Seq) and value.kind == "iterator":
        content = value.content
        if not content.open:
            machine.state.fill(value, content.items[1:], open=False)
            if not content.items and not default:
                throw(machine)
            return pure("builtins.next", [*content.items, *default, PLAIN][0])
        machine.state.fill(value, content.items, open=True, alike=content.alike)
        known = content.items and content.alike
        return pure("builtins.next", choice([*content.items, *default]) if known else Opaque())
    method = special(machine, value, "__next__")
    if method is not MISSING:
        return followed(machine.call(method))
    items: list[Value] = []
    perhaps(machine, lambda: items.extend(collect(machine, value).items))
    return followed(choice([*items, *default]) if items or default else Opaque())


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
    "min": extreme(min), "max": extreme(max), "sum": sum_of, "next": _next,
    "type": type_of, "property": _decorated("property"), "classmethod": _decorated("classmethod"),
    "staticmethod": _decorated("staticmethod"),
}  # fmt: skip
