"""Methods of lists, sets and dicts."""

from __future__ import annotations

from dataclasses import replace

from lback.core.interpreter.choices import (
    choice,
    distinct,
    is_constant,
    is_data,
    key_of,
    key_value,
    list_of,
    same,
    shuffled,
    tuple_of,
)  # fmt: skip
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.flow import throw
from lback.core.interpreter.folding import UNREAD, fold
from lback.core.interpreter.items import by_dialect, item
from lback.core.interpreter.iteration import collect, in_order
from lback.core.interpreter.machine import MOST_ITEMS, Machine
from lback.core.interpreter.objects import compared
from lback.core.interpreter.values import (
    ANY,
    MUTABLE,
    PLAIN,
    Arguments,
    Choice,
    Dialect,
    Instance,
    Items,
    Map,
    Names,
    Opaque,
    Plain,
    Seq,
    Value,
)  # fmt: skip

_RULE = "a method of a list"


def seq_method(machine: Machine, owner: Seq, name: str, arguments: Arguments) -> Discharge:
    """Follow a method of a list, a set or a tuple."""
    content = owner.content
    items = list(content.items)
    first = arguments.get(0, "object", PLAIN)
    if name in _CHANGES and (owner.kind not in MUTABLE or arguments.open):
        return unknown(machine, f"{name}() of what is no list")
    if name in ("append", "add", "appendleft"):
        if not (content.open and any(same(first, item) for item in items)):
            items.insert(0 if name == "appendleft" else len(items), first)
        if len(items) > MOST_ITEMS:
            return _opened(machine, owner, [])
        return _filled(machine, owner, Items(tuple(items), content.open, content.alike))
    if name == "insert":
        known = isinstance(first, int) and not content.open
        place = first if isinstance(first, int) and known else len(items)
        items.insert(place, arguments.get(1, "object", PLAIN))
        alike = content.alike or not content.open
        return _filled(machine, owner, Items(tuple(items), not known, alike and not known))
    if name in ("extend", "update", "extendleft"):
        ordered = owner.kind != "set"
        others = [collect(machine, value, ordered=ordered) for value in arguments.positional]
        return _extended(machine, owner, others, left=name == "extendleft")
    if name in ("pop", "popleft"):
        return _popped(machine, owner, name, arguments)
    if name in ("remove", "discard"):
        compared(machine, [first, *items])
        return _removed(machine, owner, name, first)
    if name == "clear":
        return _filled(machine, owner, Items())
    if name == "reverse":
        return _filled(machine, owner, Items(content.items[::-1], content.open, content.alike))
    if name == "sort":
        found = in_order(machine, content, arguments)
        alike = content.alike or not content.open
        kept = Items(content.items, True, alike)
        return _filled(machine, owner, kept if found is None else Items(tuple(found)))
    if name == "copy":
        return pure(_RULE, Seq(content, owner.kind))
    return _of_set(machine, owner, name, arguments)


_CHANGES = frozenset(
    """append add appendleft insert extend update extendleft pop popleft remove discard clear
    reverse sort difference_update intersection_update symmetric_difference_update rotate
    """.split()  # noqa: SIM905
)


def _filled(machine: Machine, owner: Seq, content: Items) -> Discharge:
    if owner.kind == "set":
        content = distinct(content)
    machine.state.fill(owner, content.items, open=content.open, alike=content.alike)
    return pure(_RULE, None)


def _removed(machine: Machine, owner: Seq, name: str, item: Value) -> Discharge:
    content = owner.content
    items = list(content.items)
    if not content.open:
        held = list_of(items)
        count = fold(machine, lambda all_, value: all_.count(value), held, item)
        if count == 0 and name == "discard":
            return pure(_RULE, None)
        if count == 0:
            throw(machine)
            return pure(_RULE, None)
        at = fold(machine, lambda all_, value: all_.index(value), held, item) if count else UNREAD
        if isinstance(at, int):
            return _filled(machine, owner, Items((*items[:at], *items[at + 1 :])))
    alike = content.alike or not content.open
    machine.state.fill(owner, items, open=True, alike=alike)
    return pure(_RULE, None)


_ASKED = frozenset(
    """index count union difference intersection symmetric_difference issubset issuperset
    isdisjoint""".split()  # noqa: SIM905
)


def _of_set(machine: Machine, owner: Seq, name: str, arguments: Arguments) -> Discharge:
    content = owner.content
    apart = name in ("index", "count")
    given: list[Value] = [
        value if apart or isinstance(value, Seq | Map | str) else Seq(collect(machine, value))
        for value in arguments.positional
    ]
    asked = name.removesuffix("_update")
    if asked in _ASKED and not arguments.open:
        holder = tuple_of(content.items) if apart and not content.open else owner
        found = fold(machine, lambda value, *rest: getattr(value, asked)(*rest), holder, *given)
        if isinstance(found, Seq) and name.endswith("_update"):
            return _filled(machine, owner, found.content)
        if found is not UNREAD:
            return pure(_RULE, found)
    others = [entry.content for entry in given if isinstance(entry, Seq)]
    if len(others) < len(given):
        others.append(Items((), True))
    if asked in ("union", "symmetric_difference"):
        items = (*content.items, *(item for other in others for item in other.items))
        alike = all(entry.alike or not entry.open for entry in (content, *others))
        content = distinct(Items(items, True, alike))
    else:
        content = Items(content.items, True, content.alike or not content.open)
    if asked in ("union", "difference", "intersection", "symmetric_difference"):
        if name.endswith("_update"):
            return _filled(machine, owner, content)
        return pure(_RULE, Seq(content, "set"))
    compared(machine, [*content.items, *arguments.positional])
    if name in ("issubset", "issuperset", "isdisjoint", "__contains__"):
        return pure(_RULE, ANY)
    if name in ("index", "count", "__len__"):
        return pure(_RULE, PLAIN)
    if name == "__iter__":
        return pure(_RULE, owner)
    if name == "rotate":
        return _filled(machine, owner, content)
    machine.state.fill(owner, content.items, open=True)
    return unknown(machine, f"a list has no method {name}()")


def _opened(machine: Machine, owner: Seq, items: list[Value]) -> Discharge:
    machine.state.fill(owner, items, open=True)
    return pure(_RULE, None)


def _extended(machine: Machine, owner: Seq, others: list[Items], *, left: bool) -> Discharge:
    content = owner.content
    items, open_, alike = list(content.items), content.open, content.alike or not content.open
    for other in others:
        items = [*other.items[::-1], *items] if left else [*items, *other.items]
        open_ = open_ or other.open
        alike = alike and (other.alike or not other.open)
    if len(items) > MOST_ITEMS:
        return _opened(machine, owner, [])
    return _filled(machine, owner, Items(tuple(items), open_, open_ and alike))


def _popped(machine: Machine, owner: Seq, name: str, arguments: Arguments) -> Discharge:
    content = owner.content
    items = list(content.items)
    place = arguments.get(0, "index", 0 if name == "popleft" else -1)
    within = isinstance(place, int) and -len(items) <= place < len(items)
    if not content.open and is_constant(place) and not within:
        throw(machine)
        return pure(_RULE, PLAIN)
    known = isinstance(place, int) and not content.open and not shuffled(owner)
    if known and isinstance(place, int):
        value = items.pop(place)
        machine.state.fill(owner, items, open=False)
        return pure(_RULE, value)
    alike = content.alike or not content.open
    machine.state.fill(owner, items, open=True, alike=alike)
    return pure(_RULE, choice(items) if items and alike else Opaque())


def map_method(machine: Machine, owner: Map, name: str, arguments: Arguments) -> Discharge:
    """Follow a method of a dict."""
    content = owner.content
    rule = "a method of a dict"
    if name in ("items", "keys", "values"):
        return pure(rule, _view(machine, owner, name))
    if name in ("get", "pop", "setdefault"):
        return pure(rule, _get(machine, owner, name, arguments))
    if name == "__getitem__":
        return item(machine, owner, arguments.get(0, "key", PLAIN))
    if name == "copy":
        return pure(rule, Map(content, owner.kind))
    if name == "clear":
        machine.state.fill_map(owner, {}, open=False)
        return pure(rule, None)
    if name == "popitem" and not content.open and owner.kind == "dict":
        if not content.items:
            throw(machine)
            return pure(rule, PLAIN)
        *left, last = content.items.items()
        machine.state.fill_map(owner, dict(left), open=False)
        return pure(rule, tuple_of([key_value(last[0]), last[1]]))
    if name == "popitem":
        whole = content.data or not content.open
        machine.state.fill_map(owner, content.items, open=True, data=whole)
        pairs = [tuple_of([key_value(k), v]) for k, v in content.items.items()]
        return pure(rule, choice(pairs) if pairs and not content.open else Opaque())
    if name == "update":
        return _updated(machine, owner, arguments)
    if name == "__contains__":
        return pure(rule, ANY)
    machine.state.fill_map(owner, content.items, open=True)
    return unknown(machine, f"a dict has no method {name}()")


def _view(machine: Machine, owner: Map, name: str) -> Seq:
    """Return what a dict's items(), keys() or values() give, until the dict is changed."""
    content = owner.content
    data = content.open and content.data
    rows: list[Value] = [tuple_of([key_value(k), v]) for k, v in content.items.items()]
    if name == "keys":
        rows = [key_value(key) for key in content.items]
    elif name == "values":
        rows = list(content.items.values())
    if data:
        rows.append(tuple_of([PLAIN, PLAIN]) if name == "items" else PLAIN)
    view = owner.views.setdefault(name, Seq(Items(), "view"))
    machine.state.write(view, "", Items(tuple(rows), content.open, data))
    return view


def _updated(machine: Machine, owner: Map, arguments: Arguments) -> Discharge:
    items = dict(owner.content.items)
    open_ = owner.content.open or arguments.open
    data = (owner.content.data or not owner.content.open) and not arguments.open
    for argument in arguments.positional:
        if isinstance(argument, Map):
            items.update(argument.content.items)
            open_ = open_ or argument.content.open
            data = data and (argument.content.data or not argument.content.open)
            continue
        if isinstance(argument, Plain):
            open_ = True
            continue
        content = collect(machine, argument)
        open_ = open_ or content.open
        for pair in content.items:
            parts = pair.content.items if isinstance(pair, Seq) else ()
            key = key_of(parts[0]) if len(parts) == 2 else PLAIN
            if isinstance(key, Plain):
                open_, data = True, data and is_data(pair)
            else:
                items[key] = parts[1]
    items.update(arguments.keywords)
    machine.state.fill_map(owner, items, open=open_, data=data)
    return followed(None)


def _get(machine: Machine, owner: Map, name: str, arguments: Arguments) -> Value:
    given, default = arguments.get(0, "key", PLAIN), arguments.get(1, "default")
    content = owner.content
    if isinstance(given, Dialect):
        return by_dialect(machine, owner, default)
    key = key_of(given)
    other: list[Value] = [PLAIN if content.data else Opaque()] if content.open else []
    if isinstance(key, Plain):
        if name != "get":
            data = content.data or not content.open
            machine.state.fill_map(owner, content.items, open=True, data=data)
        if name == "setdefault" and is_data(default):
            machine.state.absorb(default)
            return choice([*content.items.values(), PLAIN, *other])
        return choice([*content.items.values(), default, *other])
    if key in content.items:
        value = content.items[key]
        if name == "pop":
            left = {entry: held for entry, held in content.items.items() if entry != key}
            machine.state.fill_map(owner, left, open=content.open, data=content.data)
        return value if not content.open else choice([value, default])
    if name == "pop" and not content.open and len(arguments.all()) < 2:
        throw(machine)
    if name == "setdefault":
        items = {**content.items, key: default}
        machine.state.fill_map(owner, items, open=content.open, data=content.data)
    return choice([default, *other])


def copied(value: Value, *, deep: bool, seen: dict[int, Value] | None = None) -> Value:
    """Return a copy of a container or object, so that a change of one is none of the other."""
    seen = {} if seen is None else seen
    if id(value) in seen:
        return seen[id(value)]

    def inner(value: Value) -> Value:
        return copied(value, deep=True, seen=seen) if deep else value

    if isinstance(value, Seq):
        made = seen[id(value)] = Seq(value.content, value.kind)
        made.content = replace(value.content, items=tuple(map(inner, value.content.items)))
        return made
    if isinstance(value, Map):
        held = seen[id(value)] = Map(value.content, value.kind)
        items = {key: inner(entry) for key, entry in value.content.items.items()}
        held.content = replace(value.content, items=items)
        return held
    if isinstance(value, Instance):
        other = seen[id(value)] = Instance(value.of, Names())
        other.fields.values.update({key: inner(v) for key, v in value.fields.values.items()})
        return other
    if isinstance(value, Choice):
        parts = (copied(option, deep=deep, seen=seen) for option in value.options)
        return Choice(tuple(parts), value.on)
    return value
