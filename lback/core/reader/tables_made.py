"""Effects of making and dropping tables with everything that is written inside them."""

from __future__ import annotations

from lback.core.effects import Effect, Use
from lback.core.reader.machine import Machine
from lback.core.reader.schema_values import ColumnV, ConstraintV, ForeignKeyV, IndexV, TableV, TypeV
from lback.core.reader.statement_values import full_name
from lback.core.reader.values import Holed, Seq, Value, options, strings


def create(machine: Machine, table: TableV) -> None:
    """Record the creation of a table, its columns, constraints, indexes and enum types."""
    name = full_name(table)
    if name is None:
        names = strings(table.name) or ()
        if not names:
            machine.cannot_read("creates a table whose name is not in the text")
        for one in names:
            with machine.maybe():
                create(machine, TableV(one, table.schema, table.items))
        return
    for item in table.items:
        if isinstance(item, ColumnV) and item.type is not None:
            _implied_enum(machine, item.type)
    machine.emit(Effect("create", "table", name, name))
    for item in table.items:
        for one in options(item):
            if isinstance(one, ColumnV):
                column(machine, one, name)
            elif isinstance(one, ConstraintV):
                constraint(machine, one, name)
            elif isinstance(one, IndexV):
                index(machine, one, name)


def drop(machine: Machine, table: TableV) -> None:
    """Record the drop of a table."""
    name = full_name(table)
    names = (name,) if name is not None else strings(table.name)
    if not names:
        machine.cannot_read("drops a table whose name is not in the text")
        return
    for one in names:
        with machine.maybe(certain=len(names) == 1):
            machine.emit(Effect("drop", "table", one, one))


def column(machine: Machine, value: ColumnV, table: str, *, alone: bool = False) -> None:
    """Record the creation of a column; `alone` when it is added to a table that exists."""
    names = strings(value.name)
    if not names:
        machine.cannot_read("a column whose name is not in the text", (table,))
        return
    for name in names:
        with machine.maybe(certain=len(names) == 1):
            _column(machine, value, table, name, alone)


def _column(machine: Machine, value: ColumnV, table: str, name: str, alone: bool) -> None:
    aspects = ("not null",) if value.nullable is False and not value.has_default else ()
    detail = described(value)
    sets = value.sets or (("type", value.type.text if value.type else "?"),)
    machine.emit(
        Effect(
            "create",
            "column",
            table,
            name,
            detail=detail,
            aspects=aspects,
            uses=type_uses(value.type),
            sets=sets,
        )
    )
    for key in value.foreign_keys:
        constraint(machine, ConstraintV("foreignkey", key.name, Seq([name]), key.target), table)
    if value.primary_key and not alone:
        constraint(machine, ConstraintV("primary", None, Seq([name])), table)
    if value.unique and not value.index:
        constraint(machine, ConstraintV("unique", None, Seq([name])), table)
    if value.index:
        bare = table.rpartition(".")[2]
        index(machine, IndexV(f"ix_{bare}_{name}", Seq([name]), value.unique), table)


def type_uses(value: Value) -> tuple[Use, ...]:
    """Return the named type that a column has, where it is one of the schema's own."""
    if not isinstance(value, TypeV) or not value.enum or not isinstance(value.name, str):
        return ()
    schema = f"{value.schema}." if isinstance(value.schema, str) else ""
    return (Use("type", schema + value.name),)


def described(value: ColumnV) -> str:
    """Return a column's type and what else people want to know of it."""
    parts = [value.type.text if value.type else ""]
    if value.nullable is False:
        parts.append("not null")
    if value.primary_key:
        parts.append("primary key")
    if value.has_default:
        parts.append("default")
    return ", ".join(part for part in parts if part)


def listed(value: Value) -> tuple[str, ...]:
    """Return the column names in a list of columns as far as they are names."""
    items = value.items if isinstance(value, Seq) else [value]
    found = [one.name if isinstance(one, ColumnV) else one for one in items]
    return tuple(one for one in found if isinstance(one, str))


def constraint(machine: Machine, value: ConstraintV, table: str, kind: str = "create") -> None:
    """Record the creation or drop of a constraint; `refers_to` may be "table.column"."""
    columns = listed(value.columns)
    names = strings(value.name) if value.name is not None else (None,)
    refers = referred(value.refers_to) if value.kind == "foreignkey" else None
    detail = _constraint_text(value, columns, refers)
    for name in names or (None,):
        machine.emit(
            Effect(
                "create" if kind == "create" else "drop",
                "constraint",
                table,
                name,
                detail=detail,
                columns=columns,
                refers_to=refers,
                aspects=(value.kind,) if value.kind else (),
            )
        )


def _constraint_text(value: ConstraintV, columns: tuple[str, ...], refers: str | None) -> str:
    words = {"primary": "primary key", "foreignkey": "foreign key"}.get(value.kind, value.kind)
    shown = f"{words} ({', '.join(columns)})" if columns else words
    if value.detail:
        shown = f"{words} ({value.detail})"
    return f"{shown} -> {refers}" if refers else shown


def referred(value: Value) -> str | None:
    """Return the table in what a foreign key points at ("schema.table.column")."""
    if isinstance(value, ForeignKeyV):
        value = value.target
    if isinstance(value, str):
        return value.rpartition(".")[0] or value
    if isinstance(value, Holed) and isinstance(value.parts[0], str) and "." in value.parts[0]:
        return value.parts[0].rpartition(".")[0]
    return None


def index(machine: Machine, value: IndexV, table: Value) -> None:
    """Record the creation of an index."""
    names = strings(value.name) or (None,)
    columns = listed(value.columns)
    for name in names:
        machine.emit(
            Effect(
                "create",
                "index",
                table if isinstance(table, str) else None,
                name,
                detail=("unique " if value.unique else "") + f"({', '.join(columns)})",
                columns=columns,
                aspects=("unique",) if value.unique else (),
            )
        )


def enum(machine: Machine, kind: str, value: TypeV) -> None:
    """Record the creation or drop of an enumeration type, which only PostgreSQL has."""
    names = strings(value.name) or (None,)
    schema = f"{value.schema}." if isinstance(value.schema, str) else ""
    for name in names:
        machine.emit(
            Effect(
                "create" if kind == "create" else "drop",
                "enum",
                None,
                name and schema + name,
                detail=", ".join(value.values),
                dialect="postgresql",
                certain=len(names) == 1,
            )
        )


def _implied_enum(machine: Machine, value: TypeV) -> None:
    """Record the type that CREATE TABLE brings along; ALTER TABLE ADD COLUMN brings none."""
    if value.enum and value.create and value.name is not None:
        # Alembic leaves it out only where the same run has made it before.
        enum(machine, "create", value)
