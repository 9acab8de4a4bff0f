"""Operations of the project's own, registered with Alembic by decorators."""

from __future__ import annotations

import ast

from lback.core.interpreter.library import is_library
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import find, module
from lback.core.interpreter.values import Klass

_MOST_MODULES = 60


def registered_operation(machine: Machine, directive: str) -> tuple[Klass, str] | None:
    """Return the class and its method that `op.directive()` calls, or None."""
    if directive not in machine.registered:
        _load_all(machine)
    return machine.registered.get(directive)


def _load_all(machine: Machine) -> None:
    """Run what the modules that are imported by now register with Alembic."""
    for path in list(machine.imported)[:_MOST_MODULES]:
        if not is_library(path):
            module(machine, path)
    for scope in list(machine.modules.values())[:_MOST_MODULES]:
        if scope is None:
            continue
        for name, statements in list(scope.pending.items()):
            if any(_registers(one) for one in statements):
                find(machine, name, scope)


def _registers(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return False
    shown = " ".join(ast.unparse(one) for one in statement.decorator_list)
    return "register_operation" in shown or "implementation_for" in shown
