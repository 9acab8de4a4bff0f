"""Methods of values that are no code of the project: of tables, types, statements, data."""

from __future__ import annotations

from lback.core.interpreter.choices import choice, is_data, is_inert, options
from lback.core.interpreter.context_managers import entered, swallows
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.flow import leave_stack, perhaps
from lback.core.interpreter.folding import UNREAD
from lback.core.interpreter.items import item
from lback.core.interpreter.iteration import collect
from lback.core.interpreter.library.alchemy_methods import (
    dialect_method,
    element_method,
    metadata_method,
    statement_method,
    table_method,
)
from lback.core.interpreter.library.catalogue import is_pure
from lback.core.interpreter.library.containers import map_method, seq_method
from lback.core.interpreter.library.directives import perform
from lback.core.interpreter.library.given import PARAMETERS
from lback.core.interpreter.library.handles import (  # fmt: skip
    EXECUTES,
    handle_method,
    is_sql,
    row_method,
    rows_method,
)
from lback.core.interpreter.library.sql_sink import send
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import METHODS as PATH_METHODS
from lback.core.interpreter.modules import file_method, force, path_method
from lback.core.interpreter.objects import TELLS, touched
from lback.core.interpreter.schema import (
    BaseV,
    ColumnV,
    ConstraintV,
    ExprV,
    Handle,
    IndexV,
    MetaDataV,
    Row,
    Rows,
    SequenceV,
    SqlV,
    StatementV,
    TableV,
    TypeV,
)  # fmt: skip
from lback.core.interpreter.schema_expressions import of_arguments
from lback.core.interpreter.state import half
from lback.core.interpreter.text import constant_method, string_method
from lback.core.interpreter.values import (
    PLAIN,
    UNKNOWN_TEXT,
    Arguments,
    Bound,
    Choice,
    Dialect,
    Func,
    Globals,
    Lazy,
    Map,
    Method,
    Module,
    Name,
    Opaque,
    Plain,
    Seq,
    Stack,
    Test,
    Text,
    Value,
)  # fmt: skip


def call_method(machine: Machine, method: Method, arguments: Arguments) -> Discharge:  # noqa: PLR0912
    """Follow a call of a method."""
    owner, name = method.owner, method.name
    if isinstance(owner, str | Text):
        return _of_text(machine, owner, name, arguments)
    if isinstance(owner, Handle):
        return handle_method(machine, owner, name, arguments)
    if isinstance(owner, Seq):
        return seq_method(machine, owner, name, arguments)
    if isinstance(owner, Map):
        return map_method(machine, owner, name, arguments)
    if isinstance(owner, TableV):
        return table_method(machine, owner, name, arguments)
    if isinstance(owner, MetaDataV | BaseV):
        metadata = owner.metadata if isinstance(owner, BaseV) else owner
        return metadata_method(machine, metadata, name, arguments)
    if isinstance(owner, TypeV | IndexV | SequenceV | ConstraintV):
        return element_method(machine, owner, name, arguments)
    if isinstance(owner, StatementV | SqlV):
        return statement_method(machine, owner, name, arguments)
    if isinstance(owner, ColumnV | ExprV):
        return pure("an SQL expression", of_arguments(arguments, owner))
    if isinstance(owner, Dialect):
        return dialect_method(owner, name, arguments)
    if isinstance(owner, Rows):
        return rows_method(machine, owner, name, arguments)
    if isinstance(owner, Row):
        return row_method(machine, owner, name, deep=owner.part)
    if isinstance(owner, Globals):
        return (
            item(machine, owner, arguments.get(0, "key"))
            if name == "get"
            else unknown(machine, f"globals().{name}()")
        )
    if isinstance(owner, Stack):
        return _stack(machine, owner, name, arguments)
    if isinstance(owner, Method):
        return _of_attribute(machine, owner, name, arguments)
    if isinstance(owner, int | float | complex | bytes):
        found = constant_method(machine, owner, name, arguments.positional, arguments.keywords)
        if found is not UNREAD and not arguments.open:
            return pure("a method of a constant", found)
    if isinstance(owner, Plain | Test | int | float | complex | bytes | None):
        return data_method(machine, name, arguments)
    return _strange(machine, owner, name, arguments)


def _of_text(machine: Machine, owner: str | Text, name: str, arguments: Arguments) -> Discharge:
    if name in PATH_METHODS:
        if isinstance(owner, str):
            return path_method(machine, owner, name, arguments)
        return pure("a path that is not in the text", UNKNOWN_TEXT)
    positional = list(arguments.positional)
    touched(machine, arguments.all(), TELLS)
    if arguments.open:
        return pure(f"str.{name}", UNKNOWN_TEXT if name in ("join", "format") else PLAIN)
    walked = positional and not isinstance(positional[0], str | Choice)
    if name == "join" and walked:
        positional[0] = Seq(collect(machine, positional[0]))
    return pure(f"str.{name}", string_method(machine, owner, name, positional, arguments.keywords))


def data_method(machine: Machine, name: str, arguments: Arguments) -> Discharge:
    """Follow a method of data; functions that it is handed may run."""
    run_callbacks(machine, arguments)
    if any(_reaches(option) for value in arguments.all() for option in options(value)):
        return unknown(machine, f"{name}() keeps what may reach the database")
    inert = all(is_inert(entry) for entry in arguments.all())
    return pure("a method of data", PLAIN if inert else Opaque())


def _reaches(value: Value) -> bool:
    if isinstance(value, Name):
        return not is_pure(value.path)
    return isinstance(value, Opaque | Handle | Stack | Globals | Module)


def run_callbacks(machine: Machine, arguments: Arguments) -> None:
    """Walk through functions that somebody else's code is handed, and may run or not."""
    touched(machine, arguments.all())
    for value in arguments.all():
        for option in options(value):
            if isinstance(option, Func | Bound | Lazy):
                perhaps(machine, lambda entry=option: _run_one(machine, entry))  # type: ignore[misc]


def _run_one(machine: Machine, value: Value) -> None:
    if isinstance(value, Lazy):
        machine.walk(value, lambda _: None)
        return
    returned = machine.call_with(value, Arguments(open=True)).value
    if isinstance(returned, Lazy):
        machine.walk(returned, lambda _: None)


def _of_attribute(machine: Machine, owner: Method, name: str, arguments: Arguments) -> Discharge:
    inner = owner.owner
    if isinstance(inner, str | Text) and owner.name == "open":
        return file_method(machine, inner, name)
    if isinstance(inner, Row):
        return row_method(machine, inner, name, deep=True)
    if isinstance(inner, Rows) and not inner.whole:
        return pure("a method of data", PLAIN)
    if is_data(inner):
        return data_method(machine, name, arguments)
    if isinstance(inner, TableV | ColumnV | ExprV | TypeV):
        return pure("an SQL expression", of_arguments(arguments, inner))
    if isinstance(inner, MetaDataV | BaseV) and name in ("get", "values", "keys", "items"):
        found = item(machine, owner, arguments.get(0, "key", PLAIN))
        metadata = inner.metadata if isinstance(inner, BaseV) else inner
        if name == "get" and not (metadata.known and found.value in metadata.tables):
            return pure("a table, if there is one", choice([found.value, arguments.get(1, "d")]))
        return found
    if isinstance(inner, StatementV):
        return pure("an SQL expression", of_arguments(arguments, inner))
    return _strange(machine, owner, name, arguments)


def _strange(machine: Machine, owner: Value, name: str, arguments: Arguments) -> Discharge:
    """Follow a method of something unknown: say so, and read what it may be as well."""
    given = isinstance(owner, Opaque) and owner.given
    if given and name in PARAMETERS:
        with machine.unsure():
            perform(machine, name, arguments)
    elif (
        name in EXECUTES
        and arguments.positional
        and is_sql(force(machine, arguments.positional[0]))
    ):
        perhaps(machine, lambda: _void(send(machine, arguments.positional[0])))
    run_callbacks(machine, arguments)
    return unknown(machine, f"{name}() of something that is not in the text may do anything")


def _void(_: Discharge) -> None:
    pass


# -- contextlib.ExitStack ----------------------------------------------------------


def _stack(machine: Machine, owner: Stack, name: str, arguments: Arguments) -> Discharge:
    first = arguments.get(0, "cm")
    if name in ("enter_context", "enter_async_context"):
        given: list[Value] = []
        if any(swallows(machine, option) for option in options(first)):
            _may_swallow(machine)
        entered(machine, first, given.append, owner)
        return followed(given[0] if given else Opaque())
    if name in ("callback", "push_async_callback"):
        later = Bound(first, tuple(arguments.positional[1:]), dict(arguments.keywords))
        items = [*owner.callbacks.content.items, later]
        machine.state.fill(owner.callbacks, items, open=owner.callbacks.content.open)
        return pure("a callback that runs later", first)
    if name in ("push", "push_async_exit"):
        if any(swallows(machine, option) for option in options(first)):
            _may_swallow(machine)
        later = Bound(first, (None, None, None))
        items = [*owner.callbacks.content.items, later]
        machine.state.fill(owner.callbacks, items, open=owner.callbacks.content.open)
        return pure("a callback that runs later", first)
    if name in ("close", "aclose", "__exit__"):
        return leave_stack(machine, owner)
    if name == "__enter__":
        return pure("an ExitStack", owner)
    if name == "pop_all":
        moved = Stack(Seq(owner.callbacks.content))
        machine.state.fill(owner.callbacks, [], open=False)
        return pure("an ExitStack", moved)
    return unknown(machine, f"ExitStack.{name}() is not a method that is known")


def _may_swallow(machine: Machine) -> None:
    """Say that from here on an exception may end the `with` of a stack, and nothing more."""
    machine.path = half(machine.path)
    machine.cannot_read("an ExitStack may keep an exception to itself")
