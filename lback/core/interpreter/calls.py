"""Calls: of directives, of the project's own functions, of libraries, of what is not known."""

from __future__ import annotations

from lback.core.interpreter.choices import is_inert, options
from lback.core.interpreter.classes import instantiate, special
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.flow import each_option
from lback.core.interpreter.functions import invoke
from lback.core.interpreter.library.alembic_objects import decorated_by_alembic
from lback.core.interpreter.library.catalogue import holds_arguments, is_library, is_pure
from lback.core.interpreter.library.constructs import construct
from lback.core.interpreter.library.directives import perform
from lback.core.interpreter.library.library_calls import library_call
from lback.core.interpreter.library.methods import call_method, run_callbacks
from lback.core.interpreter.library.python_functions import builtin
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import MISSING, force
from lback.core.interpreter.schema import SCHEMA_VALUES, Handle, Row, Rows, TypeV
from lback.core.interpreter.values import (
    PLAIN,
    Arguments,
    Bound,
    Choice,
    Dialect,
    Func,
    Globals,
    Instance,
    Klass,
    Lazy,
    Map,
    Method,
    Module,
    Name,
    Opaque,
    Operation,
    Plain,
    Seq,
    Stack,
    Super,
    Test,
    Text,
    Value,
    assert_never,
)  # fmt: skip


def call(machine: Machine, callee: Value, arguments: Arguments) -> Discharge:  # noqa: PLR0912
    """Follow a call of any value."""
    machine.step()
    if isinstance(callee, Name):
        return _named(machine, callee, arguments)
    if isinstance(callee, Func):
        directive = machine.wrappers.get(callee.name)
        if directive is not None:
            return perform(machine, directive, arguments)
        return invoke(machine, callee, arguments)
    if isinstance(callee, Method):
        return call_method(machine, callee, arguments)
    if isinstance(callee, Bound):
        return _bound(machine, callee, arguments)
    if isinstance(callee, Klass):
        return instantiate(machine, callee, arguments)
    if isinstance(callee, Choice):
        return _either(machine, callee, arguments)
    if isinstance(callee, Instance):
        method = special(machine, callee, "__call__")
        if method is MISSING or isinstance(method, Opaque):
            return _strange(machine, f"an object of {callee.of.node.name}", arguments)
        return machine.call_with(method, arguments)
    if isinstance(callee, Plain):
        run_callbacks(machine, arguments)
        inert = all(is_inert(value) for value in arguments.all())
        return pure("data that a library made", PLAIN if inert else Opaque())
    if isinstance(callee, TypeV):
        return pure("a column type", callee)
    if isinstance(callee, Handle):
        # A session factory, a scoped session, an engine's connect().
        return pure("a handle's own call", callee)
    if isinstance(
        callee, Opaque | Row | Rows | Lazy | Super | Module | Stack | Globals | Operation
    ):
        return _strange(machine, "an unknown function", arguments)
    if isinstance(callee, Text | Test | Dialect | Seq | Map):
        return _strange(machine, "what is no function", arguments)
    if isinstance(callee, SCHEMA_VALUES):
        return _strange(machine, "a part of the schema", arguments)
    if isinstance(callee, str | bytes | int | float | complex | type(None) | type(...)):
        return _strange(machine, "what is no function", arguments)
    assert_never(callee)


def _bound(machine: Machine, callee: Bound, arguments: Arguments) -> Discharge:
    if isinstance(callee.function, Name) and len(arguments.positional) == 1:
        decorated = decorated_by_alembic(machine, callee, arguments.positional[0])
        if decorated is not None:
            return followed(decorated)
    given = Arguments(
        [*callee.positional, *arguments.positional],
        {**callee.keywords, **arguments.keywords},
        arguments.open,
    )
    return call(machine, callee.function, given)


def _either(machine: Machine, callee: Choice, arguments: Arguments) -> Discharge:
    returned: list[Value] = []

    def one(option: Value) -> None:
        returned.append(call(machine, option, arguments).value)

    each_option(machine, callee, one)
    return followed(Choice(tuple(returned)) if len(returned) > 1 else (returned or [PLAIN])[0])


def _named(machine: Machine, callee: Name, arguments: Arguments) -> Discharge:
    path = callee.path
    directive = machine.wrappers.get(path) or machine.wrappers.get(callee.last)
    if directive is not None:
        return perform(machine, directive, arguments)
    if path.startswith("alembic.op."):
        return perform(machine, path[len("alembic.op.") :], arguments)
    if callee.root == "builtins":
        if callee.last in ("super", "globals", "locals", "vars") and arguments.positional:
            return _of_frame(machine, callee.last, arguments)
        return builtin(machine, path[len("builtins.") :], arguments)
    if callee.ours or not is_library(path):
        target = force(machine, callee)
        if not isinstance(target, Name):
            return call(machine, target, arguments)
    special_call = library_call(machine, callee, arguments)
    if special_call is not None:
        return special_call
    made = construct(machine, callee, arguments)
    if made is not None:
        return made
    if is_pure(path):
        run_callbacks(machine, arguments)
        held = holds_arguments(path) and not all(is_inert(value) for value in arguments.all())
        return pure(path, Opaque() if held else PLAIN)
    return _strange(machine, path, arguments)


def _of_frame(machine: Machine, name: str, arguments: Arguments) -> Discharge:
    first = arguments.positional[0]
    if name == "super" and isinstance(first, Super):
        given = arguments.positional[1:]
        if len(given) == 2 and isinstance(given[0], Klass):
            return pure("builtins.super", Super(given[0], given[1]))
        return pure("builtins.super", first)
    if isinstance(first, Globals) and len(arguments.positional) == 1:
        return pure(f"builtins.{name}", first)
    return pure(f"builtins.{name}", Opaque())


def _strange(machine: Machine, what: str, arguments: Arguments) -> Discharge:
    """Declare a call unknown whose code is not at hand; functions that it is handed may run."""
    run_callbacks(machine, arguments)
    handed = any(_reaches(option) for value in arguments.all() for option in options(value))
    if handed:
        return unknown(machine, f"{what}() is handed the database, and its code is not here")
    if what.startswith("subprocess.") or what in ("os.system", "os.popen"):
        return unknown(machine, f"{what}() can run anything")
    return unknown(machine, f"{what}() may do anything, and its code is not here")


def _reaches(value: Value) -> bool:
    if isinstance(value, Handle):
        return True
    return isinstance(value, Name) and value.path.startswith("alembic.op")
