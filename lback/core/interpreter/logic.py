"""Conditions as expressions: `and`, `or`, `not`, comparisons, and values that depend on them."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from typing import Any

from lback.core.interpreter.choices import (
    both,
    choice,
    decide,
    either,
    invert,
    is_constant,
    is_data,
    negate,
)  # fmt: skip
from lback.core.interpreter.classes import special
from lback.core.interpreter.comparisons import compare
from lback.core.interpreter.flow import branch, of_each, perhaps
from lback.core.interpreter.folding import fold
from lback.core.interpreter.iteration import collect
from lback.core.interpreter.library.python_objects import truth
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import MISSING
from lback.core.interpreter.objects import (
    COMPARES,
    ORDER,
    declined,
    may_be_object,
    method_of,
    touched,
)
from lback.core.interpreter.schema import ExprV, StatementV
from lback.core.interpreter.values import (
    ANY,
    NO,
    PLAIN,
    YES,
    Choice,
    Frame,
    Instance,
    Items,
    Lazy,
    Opaque,
    Seq,
    Test,
    Value,
)  # fmt: skip


def unary(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """Evaluate `not x`, `-x` and their like."""
    if not isinstance(node, ast.UnaryOp):
        return PLAIN
    value = machine.evaluate(node.operand, frame)
    op = node.op
    if isinstance(op, ast.Not):
        return value if isinstance(value, ExprV | StatementV) else negate(truth(machine, value))
    return of_each(machine, value, lambda option: _signed(machine, op, option))


def _signed(machine: Machine, op: ast.unaryop, value: Value) -> Value:
    if isinstance(value, ExprV):
        return value
    if isinstance(value, Instance):
        name = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert"}[type(op)]
        method = special(machine, value, f"__{name}__")
        return Opaque() if method is MISSING else machine.call(method)
    return fold(machine, _SIGNS[type(op)], value) if is_constant(value) else PLAIN


_SIGNS: dict[type[ast.unaryop], Callable[[Any], object]] = {
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert,
}  # fmt: skip


def boolean(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """Evaluate `and`/`or`: the later operands only run when the earlier ones let them."""
    if not isinstance(node, ast.BoolOp):
        return PLAIN
    wanted = isinstance(node.op, ast.And)
    operands: list[Value] = []
    known: list[Test] = []

    def rest(position: int) -> None:
        value = (
            machine.evaluate(node.values[position], frame)
            if isinstance(node, ast.BoolOp)
            else PLAIN
        )
        operands.append(value)
        test = decide(truth(machine, value))
        known.append(test)
        if isinstance(node, ast.BoolOp) and position + 1 < len(node.values):
            goes_on = test if wanted else invert(test)
            branch(machine, goes_on, lambda: rest(position + 1))

    rest(0)
    return _of_operands(operands, known, wanted)


def condition(machine: Machine, node: ast.expr, frame: Frame) -> Test:
    """Say when an expression is true; looks at the parts of `and`, `or` and `not` one by one."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return invert(condition(machine, node.operand, frame))
    if not isinstance(node, ast.BoolOp):
        return decide(truth(machine, machine.evaluate(node, frame)))
    wanted = isinstance(node.op, ast.And)
    known: list[Test] = []

    def rest(position: int) -> None:
        test = condition(machine, node.values[position], frame)
        known.append(test)
        if position + 1 < len(node.values):
            goes_on = test if wanted else invert(test)
            branch(machine, goes_on, lambda: rest(position + 1))

    rest(0)
    result = known[0]
    for test in known[1:]:
        result = both(result, test) if wanted else either(result, test)
    return result


def _of_operands(operands: list[Value], known: list[Test], wanted: bool) -> Value:
    expressions = [operand for operand in operands if isinstance(operand, ExprV | StatementV)]
    if expressions:
        return expressions[-1]
    for place, (value, test) in enumerate(zip(operands, known, strict=True)):
        last = place == len(operands) - 1
        if last and all(item in (YES, NO) for item in known):
            return value
        if (test == NO and wanted) or (test == YES and not wanted):
            if all(item in (YES, NO) for item in known[:place]):
                return value
            break
    told = all(isinstance(operand, Test | bool) for operand in operands) or all(
        item == ANY for item in known
    )
    if told and all(is_data(operand) for operand in operands):
        result = known[0]
        for test in known[1:]:
            result = both(result, test) if wanted else either(result, test)
        return result if result not in (YES, NO) else result == YES
    possible = [
        option
        for place, (value, test) in enumerate(zip(operands, known, strict=True))
        for option in (
            (value,) if place == len(operands) - 1 else _ending(value, test, wanted=wanted)
        )
    ]
    return choice(possible)


def _ending(value: Value, test: Test, *, wanted: bool) -> Iterator[Value]:
    """Yield what of a value ends an `and` (or an `or`, where not `wanted`)."""
    if test == (YES if wanted else NO):
        return
    if not isinstance(value, Choice) or value.on:
        yield value
        return
    for option in value.options:
        if not (option is None or type(option) in (bool, int, str)) or bool(option) != wanted:
            yield option


def comparison(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """Evaluate a comparison, or a chain of them."""
    if not isinstance(node, ast.Compare):
        return PLAIN
    answer: list[Value] = []
    known: list[Test] = []

    def rest(position: int, left: Value) -> None:
        right = machine.evaluate(node.comparators[position], frame)
        value = _compared(machine, node.ops[position], left, right)
        answer.append(value)
        known.append(decide(truth(machine, value)))
        if position + 1 < len(node.ops):
            branch(machine, known[-1], lambda: rest(position + 1, right))

    rest(0, machine.evaluate(node.left, frame))
    return _of_operands(answer, known, True)


def _compared(machine: Machine, kind: ast.cmpop, left: Value, right: Value) -> Value:
    if may_be_object(left):
        return of_each(machine, left, lambda value: _compared(machine, kind, value, right))
    if may_be_object(right):
        return of_each(machine, right, lambda value: _compared(machine, kind, left, value))
    if isinstance(kind, ast.In | ast.NotIn):
        found = _inside(machine, left, right)
        return negate(found) if isinstance(kind, ast.NotIn) else found
    if type(kind) in ORDER and (isinstance(left, Instance) or isinstance(right, Instance)):
        return _of_objects(machine, kind, left, right)
    if type(kind) in ORDER:
        touched(machine, [left, right], COMPARES)
    return compare(machine, kind, left, right)


def _inside(machine: Machine, left: Value, right: Value) -> Value:
    if isinstance(right, Instance | Lazy):
        method = method_of(machine, right, "__contains__")
        if method is not None:
            return negate(negate(truth(machine, machine.call(method, left))))
        walked: list[Items] = []
        perhaps(machine, lambda: walked.append(collect(machine, right)))
        right = Seq(walked[0] if walked else Items((), True))
    elif isinstance(right, Seq) and right.kind == "iterator":
        content = right.content
        machine.state.fill(right, content.items, open=True, alike=True)
        right = Seq(content)
    touched(machine, [left, right], COMPARES)
    return compare(machine, ast.In(), left, right)


def _of_objects(machine: Machine, kind: ast.cmpop, left: Value, right: Value) -> Value:
    """Compare objects, of which Python asks the one or the other."""
    kin = (
        left.of is right.of if isinstance(left, Instance) and isinstance(right, Instance) else None
    )
    option, other, place = (left, right, 0) if isinstance(left, Instance) else (right, left, 1)
    own = ORDER[type(kind)][0]
    name = ORDER[type(kind)][place]
    method = method_of(machine, option, name)
    inverted = method is None and name == "__ne__"
    if inverted:
        method = method_of(machine, option, "__eq__")
    if method is not None and kin is not False:
        value = machine.call(method, other)
        if not declined(value):
            return negate(truth(machine, value)) if inverted else value
    touched(machine, [left, right], COMPARES)
    return _same_member(left, right, isinstance(kind, ast.Eq)) if own in COMPARES[:2] else ANY


def _same_member(left: Value, right: Value, wanted: bool) -> Value:
    if not isinstance(left, Instance) or not isinstance(right, Instance):
        return ANY
    name, other = left.fields.values.get("name"), right.fields.values.get("name")
    if left.of is right.of and isinstance(name, str) and isinstance(other, str):
        return (name == other) is wanted if "_value_" in left.fields.values else ANY
    return ANY


def if_expression(machine: Machine, node: ast.expr, frame: Frame) -> Value:
    """Evaluate `x if test else y`."""
    if not isinstance(node, ast.IfExp):
        return PLAIN
    values: list[Value] = []
    test = condition(machine, node.test, frame)
    branch(
        machine,
        test,
        lambda: values.append(machine.evaluate(node.body, frame)),
        lambda: values.append(machine.evaluate(node.orelse, frame)),
    )
    exact = test.must == test.may and len(values) == 2
    if exact and not any(isinstance(value, Choice) for value in values):
        return Choice(tuple(values), (test.must, ~test.must))
    return choice(values)
