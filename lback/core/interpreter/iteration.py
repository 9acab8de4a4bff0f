"""Iteration and comprehensions: the items that a value gives, known or not."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from lback.core.interpreter.choices import (
    decide,
    distinct,
    is_constant,
    is_data,
    key_of,
    list_of,
    members,
    same,
    shuffled,
)  # fmt: skip
from lback.core.interpreter.classes import enum_members, is_enum, special
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.flow import branch, each_option, perhaps, rounds, throw
from lback.core.interpreter.folding import fold
from lback.core.interpreter.functions import run
from lback.core.interpreter.library.catalogue import is_pure
from lback.core.interpreter.library.python_objects import truth
from lback.core.interpreter.machine import MOST_ITEMS, Machine
from lback.core.interpreter.modules import MISSING
from lback.core.interpreter.objects import compared
from lback.core.interpreter.schema import (
    SCHEMA_VALUES,
    BaseV,
    ExprV,
    Handle,
    MetaDataV,
    Row,
    Rows,
    TableV,
)  # fmt: skip
from lback.core.interpreter.targets import assign
from lback.core.interpreter.values import (
    PLAIN,
    UNKNOWN_TEXT,
    Arguments,
    Bound,
    Choice,
    Dialect,
    Entries,
    Frame,
    Func,
    Globals,
    Instance,
    Items,
    Klass,
    Lazy,
    Map,
    Method,
    Module,
    Name,
    Names,
    Opaque,
    Operation,
    Plain,
    Seq,
    Stack,
    Super,
    Test,
    Text,
    Value,
    assert_never,
)  # fmt: skip  # fmt: skip

Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


# -- comprehensions ----------------------------------------------------------------

Body = Callable[[Value], None]
MOST_COMPARED = 600


def comprehension(machine: Machine, node: Comprehension, frame: Frame) -> Value:
    """Evaluate a comprehension."""
    if isinstance(node, ast.GeneratorExp):
        # What it walks through is looked up now, all the rest when somebody walks.
        first = Arguments([machine.evaluate(node.generators[0].iter, frame)])
        return Lazy("expression", arguments=first, node=node, frame=frame)
    start, items, state, shuffles = machine.path, list[Value](), [False], machine.shuffles
    target = Map(Entries({}))

    def one(item: Value) -> None:
        sure = machine.path == start
        state[0] = state[0] or not sure
        if isinstance(node, ast.DictComp) and isinstance(item, Seq):
            key = key_of(item.content.items[0])
            held = dict(target.content.items)
            data = target.content.data or not target.content.open
            if isinstance(key, Plain):
                state[0] = True
                data = data and is_data(item)
            else:
                held[key] = item.content.items[1]
            target.content = Entries(held, state[0], data=data)
        elif not (state[0] and any(same(item, other) for other in items[:MOST_COMPARED])):
            items.append(item)

    generate(machine, node, frame, one)
    if isinstance(node, ast.DictComp):
        mixed = machine.shuffles != shuffles
        data = target.content.data or (mixed and not state[0] and is_data(target))
        target.content = Entries(target.content.items, state[0] or mixed, data=data)
        return target
    if len(items) > MOST_ITEMS:
        return list_of([], open=True)
    if isinstance(node, ast.SetComp):
        return Seq(distinct(Items(tuple(items), state[0], state[0])), "set")
    open_ = state[0] or machine.shuffles != shuffles
    return Seq(Items(tuple(items), open_, open_))


def generate(
    machine: Machine, node: Comprehension, frame: Frame, body: Body, given: Arguments | None = None
) -> None:
    """Run the loops and conditions of a comprehension, and `body` for each item."""
    inner = Frame(frame.scope, Names(), frame, owner=frame.owner, receiver=frame.receiver)
    if frame.is_module and frame.scope.names is not frame.names:
        inner.closure = frame
    _generate(machine, node, list(node.generators), inner, body, given)


def _generate(
    machine: Machine,
    node: Comprehension,
    loops: list[ast.comprehension],
    frame: Frame,
    body: Body,
    given: Arguments | None = None,
) -> None:
    if not loops:
        if isinstance(node, ast.DictComp):
            key, value = machine.evaluate(node.key, frame), machine.evaluate(node.value, frame)
            body(Seq(Items((key, value)), "tuple"))
        else:
            body(machine.evaluate(node.elt, frame))
        return
    first, rest = loops[0], loops[1:]

    def one(item: Value) -> None:
        machine.step()
        assign(machine, first.target, item, frame)
        _tested(
            machine, list(first.ifs), frame, lambda: _generate(machine, node, rest, frame, body)
        )

    machine.walk(given.positional[0] if given else machine.evaluate(first.iter, frame), one)


def _tested(
    machine: Machine, tests: list[ast.expr], frame: Frame, body: Callable[[], None]
) -> None:
    if not tests:
        body()
        return
    test = machine.test(tests[0], frame)
    branch(machine, test, lambda: _tested(machine, tests[1:], frame, body))


_MOST_ROUNDS = 600


def walk(machine: Machine, value: Value, body: Body) -> Discharge:  # noqa: PLR0912
    """Run `body` for each item of a value, as often as there may be items."""
    if isinstance(value, Seq | Map):
        return _of_container(machine, value, body)
    if isinstance(value, str) and len(value) <= _MOST_ROUNDS:
        return _known(machine, list(value), body)
    if isinstance(value, Lazy):
        begun = bool(value.spent.content.items)
        machine.state.fill(value.spent, [True], open=False)
        if begun:  # what was taken of it before does not come again
            perhaps(machine, lambda: _void(consume(machine, value, body)))
            return followed(None)
        return consume(machine, value, body)
    if isinstance(value, Choice):
        each_option(machine, value, lambda item: _void(walk(machine, item, body)))
        return followed(None)
    if isinstance(value, Klass):
        if is_enum(value):
            return _known(machine, enum_members(machine, value), body)
        return _strange(machine, "a class", body)
    if isinstance(value, Instance):
        return _of_instance(machine, value, body)
    if isinstance(value, Rows | Handle):
        return _alike(machine, Row(value.tables, value.whole), body)
    if isinstance(value, Row):
        return _alike(machine, Row((), True) if value.whole else PLAIN, body)
    if isinstance(value, Text):
        return _alike(machine, UNKNOWN_TEXT, body)
    if isinstance(value, Method):
        return _of_method(machine, value, body)
    if isinstance(value, Name):
        if is_pure(value.path):
            return _alike(machine, PLAIN, body)
        return _strange(machine, value.path, body)
    if isinstance(value, int | float | complex):
        throw(machine)
        return pure("a number, which has no items", None)
    if isinstance(value, Plain | Test | Dialect | str | bytes):
        return _alike(machine, PLAIN, body)
    if isinstance(value, SCHEMA_VALUES):
        return _alike(machine, PLAIN, body)
    if isinstance(value, Globals):
        return _alike(machine, UNKNOWN_TEXT, body)
    if isinstance(value, type(None) | type(...)):
        return pure("nothing to walk", None)
    if isinstance(value, Opaque | Func | Bound | Super | Module | Stack | Operation):
        return _strange(machine, "something", body)
    assert_never(value)


def _void(_: Discharge) -> None:
    pass


def _strange(machine: Machine, what: str, body: Body) -> Discharge:
    doubt = unknown(machine, f"walks through {what} that is not in the text")
    rounds(machine, [Opaque()], body)
    return doubt


def _known(machine: Machine, items: Sequence[Value], body: Body) -> Discharge:
    if len(items) > _MOST_ROUNDS:
        rounds(machine, [Opaque()], body)
        return unknown(machine, "a loop with more rounds than are followed")
    for item in items:
        if machine.dead:
            break
        body(item)
    return pure("the items of a list", None)


def _of_items(machine: Machine, value: Seq | Map, body: Body) -> Discharge:
    """Take each item; a list that changes meanwhile gives what it holds by then."""
    items = members(value)
    if len(items) > _MOST_ROUNDS:
        return _known(machine, items, body)
    for item in items:
        if machine.dead:
            break
        body(item)
        if not machine.dead and members(value) != items:
            held = Items((*items, *members(value)), True)
            if isinstance(value, Seq) and value.kind in ("list", "deque"):
                return _of_container(machine, Seq(held), body)
            throw(machine)
    return pure("the items of a list", None)


def _alike(machine: Machine, element: Value, body: Body) -> Discharge:
    rounds(machine, [element], body)
    return pure("items of data", None)


def _of_iterator(machine: Machine, value: Seq, body: Body) -> Discharge:
    """Take one item after the other: those that were taken do not come again."""
    for _ in range(_MOST_ROUNDS):
        items = value.content.items
        if machine.dead or value.content.open or not items:
            break
        machine.state.fill(value, items[1:], open=False)
        body(items[0])
    left = value.content
    if machine.dead or not (left.open or left.items):
        return pure("the items of a list", None)
    content = Items(left.items, True, left.alike or not left.open)
    found = _of_container(machine, Seq(content), body)
    machine.state.fill(value, content.items, open=True, alike=content.alike)
    return found


def _of_container(machine: Machine, value: Seq | Map, body: Body) -> Discharge:
    if isinstance(value, Seq) and value.kind == "iterator":
        return _of_iterator(machine, value, body)
    machine.shuffles += shuffled(value)
    items = members(value)
    content = value.content
    if not content.open:
        return _of_items(machine, value, body)
    elements = items if len(items) <= _MOST_ROUNDS else []
    if isinstance(content, Items):
        alike = content.alike and bool(elements)
    else:
        alike = content.data
        elements = [*elements, PLAIN] if alike else elements
    if not alike:
        elements = [*elements, Opaque()]
    rounds(machine, elements, body)
    return pure("the items of a list", None)


def _of_instance(machine: Machine, value: Instance, body: Body) -> Discharge:
    method = special(machine, value, "__iter__")
    if method is MISSING or isinstance(method, Opaque):
        return _strange(machine, f"an object of {value.of.node.name}", body)
    walked = machine.call(method)
    if isinstance(walked, Instance):
        following = special(machine, walked, "__next__")
        if following is MISSING:
            return _strange(machine, f"an object of {walked.of.node.name}", body)
        rounds(machine, [None], lambda _: body(machine.call(following)))
        return followed(None)
    return walk(machine, walked, body)


def _of_method(machine: Machine, value: Method, body: Body) -> Discharge:
    owner = value.owner
    if isinstance(owner, TableV) and value.name in ("c", "columns"):
        return _alike(machine, ExprV("", (), owner.names), body)
    if isinstance(owner, MetaDataV | BaseV) and value.name in ("sorted_tables", "tables"):
        metadata = owner.metadata if isinstance(owner, BaseV) else owner
        if metadata.known and metadata.tables:
            return _known(machine, list(metadata.tables), body)
        return _alike(machine, TableV(()), body)
    if isinstance(owner, Row):
        return _alike(machine, PLAIN if not owner.whole else Row((), True), body)
    if is_data(owner) or isinstance(owner, SCHEMA_VALUES):
        return _alike(machine, PLAIN, body)
    return _strange(machine, f"the attribute {value.name}", body)


# -- what runs only when it is walked ----------------------------------------------


def consume(machine: Machine, value: Lazy, body: Body) -> Discharge:
    """Run what was made and waits: a generator, a `map`, a generator expression."""
    if value.kind == "expression" and value.node is not None and value.frame is not None:
        generate(machine, value.node, value.frame, body, value.arguments)
        return followed(None)
    arguments = value.arguments or Arguments()
    if value.kind in ("map", "filter"):
        return _mapped(machine, value, arguments, body)
    if isinstance(value.function, Func):

        def given(item: Value) -> Value:
            body(item)
            return PLAIN

        return run(machine, value.function, arguments, given)
    return _strange(machine, "something", body)


def _mapped(machine: Machine, value: Lazy, arguments: Arguments, body: Body) -> Discharge:
    def one(item: Value) -> None:
        if value.kind == "map":
            body(machine.call(value.function, item))
            return
        kept = item if value.function is None else machine.call(value.function, item)
        branch(machine, decide(truth(machine, kept)), lambda: body(item))

    walked = arguments.positional
    if len(walked) == 1:
        return walk(machine, walked[0], one)
    columns = [collect(machine, given) for given in walked]
    if any(column.open for column in columns):
        rounds(machine, [Opaque()], one)
        return unknown(machine, "map() over lists that are not in the text")
    for row in zip(*(column.items for column in columns), strict=False):
        body(machine.call_with(value.function, Arguments(list(row))).value)
    return followed(None)


def collect(machine: Machine, value: Value, *, ordered: bool = True) -> Items:
    """Return the items that a value gives once it is walked to its end, in their order."""
    if isinstance(value, Seq):
        content = value.content
        if value.kind == "iterator" and not content.open:
            machine.state.fill(value, [], open=False)
        mixed = ordered and shuffled(value)
        return Items(content.items, True, content.alike or not content.open) if mixed else content
    start, items, open_ = machine.path, list[Value](), [False]
    shuffles = machine.shuffles

    def one(item: Value) -> None:
        open_[0] = open_[0] or machine.path != start
        if not (open_[0] and any(same(item, other) for other in items[:_MOST_ROUNDS])):
            items.append(item)

    discharge = walk(machine, value, one)
    if discharge.by == "unknown":
        return Items((), True)
    if len(items) > MOST_ITEMS:
        return Items((), True)
    if ordered and machine.shuffles != shuffles and len(items) > 1:
        open_[0] = True
    return Items(tuple(items), open_[0], alike=open_[0] and bool(items))


def in_order(machine: Machine, content: Items, arguments: Arguments) -> list[Value] | None:
    """Return items as Python sorts them; None where that is not known."""
    keys = compared(machine, content.items, arguments.keywords.get("key"))
    reverse = arguments.keywords.get("reverse", False)
    if content.open or not is_constant(reverse) or set(arguments.keywords) - {"key", "reverse"}:
        return None
    order = fold(machine, _places_in_order, list_of(keys), reverse)
    if not isinstance(order, Seq):
        return None
    return [content.items[place] for place in order.content.items if isinstance(place, int)]


def _places_in_order(keys: list[Any], reverse: Any) -> list[int]:
    return sorted(range(len(keys)), key=lambda place: keys[place], reverse=reverse)
