"""Special methods that Python, or code that is not here, calls of an object by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from lback.core.interpreter.choices import choice, members, options
from lback.core.interpreter.classes import mro, special
from lback.core.interpreter.flow import perhaps
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.values import (
    Arguments,
    Bound,
    Choice,
    Func,
    Instance,
    Klass,
    Lazy,
    Map,
    Name,
    Opaque,
    Seq,
    Value,
)  # fmt: skip

ORDER: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("__eq__", "__eq__"), ast.NotEq: ("__ne__", "__ne__"), ast.Lt: ("__lt__", "__gt__"),
    ast.LtE: ("__le__", "__ge__"), ast.Gt: ("__gt__", "__lt__"), ast.GtE: ("__ge__", "__le__"),
}  # fmt: skip
COMPARES = tuple(name for name, _ in ORDER.values())
TELLS = ("__repr__", "__str__")
# These are called where the text itself says so, and nowhere else.
_BY_SYNTAX = frozenset(
    """__init__ __new__ __post_init__ __init_subclass__ __class_getitem__ __getattr__ __setattr__
    __get__ __set__ __enter__ __exit__ __aenter__ __aexit__ __await__ __call__""".split()  # noqa: SIM905
)
_DEEPEST = 3
_MOST_LOOKED_AT = 60


def method_of(machine: Machine, value: Value, name: str) -> Value:
    """Return a special method of an object, or None where it has none that is in the text."""
    found = special(machine, value, name)
    return None if isinstance(found, Opaque) else found


def declined(value: Value) -> bool:
    """Tell whether a method may have given NotImplemented."""
    return any(option == Name("builtins.NotImplemented") for option in options(value))


def may_be_object(*values: Value) -> bool:
    """Tell whether one of several that a value may be is an object of the project."""
    return any(
        isinstance(item, Instance)
        for value in values
        for item in (value.options if isinstance(value, Choice) else ())
    )


def touched(machine: Machine, values: Iterable[Value], names: tuple[str, ...] = ()) -> None:
    """Follow what may be called, in any order or not at all, of the objects in some values."""
    held = list(values)
    found = list(_objects(held, _DEEPEST))
    if not found:
        return
    peers = choice([*held, *(item for value in held for item in _inside(value))])
    for instance in found:
        for name in names or _special_names(machine, instance):
            method = method_of(machine, instance, name)
            if method is not None:
                perhaps(machine, lambda method=method: _called(machine, method, peers))  # type: ignore[misc]


def _called(machine: Machine, method: Value, peers: Value) -> None:
    function = method.function if isinstance(method, Bound) else method
    given: list[Value] = []
    if isinstance(function, Func):
        parameters = function.node.args
        taken = len(function.defaults) + isinstance(method, Bound)
        given = [peers] * (len(parameters.posonlyargs) + len(parameters.args) - taken)
    value = machine.call_with(method, Arguments(given)).value
    if isinstance(value, Lazy):
        machine.walk(value, lambda _: None)


def _special_names(machine: Machine, value: Instance) -> list[str]:
    found: dict[str, None] = {}
    for base in mro(value.of):
        if isinstance(base, Klass):
            machine.read_class(base)
            found.update(dict.fromkeys(base.members.values))
    return [name for name in found if name[:2] == "__" == name[-2:] and name not in _BY_SYNTAX]


def _inside(value: Value) -> list[Value]:
    if isinstance(value, Map):
        return [*members(value), *value.content.items.values()][:_MOST_LOOKED_AT]
    return members(value)[:_MOST_LOOKED_AT] if isinstance(value, Seq) else []


def _objects(values: Iterable[Value], depth: int) -> Iterator[Instance]:
    for value in values:
        for option in options(value):
            if isinstance(option, Instance):
                yield option
            elif depth:
                yield from _objects(_inside(option), depth - 1)


def compared(machine: Machine, items: Sequence[Value], key: Value = None) -> list[Value]:
    """Follow what finding the order of some items calls; return what is compared."""
    found = list(items) if key is None else [machine.call(key, item) for item in items]
    touched(machine, found, COMPARES)
    return found
