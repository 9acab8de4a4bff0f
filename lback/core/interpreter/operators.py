"""Operators on what is known: strings, lists, dicts, numbers, objects, SQL expressions."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from lback.core.interpreter.choices import distinct, is_data, options
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.flow import of_each
from lback.core.interpreter.folding import UNREAD, fold
from lback.core.interpreter.machine import MOST_ITEMS, MOST_OF_A_VALUE, Machine
from lback.core.interpreter.objects import (
    TELLS,
    declined,
    may_be_object,
    method_of,
    touched,
)
from lback.core.interpreter.schema import (
    SCHEMA_VALUES,
    ExprV,
    Row,
    Rows,
    SqlV,
    StatementV,
    TypeV,
    merged,
)  # fmt: skip
from lback.core.interpreter.schema_expressions import expression
from lback.core.interpreter.text import join, percent
from lback.core.interpreter.values import (
    PLAIN,
    UNKNOWN_TEXT,
    Entries,
    Instance,
    Items,
    Map,
    Opaque,
    PathText,
    Seq,
    Text,
    Value,
)  # fmt: skip

# Beyond this a power, or a shift, is not worked out.
_HIGHEST = 300
_METHODS: dict[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.BitOr: "or", ast.BitAnd: "and", ast.BitXor: "xor", ast.LShift: "lshift",
    ast.RShift: "rshift", ast.Div: "truediv", ast.Pow: "pow", ast.MatMult: "matmul",
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], Callable[[object, object], object]] = {
    kind: getattr(operator, f"{name}_" if name in ("or", "and") else name)
    for kind, name in _METHODS.items()
}


def operate(machine: Machine, kind: ast.operator, left: Value, right: Value) -> Discharge:
    """Return what is known of `left operator right`."""
    if may_be_object(left, right):
        return followed(_of_either(machine, kind, left, right))
    lefts, rights = options(left), options(right)
    if len(lefts) * len(rights) > 1:
        if len(lefts) * len(rights) > 64:
            return pure("an operator", PLAIN if is_data(left) and is_data(right) else Opaque())
        return followed(
            of_each(
                machine,
                left,
                lambda a: of_each(machine, right, lambda b: operate(machine, kind, a, b).value),
            )
        )
    if isinstance(left, Instance) or isinstance(right, Instance):
        return _of_objects(machine, kind, left, right)
    return _of_values(machine, kind, left, right)


def _of_either(machine: Machine, kind: ast.operator, left: Value, right: Value) -> Value:
    def one(first: Value) -> Value:
        return of_each(machine, right, lambda other: operate(machine, kind, first, other).value)

    return of_each(machine, left, one)


def _of_objects(machine: Machine, kind: ast.operator, left: Value, right: Value) -> Discharge:
    name = _METHODS[type(kind)]
    for item, method, other in ((left, f"__{name}__", right), (right, f"__r{name}__", left)):
        found = method_of(machine, item, method)
        if found is not None:
            value = machine.call(found, other)
            if not declined(value):
                return followed(value)
            break
    return unknown(machine, "an operator of an object whose code is not here")


def _of_values(machine: Machine, kind: ast.operator, left: Value, right: Value) -> Discharge:
    found = _folded(machine, kind, left, right)
    if found is not UNREAD:
        return pure("an operator of what is known", found)
    texts = isinstance(left, str | Text | SqlV) or isinstance(right, str | Text | SqlV)
    if isinstance(kind, ast.Mod) and isinstance(left, str | Text):
        touched(machine, [right], TELLS)
        return pure("str % ...", percent(machine, left, right))
    if isinstance(left, Opaque) and not texts:
        return unknown(machine, "an operator of something that is not in the text")
    if isinstance(left, SCHEMA_VALUES) and not isinstance(left, SqlV):
        return pure("an SQL expression", _sql(left, right))
    if isinstance(right, ExprV):
        return pure("an SQL expression", merged([expression(left), right]))
    if isinstance(kind, ast.Div) and isinstance(left, str | Text):
        known = isinstance(left, str) and isinstance(right, str)
        joined = join(machine, f"{left}/", right) if known else UNKNOWN_TEXT
        return pure("a path / ...", PathText(joined) if isinstance(joined, str) else joined)
    if isinstance(kind, ast.Add) and texts:
        return pure("str + ...", join(machine, left, right))
    if isinstance(kind, ast.Mult) and (
        isinstance(left, str | Text | Seq) or isinstance(right, str)
    ):
        return pure("a repetition", _repeated(machine, left, right))
    if isinstance(left, Seq):
        return pure("a list + ...", _of_lists(kind, left, right))
    if isinstance(left, Map) and isinstance(right, Map):
        entries = {**left.content.items, **right.content.items}
        open_ = left.content.open or right.content.open
        return pure("dict | dict", Map(Entries(entries, open_)))
    if isinstance(left, Row | Rows) or (
        is_data(left) and (is_data(right) or isinstance(right, Row))
    ):
        return pure("data", UNKNOWN_TEXT if isinstance(right, Text) else PLAIN)
    return unknown(machine, "an operator of something that is not in the text")


def _sql(left: Value, right: Value) -> Value:
    """Return an SQL expression; a statement stays one."""
    if isinstance(left, StatementV | TypeV):
        return left
    return merged([expression(left), expression(right)])


def _folded(machine: Machine, kind: ast.operator, left: Value, right: Value) -> Value:
    """Return what Python makes of two values that are known."""
    if isinstance(kind, ast.Mod) and isinstance(left, str):
        return UNREAD  # `percent` looks at the template
    if isinstance(kind, ast.Div) and isinstance(left, str) and isinstance(right, str):
        return UNREAD  # a path
    if isinstance(kind, ast.Mult) and (_endlessly(left, right) or _endlessly(right, left)):
        return UNREAD
    powers = isinstance(kind, ast.Pow | ast.LShift)
    if powers and isinstance(right, int) and abs(right) > _HIGHEST:
        return UNREAD
    if isinstance(left, bytes) and isinstance(kind, ast.Mod):
        return UNREAD
    return fold(machine, _OPERATORS[type(kind)], left, right)


def _endlessly(item: Value, count: Value) -> bool:
    if not isinstance(count, int):
        return False
    if isinstance(item, str | bytes):
        return len(item) * count > MOST_OF_A_VALUE
    return isinstance(item, Seq) and len(item.content.items) * count > MOST_ITEMS


def _repeated(machine: Machine, left: Value, right: Value) -> Value:
    text = left if isinstance(left, str | Text | Seq) else right
    if isinstance(text, str | Text):
        return UNKNOWN_TEXT
    return _endless(text)


def _endless(value: Value) -> Value:
    if not isinstance(value, Seq):
        return PLAIN
    content = value.content
    return Seq(Items(content.items, True, content.alike or not content.open), value.kind)


def _of_lists(kind: ast.operator, left: Seq, right: Value) -> Value:
    """Return what holds, perhaps, what two sequences hold."""
    item = left.content
    if not isinstance(right, Seq):
        return Seq(Items(item.items, True), left.kind)
    other = right.content
    both = isinstance(kind, ast.Add | ast.BitOr | ast.BitXor)
    items = item.items + (other.items if both else ())
    if len(items) > MOST_ITEMS:
        return Seq(Items((), True), left.kind)
    alike = (item.alike or not item.open) and (other.alike or not other.open or not both)
    known = isinstance(kind, ast.Add) and left.kind == right.kind
    content = Items(items, True, alike)
    if known and not item.open and not other.open:
        content = Items(items)
    if left.kind in ("view", "set", "frozenset"):
        return Seq(distinct(content), "set" if left.kind == "view" else left.kind)
    return Seq(content, left.kind)
