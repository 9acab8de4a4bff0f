"""Definitions of functions and classes, and what their decorators make of them."""

from __future__ import annotations

import ast
from dataclasses import replace

from lback.core.interpreter.classes import is_known_base, member
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.functions import make
from lback.core.interpreter.library.alembic_objects import decorated_by_alembic
from lback.core.interpreter.library.catalogue import is_pure
from lback.core.interpreter.library.mapped import register
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import force
from lback.core.interpreter.schema import BaseV
from lback.core.interpreter.values import (
    Arguments,
    Bound,
    Choice,
    Flavour,
    Frame,
    Func,
    Klass,
    Method,
    Name,
    Names,
    Opaque,
    Value,
)  # fmt: skip

_FLAVOURS: dict[str, Flavour] = {
    "builtins.property": "property",
    "abc.abstractproperty": "property",
    "functools.cached_property": "cached",
    "sqlalchemy.ext.hybrid.hybrid_property": "property",
    "builtins.classmethod": "classmethod",
    "builtins.staticmethod": "staticmethod",
    "contextlib.contextmanager": "manager",
    "contextlib.asynccontextmanager": "manager",
}
# Decorators after which a function is what it was.
_TRANSPARENT = frozenset(
    """functools.wraps functools.lru_cache functools.cache functools.update_wrapper
    abc.abstractmethod typing.final typing.overload typing.override typing.no_type_check
    typing_extensions.override typing_extensions.deprecated warnings.deprecated enum.unique
    functools.total_ordering dataclasses.dataclass attr.s attr.attrs attr.define attrs.define
    attrs.frozen attr.frozen typing.runtime_checkable sqlalchemy.orm.declared_attr
    sqlalchemy.ext.declarative.declared_attr sqlalchemy.orm.declared_attr.directive
    sqlalchemy.orm.declared_attr.cascading sqlalchemy.orm.validates sqlalchemy.orm.reconstructor
    sqlalchemy.ext.hybrid.hybrid_method types.coroutine pydantic.validator
    pydantic.field_validator pydantic.model_validator sqlalchemy.orm.declarative_mixin
    builtins.object sqlalchemy.orm.as_declarative""".split()  # noqa: SIM905
)


# After these a call with arguments that it has had before does nothing.
_MEMO = frozenset(["functools.lru_cache", "functools.cache"])


def define_function(
    machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame
) -> None:
    """Bind a function, as its decorators leave it."""
    value: Value = make(machine, node, frame)
    name = node.name
    for decorator in reversed(node.decorator_list):
        if isinstance(decorator, ast.Attribute) and decorator.attr in _PARTS:
            held = machine.evaluate(decorator.value, frame)
            if isinstance(held, Func) and held.flavour == "property":
                _part(machine, decorator.attr, held, value, frame, name)
                return
        machine.at(decorator, frame)
        value = decorated(machine, machine.evaluate(decorator, frame), value).value
    machine.state.bind(frame.elsewhere.get(name, frame.names), name, value)


# What a property is made of; the last are those of a hybrid one, which act in SQL.
_PARTS = frozenset(
    """getter setter deleter expression inplace comparator update_expression""".split()  # noqa: SIM905
)


def _part(machine: Machine, part: str, held: Func, value: Value, frame: Frame, name: str) -> None:
    """Bind what `@name.getter` and its like leave; each part keeps its own name in the class."""
    if part == "getter" and isinstance(value, Func):
        held = replace(value, flavour="property")
    elif part in ("setter", "deleter"):
        machine.state.bind(frame.names, f"{name} {part}", value)
    if part == "getter" or (name != held.name and name not in frame.names.values):
        machine.state.bind(frame.names, name, held)


def define_class(machine: Machine, node: ast.ClassDef, frame: Frame) -> None:
    """Bind a class, as its decorators leave it."""
    bases = tuple(_base(force(machine, machine.evaluate(base, frame))) for base in node.bases)
    klass = Klass(node, frame, Names(), bases)
    machine.state.bind(frame.elsewhere.get(node.name, frame.names), node.name, klass)
    for keyword in node.keywords:
        value = machine.evaluate(keyword.value, frame)
        if keyword.arg == "metaclass" and (isinstance(value, Klass) or not is_known_base(value)):
            unknown(machine, f"{node.name} is made by a metaclass")
    if not frame.is_module:
        machine.read_class(klass)
    if bases:
        hook = member(machine, klass, "__init_subclass__", after=klass)
        if isinstance(hook, Func):
            machine.call_with(Bound(hook, (klass,)), Arguments())
        if not machine.loading:
            register(machine, klass)
    value_of: Value = klass
    for decorator in reversed(node.decorator_list):
        machine.at(decorator, frame)
        value_of = decorated(machine, machine.evaluate(decorator, frame), value_of).value
    if value_of is not klass:
        machine.state.bind(frame.elsewhere.get(node.name, frame.names), node.name, value_of)


def _base(value: Value) -> Value:
    """Return the base that a class has whichever of several equal ones it is."""
    if isinstance(value, Choice):
        first = value.options[0]
        if all(isinstance(option, BaseV) for option in value.options):
            return first
        if all(isinstance(option, Name) and is_known_base(option) for option in value.options):
            return first
    return value


def decorated(machine: Machine, decorator: Value, value: Value) -> Discharge:
    """Return what a decorator makes of a function or a class."""
    name = decorator.function if isinstance(decorator, Bound) else decorator
    if isinstance(name, Name):
        flavour = _FLAVOURS.get(name.path)
        if flavour is not None and isinstance(value, Func):
            return pure(name.path, replace(value, flavour=flavour))
        if name.path in ("functools.wraps", "functools.update_wrapper") and isinstance(value, Func):
            first = decorator.positional[0] if isinstance(decorator, Bound) else Opaque()
            return pure(name.path, replace(value, wrapped=first))
        if name.path in _MEMO and isinstance(value, Func):
            return pure(name.path, replace(value, flavour="memo"))
        if name.path in _TRANSPARENT:
            return pure(name.path, value)
        if isinstance(decorator, Bound):
            known = decorated_by_alembic(machine, decorator, value)
            if known is not None:
                return followed(known)
        if is_pure(name.path):
            return pure(name.path, Opaque())
        if name.path == "atexit.register":
            return unknown(machine, "a function that runs at the end of the program")
    if isinstance(decorator, Opaque | Method | Name):
        # Calling it later is what may do anything; that it was defined does nothing.
        return pure("a function that a decorator has swallowed", Opaque())
    return machine.call_with(decorator, Arguments([value]))
