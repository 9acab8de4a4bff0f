"""The `match` statement, read as the chain of tests that it is."""

from __future__ import annotations

import ast

from lback.core.reader.expressions import evaluate
from lback.core.reader.flow import GOES_ON, Flow
from lback.core.reader.machine import Frame, Machine
from lback.core.reader.statements import execute

_SUBJECT = "subject of the match"  # no name that a program can have


def match(machine: Machine, node: ast.Match, frame: Frame) -> Flow:
    """Walk through the cases of a `match` as through if/elif."""
    frame.names[_SUBJECT] = evaluate(machine, node.subject, frame)
    chain: list[ast.stmt] = []
    for case in reversed(node.cases):
        test = _test(case.pattern)
        if case.guard is not None:
            test = ast.BoolOp(ast.And(), [test, case.guard])
        chain = [ast.If(test, case.body, chain)]
    return execute(machine, chain[0], frame) if chain else GOES_ON


def _test(pattern: ast.pattern) -> ast.expr:
    subject = ast.Name(_SUBJECT, ast.Load())
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
        return ast.Constant(True)
    if isinstance(pattern, ast.MatchValue):
        return ast.Compare(subject, [ast.Eq()], [pattern.value])
    if isinstance(pattern, ast.MatchOr):
        values = [one.value for one in pattern.patterns if isinstance(one, ast.MatchValue)]
        if len(values) == len(pattern.patterns):
            return ast.Compare(subject, [ast.In()], [ast.Tuple(values, ast.Load())])
    return ast.Name("what no name stands for", ast.Load())
