"""Call expressions: what is called, and with what."""

from __future__ import annotations

import ast
from collections.abc import Callable

from lback.core.interpreter.choices import (
    choice,
    distinct,
    is_data,
    key_of,
    options,
    shuffled,
    unhashable,
)  # fmt: skip
from lback.core.interpreter.classes import special
from lback.core.interpreter.discharge import Discharge, pure, unknown
from lback.core.interpreter.flow import of_each, throw
from lback.core.interpreter.functions import make, run
from lback.core.interpreter.items import cut
from lback.core.interpreter.iteration import collect, comprehension
from lback.core.interpreter.library.python_objects import text_of_value
from lback.core.interpreter.logic import boolean, comparison, if_expression, unary
from lback.core.interpreter.machine import MOST_ITEMS, Machine
from lback.core.interpreter.modules import MISSING, force, name_value
from lback.core.interpreter.objects import TELLS, touched
from lback.core.interpreter.operators import operate
from lback.core.interpreter.schema import ColumnV, ExprV
from lback.core.interpreter.targets import assign
from lback.core.interpreter.text import laid_out, text_of
from lback.core.interpreter.values import (
    PLAIN,
    UNKNOWN_TEXT,
    Arguments,
    Bound,
    Choice,
    Entries,
    Frame,
    Func,
    Globals,
    Instance,
    Items,
    Key,
    Lazy,
    Map,
    Name,
    Opaque,
    Plain,
    Seq,
    Super,
    Text,
    Value,
)  # fmt: skip  # fmt: skip


def call_expression(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """Evaluate a call."""
    if not isinstance(node, ast.Call):
        return PLAIN
    callee = machine.evaluate(node.func, frame)
    if isinstance(node.func, ast.Name) and node.func.id in ("super", "locals", "globals", "vars"):
        callee = bound_to_frame(node.func.id, callee, frame)
    arguments, spread = read_arguments(machine, node, frame)
    machine.at(node, frame)
    value = _call_each(machine, callee, arguments, spread)
    machine.at(node, frame)
    return value


def _call_each(machine: Machine, callee: Value, given: Arguments, spread: list[Value]) -> Value:
    """Call with each of the dicts that may be spread into the arguments: `f(**(a if x else b))`."""
    if not spread:
        return machine.call_with(callee, given).value

    def one(option: Value) -> Value:
        items = option.content.items if isinstance(option, Map) else {}
        keywords = {key: value for key, value in items.items() if isinstance(key, str)}
        arguments = Arguments(list(given.positional), {**given.keywords, **keywords}, given.open)
        return _call_each(machine, callee, arguments, spread[1:])

    return of_each(machine, spread[0], one)


def bound_to_frame(name: str, callee: Value, frame: Frame) -> Value:
    """Return what super() and globals() give in a frame, as a callable."""
    if callee != Name(f"builtins.{name}"):
        return callee
    if name == "super":
        return Bound(callee, (Super(frame.owner, frame.receiver),)) if frame.owner else callee
    return Bound(callee, (Globals(frame.scope),))


def read_arguments(machine: Machine, node: ast.Call, frame: Frame) -> tuple[Arguments, list[Value]]:
    """Evaluate the arguments of a call, and what may be one of several dicts of them."""
    arguments, spread = Arguments(), list[Value]()
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            value = machine.evaluate(argument.value, frame)
            content = collect(machine, value)
            any_ = [choice(content.items)] * len(content.items) if shuffled(value) else None
            arguments.positional.extend(any_ or content.items)
            arguments.open = arguments.open or content.open
        else:
            arguments.positional.append(machine.evaluate(argument, frame))
    for keyword in node.keywords:
        value = machine.evaluate(keyword.value, frame)
        if keyword.arg is not None:
            arguments.keywords[keyword.arg] = value
            continue
        closed = all(
            isinstance(option, Map) and not option.content.open for option in options(value)
        )
        if closed and isinstance(value, Choice):
            spread.append(value)
        elif isinstance(value, Map):
            items = value.content.items
            arguments.keywords.update({k: v for k, v in items.items() if isinstance(k, str)})
            arguments.open = arguments.open or value.content.open
        else:
            arguments.open = True
    return arguments, spread


def evaluate(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """Return what is known about the value of an expression; records effects on the way."""
    machine.step()
    handler = _HANDLERS.get(type(node))
    if handler is None:
        return unknown(
            machine, f"{type(node).__name__} is not a kind of expression that is read"
        ).value
    value = handler(machine, node, frame)
    return force(machine, value) if isinstance(value, Name | Choice) else value


def _constant(_: Machine, node: ast.expr, __: Frame) -> Value:
    return node.value if isinstance(node, ast.Constant) else PLAIN


def _name(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    return name_value(machine, node.id, frame) if isinstance(node, ast.Name) else PLAIN


def _attribute(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    if not isinstance(node, ast.Attribute):
        return PLAIN
    owner = evaluate(machine, node.value, frame)
    if isinstance(owner, Instance):
        machine.at(node, frame)
    return machine.attribute(owner, node.attr)


def _sequence(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    elements = node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else []
    items: list[Value] = []
    open_, alike = False, True
    for element in elements:
        if isinstance(element, ast.Starred):
            value = evaluate(machine, element.value, frame)
            content = collect(machine, value, ordered=not isinstance(node, ast.Set))
            items.extend(content.items)
            open_ = open_ or content.open
            alike = alike and (content.alike or not content.open)
        else:
            items.append(evaluate(machine, element, frame))
    if len(items) > MOST_ITEMS:
        return Seq(Items((), True))
    # What another module leaves empty others may have filled by now.
    filled = machine.loading > 0 and not items and not isinstance(node, ast.Tuple)
    content = Items(tuple(items), open_ or filled, open_ and alike)
    if isinstance(node, ast.Tuple):
        return Seq(content, "tuple")
    if isinstance(node, ast.Set) and any(map(unhashable, items)):
        throw(machine)
    return Seq(distinct(content), "set") if isinstance(node, ast.Set) else Seq(content)


def _dict(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    entries: dict[Key, Value] = {}
    open_, data = False, True
    pairs = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
    for key, value in pairs:
        if key is None:
            inner = evaluate(machine, value, frame)
            if isinstance(inner, Map):
                entries.update(inner.content.items)
                open_ = open_ or inner.content.open
                data = data and (inner.content.data or not inner.content.open)
            else:
                open_, data = True, data and is_data(inner)
            continue
        name = evaluate(machine, key, frame)
        if isinstance(name, ExprV) and name.column is not None:
            name = name.column
        elif isinstance(name, ColumnV) and name.known is not None:
            name = name.known
        if unhashable(name):
            throw(machine)
        known = key_of(name)
        inner = evaluate(machine, value, frame)
        if isinstance(known, Plain):
            open_, data = True, data and is_data(inner)
        else:
            entries[known] = inner
    if len(entries) > MOST_ITEMS:
        return Map(Entries({}, True))
    filled = machine.loading > 0 and not entries
    return Map(Entries(entries, open_ or filled, data=open_ and data and not filled))


def _joined(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    parts: list[str | None] = []
    for part in node.values if isinstance(node, ast.JoinedStr) else ():
        if isinstance(part, ast.FormattedValue):
            value = evaluate(machine, part.value, frame)
            spec: Value = ""
            if part.format_spec is not None:
                spec = evaluate(machine, part.format_spec, frame)
            conversion = chr(part.conversion) if part.conversion >= 0 else ""
            if isinstance(value, Instance) and spec == "" and conversion in ("", "s"):
                parts.extend(text_of_value(machine, value))
            else:
                touched(machine, [value], TELLS)
                parts.extend(laid_out(machine, value, spec, conversion))
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            parts.append(part.value)
        else:
            parts.append(None)
    return text_of(machine, parts)


def _formatted(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    if isinstance(node, ast.FormattedValue):
        evaluate(machine, node.value, frame)
    return UNKNOWN_TEXT


def _binary(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    if not isinstance(node, ast.BinOp):
        return PLAIN
    # A sum of a thousand texts is a thousand levels deep.
    chain: list[ast.BinOp] = [node]
    while isinstance(chain[-1].left, ast.BinOp):
        chain.append(chain[-1].left)
    value = evaluate(machine, chain[-1].left, frame)
    for bin_op in reversed(chain):
        machine.step()
        right = evaluate(machine, bin_op.right, frame)
        value = operate(machine, bin_op.op, value, right).value
    return value


def _subscript(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    if not isinstance(node, ast.Subscript):
        return PLAIN
    value = evaluate(machine, node.value, frame)
    machine.at(node, frame)
    if isinstance(node.slice, ast.Slice):
        bounds = (node.slice.lower, node.slice.upper, node.slice.step)
        values = [None if bound is None else evaluate(machine, bound, frame) for bound in bounds]
        return cut(machine, value, values)
    return machine.item(value, evaluate(machine, node.slice, frame))


def _slice(_: Machine, __: ast.expr, ___: Frame) -> Value:
    return PLAIN


def _lambda(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    return make(machine, node, frame) if isinstance(node, ast.Lambda) else PLAIN


def _comprehension(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        return comprehension(machine, node, frame)
    return PLAIN


def _starred(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    return evaluate(machine, node.value, frame) if isinstance(node, ast.Starred) else PLAIN


def _walrus(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    if not isinstance(node, ast.NamedExpr):
        return PLAIN
    value = evaluate(machine, node.value, frame)
    assign(machine, node.target, value, frame)
    return value


def _await(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    if not isinstance(node, ast.Await):
        return PLAIN
    return awaited(machine, evaluate(machine, node.value, frame)).value


def awaited(machine: Machine, value: Value) -> Discharge:
    """Run a coroutine."""
    if isinstance(value, Lazy) and value.kind == "coroutine" and isinstance(value.function, Func):
        return run(machine, value.function, value.arguments or Arguments())
    if isinstance(value, Instance):
        method = special(machine, value, "__await__")
        if method is not MISSING:
            return machine.walk(machine.call(method), lambda _: None)
    # What a library's call gave was judged when it was called.
    return pure("the value of what is awaited", value)


def _yield(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    value = (
        evaluate(machine, node.value, frame) if isinstance(node, ast.Yield) and node.value else None
    )
    on_yield = machine.ends_of(frame).on_yield
    return on_yield(value) if on_yield is not None else Opaque()


def _yield_from(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    if not isinstance(node, ast.YieldFrom):
        return PLAIN
    value = evaluate(machine, node.value, frame)
    on_yield = machine.ends_of(frame).on_yield

    def one(item: Value) -> None:
        if on_yield is not None:
            on_yield(item)

    machine.walk(value, one)
    return Opaque()


def _template(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            evaluate(machine, child, frame)
    return Text((None,))


_HANDLERS: dict[type[ast.AST], Callable[[Machine, ast.expr, Frame], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: call_expression,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.JoinedStr: _joined,
    ast.FormattedValue: _formatted,
    ast.BinOp: _binary,
    ast.UnaryOp: unary,
    ast.BoolOp: boolean,
    ast.Compare: comparison,
    ast.IfExp: if_expression,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.Lambda: _lambda,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.Starred: _starred,
    ast.NamedExpr: _walrus,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
}
if hasattr(ast, "TemplateStr"):
    _HANDLERS[ast.TemplateStr] = _template
