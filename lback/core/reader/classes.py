"""Classes of the revision and of the project: mapped tables, enumerations, their members."""

from __future__ import annotations

import ast

from lback.core.reader.machine import MISSING, Frame, Machine
from lback.core.reader.schema_values import Base, ColumnV, TableV
from lback.core.reader.values import Klass, Name, Seq, Value, options

_PENDING = object()


def member(machine: Machine, klass: Klass, name: str, depth: int = 4) -> Value:
    """Return an attribute of a class or of its bases, or MISSING."""
    if name in klass.members:
        found = klass.members[name]
        return MISSING if found is _PENDING else found
    klass.members[name] = _PENDING
    found = _own_member(machine, klass, name)
    if found is MISSING and depth:
        for base in bases(machine, klass):
            if isinstance(base, Base) and name == "metadata":
                found = base.metadata
            elif isinstance(base, Klass):
                found = member(machine, base, name, depth - 1)
            if found is not MISSING:
                break
    klass.members[name] = found
    return found


def _own_member(machine: Machine, klass: Klass, name: str) -> Value:
    from lback.core.reader.names import imported
    from lback.core.reader.scope import _names
    from lback.core.reader.statements import execute
    from lback.core.reader.values import Func

    frame = Frame(klass.scope, closure=klass.closure)
    for statement in klass.node.body:
        if name not in _names(statement):
            continue
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            frame.names[name] = Func(statement, klass.scope, klass.closure)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            imported(statement, frame, only=name)
        else:
            with machine.silence():
                execute(machine, statement, frame)
    return frame.names.get(name, MISSING)


def bases(machine: Machine, klass: Klass) -> list[Value]:
    """Return the base classes, looked into where they are the project's own."""
    from lback.core.reader.expressions import glance

    found: list[Value] = []
    with machine.silence():
        for node in klass.node.bases:
            value = glance(machine, node, Frame(klass.scope, closure=klass.closure))
            found.extend(machine.force(one) for one in options(value))
    return found


def table_of(machine: Machine, klass: Klass) -> TableV | None:
    """Return the table that a class is mapped to; a table without a name if it hides it."""
    explicit = member(machine, klass, "__table__")
    if isinstance(explicit, TableV):
        return explicit
    name = member(machine, klass, "__tablename__")
    if name is MISSING:
        if any(key.arg == "table" for key in klass.node.keywords):
            return TableV(klass.node.name.lower(), None, columns(machine, klass))
        return None
    schema = None
    extra = member(machine, klass, "__table_args__")
    for one in extra.items if isinstance(extra, Seq) else [extra]:
        found = getattr(one, "items", None)
        if isinstance(found, dict):
            schema = found.get("schema", schema)
    return TableV(name if isinstance(name, str) else None, schema, columns(machine, klass))


def columns(machine: Machine, klass: Klass) -> tuple[ColumnV, ...]:
    """Return the columns that a mapped class itself declares."""
    found = []
    for statement in klass.node.body:
        target = None
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            target = statement.targets[0].id
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            target = statement.target.id
        if target is None or target.startswith("__"):
            continue
        value = member(machine, klass, target)
        if isinstance(value, ColumnV):
            if value.name is None:
                value.name = target
            found.append(value)
    return tuple(found)


def base_of(machine: Machine, klass: Klass, depth: int = 5) -> Base | None:
    """Return the declarative base made in the revision that a class descends from."""
    for base in bases(machine, klass):
        if isinstance(base, Base):
            return base
        if isinstance(base, Name) and base.last == "DeclarativeBase":
            found = klass.members.setdefault("metadata base", Base())
            return found if isinstance(found, Base) else None
        if isinstance(base, Klass) and depth:
            inner = base_of(machine, base, depth - 1)
            if inner is not None:
                return inner
    return None
