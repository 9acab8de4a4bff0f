"""Column types, and enumeration types, which exist in the database by themselves."""

from __future__ import annotations

from lback.core.effects import Use
from lback.core.interpreter.choices import is_constant
from lback.core.interpreter.classes import enum_members, is_enum, mro, type_name
from lback.core.interpreter.library import is_type
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.schema import TypeV
from lback.core.interpreter.text import strings
from lback.core.interpreter.values import (
    Arguments,
    Choice,
    Func,
    Instance,
    Klass,
    Method,
    Name,
    Seq,
    Value,
)  # fmt: skip


def as_type(machine: Machine, value: Value) -> TypeV | None:
    """Return a value that stands for a column type, or None."""
    if isinstance(value, TypeV):
        return value
    if isinstance(value, Name) and (is_type(value.path) or value.last[:1].isupper()):
        return TypeV(value.last)
    if isinstance(value, Klass):
        return TypeV(type_name(value))
    if isinstance(value, Instance) and any(
        isinstance(one, Name) and is_type(one.path) for one in mro(value.of)
    ):
        return TypeV(type_name(value.of))
    return None


def plain_type(callee: Name, arguments: Arguments) -> TypeV:
    """Make a column type; its text is how people write it, without the module."""
    shown = [_shown(one) for one in arguments.positional]
    shown += [f"{key}={_shown(value)}" for key, value in arguments.keywords.items()]
    text = f"{callee.last}({', '.join(shown)})"
    inner = next((one for one in arguments.all() if isinstance(one, TypeV)), None)
    if inner is not None:
        return TypeV(text, inner.name, inner.enum, inner.values, inner.create, inner.postgresql,
                     inner.schema, inner.uses, inner.unread)  # fmt: skip
    if callee.last == "DOMAIN":
        names = strings(arguments.get(0, "name")) or ()
        return TypeV(text, uses=tuple(Use("type", one) for one in names))
    return TypeV(text)


def _shown(value: Value) -> str:
    if isinstance(value, TypeV):
        return value.text
    if isinstance(value, Name):
        return value.last
    if is_constant(value):
        return repr(value)[:200]
    if isinstance(value, Seq):
        return "[" + ", ".join(_shown(one) for one in value.content.items[:50]) + "]"
    return "…"


def postgresql_enum(machine: Machine, arguments: Arguments) -> TypeV:
    """Make postgresql.ENUM, whose create() and drop() look first whether it is there."""
    return _enum(machine, arguments, postgresql=True)


def enum_type(machine: Machine, arguments: Arguments) -> TypeV:
    """Make sa.Enum."""
    return _enum(machine, arguments, postgresql=False)


def _enum(machine: Machine, arguments: Arguments, *, postgresql: bool) -> TypeV:
    values: list[str] = []
    named = arguments.keywords.get("name")
    names = strings(named) or () if named is not None else None
    for one in arguments.positional:
        if isinstance(one, str):
            values.append(one)
        elif isinstance(one, Seq):
            values.extend(inner for inner in one.content.items if isinstance(inner, str))
        elif isinstance(one, Klass):
            values.extend(_members(machine, one))
            names = names if names is not None else (one.node.name.lower(),)
        elif isinstance(one, Name):
            names = names if names is not None else (one.last.lower(),)
        elif isinstance(one, TypeV) and one.enum:
            values.extend(one.values)
            names = names if names is not None else one.name
        elif isinstance(one, Choice | Func | Method):
            continue
    keywords = arguments.keywords
    native = keywords.get("native_enum", True) is not False
    schema = keywords.get("schema")
    return TypeV(
        f"Enum({', '.join(repr(one) for one in values)})",
        names,
        native,
        tuple(values),
        keywords.get("create_type", True) is not False,
        postgresql,
        schema if isinstance(schema, str) else None,
    )


def _members(machine: Machine, klass: Klass) -> list[str]:
    if not is_enum(klass):
        return []
    found = [
        one.fields.values.get("name")
        for one in enum_members(machine, klass)
        if isinstance(one, Instance)
    ]
    return [one for one in found if isinstance(one, str)]


def with_variant(owner: TypeV, arguments: Arguments) -> TypeV:
    """Return a type that is another one on some dialect."""
    other = arguments.get(0, "type_")
    uses = other.uses if isinstance(other, TypeV) else ()
    return TypeV(owner.text, owner.name, owner.enum, owner.values, owner.create, owner.postgresql,
                 owner.schema, (*owner.uses, *uses), owner.unread)  # fmt: skip
