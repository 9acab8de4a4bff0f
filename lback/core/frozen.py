"""Frozen dataclasses whose methods are made when the first instance is.

Python makes six methods of each at import, 0.4 ms in all, and a command imports sixty of them to
use ten. These look the same to a type checker and to `fields` and `replace`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - for others to import
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False, **more):
        """Make a dataclass as the standard library does; of a frozen one only what is needed."""
        if not frozen:
            return dataclasses.dataclass(cls, slots=slots, kw_only=kw_only, **more)
        compared = more.pop("eq", True)

        def wrap(cls):
            own = vars(cls)
            plain = dataclasses.dataclass(
                init=False, repr=False, eq=False, slots=slots, kw_only=kw_only, **more
            )
            made = plain(cls)
            methods = {**_METHODS, **(_COMPARED if compared else {})}
            for name, method in methods.items():
                if name not in own:
                    setattr(made, name, method)
            return made

        return wrap if cls is None else wrap(cls)


def _late(name: str, make: Callable[[type], Any]) -> Any:
    """Return a method that stands in for another one until it is called; then that is made."""

    def stub(self: Any, *args: Any, **given: Any) -> Any:
        cls = next(one for one in type(self).__mro__ if vars(one).get(name) is stub)
        setattr(cls, name, make(cls))
        return getattr(cls, name)(self, *args, **given)

    return stub


def _init_of(cls: type) -> Any:
    inside: dict[str, Any] = {"_set": object.__setattr__, "_missing": dataclasses.MISSING}
    places: list[str] = []
    names: list[str] = []
    lines: list[str] = []
    for field in dataclasses.fields(cls):
        name, value = field.name, field.name
        default = ""
        if field.default is not dataclasses.MISSING:
            inside[f"_{name}"], default = field.default, f"=_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            inside[f"_{name}"], default = field.default_factory, "=_missing"
            value = f"_{name}() if {name} is _missing else {name}" if field.init else f"_{name}()"
        elif not field.init:
            continue
        if field.init:
            (names if field.kw_only else places).append(f"{name}{default}")
        elif default != "=_missing":
            value = f"_{name}"
        lines.append(f" _set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    arguments = ", ".join(["self", *places, *(["*", *names] if names else [])])
    return _made(f"def made({arguments}):\n" + "\n".join(lines or [" pass"]), inside)


def _equal_of(cls: type) -> Any:
    same = f"{_values(cls, 'self')} == {_values(cls, 'other')}"
    test = f"{same} if other.__class__ is self.__class__ else NotImplemented"
    return _made(f"def made(self, other):\n return {test}", {})


def _hash_of(cls: type) -> Any:
    return _made(f"def made(self):\n return hash({_values(cls, 'self')})", {})


def _values(cls: type, of: str) -> str:
    names = [one.name for one in dataclasses.fields(cls) if one.compare]
    return f"({''.join(f'{of}.{name}, ' for name in names)})"


def _made(text: str, inside: dict[str, Any]) -> Any:
    exec(text, inside)
    return inside["made"]


def _repr(self: Any) -> str:
    shown = (one.name for one in dataclasses.fields(self) if one.repr)
    return (
        f"{type(self).__qualname__}({', '.join(f'{one}={getattr(self, one)!r}' for one in shown)})"
    )


def _refuse(self: Any, name: str, *_: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot change field {name!r}")


_METHODS = {
    "__init__": _late("__init__", _init_of),
    "__repr__": _repr,
    "__setattr__": _refuse,
    "__delattr__": _refuse,
}
_COMPARED = {"__eq__": _late("__eq__", _equal_of), "__hash__": _late("__hash__", _hash_of)}
