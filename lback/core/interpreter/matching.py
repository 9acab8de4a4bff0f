"""The `match` statement, read as the chain of tests that it is."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from lback.core.interpreter.conditions import both, compare, decide, either
from lback.core.interpreter.flow import branch
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.targets import unpacked
from lback.core.interpreter.values import ANY, NO, YES, Frame, Map, Opaque, Plain, Seq, Test, Value


def match(machine: Machine, node: ast.Match, frame: Frame) -> None:
    """Walk through the cases of a `match` as through if/elif."""
    subject = machine.evaluate(node.subject, frame)
    _cases(machine, node.cases, subject, frame)


def _cases(machine: Machine, cases: Sequence[ast.match_case], subject: Value, frame: Frame) -> None:
    if not cases:
        return
    first, rest = cases[0], cases[1:]
    machine.step()
    test = _test(machine, first.pattern, subject, frame)

    def body() -> None:
        if first.guard is None:
            machine.block(first.body, frame)
            return
        guard = machine.test(first.guard, frame)
        branch(
            machine,
            guard,
            lambda: machine.block(first.body, frame),
            lambda: _cases(machine, rest, subject, frame),
        )

    branch(machine, test, body, lambda: _cases(machine, rest, subject, frame))


def _test(machine: Machine, pattern: ast.pattern, subject: Value, frame: Frame) -> Test:
    """Say when a pattern fits; binds what it names."""
    if isinstance(pattern, ast.MatchAs):
        inner = YES if pattern.pattern is None else _test(machine, pattern.pattern, subject, frame)
        if pattern.name is not None:
            machine.state.bind(frame.names, pattern.name, subject)
        return inner
    if isinstance(pattern, ast.MatchValue):
        return decide(compare(ast.Eq(), subject, machine.evaluate(pattern.value, frame)))
    if isinstance(pattern, ast.MatchSingleton):
        return decide(compare(ast.Is(), subject, pattern.value))
    if isinstance(pattern, ast.MatchOr):
        found = NO
        for one in pattern.patterns:
            found = either(found, _test(machine, one, subject, frame))
        return found
    if isinstance(pattern, ast.MatchSequence):
        return _sequence(machine, pattern, subject, frame)
    _bind_all(machine, pattern, subject, frame)
    return ANY


def _sequence(machine: Machine, pattern: ast.MatchSequence, subject: Value, frame: Frame) -> Test:
    stars = [i for i, one in enumerate(pattern.patterns) if isinstance(one, ast.MatchStar)]
    known = isinstance(subject, Seq) and not subject.content.open
    if not known or stars or not isinstance(subject, Seq):
        _bind_all(machine, pattern, subject, frame)
        return ANY
    if len(subject.content.items) != len(pattern.patterns):
        return NO
    values = unpacked(machine, subject, len(pattern.patterns), -1)
    found = YES
    for one, value in zip(pattern.patterns, values, strict=True):
        found = both(found, _test(machine, one, value, frame))
    return found


def _bind_all(machine: Machine, pattern: ast.pattern, subject: Value, frame: Frame) -> None:
    """Bind every name of a pattern to what is not known."""
    data = isinstance(subject, Plain | str)
    for one in ast.walk(pattern):
        name = getattr(one, "rest", None) if isinstance(one, ast.MatchMapping) else None
        if isinstance(one, ast.MatchAs | ast.MatchStar):
            name = one.name
        if isinstance(name, str):
            value: Value = Plain() if data else Opaque()
            machine.state.bind(frame.names, name, subject if isinstance(subject, Map) else value)
