"""Names and containers as they are on a path, how control got there, and how paths are joined."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from lback.core.dialects import EVERY_DIALECT, Dialects
from lback.core.interpreter.choices import choice, is_data, same, wider
from lback.core.interpreter.schema import (
    ColumnV,
    ConstraintV,
    IndexV,
    MetaDataV,
    SequenceV,
    TableV,
    TypeV,
)
from lback.core.interpreter.values import PLAIN, Entries, Items, Key, Map, Names, Seq, Test, Value

# Disjoint sets of dialects, each with the share of the cases that come along here.
Path: TypeAlias = tuple[tuple[Dialects, float], ...]

START: Path = ((EVERY_DIALECT, 1.0),)
DEAD: Path = ()
_SMALLEST = 2.0**-50


def half(path: Path) -> Path:
    """Return the half of the cases."""
    return tuple((on, share / 2 if share > _SMALLEST else math.nan) for on, share in path)


def double(path: Path) -> Path:
    """Return the path again whose other half never goes on."""
    return tuple((on, share * 2) for on, share in path)


def limited(path: Path, to: Dialects) -> Path:
    """Return the part of a path that is on some dialects."""
    if to.every:
        return path
    parts = ((on & to, share) for on, share in path)
    return tuple((on, share) for on, share in parts if not on.empty)


def split(path: Path, test: Test) -> tuple[Path, Path]:
    """Return the cases in which a test is true, and those in which it is not."""
    if test.must.every:
        return path, DEAD
    if test.may.empty:
        return DEAD, path
    sure_yes, sure_no = limited(path, test.must), limited(path, ~test.may)
    open_ = half(limited(path, test.may & ~test.must))
    return join([sure_yes, open_]), join([sure_no, open_])


def join(paths: Iterable[Path]) -> Path:
    """Return the path that disjoint cases take together."""
    joined: Path = DEAD
    for path in paths:
        joined = _joined(joined, path) if joined and path else joined or path
    return joined


def _joined(left: Path, right: Path) -> Path:
    parts: list[tuple[Dialects, float]] = []
    rest = left
    for on, share in right:
        alone = on
        following: list[tuple[Dialects, float]] = []
        for other, other_share in rest:
            both = on & other
            if both.empty:
                following.append((other, other_share))
                continue
            parts.append((both, share + other_share))
            alone = alone & ~other
            remaining = other & ~on
            if not remaining.empty:
                following.append((remaining, other_share))
        if not alone.empty:
            parts.append((alone, share))
        rest = tuple(following)
    return _tidied([*parts, *rest])


def _tidied(parts: list[tuple[Dialects, float]]) -> Path:
    if len(parts) == 1:
        return tuple(parts)
    by_share: dict[float, Dialects] = {}
    broken: Dialects | None = None
    for on, share in parts:
        if math.isnan(share):
            broken = on if broken is None else broken | on
        else:
            by_share[share] = by_share[share] | on if share in by_share else on
    tidied = tuple((on, share) for share, on in by_share.items())
    return tidied if broken is None else (*tidied, (broken, math.nan))


def certain(path: Path) -> bool:
    """Tell whether control surely comes along, on the dialects that are meant."""
    return all(share == 1.0 for _, share in path)


def dialects(path: Path) -> Dialects:
    """Return the dialects that are meant."""
    union = ~EVERY_DIALECT
    for on, _ in path:
        union = union | on
    return union


@dataclass(frozen=True, slots=True)
class Absent:
    """A name that is not bound."""


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class FieldOf:
    """A field of what SQLAlchemy makes: names that it may have, or the objects that it holds."""

    value: tuple[object, ...] | None

    @property
    def open(self) -> bool:
        """Tell whether it may be anything: objects with None, hidden names."""
        return self.value is not None and None in self.value


_MOST_PAIRS = 20_000
Schema: TypeAlias = "TableV | MetaDataV | ColumnV | TypeV | IndexV | ConstraintV | SequenceV"
Store: TypeAlias = "Names | Seq | Map | Schema"
Content: TypeAlias = "Value | Items | Entries | Absent | FieldOf"
Place: TypeAlias = "tuple[int, str]"


@dataclass(slots=True)
class Write:
    """One place, and what is, or was, in it."""

    store: Store
    key: str
    content: Content


Delta: TypeAlias = "dict[Place, Write]"


@dataclass(slots=True)
class MachineState:
    """The log of changes; `seen` keeps those that were put back while somebody watches."""

    log: list[Write] = field(default_factory=list)
    seen: list[Write] = field(default_factory=list)
    watched: int = 0
    work: int = 0
    absorbed: set[int] = field(default_factory=set)
    escaped: bool = False

    # -- changes -------------------------------------------------------------------

    def write(self, store: Store, key: str, content: Content) -> None:
        """Write one place."""
        self.log.append(Write(store, key, load(store, key)))
        _put(store, key, content)

    def bind(self, names: Names, name: str, value: Value) -> None:
        """Bind a name."""
        self.write(names, name, value)

    def set(self, thing: Schema, key: str, value: tuple[object, ...] | None) -> None:
        """Write a field of what SQLAlchemy makes."""
        self.write(thing, key, FieldOf(value))

    def forget(self, names: Names, name: str) -> None:
        """Unbind a name."""
        self.write(names, name, ABSENT)

    def fill(self, seq: Seq, items: Sequence[Value], *, open: bool, alike: bool = False) -> None:
        """Write what a sequence holds."""
        self.work += len(items)
        self._check(seq, items)
        self.write(seq, "", Items(tuple(items), open, alike))

    def fill_map(
        self, target: Map, items: dict[Key, Value], *, open: bool, data: bool = False
    ) -> None:
        """Write what a dict holds."""
        self.work += len(items)
        self._check(target, items.values())
        self.write(target, "", Entries(items, open, target.content.fallback, data))
        for view in target.views.values():
            self.write(view, "", Items((), True))

    def absorb(self, value: Value) -> None:
        """Note that a container is known as data from now on, whatever is put into it."""
        if isinstance(value, Seq | Map):
            self.absorbed.add(value.born)

    def _check(self, store: Seq | Map, values: Iterable[Value]) -> None:
        if store.born in self.absorbed and not all(is_data(value) for value in values):
            self.escaped = True

    def keep(self, mark: int) -> None:
        """Let what has changed since the mark stay as it is on every path."""
        del self.log[mark:]

    # -- branches ------------------------------------------------------------------

    def mark(self) -> int:
        """Return the place in the log that `changes` and `rewind` go back to."""
        return len(self.log)

    def changes(self, mark: int) -> Delta:
        """Return what is otherwise now than at the mark."""
        self.work += len(self.log) - mark
        delta: Delta = {}
        for change in self.log[mark:]:
            place = (id(change.store), change.key)
            if place not in delta:
                delta[place] = Write(change.store, change.key, load(change.store, change.key))
        return delta

    def rewind(self, mark: int) -> None:
        """Put everything back as it was at the mark."""
        self.work += len(self.log) - mark
        for change in reversed(self.log[mark:]):
            if self.watched:
                now = load(change.store, change.key)
                self.seen.append(Write(change.store, change.key, now))
            _put(change.store, change.key, change.content)
        del self.log[mark:]

    def apply(self, delta: Delta) -> None:
        """Write every place of a delta."""
        for change in delta.values():
            self.write(change.store, change.key, change.content)

    def meet(self, deltas: Sequence[Delta]) -> None:
        """Write every place to what it may be after any of these; all start from here."""
        places: Delta = {}
        for delta in deltas:
            places.update(delta)
        self.work += len(places) * len(deltas)
        self.work += sum(_size(write.content) for delta in deltas for write in delta.values())
        for place, change in places.items():
            base = load(change.store, change.key)
            contents = [delta[place].content if place in delta else base for delta in deltas]
            joined = contents[0]
            for content in contents[1:]:
                joined = together(joined, content)
            if joined is not base:
                self.write(change.store, change.key, joined)

    def shuffle(self, mark: int) -> None:
        """Forget what depends on the order of what was done since the mark."""
        for change in self.changes(mark).values():
            content = change.content
            if isinstance(content, Items):
                alike = content.alike or not content.open
                content = Items(content.items, True, alike)
            elif isinstance(content, Entries):
                held = {key: wider([value]) for key, value in content.items.items()}
                content = Entries(held, True, content.fallback, is_data(Map(content)))
            elif not isinstance(content, Absent | Seq | Map | FieldOf):
                content = wider([content])
            self.write(change.store, change.key, content)

    def any_of(self, mark: int) -> Delta:
        """Return what each place may have been at any moment since the mark."""
        delta: Delta = {}
        for change in [*self.log[mark:], *self.seen]:
            place = (id(change.store), change.key)
            now = load(change.store, change.key)
            before = delta[place].content if place in delta else now
            content = together(before, change.content)
            delta[place] = Write(change.store, change.key, content)
        return delta


def _size(content: Content) -> int:
    return len(content.items) if isinstance(content, Items | Entries) else 0


def load(store: Store, key: str) -> Content:
    """Return what is in a place."""
    if isinstance(store, Names):
        return store.values.get(key, ABSENT)
    return store.content if isinstance(store, Seq | Map) else FieldOf(getattr(store, key))


def _put(store: Store, key: str, content: Content) -> None:
    if isinstance(store, Names):
        if isinstance(content, Absent):
            store.values.pop(key, None)
        elif not isinstance(content, Items | Entries | FieldOf):
            store.values[key] = content
    elif isinstance(content, FieldOf):
        setattr(store, key, content.value)
    elif (isinstance(store, Seq) and isinstance(content, Items)) or (
        isinstance(store, Map) and isinstance(content, Entries)
    ):
        store.content = content


def together(left: Content, right: Content) -> Content:
    """Return what a place holds where it is either of two."""
    if left is right or isinstance(right, Absent):
        return left
    if isinstance(left, Absent):
        return right
    if isinstance(left, Items) or isinstance(right, Items):
        return _items(left, right)
    if isinstance(left, Entries) or isinstance(right, Entries):
        return _entries(left, right)
    if isinstance(left, FieldOf) or isinstance(right, FieldOf):
        return _part(left, right)
    return left if same(left, right) else choice((left, right))


def _part(left: Content, right: Content) -> Content:
    if left == right or not isinstance(left, FieldOf) or not isinstance(right, FieldOf):
        return right
    both = (left.value, right.value)
    found = tuple(dict.fromkeys(option for value in both for option in value or ()))
    if all(isinstance(option, str) for option in found):
        return FieldOf(found if all(both) else ())
    return FieldOf((*found, None))


def _items(left: Content, right: Content) -> Content:
    if not isinstance(left, Items) or not isinstance(right, Items):
        return right
    if len(left.items) == len(right.items) and left.open == right.open:
        pairs = zip(left.items, right.items, strict=True)
        if all(same(value, other) for value, other in pairs):
            return left
    if len(left.items) * len(right.items) > _MOST_PAIRS:
        data = all(is_data(item) for item in (*left.items, *right.items))
        return Items((PLAIN,) if data else (), True, data)
    items = list(left.items)
    for item in right.items:
        if not any(same(item, other) for other in items):
            items.append(item)
    alike = (left.alike or not left.open) and (right.alike or not right.open)
    return Items(tuple(items), True, alike)


def _entries(left: Content, right: Content) -> Content:
    if not isinstance(left, Entries) or not isinstance(right, Entries):
        return right
    entries = dict(left.items)
    for key, value in right.items.items():
        entries[key] = choice((entries[key], value)) if key in entries else value
    whole = left.items.keys() == right.items.keys() and not left.open and not right.open
    data = (left.data or not left.open) and (right.data or not right.open)
    return Entries(entries, not whole, left.fallback, data and not whole)


def differs(left: Content, right: Content) -> bool:
    """Tell whether two contents may say different things."""
    if left is right:
        return False
    if isinstance(left, Items) and isinstance(right, Items):
        if len(left.items) != len(right.items) or left.open != right.open:
            return True
        pairs = zip(left.items, right.items, strict=True)
        return not all(same(value, other) for value, other in pairs)
    if isinstance(left, FieldOf) or isinstance(right, FieldOf):
        return left != right
    if isinstance(left, Items | Entries | Absent) or isinstance(right, Items | Entries | Absent):
        return True
    return not same(left, right)
