"""Values that stand for what SQLAlchemy and Alembic make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Value = Any


@dataclass(slots=True)
class TypeV:
    """A column type; `name` and `values` are those of an enum, `text` is how people write it."""

    text: str
    name: Value = None
    enum: bool = False
    values: tuple[str, ...] = ()
    create: bool = True
    postgresql: bool = False
    schema: Value = None


@dataclass(slots=True)
class ForeignKeyV:
    """sa.ForeignKey: `target` is "table.column" as written."""

    target: Value
    name: Value = None


@dataclass(slots=True)
class ColumnV:
    """sa.Column or a class attribute like it."""

    name: Value
    type: TypeV | None = None
    foreign_keys: tuple[ForeignKeyV, ...] = ()
    nullable: bool | None = None
    primary_key: bool = False
    has_default: bool = False
    index: bool = False
    unique: bool = False
    comment: bool = False
    identity: bool = False
    sets: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class ConstraintV:
    """A constraint; `kind` is primary, unique, foreignkey, check or exclude."""

    kind: str
    name: Value
    columns: Value = None
    refers_to: Value = None
    table: Value = None
    detail: str = ""


@dataclass(slots=True)
class IndexV:
    """sa.Index."""

    name: Value
    columns: Value
    unique: bool = False
    table: Value = None


@dataclass(slots=True)
class TableV:
    """sa.Table, sa.table, the table of a mapped class; `items` are its columns and the like."""

    name: Value
    schema: Value = None
    items: tuple[Value, ...] = ()
    alias: bool = False


@dataclass(slots=True)
class MetaData:
    """sa.MetaData or the metadata of a local base; `tables` are those that are known of."""

    tables: list[TableV] = field(default_factory=list)
    local: bool = True
    schema: Value = None


@dataclass(slots=True)
class Base:
    """A declarative base made in the revision."""

    metadata: MetaData = field(default_factory=MetaData)


@dataclass(slots=True)
class Sql:
    """sa.text(...) or sa.DDL(...)."""

    text: Value


@dataclass(slots=True)
class Statement:
    """An SQLAlchemy Core statement: select, insert, update, delete, or a schema one."""

    kind: str
    table: Value = None
    columns: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    element: Value = None
    nested: tuple[Statement, ...] = ()


@dataclass(slots=True)
class Operation:
    """An operation object of alembic.operations.ops, to be invoked."""

    directive: str
    positional: list[Value]
    keywords: dict[str, Value]
