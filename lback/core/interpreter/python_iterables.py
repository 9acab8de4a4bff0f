"""Python's own functions that make or walk through lists."""

from __future__ import annotations

from collections.abc import Callable

from lback.core.interpreter.choices import (
    choice,
    is_data,
    list_of,
    tuple_of,
)  # fmt: skip
from lback.core.interpreter.comparing import compared
from lback.core.interpreter.conditions import decide, either, invert
from lback.core.interpreter.discharge import Discharge, pure
from lback.core.interpreter.flow import perhaps, throw
from lback.core.interpreter.iteration import collect
from lback.core.interpreter.machine import MOST_ITEMS, Machine
from lback.core.interpreter.python_objects import (
    truth,
)
from lback.core.interpreter.values import (
    ANY,
    NO,
    PLAIN,
    YES,
    Arguments,
    Items,
    Lazy,
    Opaque,
    Seq,
    Value,
)  # fmt: skip


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
    compared(machine, items, arguments)
    texts = [one for one in items if isinstance(one, str)]
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
    if any(abs(one) > 10**18 for one in numbers) or len(found) > MOST_ITEMS:
        return pure("builtins.range", Seq(Items((PLAIN,), True, True)))
    return pure("builtins.range", list_of(list(found)))


def enumerated(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow enumerate()."""
    content = collect(machine, arguments.get(0, "iterable", PLAIN))
    start = arguments.get(1, "start", 0)
    first = start if isinstance(start, int) and not content.open else None
    rows = [
        tuple_of([PLAIN if first is None else first + place, one])
        for place, one in enumerate(content.items)
    ]
    found = list_of(rows, open=content.open, alike=content.alike)
    return pure("builtins.enumerate", found)


def zipped(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow zip()."""
    columns = [collect(machine, one) for one in arguments.positional]
    if any(one.open for one in columns):
        elements = [choice(one.items) if one.items else Opaque() for one in columns]
        alike = all(one.alike or not one.open for one in columns)
        row = tuple_of(elements if alike else [Opaque() for _ in columns])
        return pure("builtins.zip", list_of([row], open=True, alike=True))
    rows = zip(*(one.items for one in columns), strict=False)
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
    for one in content.items:
        test = decide(truth(machine, one))
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
    key = arguments.keywords.get("key")
    if key is not None:
        for one in values:
            machine.call(key, one)
    return pure("builtins.max", choice(values) if values else PLAIN)


def sum_of(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow sum()."""
    content = collect(machine, arguments.get(0, "iterable", PLAIN))
    data = all(is_data(one) for one in content.items)
    return pure("builtins.sum", PLAIN if data else Opaque())
