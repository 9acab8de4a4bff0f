"""What a name stands for: in a running function, at the top of a module, or in Python."""

from __future__ import annotations

import ast
import builtins

from lback.core.reader.machine import MISSING, Frame, Machine
from lback.core.reader.scope import Scope
from lback.core.reader.values import NOTHING_KNOWN, Func, Klass, Name, Value

_BUILTINS = frozenset(dir(builtins))


def name_value(machine: Machine, name: str, frame: Frame) -> Value:
    """Return what a name in a function stands for."""
    holder = frame.find(name)
    if holder is not None:
        return holder.names[name]
    found = lookup(machine, name, frame.scope)
    if found is not MISSING:
        return found
    if name in _BUILTINS:
        return Name(f"builtins.{name}")
    if name == "__name__":
        return frame.scope.package or "__revision__"
    return NOTHING_KNOWN


def lookup(machine: Machine, name: str, scope: Scope) -> Value:
    """Return what a name at the top of a module stands for, or MISSING."""
    if name in scope.values:
        return scope.values[name]
    statements = scope.bindings.get(name)
    if statements is None:
        return _from_stars(machine, name, scope)
    if name in scope.pending:
        return NOTHING_KNOWN
    scope.pending.add(name)
    try:
        with machine.silence():
            value = _bind(machine, name, statements, scope)
    finally:
        scope.pending.discard(name)
    scope.values[name] = value
    return value


def _from_stars(machine: Machine, name: str, scope: Scope) -> Value:
    for module in scope.stars:
        inner = machine.module(module)
        if inner is not None and inner is not scope:
            found = lookup(machine, name, inner)
            if found is not MISSING:
                return found
    return MISSING


def _bind(machine: Machine, name: str, statements: list[ast.stmt], scope: Scope) -> Value:
    from lback.core.reader.statements import execute

    frame = Frame(scope)
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            imported(statement, frame, only=name)
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            frame.names[name] = Func(statement, scope)
        elif isinstance(statement, ast.ClassDef):
            frame.names[name] = Klass(statement, scope)
        elif id(statement) not in scope.running:
            # A block that looks up its own names is not entered again for them.
            scope.running.add(id(statement))
            execute(machine, statement, frame)
            scope.running.discard(id(statement))
    return frame.names.get(name, NOTHING_KNOWN)


def imported(statement: ast.Import | ast.ImportFrom, frame: Frame, only: str = "") -> None:
    """Bind what an import statement brings, as dotted names that nobody has looked into."""
    if isinstance(statement, ast.Import):
        for one in statement.names:
            bound = one.asname or one.name.split(".", 1)[0]
            if not only or bound == only:
                frame.names[bound] = Name(one.name if one.asname else bound)
        return
    module = absolute(statement, frame.scope.package)
    for one in statement.names:
        bound = one.asname or one.name
        if one.name != "*" and (not only or bound == only):
            frame.names[bound] = Name(f"{module}.{one.name}", statement.level > 0)


def absolute(statement: ast.ImportFrom, package: str) -> str:
    """Return the full name of the module that a `from` import names."""
    if not statement.level:
        return statement.module or ""
    parts = package.split(".")
    parents = parts[: len(parts) - statement.level]
    return ".".join([*parents, *([statement.module] if statement.module else [])])
