"""Mapped classes: the table that a class of the project stands for."""

from __future__ import annotations

import ast

from lback.core.interpreter.choices import choice, options
from lback.core.interpreter.classes import member, mro
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import MISSING
from lback.core.interpreter.schema import BaseV, ColumnV, ConstraintV, IndexV, MetaDataV, TableV
from lback.core.interpreter.text import strings
from lback.core.interpreter.values import Func, Klass, Map, Name, Opaque, Seq, Value


def table_of(machine: Machine, klass: Klass) -> TableV | None:
    """Return the table that a class is mapped to; one without a name if the text hides it."""
    if klass.has_table is None:
        klass.has_table = False
        klass.table = _table_of(machine, klass)
        klass.has_table = klass.table is not None
    return klass.table


def _table_of(machine: Machine, klass: Klass) -> TableV | None:
    explicit = member(machine, klass, "__table__")
    if isinstance(explicit, TableV):
        return TableV(explicit.names, explicit.items, True, explicit.unread)
    name = member(machine, klass, "__tablename__")
    if isinstance(name, Func):
        # A declared_attr: it is called with the class.
        with machine.silence():
            name = machine.call(name, klass)
    if name is MISSING or (isinstance(name, Opaque) and not is_mapped(machine, klass)):
        if any(keyword.arg == "table" for keyword in klass.node.keywords):
            return TableV((klass.node.name.lower(),), columns(machine, klass), True)
        return TableV((), columns(machine, klass), True) if _automapped(klass) else None
    names = strings(name) or ()
    extra, schema = _arguments(machine, klass)
    prefix = f"{schema}." if isinstance(schema, str) and schema else ""
    if schema is not None and not isinstance(schema, str):
        names = ()
    return TableV(tuple(prefix + text for text in names), (*columns(machine, klass), *extra), True)


def _arguments(machine: Machine, klass: Klass) -> tuple[tuple[ConstraintV | IndexV, ...], Value]:
    """Return the constraints and indexes, and the schema, in __table_args__."""
    value = member(machine, klass, "__table_args__")
    schema: Value = None
    if isinstance(value, Func):
        with machine.silence():
            value = machine.call(value, klass)
    items = value.content.items if isinstance(value, Seq) else (value,)
    parts: list[ConstraintV | IndexV] = []
    for item in items:
        if isinstance(item, Map):
            schema = item.content.items.get("schema", schema)
        elif isinstance(item, ConstraintV | IndexV):
            parts.append(item)
    if schema is None:
        metadata = member(machine, klass, "metadata")
        schema = metadata.schema if isinstance(metadata, MetaDataV) else None
    return tuple(parts), schema if schema is None or strings(schema) is None else choice(
        list(strings(schema) or ())
    )


def is_mapped(machine: Machine, klass: Klass) -> bool:
    """Tell whether a class says itself that it is mapped."""
    own = klass.members.values
    return "__tablename__" in own or "__table__" in own


def _automapped(klass: Klass) -> bool:
    return any(isinstance(base, BaseV) and base.automap for base in klass.bases)


def columns(machine: Machine, klass: Klass) -> tuple[ColumnV, ...]:
    """Return the columns that a mapped class and its mixins declare."""
    by_name: dict[str, ColumnV] = {}
    for base in reversed(mro(klass)):
        if not isinstance(base, Klass):
            continue
        machine.read_class(base)
        for name, value in base.members.values.items():
            for option in options(value):
                if isinstance(option, ColumnV):
                    if option.name is None:
                        option.name = (name,)
                    by_name[name] = option
        _only_annotated(base, by_name)
    return tuple(by_name.values())


def _only_annotated(klass: Klass, by_name: dict[str, ColumnV]) -> None:
    """Add columns that an annotation alone declares: `id: Mapped[int]`."""
    for statement in klass.node.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        if statement.value is None and statement.target.id not in by_name:
            shown = ast.unparse(statement.annotation)
            if shown.startswith(("Mapped[", "orm.Mapped[", "so.Mapped[")):
                by_name[statement.target.id] = ColumnV((statement.target.id,))


def metadata_of(machine: Machine, klass: Klass) -> MetaDataV | None:
    """Return the metadata of the declarative base that a class descends from."""
    metadata = member(machine, klass, "metadata")
    if isinstance(metadata, MetaDataV):
        return metadata
    for item in mro(klass):
        if isinstance(item, Klass) and any(_is_base(base) for base in item.bases):
            made = MetaDataV(held=() if item.frame.scope.is_revision else (None,))
            machine.state.bind(item.members, "metadata", made)
            return made
    return None


def _is_base(value: Value) -> bool:
    return isinstance(value, Name) and value.path in (
        "sqlalchemy.orm.DeclarativeBase",
        "sqlmodel.SQLModel",
    )


def register(machine: Machine, klass: Klass) -> None:
    """Put the table of a new mapped class into the metadata of its base."""
    metadata = metadata_of(machine, klass)
    table = table_of(machine, klass) if metadata is not None else None
    if metadata is not None and table is not None and table not in metadata.tables:
        machine.state.set(metadata, "held", (*metadata.held, table))
