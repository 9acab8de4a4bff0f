"""Column types, and enumeration types, which exist in the database by themselves."""

from __future__ import annotations

import ast

from lback.core.reader.arguments import Arguments
from lback.core.reader.machine import Machine
from lback.core.reader.schema_values import TypeV
from lback.core.reader.values import Klass, Name, Seq, Value, is_constant

# Names that no type has although they begin with a capital letter.
_NO_TYPES = frozenset({"FetchedValue", "DefaultClause", "Sequence", "Inspector"})


def is_type(last: str) -> bool:
    """Tell whether a name of SQLAlchemy reads like a column type."""
    return last[:1].isupper() and last not in _NO_TYPES


def plain_type(callee: Name, arguments: Arguments) -> TypeV:
    """Make a column type; its text is how people write it, without the module."""
    shown = [_shown(one) for one in arguments.positional]
    shown += [f"{key}={_shown(value)}" for key, value in arguments.keywords.items()]
    inner = next((one for one in arguments.positional if isinstance(one, TypeV) and one.enum), None)
    made = TypeV(f"{callee.last}({', '.join(shown)})")
    if inner is not None:
        made.enum, made.name, made.values = True, inner.name, inner.values
        made.create, made.postgresql = inner.create, inner.postgresql
    return made


def _shown(value: Value) -> str:
    if isinstance(value, TypeV):
        return value.text
    if isinstance(value, Name):
        return value.last
    if is_constant(value):
        return repr(value)
    if isinstance(value, Seq):
        return "[" + ", ".join(_shown(one) for one in value.items) + "]"
    return "…"


def postgresql_enum(machine: Machine, arguments: Arguments) -> TypeV:
    """Make postgresql.ENUM, whose create() and drop() look first whether it is there."""
    made = enum_type(machine, arguments)
    made.postgresql = True
    return made


def enum_type(_: Machine, arguments: Arguments) -> TypeV:
    """Make sa.Enum."""
    values: list[str] = []
    name = arguments.keywords.get("name")
    for one in arguments.positional:
        if isinstance(one, str):
            values.append(one)
        elif isinstance(one, Seq):
            values.extend(inner for inner in one.items if isinstance(inner, str))
        elif isinstance(one, Klass):
            values.extend(_members(one))
            name = name if name is not None else one.node.name.lower()
        elif isinstance(one, Name):
            name = name if name is not None else one.last.lower()
    create = arguments.keywords.get("create_type", True) is not False
    native = arguments.keywords.get("native_enum", True) is not False
    shown = ", ".join(repr(one) for one in values)
    made = TypeV(f"Enum({shown})", name, True, tuple(values), create)
    made.enum = native
    made.schema = arguments.keywords.get("schema")
    return made


def _members(klass: Klass) -> list[str]:
    return [
        target.id
        for one in klass.node.body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name) and not target.id.startswith("_")
    ]
