"""Works out with Python itself what is made of values that are in the text."""

from __future__ import annotations

import cmath
from collections.abc import Callable, Iterator
from typing import Any

from lback.core.interpreter.flow import throw
from lback.core.interpreter.machine import MOST_ITEMS, MOST_OF_A_VALUE, Machine
from lback.core.interpreter.values import PLAIN, Entries, Items, Key, Map, Plain, Seq, Value

# Says that a value was not worked out, and that nothing was proved by trying.
UNREAD: Value = Plain()
_HUGE = 10**60
_DEEPEST = 12
_MOST_GROWN = 2_000_000
_SCALARS = (str, bytes, int, float, complex, bool, type(None), type(...))


class Hidden(Exception):
    """Something is asked of a value that is not known."""


class _Unread:
    """Stands for a value that is not known: it may be held and handed on, never looked at."""

    def __init__(self, value: Value) -> None:
        self.value = value

    def _refuse(self, *_: object) -> Any:
        raise Hidden

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __bool__ = __str__ = __repr__ = __format__ = _refuse
    __index__ = __int__ = __float__ = __iter__ = _refuse
    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = __or__ = __ror__ = _refuse
    __sub__ = __rsub__ = __and__ = __rand__ = __xor__ = __rxor__ = _refuse


class _Walked(_Unread):
    """A range, a deque, a view of a dict: what it gives one after the other is known."""

    def __init__(self, value: Value, items: list[object]) -> None:
        super().__init__(value)
        self.items = items

    def __iter__(self) -> Iterator[object]:  # type: ignore[override]
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


class _Set(set[Any]):
    """A set whose order nobody knows."""

    def __iter__(self) -> Iterator[Any]:
        raise Hidden

    def __repr__(self) -> str:
        raise Hidden


class _FrozenSet(frozenset[Any]):
    def __iter__(self) -> Iterator[Any]:
        raise Hidden

    def __repr__(self) -> str:
        raise Hidden


class _Python:
    """Values as Python's own, and back; a container that comes back is the one that went in."""

    def __init__(self) -> None:
        self.made: dict[int, tuple[Value, object]] = {}
        self.known: dict[int, object] = {}
        self.places: dict[object, int] = {}
        self.size = self.widest = self.nodes = 0
        self.unread = False

    def of(self, value: Value, depth: int = 0) -> object:
        self.nodes += 1
        if depth > _DEEPEST or self.nodes > 2 * MOST_ITEMS:
            raise Hidden
        if type(value) in _SCALARS:
            return self._scalar(value)
        if id(value) in self.known:
            return self.known[id(value)]
        if isinstance(value, Seq) and not value.content.open:
            return self._sequence(value, depth + 1)
        plain = isinstance(value, Map) and value.kind == "dict" and value.content.fallback is None
        if plain and isinstance(value, Map) and not value.content.open:
            made: dict[object, object] = {}
            self._note(value, made)
            for key, item in value.content.items.items():
                made[key] = self.of(item, depth + 1)
                self.size += len(str(key))
            return made
        self.unread = True
        return _Unread(value)

    def _note(self, value: Value, made: object) -> None:
        self.made[id(made)] = (value, made)
        self.known[id(value)] = made

    def _scalar(self, value: Value) -> object:
        if isinstance(value, str | bytes):
            self.size += len(value)
        elif type(value) is int:
            if abs(value) > _HUGE:
                raise Hidden
            self.widest = max(self.widest, abs(value))
        self.size += 8
        self.places.setdefault(value, len(self.places))
        return value

    def _sequence(self, value: Seq, depth: int) -> object:
        if value.kind == "list":
            made: list[object] = []
            self._note(value, made)
            made.extend(self.of(item, depth) for item in value.content.items)
            return made
        items = [self.of(item, depth) for item in value.content.items]
        if value.kind == "tuple":
            return tuple(items)
        if value.kind in ("set", "frozenset"):
            if any(isinstance(item, _Unread) for item in items):
                self.unread = True
                return _Unread(value)
            few = len(items) < 2
            if value.kind == "frozenset":
                return frozenset(items) if few else _FrozenSet(items)
            unordered = set(items) if few else _Set(items)
            self._note(value, unordered)
            return unordered
        self.unread = True
        return _Unread(value) if value.kind == "iterator" else _Walked(value, items)

    def back(self, found: object) -> Value:
        if isinstance(found, float | complex) and cmath.isnan(found):
            raise Hidden
        if type(found) is int and abs(found) > _HUGE:
            raise Hidden
        if type(found) in _SCALARS:
            return found  # type: ignore[return-value]
        if isinstance(found, _Unread):
            return found.value
        if id(found) in self.made:
            return self.made[id(found)][0]
        if isinstance(found, list | tuple) and len(found) <= MOST_ITEMS:
            items = tuple(self.back(item) for item in found)
            return Seq(Items(items), "list" if isinstance(found, list) else "tuple")
        if isinstance(found, set | frozenset) and len(found) <= MOST_ITEMS:
            unordered = set.__iter__(found) if isinstance(found, set) else frozenset.__iter__(found)
            by_text = sorted(unordered, key=repr)
            ordered = sorted(by_text, key=lambda value: self.places.get(value, len(self.places)))
            kind = "set" if isinstance(found, set) else "frozenset"
            return Seq(Items(tuple(self.back(item) for item in ordered)), kind)  # type: ignore[arg-type]
        if isinstance(found, dict) and len(found) <= MOST_ITEMS:
            held: dict[Key, Value] = {
                key_back(key): self.back(value) for key, value in found.items()
            }
            return Map(Entries(held))
        raise Hidden


def key_back(key: object) -> Key:
    """Return a key of Python's as a dict's key here."""
    parts = key if isinstance(key, tuple) else (key,)
    if all(type(part) in _SCALARS for part in parts):
        return key  # type: ignore[return-value]
    raise Hidden


def fold(
    machine: Machine,
    function: Callable[..., object],
    *values: Value,
    keywords: dict[str, Value] | None = None,
    grows: bool = False,
    widest: int | None = None,
) -> Value:
    """Return what Python makes of these values, or UNREAD; an exception leaves by `throw`.

    `function` has to be pure, and bounded in the size of what goes in: `grows` where it may
    give the product of the sizes, `widest` where a number says how long the outcome is.
    """
    python = _Python()
    found: Value = UNREAD
    try:
        given = [python.of(value) for value in values]
        named = {name: python.of(value) for name, value in (keywords or {}).items()}
        if widest is not None and python.widest > widest:
            return UNREAD
        if grows and _product(given, python.size) > _MOST_GROWN:
            return UNREAD
        found = python.back(function(*given, **named))
    except (Hidden, RecursionError, MemoryError):
        return UNREAD
    except Exception:
        if python.unread:
            return UNREAD
        throw(machine)
        return PLAIN
    finally:
        machine.steps -= python.nodes // 16
    if isinstance(found, str | bytes) and not machine.room_for(len(found)):
        return UNREAD
    return found


def _product(given: list[object], size: int) -> int:
    first = len(given[0]) + 1 if given and isinstance(given[0], str | bytes) else 1
    return first * size if size < MOST_OF_A_VALUE else _MOST_GROWN + 1
