"""A revision's text as a whole: both directions, and whether there is a way down."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Literal

from lback.core.dialects import EVERY_DIALECT, Dialects
from lback.core.effects import Direction, Effects, Resolve, ResolveFile, Unknown
from lback.core.reader.arguments import Arguments
from lback.core.reader.calls import apply
from lback.core.reader.machine import MISSING, Frame, Machine, TooLong, scope_of
from lback.core.reader.names import lookup
from lback.core.reader.scope import parsed
from lback.core.reader.values import Opaque

Gap = Literal["", "missing", "empty", "raises"]
_TALK = frozenset({"print", "info", "debug", "warning", "warn", "log", "error"})


def read(
    source: bytes,
    resolve: Resolve,
    wrappers: Mapping[str, str],
    dialects: Dialects | None = None,
    path: str = "",
    resolve_file: ResolveFile | None = None,
) -> Effects:
    """Read both directions of a revision's text; see `read_effects`."""
    tree = parsed(source)
    if tree is None:
        reason = "the file is not Python that can be parsed"
        return Effects(unknown=(Unknown("upgrade", 1, reason), Unknown("downgrade", 1, reason)))
    project = dialects or EVERY_DIALECT
    up = _direction(tree, "upgrade", resolve, wrappers, project)
    down = _direction(tree, "downgrade", resolve, wrappers, project)
    return Effects(
        tuple(up.effects),
        tuple(down.effects),
        (*up.unknown, *down.unknown),
        downgrade_gap(tree),
        tuple(sorted(up.reads)),
    )


def _direction(
    tree: ast.Module,
    direction: Direction,
    resolve: Resolve,
    wrappers: Mapping[str, str],
    project: Dialects,
) -> Machine:
    machine = Machine(direction, resolve, wrappers, project)
    scope = scope_of(tree, "", is_revision=True)
    frame = Frame(scope)
    try:
        function = machine.force(lookup(machine, direction, scope))
        if function is not MISSING:
            apply(machine, function, Arguments([Opaque()]), frame=frame, bare=True)
    except TooLong:
        machine.cannot_read("this takes too many steps to follow")
    except RecursionError:
        machine.cannot_read("this is nested too deep to follow")
    return machine


def downgrade_gap(tree: ast.Module) -> Gap:
    """Say why there is no way down, or "" where downgrade() does something."""
    function = None
    named = False
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            if statement.name == "downgrade":
                function = statement
        elif isinstance(statement, ast.Assign | ast.ImportFrom):
            named = named or "downgrade" in ast.dump(statement)
    if function is None:
        return "" if named else "missing"
    for statement in function.body:
        if isinstance(statement, ast.Raise):
            return "raises"
        if not _does_nothing(statement):
            return ""
    return "empty"


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass | ast.Import | ast.ImportFrom | ast.Global):
        return True
    if isinstance(statement, ast.Return):
        return statement.value is None or isinstance(statement.value, ast.Constant)
    if not isinstance(statement, ast.Expr):
        return False
    if isinstance(statement.value, ast.Constant):
        return True
    if isinstance(statement.value, ast.Call):
        function = statement.value.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        return name in _TALK
    return False
