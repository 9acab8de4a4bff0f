"""Items of values: `value[key]`, reading, writing and slices."""

from __future__ import annotations

import operator
import re
from typing import TypeGuard

from lback.core.dialects import NO_DIALECT, Dialects
from lback.core.interpreter.choices import (
    choice,
    dialect_named,
    is_constant,
    is_data,
    key_of,
    options,
    tuple_of,
)
from lback.core.interpreter.classes import enum_member, is_enum, is_known_base, member, special
from lback.core.interpreter.discharge import Discharge, followed, pure, unknown
from lback.core.interpreter.flow import branch, of_each, throw
from lback.core.interpreter.folding import UNREAD, fold
from lback.core.interpreter.library.catalogue import is_pure
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import MISSING, find, module
from lback.core.interpreter.schema import (
    SCHEMA_VALUES,
    BaseV,
    ColumnV,
    Handle,
    MetaDataV,
    Row,
    Rows,
    TableV,
)  # fmt: skip
from lback.core.interpreter.schema_expressions import column_of
from lback.core.interpreter.values import (
    PLAIN,
    UNKNOWN_TEXT,
    Bound,
    Choice,
    Dialect,
    Func,
    Globals,
    Instance,
    Items,
    Klass,
    Lazy,
    Map,
    Method,
    Module,
    Name,
    Opaque,
    Operation,
    PathText,
    Plain,
    Seq,
    Stack,
    Super,
    Test,
    Text,
    Value,
    assert_never,
)  # fmt: skip


def item(machine: Machine, value: Value, key: Value) -> Discharge:  # noqa: PLR0912
    """Return `value[key]`."""
    if isinstance(value, Map):
        return pure("an item of a dict", _of_map(machine, value, key))
    if isinstance(value, Seq):
        return pure("an item of a list", _of_seq(machine, value, key))
    if isinstance(value, str | bytes):
        values = of_each(machine, key, lambda entry: fold(machine, operator.getitem, value, entry))
        return pure("an item of a text", values)
    if isinstance(value, Choice):
        return followed(of_each(machine, value, lambda entry: machine.item(entry, key)))
    if isinstance(value, Instance):
        getter = special(machine, value, "__getitem__")
        if getter is MISSING or isinstance(getter, Opaque):
            return unknown(machine, f"an item of {value.of.node.name}, whose code is not here")
        return followed(machine.call(getter, key))
    if isinstance(value, Klass):
        return _of_class(machine, value, key)
    if isinstance(value, Globals):
        return pure("a name of this module", _global(machine, value, key))
    if isinstance(value, Name):
        return _of_name(machine, value, key)
    if isinstance(value, Method):
        return _of_method(machine, value, key)
    if isinstance(value, Rows):
        return pure("one of several rows", Row(value.tables, value.whole))
    if isinstance(value, Row):
        return pure("a row's column", Row(value.tables, True, True) if value.whole else PLAIN)
    if isinstance(value, Handle):
        return pure("rows of a query", Row(value.tables, value.whole))
    if isinstance(value, Plain | Text | Test | Dialect):
        return pure("an item of data", UNKNOWN_TEXT if isinstance(value, Text) else PLAIN)
    if isinstance(value, SCHEMA_VALUES):
        return pure("a part of an SQL expression", value)
    if isinstance(value, int | float | complex | type(None) | type(...)):
        return pure("no item", PLAIN)
    if isinstance(value, Opaque | Func | Bound | Lazy | Super | Module | Stack | Operation):
        return unknown(machine, "an item of something that is not in the text")
    assert_never(value)


def _of_map(machine: Machine, value: Map, key: Value) -> Value:
    content = value.content
    if isinstance(key, Dialect):
        return by_dialect(machine, value, MISSING)
    if isinstance(key, Choice):
        return of_each(machine, key, lambda option: _of_map(machine, value, option))
    known = key_of(key)
    others: list[Value] = [PLAIN if content.data else Opaque()] if content.open else []
    if content.fallback is not None:
        others = [machine.call(content.fallback)]
    if not isinstance(known, Plain):
        if known in content.items:
            return content.items[known]
        if content.fallback is not None:
            items = {**content.items, known: others[0]}
            machine.state.fill_map(value, items, open=content.open, data=content.data)
        if not others:
            throw(machine)
        return others[0] if others else Opaque()
    if content.fallback is not None and is_data(others[0]):
        others = [PLAIN]
    values = [*content.items.values(), *others]
    return choice(values) if values else Opaque()


def by_dialect(machine: Machine, value: Map, default: Value) -> Value:
    """Return what a dict holds for each dialect; without a default it raises on the others."""
    if value.content.open:
        return Opaque()
    values: list[Value] = []
    on: list[Dialects] = []
    rest = ~NO_DIALECT
    for key, entry in value.content.items.items():
        if not isinstance(key, str):
            return Opaque()
        meant = dialect_named(key).must & rest
        rest = rest & ~meant
        if not meant.empty:
            values.append(entry)
            on.append(meant)
    if default is MISSING:
        branch(machine, Test(~rest, ~rest), lambda: None, lambda: throw(machine))
    else:
        values.append(default)
        on.append(rest)
    return Choice(tuple(values), tuple(on)) if values else Opaque()


def _of_seq(machine: Machine, value: Seq, key: Value) -> Value:
    content = value.content
    if isinstance(key, Choice):
        return of_each(machine, key, lambda option: _of_seq(machine, value, option))
    if value.kind in ("set", "frozenset", "iterator", "view"):
        throw(machine)
        return PLAIN
    if is_constant(key) and not content.open:
        return fold(machine, operator.getitem, tuple_of(content.items), key)
    if content.open and not content.alike:
        return Opaque()
    return choice(content.items) if content.items else Opaque()


def _of_class(machine: Machine, value: Klass, key: Value) -> Discharge:
    if is_enum(value) and isinstance(key, str):
        member_value = member(machine, value, key)
        if is_constant(member_value):
            return pure("a member of an enumeration", enum_member(value, key, member_value))
    getter = member(machine, value, "__class_getitem__")
    if isinstance(getter, Func):
        return followed(machine.call(getter, value, key))
    return pure("a class with type arguments", PLAIN if is_enum(value) else value)


def _of_name(machine: Machine, value: Name, key: Value) -> Discharge:
    if value.path == "sys.modules" and isinstance(key, str):
        if key == "__main__":
            return pure("a module by its name", Opaque())
        inner = module(machine, key)
        return pure("a module by its name", Module(inner) if inner is not None else Name(key))
    if value.path.startswith(("os.environ", "typing.", "collections.", "sqlalchemy.orm.Mapped")):
        return pure("an item of a library's object", PLAIN)
    if value.path.startswith("builtins.") or is_known_base(value):
        return pure("a class with type arguments", value)
    if value.path.startswith("alembic.context.config"):
        return pure("what env.py left for others", Opaque(given=True))
    if is_pure(value.path) or value.path == "flask.current_app.config":
        return pure("an item of a library's object", PLAIN)
    return unknown(machine, f"{value.path}[...] may do anything, and its code is not here")


def _of_method(machine: Machine, value: Method, key: Value) -> Discharge:
    owner = value.owner
    if isinstance(owner, TableV) and value.name in ("c", "columns") and isinstance(key, str):
        return pure("a column", column_of(owner, key))
    if isinstance(owner, MetaDataV | BaseV) and value.name == "tables" and isinstance(key, str):
        return pure("a table", _registered(owner, key))
    if isinstance(owner, BaseV) and value.name == "classes":
        return pure("an automapped class", TableV((key,) if isinstance(key, str) else (), (), True))
    if isinstance(owner, Row):
        return pure("a row's column", PLAIN if not owner.whole else Row(owner.tables, True, True))
    if isinstance(owner, Plain | ColumnV | TableV | Text | Rows | Row):
        return pure("an item of data", PLAIN)
    return unknown(machine, f"an item of .{value.name}, which is not in the text")


def _registered(owner: MetaDataV | BaseV, key: str) -> TableV:
    metadata = owner.metadata if isinstance(owner, BaseV) else owner
    for table in metadata.tables:
        if key in table.names:
            return table
    return TableV((key,))


def _global(machine: Machine, value: Globals, key: Value) -> Value:
    """Return the functions of this module that `globals()[key]` may give."""
    names = [option for option in options(key) if isinstance(option, str)]
    if len(names) == len(options(key)):
        values = [find(machine, name, value.scope) for name in names]
        return choice([Opaque() if entry is MISSING else entry for entry in values])
    if not isinstance(key, Text):
        return Opaque()
    pattern = re.compile("".join(".*" if p is None else re.escape(p) for p in key.parts))
    known = [*value.scope.names.values, *value.scope.pending]
    fitting = [name for name in dict.fromkeys(known) if pattern.fullmatch(name)]
    values = [find(machine, name, value.scope) for name in fitting]
    functions = [function for function in values if isinstance(function, Func)]
    return choice(functions) if functions else Opaque()


def cut(machine: Machine, value: Value, bounds: list[Value]) -> Value:
    """Return `value[a:b:c]`."""
    if isinstance(value, str | bytes | Seq):
        plain = tuple_of(value.content.items) if _is_cut(value) else value
        found = fold(machine, lambda option, *given: option[slice(*given)], plain, *bounds)
        if isinstance(value, Seq) and isinstance(found, Seq):
            return Seq(found.content, value.kind)
        if found is not UNREAD or machine.dead:
            return found
    if isinstance(value, PathText):
        found = cut(machine, str(value), bounds)
        return PathText(found) if isinstance(found, str) else UNKNOWN_TEXT
    if isinstance(value, str):
        return UNKNOWN_TEXT
    if isinstance(value, Text):
        last = value.parts[-1]
        keeps = bounds[0] is None and bounds[2] is None
        return (
            Text((*value.parts, None))
            if keeps and last is not None
            else (value if keeps else UNKNOWN_TEXT)
        )
    if isinstance(value, Seq):
        content = value.content
        return Seq(Items(content.items, True, content.alike or not content.open), value.kind)
    if isinstance(value, Choice):
        return of_each(machine, value, lambda entry: cut(machine, entry, bounds))
    if isinstance(value, Rows | Handle):
        return value
    return value if isinstance(value, Row) else item(machine, value, None).value


def _is_cut(value: Value) -> TypeGuard[Seq]:
    return isinstance(value, Seq) and not value.content.open and value.kind in ("range", "tuple")
