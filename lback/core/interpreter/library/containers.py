"""Methods of lists, sets and dicts."""

from __future__ import annotations

from dataclasses import replace

from lback.core.interpreter.choices import choice, is_data, key_of, key_value, same, tuple_of
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.items import by_dialect, item
from lback.core.interpreter.iteration import collect
from lback.core.interpreter.machine import MOST_ITEMS, Machine
from lback.core.interpreter.objects import compared
from lback.core.interpreter.values import (
    ANY,
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


def seq_method(machine: Machine, owner: Seq, name: str, arguments: Arguments) -> Discharge:  # noqa: PLR0912
    """Follow a method of a list, a set or a tuple."""
    content = owner.content
    items = list(content.items)
    first = arguments.get(0, "object", PLAIN)
    if name in ("append", "add", "appendleft"):
        if not (content.open and any(same(first, item) for item in items)):
            items.insert(0 if name == "appendleft" else len(items), first)
        alike = content.alike and len(items) == len(content.items)
        if len(items) > MOST_ITEMS:
            return _opened(machine, owner, [])
        machine.state.fill(owner, items, open=content.open, alike=alike or content.alike)
        return pure(_RULE, None)
    if name == "insert":
        place = first if isinstance(first, int) and not content.open else len(items)
        items.insert(place, arguments.get(1, "object", PLAIN))
        machine.state.fill(owner, items, open=content.open, alike=content.alike)
        return pure(_RULE, None)
    if name in ("extend", "update", "extendleft"):
        others = [collect(machine, one) for one in arguments.positional]
        return _extended(machine, owner, others, left=name == "extendleft")
    if name in ("pop", "popleft"):
        return _popped(machine, owner, name, arguments)
    if name in ("remove", "discard"):
        compared(machine, [first, *items])
        at = next((place for place, item in enumerate(items) if same(item, first)), None)
        exact = at is not None and not content.open
        if at is not None and exact:
            del items[at]
        machine.state.fill(owner, items, open=not exact, alike=not exact)
        return pure(_RULE, None)
    if name == "clear":
        machine.state.fill(owner, [], open=False)
        return pure(_RULE, None)
    if name == "reverse":
        machine.state.fill(owner, items[::-1], open=content.open, alike=content.alike)
        return pure(_RULE, None)
    if name == "sort":
        alike = content.alike or not content.open
        compared(machine, items, arguments.keywords.get("key"))
        texts = [item for item in items if isinstance(item, str)]
        if len(texts) == len(items) and not content.open and not arguments.keywords:
            machine.state.fill(owner, sorted(texts), open=False)
        else:
            machine.state.fill(owner, items, open=True, alike=alike)
        return pure(_RULE, None)
    if name == "copy":
        return pure(_RULE, Seq(content, owner.kind))
    return _of_set(machine, owner, name, arguments)


def _of_set(machine: Machine, owner: Seq, name: str, arguments: Arguments) -> Discharge:
    content = owner.content
    others = [collect(machine, one) for one in arguments.positional]
    if name == "union":
        items = [*content.items, *(item for other in others for item in other.items)]
        open_ = content.open or any(other.open for other in others)
        return pure(_RULE, Seq(Items(tuple(items), open_), "set"))
    if name in ("difference", "intersection", "symmetric_difference"):
        alike = content.alike or not content.open
        return pure(_RULE, Seq(Items(content.items, True, alike), "set"))
    if name in ("difference_update", "intersection_update", "symmetric_difference_update"):
        machine.state.fill(owner, content.items, open=True, alike=not content.open)
        return pure(_RULE, None)
    compared(machine, [*content.items, *arguments.positional])
    if name in ("index", "count"):
        return pure(_RULE, PLAIN)
    if name in ("issubset", "issuperset", "isdisjoint", "__contains__"):
        return pure(_RULE, ANY)
    if name in ("__iter__", "__len__"):
        return pure(_RULE, owner)
    alike = name == "rotate" and (content.alike or not content.open)
    machine.state.fill(owner, content.items, open=True, alike=alike)
    return pure(_RULE, None) if alike else unknown(machine, f"a list has no method {name}()")


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
    machine.state.fill(owner, items, open=open_, alike=open_ and alike)
    return pure(_RULE, None)


def _popped(machine: Machine, owner: Seq, name: str, arguments: Arguments) -> Discharge:
    content = owner.content
    items = list(content.items)
    place = arguments.get(0, "index", 0 if name == "popleft" else -1)
    known = isinstance(place, int) and not content.open and -len(items) <= place < len(items)
    if known and isinstance(place, int) and owner.kind == "list":
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
    data = content.open and content.data
    rest: list[Value] = [PLAIN] if data else []
    if name == "items":
        rows = [tuple_of([key_value(k), v]) for k, v in content.items.items()]
        rows += [tuple_of([PLAIN, one]) for one in rest]
        return pure(rule, Seq(Items(tuple(rows), content.open, data)))
    if name == "keys":
        keys = [*(key_value(item) for item in content.items), *rest]
        return pure(rule, Seq(Items(tuple(keys), content.open, data)))
    if name == "values":
        return pure(rule, Seq(Items((*content.items.values(), *rest), content.open, data)))
    if name in ("get", "pop", "setdefault"):
        return pure(rule, _get(machine, owner, name, arguments))
    if name == "__getitem__":
        return item(machine, owner, arguments.get(0, "key", PLAIN))
    if name == "copy":
        return pure(rule, Map(content))
    if name == "clear":
        machine.state.fill_map(owner, {}, open=False)
        return pure(rule, None)
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


def _updated(machine: Machine, owner: Map, arguments: Arguments) -> Discharge:
    items = dict(owner.content.items)
    open_ = owner.content.open or arguments.open
    data = (owner.content.data or not owner.content.open) and not arguments.open
    for one in arguments.positional:
        if isinstance(one, Map):
            items.update(one.content.items)
            open_ = open_ or one.content.open
            data = data and (one.content.data or not one.content.open)
            continue
        if isinstance(one, Plain):
            open_ = True
            continue
        content = collect(machine, one)
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
            left = {one: held for one, held in content.items.items() if one != key}
            machine.state.fill_map(owner, left, open=content.open, data=content.data)
        return value if not content.open else choice([value, default])
    if name == "setdefault":
        items = {**content.items, key: default}
        machine.state.fill_map(owner, items, open=content.open, data=content.data)
    return choice([default, *other])


def copied(value: Value, *, deep: bool, seen: dict[int, Value] | None = None) -> Value:
    """Return a copy of a container or object, so that a change of one is none of the other."""
    seen = {} if seen is None else seen
    if id(value) in seen:
        return seen[id(value)]

    def inner(one: Value) -> Value:
        return copied(one, deep=True, seen=seen) if deep else one

    if isinstance(value, Seq):
        made = seen[id(value)] = Seq(value.content, value.kind)
        made.content = replace(value.content, items=tuple(map(inner, value.content.items)))
        return made
    if isinstance(value, Map):
        held = seen[id(value)] = Map(value.content)
        items = {key: inner(one) for key, one in value.content.items.items()}
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
