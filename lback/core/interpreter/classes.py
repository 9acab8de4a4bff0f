"""Special methods of classes that Python calls by itself, wherever it likes."""

from __future__ import annotations

import ast

from lback.core.interpreter.choices import is_constant
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.flow import of_each
from lback.core.interpreter.library.catalogue import is_pure, is_type
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import MISSING, run_apart
from lback.core.interpreter.schema import BaseV, TypeV
from lback.core.interpreter.values import (
    PLAIN,
    Arguments,
    Bound,
    Frame,
    Func,
    Instance,
    Klass,
    Name,
    Names,
    Opaque,
    Seq,
    Super,
    Value,
)  # fmt: skip

# Special methods that are followed where Python calls them.
_FOLLOWED = frozenset(
    """init new call enter exit aenter aexit iter next aiter anext getitem setitem delitem getattr
    setattr get set len bool eq ne lt le gt ge contains str repr neg pos invert init_subclass
    class_getitem post_init await add sub mul floordiv mod or and xor lshift rshift truediv pow
    matmul radd rsub rmul rfloordiv rmod ror rand rxor rlshift rrshift rtruediv rpow rmatmul
    """.split()  # noqa: SIM905
)
_HARMLESS = frozenset(
    """hash id int float str repr format tuple list dict set len isinstance super type getattr
    bool sorted sum min max round abs zip range""".split()  # noqa: SIM905
)


def unfollowed(classes: list[Value]) -> list[str]:
    """Return special methods of classes that Python calls by itself and nobody follows."""
    names: list[str] = []
    for kind in classes:
        for statement in kind.node.body if isinstance(kind, Klass) else ():
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            name = statement.name
            special_name = name[:2] == "__" == name[-2:] and name[2:-2] not in _FOLLOWED
            if special_name and not name[2:].startswith(("table", "mapper")) and _acts(statement):
                names.append(name)
    return names


def _acts(statement: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    calls = (node for node in ast.walk(statement) if isinstance(node, ast.Call))
    return any(
        (
            not (isinstance(call.func, ast.Name) and call.func.id in _HARMLESS)
            and not isinstance(call.func, ast.Attribute | ast.Call)
        )
        or (isinstance(call.func, ast.Attribute) and not isinstance(call.func.value, ast.Constant))
        for call in calls
    )


_MOST_BASES = 40
_PLAIN_BASES = frozenset(
    """builtins.object builtins.Exception builtins.BaseException builtins.RuntimeError
    builtins.ValueError builtins.TypeError builtins.KeyError builtins.AssertionError
    builtins.NotImplementedError builtins.LookupError builtins.Warning builtins.UserWarning
    builtins.str builtins.int builtins.dict builtins.list builtins.tuple builtins.set
    contextlib.ContextDecorator contextlib.AbstractContextManager threading.Thread
    alembic.operations.ops.MigrateOperation alembic.operations.MigrateOperation
    sqlalchemy.orm.DeclarativeBase sqlalchemy.orm.MappedAsDataclass sqlmodel.SQLModel
    sqlalchemy.orm.DeclarativeBaseNoMeta sqlalchemy.ext.declarative.AbstractConcreteBase
    sqlalchemy.ext.declarative.DeferredReflection sqlalchemy.ext.asyncio.AsyncAttrs
    sqlalchemy.schema.DDLElement sqlalchemy.schema.ExecutableDDLElement
    sqlalchemy.sql.expression.ClauseElement sqlalchemy.sql.expression.Executable
    sqlalchemy.ext.declarative.declarative_base sqlalchemy.orm.Session""".split()  # noqa: SIM905
)


def read_class(machine: Machine, klass: Klass) -> None:
    """Walk through the body of a class."""
    klass.is_read = True
    mark = machine.state.mark()
    frame = Frame(klass.frame.scope, klass.members, klass.frame, owner=klass, is_class=True)
    if klass.frame.is_module:
        others = not klass.frame.scope.is_revision
        machine.loading += others
        with machine.silence():
            for statement in klass.node.body:
                run_apart(machine, statement, frame)
        machine.loading -= others
        machine.state.keep(mark)
    else:
        machine.block(klass.node.body, frame)


def mro(klass: Klass) -> list[Value]:
    """Return a class and all its bases in the order in which members are looked for."""
    order: list[Value] = []
    waiting: list[Value] = [klass]
    while waiting and len(order) < _MOST_BASES:
        item = waiting.pop(0)
        if any(item is other for other in order):
            # A shared base comes after all that descend from it.
            order = [other for other in order if other is not item]
        order.append(item)
        if isinstance(item, Klass):
            waiting = [*item.bases, *waiting]
    return order


def is_known_base(value: Value) -> bool:
    """Tell whether nothing of a base that is no class of the project can reach the database."""
    if isinstance(value, Klass | BaseV):
        return True
    if not isinstance(value, Name) or value.ours:
        return False
    return value.path in _PLAIN_BASES or is_pure(value.path) or is_type(value.path)


def member(machine: Machine, klass: Klass, name: str, after: Klass | None = None) -> Value:
    """Return an attribute of a class as it is stored, Opaque where a base may hide it, or MISSING.

    `after` leaves out this class and all before it, as `super()` does.
    """
    skipping = after is not None
    for base in mro(klass):
        if skipping:
            skipping = base is not after
            continue
        if isinstance(base, BaseV):
            if name == "metadata":
                return base.metadata
            continue
        if not isinstance(base, Klass):
            if not is_known_base(base):
                return Opaque()
            continue
        machine.read_class(base)
        if name in base.members.values:
            return base.members.values[name]
    return MISSING


def is_enum(klass: Klass) -> bool:
    """Tell whether a class is an enumeration."""
    return any(isinstance(base, Name) and base.path.startswith("enum.") for base in mro(klass))


def enum_members(machine: Machine, klass: Klass) -> list[Value]:
    """Return the members of an enumeration."""
    machine.read_class(klass)
    names = [n for n, v in klass.members.values.items() if _is_enum_member(n, v)]
    return [enum_member(klass, name, klass.members.values[name]) for name in names]


def _is_enum_member(name: str, value: Value) -> bool:
    return not name.startswith("_") and (is_constant(value) or isinstance(value, Seq))


def enum_member(klass: Klass, name: str, value: Value) -> Instance:
    """Make a member of an enumeration."""
    if isinstance(value, Name) and value.path == "enum.auto":
        value = PLAIN
    return Instance(klass, Names({"value": value, "name": name, "_value_": value}))


# -- attributes --------------------------------------------------------------------


_TOLD = frozenset(["__doc__", "__module__", "__qualname__"])


def class_attribute(machine: Machine, klass: Klass, name: str) -> Discharge:
    """Return `Class.name`."""
    if name == "__name__" or (name == "__qualname__" and klass.frame.is_module):
        return pure("a class's name", klass.node.name)
    attribute = member(machine, klass, name)
    if attribute is MISSING:
        return pure("a class without such a member", PLAIN if name in _TOLD else Opaque())
    if isinstance(attribute, Func):
        if attribute.flavour == "classmethod":
            return pure("a method", Bound(attribute, (klass,)))
        return pure("a function of a class", attribute)
    if is_enum(klass) and (is_constant(attribute) or isinstance(attribute, Seq)):
        return pure("a member of an enumeration", enum_member(klass, name, attribute))
    if isinstance(attribute, Instance):
        return _described(machine, attribute, None, klass)
    return pure("a class's attribute", attribute)


def instance_attribute(machine: Machine, value: Instance, name: str) -> Discharge:
    """Return `object.name`, as properties, descriptors and __getattr__ give it."""
    attribute = member(machine, value.of, name)
    if isinstance(attribute, Func) and attribute.flavour == "property":
        return followed(machine.call(attribute, value))
    if name in value.fields.values:
        return pure("an object's attribute", value.fields.values[name])
    if isinstance(attribute, Func) and attribute.flavour == "cached":
        machine.state.bind(value.fields, name, machine.call(attribute, value))
        return followed(value.fields.values[name])
    if name == "__class__":
        return pure("an object's class", value.of)
    if name == "__dict__":
        return pure("an object's attributes", Opaque())
    if attribute is MISSING:
        getter = member(machine, value.of, "__getattr__")
        if getter is not MISSING:
            return followed(machine.call(_bind(getter, value), name))
        return pure("an object without such an attribute", Opaque())
    if isinstance(attribute, Instance):
        return _described(machine, attribute, value, value.of)
    return pure("an object's attribute", _bind(attribute, value))


def _bind(attribute: Value, receiver: Value) -> Value:
    if not isinstance(attribute, Func) or attribute.flavour == "staticmethod":
        return attribute
    if attribute.flavour == "classmethod" and isinstance(receiver, Instance):
        return Bound(attribute, (receiver.of,))
    return Bound(attribute, (receiver,))


def _described(machine: Machine, descriptor: Instance, receiver: Value, klass: Klass) -> Discharge:
    getter = member(machine, descriptor.of, "__get__")
    if getter is MISSING:
        return pure("a class's attribute", descriptor)
    return followed(machine.call(_bind(getter, descriptor), receiver, klass))


def super_attribute(machine: Machine, value: Super, name: str) -> Discharge:
    """Return `super().name`."""
    receiver = value.receiver
    klass = receiver.of if isinstance(receiver, Instance) else receiver
    if not isinstance(klass, Klass):
        return unknown(machine, f"super().{name} of a class that is not in the text")
    attribute = member(machine, klass, name, after=value.after)
    if attribute is MISSING:
        return pure("nothing above a class", Name(f"builtins.object.{name}"))
    if isinstance(attribute, Func) and attribute.flavour == "property":
        return followed(machine.call(attribute, receiver))
    return pure("a method above", _bind(attribute, receiver))


def special(machine: Machine, value: Value, name: str) -> Value:
    """Return a method like __enter__ of an object, bound, or MISSING."""
    if not isinstance(value, Instance):
        return MISSING
    method = member(machine, value.of, name)
    return method if method is MISSING or isinstance(method, Opaque) else _bind(method, value)


# Types of SQLAlchemy that projects write under the same name.
_TAKEN = frozenset(
    """ARRAY BIGINT BLOB BOOLEAN BigInteger Boolean DATE DATETIME Date DateTime Decimal ENUM Enum
    Float
    INTEGER Integer Interval JSON JSONB LargeBinary Money Numeric String TEXT TIMESTAMP Text Time
    Timestamp UUID Unicode Uuid""".split()  # noqa: SIM905
)


def type_name(klass: Klass) -> str:
    """Return how a column type of the project is called: with its module where others have it."""
    package = klass.frame.scope.package
    name = klass.node.name
    return f"{package}.{name}" if package and name in _TAKEN else name


# -- objects -----------------------------------------------------------------------


def instantiate(machine: Machine, klass: Klass, arguments: Arguments) -> Discharge:
    """Make an object of a class of the project."""
    for name in unfollowed(mro(klass)):
        machine.cannot_read(f"Python may call {name}() of {klass.node.name} anywhere")
    above = [value for value in mro(klass) if not isinstance(value, Klass)]
    if is_enum(klass):
        return pure("a member of an enumeration", PLAIN)
    if any(isinstance(revision, Name) and is_type(revision.path) for revision in above):
        _initialise(machine, klass, Instance(klass, Names()), arguments)
        return pure("a column type", TypeV(f"{type_name(klass)}()"))
    maker = member(machine, klass, "__new__")
    if isinstance(maker, Func):
        given = Arguments([klass, *arguments.positional], arguments.keywords, arguments.open)
        made_by = machine.call_with(maker, given).value

        def initialised(item: Value) -> Value:
            if isinstance(item, Instance) and klass in mro(item.of):
                _initialise(machine, item.of, item, arguments)
            elif isinstance(item, Opaque):
                machine.cannot_read(f"{klass.node.name}() is made by code that is not here")
            return item

        return followed(of_each(machine, made_by, initialised))
    made = Instance(klass, Names())
    if not _initialise(machine, klass, made, arguments):
        initial = member(machine, klass, "__init__")
        hidden = isinstance(initial, Opaque) and initial is not MISSING
        if hidden or not all(is_known_base(value) for value in above):
            reason = f"{klass.node.name}() is made by code that is not here"
            return unknown(machine, reason, value=made)
        _fill(machine, klass, made, arguments)
    return followed(made)


def _initialise(machine: Machine, klass: Klass, made: Instance, arguments: Arguments) -> bool:
    initial = member(machine, klass, "__init__")
    if not isinstance(initial, Func):
        return False
    machine.call_with(Bound(initial, (made,)), arguments)
    return True


def _fill(machine: Machine, klass: Klass, made: Instance, arguments: Arguments) -> None:
    """Fill the fields of a dataclass, a named tuple, a model; then __post_init__."""
    fields: dict[str, Value] = {}
    for base in reversed(mro(klass)):
        if isinstance(base, Klass):
            machine.read_class(base)
            for statement in base.node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    name = statement.target.id
                    fields[name] = base.members.values.get(name, Opaque())
    names = list(fields)
    given = dict(zip(names, arguments.positional, strict=False)) | arguments.keywords
    if arguments.open:
        given = {**{name: Opaque() for name in names}, **given}
    for name, value in (fields | given).items():
        machine.state.bind(made.fields, name, _default_of(machine, value))
    after = special(machine, made, "__post_init__")
    if after is not MISSING:
        machine.call(after)


def _default_of(machine: Machine, value: Value) -> Value:
    """Return what `field(default_factory=list)` gives each new object."""
    if isinstance(value, Bound) and value.function == Name("dataclasses.field"):
        factory = value.keywords.get("default_factory")
        if factory is not None:
            return machine.call(factory)
        return value.keywords.get("default", Opaque())
    return value
