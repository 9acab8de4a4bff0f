"""What Python's own functions tell about an object: its text, truth, kind, attributes."""

from __future__ import annotations

from lback.core.interpreter.choices import (
    choice,
    dialect_named,
    is_constant,
    is_data,
    options,
)  # fmt: skip
from lback.core.interpreter.classes import member, mro, special
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.flow import of_each
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import MISSING
from lback.core.interpreter.objects import TELLS, may_be_object, method_of, touched
from lback.core.interpreter.targets import delete_attribute, set_attribute
from lback.core.interpreter.text import laid_out, pieces
from lback.core.interpreter.values import (
    ANY,
    NO,
    PLAIN,
    YES,
    Arguments,
    Choice,
    Dialect,
    Instance,
    Kind,
    Klass,
    Map,
    Module,
    Name,
    Opaque,
    PathText,
    Plain,
    Seq,
    Test,
    Text,
    Value,
)  # fmt: skip


def text_of_value(machine: Machine, value: Value) -> tuple[str | None, ...]:
    """Return `str(value)` as pieces; runs the __str__ of an object of the project."""
    if isinstance(value, Instance):
        for name in ("__str__", "__repr__"):
            method = method_of(machine, value, name)
            if method is not None:
                return pieces(machine.call(method))
    touched(machine, [value], TELLS)
    return laid_out(machine, value, "", "s")


def truth(machine: Machine, value: Value) -> Value:
    """Return what a value is as a condition; runs the __bool__ or __len__ of an object."""
    if may_be_object(value):
        return of_each(machine, value, lambda item: truth(machine, item))
    if isinstance(value, Instance):
        for name in ("__bool__", "__len__"):
            method = special(machine, value, name)
            if method is not MISSING:
                return ANY if isinstance(method, Opaque) else machine.call(method)
        return ANY
    return value


def is_instance(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow isinstance()."""
    value, kind = arguments.get(0, "o"), arguments.get(1, "k")
    if isinstance(value, Dialect) and isinstance(kind, Name):
        parts = kind.path.split(".")
        if "dialects" in parts and parts.index("dialects") + 1 < len(parts):
            return pure("isinstance", dialect_named(parts[parts.index("dialects") + 1]))
    if isinstance(value, Choice):
        return followed(
            of_each(
                machine, value, lambda item: is_instance(machine, Arguments([item, kind])).value
            )
        )
    kinds = kind.content.items if isinstance(kind, Seq) else (kind,)
    answers = [_is_instance(value, kind) for kind in kinds]
    if isinstance(kind, Seq) and kind.content.open:
        answers.append(ANY)
    if any(answer == YES for answer in answers):
        return pure("isinstance", True)
    return pure("isinstance", False if all(answer == NO for answer in answers) else ANY)


_KINDS: dict[str, tuple[type, ...]] = {
    "builtins.str": (str, Text), "builtins.int": (int,), "builtins.bool": (bool,),
    "builtins.float": (float,), "builtins.bytes": (bytes,), "builtins.complex": (complex,),
}  # fmt: skip
_SEQUENCES: dict[str, Kind] = {
    "builtins.list": "list", "builtins.tuple": "tuple", "builtins.set": "set",
    "builtins.frozenset": "frozenset", "builtins.range": "range", "collections.deque": "deque",
}  # fmt: skip


def _is_instance(value: Value, kind: Value) -> Test:
    if isinstance(value, Instance):
        above = mro(value.of)
        if any(item is kind or item == kind for item in above):
            return YES
        return NO if all(isinstance(item, Klass) for item in above) else ANY
    known = is_constant(value) or isinstance(value, Seq | Map | Text)
    if not known or not isinstance(kind, Name):
        return ANY
    if isinstance(value, PathText):
        return ANY
    if kind.path in _SEQUENCES:
        fits = isinstance(value, Seq) and value.kind == _SEQUENCES[kind.path]
        return YES if fits else NO
    if kind.path == "builtins.dict":
        sure = not isinstance(value, Map) or value.kind == "dict"
        return (YES if isinstance(value, Map) else NO) if sure else ANY
    if kind.path in _KINDS:
        return YES if isinstance(value, _KINDS[kind.path]) else NO
    return ANY


def get_attribute(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow getattr()."""
    owner, name = arguments.get(0, "o"), arguments.get(1, "name")
    values: list[Value] = []
    for option in options(name):
        if not isinstance(option, str):
            return pure("an attribute that is not called", Opaque())
        value = machine.attribute(owner, option)
        missing = isinstance(owner, Instance | Klass | Module) and isinstance(value, Opaque | Name)
        if missing and len(arguments.positional) > 2:
            value = choice([value, arguments.positional[2]])
        values.append(value)
    return followed(choice(values))


def put_attribute(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow setattr()."""
    owner, name, value = (arguments.get(place, "", PLAIN) for place in range(3))
    if isinstance(name, str):
        return set_attribute(machine, owner, name, value)
    if isinstance(owner, Plain | Text):
        return pure("an attribute of data", None)
    if isinstance(owner, Instance):
        for held in list(owner.fields.values):
            set_attribute(machine, owner, held, choice([owner.fields.values[held], value]))
        return (
            pure("an object's attribute", None)
            if is_data(value)
            else unknown(machine, "sets an attribute whose name is not in the text")
        )
    tables = getattr(owner, "tables", ())
    return unknown(machine, "sets an attribute whose name is not in the text", tables)


def drop_attribute(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow delattr()."""
    owner, name = arguments.get(0, "o"), arguments.get(1, "name")
    if isinstance(name, str) and not isinstance(owner, Choice):
        return delete_attribute(machine, owner, name)
    return unknown(machine, "deletes an attribute whose name is not in the text")


def has_attribute(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow hasattr()."""
    owner, name = arguments.get(0, "o"), arguments.get(1, "name")
    if isinstance(owner, Instance) and isinstance(name, str):
        held = member(machine, owner.of, name)
        if name in owner.fields.values or (held is not MISSING and not isinstance(held, Opaque)):
            return pure("builtins.hasattr", True)
    if isinstance(owner, Name) and owner.path == "alembic.op" and isinstance(name, str):
        return pure("builtins.hasattr", True if name in _ALWAYS else ANY)
    return pure("builtins.hasattr", ANY)


_ALWAYS = frozenset(["add_column", "drop_column", "create_table", "drop_table", "execute"])


def type_of(machine: Machine, arguments: Arguments) -> Discharge:
    """Follow type()."""
    value = arguments.get(0, "object")
    if len(arguments.positional) > 1:
        return pure("builtins.type", Opaque())
    return pure("builtins.type", value.of if isinstance(value, Instance) else PLAIN)
