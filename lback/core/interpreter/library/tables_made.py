"""Effects of making and dropping tables with everything that is written inside them."""

from __future__ import annotations

from lback.core.effects import Effect, Use
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.schema import (
    ColumnV,
    ConstraintV,
    IndexV,
    SequenceV,
    TableV,
    TypeV,
    Words,
)  # fmt: skip


def create(machine: Machine, table: TableV) -> None:
    """Record the creation of a table, its columns, constraints, indexes and enum types."""
    if not table.names:
        machine.cannot_read("creates a table whose name is not in the text")
    for name in table.names:
        with machine.unsure(len(table.names) > 1):
            _create(machine, table, name)


def _create(machine: Machine, table: TableV, name: str) -> None:
    for item in table.items:
        if isinstance(item, ColumnV) and item.type is not None:
            _implied_enum(machine, item.type)
        if isinstance(item, ColumnV) and item.sequence is not None:
            sequence(machine, "create", item.sequence)
    machine.emit(Effect("create", "table", name, name))
    doubt = ("columns of a new table that are not in the text",) if None in table.items else ()
    for reason in dict.fromkeys((*table.unread, *doubt)):
        machine.cannot_read(reason, (name,))
    for item in table.items:
        if isinstance(item, ColumnV):
            column(machine, item, name)
        elif isinstance(item, ConstraintV):
            constraint(machine, item, name)
        elif isinstance(item, IndexV):
            index(machine, item, name)


def drop(machine: Machine, table: TableV) -> None:
    """Record the drop of a table."""
    if not table.names:
        machine.cannot_read("drops a table whose name is not in the text")
    for name in table.names:
        with machine.unsure(len(table.names) > 1):
            machine.emit(Effect("drop", "table", name, name))


def column(machine: Machine, value: ColumnV, table: str, *, alone: bool = False) -> None:
    """Record the creation of a column; `alone` when it is added to a table that exists."""
    if not value.name:
        machine.cannot_read("a column whose name is not in the text", (table,))
    for reason in (*value.unread, *(value.type.unread if value.type else ())):
        machine.cannot_read(reason, (table,))
    for name in value.name or ():
        with machine.unsure(len(value.name or ()) > 1):
            _column(machine, value, table, name, alone)


def _column(machine: Machine, value: ColumnV, table: str, name: str, alone: bool) -> None:
    aspects = ("not null",) if value.nullable is False and not value.has_default else ()
    sets = value.sets or (("type", value.type.text if value.type else "?"),)
    machine.emit(
        Effect(
            "create",
            "column",
            table,
            name,
            detail=described(value),
            aspects=aspects,
            uses=placed((*type_uses(value.type), *value.uses), table, (name,)),
            sets=sets,
        )
    )
    for part in value.parts:
        columns = part.columns or ((name,) if part.kind == "foreignkey" else ())
        constraint(machine, _with_columns(part, columns), table)
    if value.primary_key and not alone:
        constraint(machine, ConstraintV("primary", None, (name,)), table)
    if value.unique and not value.index:
        constraint(machine, ConstraintV("unique", None, (name,)), table)
    if value.index:
        bare = table.rpartition(".")[2]
        index(machine, IndexV((f"ix_{bare}_{name}",), (name,), value.unique), table)


def _with_columns(part: ConstraintV, columns: tuple[str, ...]) -> ConstraintV:
    return ConstraintV(
        part.kind, part.name, columns, part.refers_to, None, part.detail, part.uses, part.unread
    )


def type_uses(value: TypeV | None) -> tuple[Use, ...]:
    """Return the named types that a column has, where they are the schema's own."""
    if value is None:
        return ()
    schema = f"{value.schema}." if value.schema else ""
    named = value.name or () if value.enum else ()
    return (*(Use("type", schema + name) for name in named), *value.uses)


def placed(uses: tuple[Use, ...], table: str | None, own: tuple[str, ...] = ()) -> tuple[Use, ...]:
    """Return uses with the table that a bare column is of, without the object itself."""
    moved: dict[Use, None] = {}
    for use in uses:
        if use.object == "column":
            owner = table if use.table in (None, "", _bare(table)) else use.table
            if owner != table or use.name not in own:
                moved[Use("column", use.name, owner)] = None
        else:
            moved[use] = None
    return tuple(moved)


def _bare(table: str | None) -> str | None:
    return table.rpartition(".")[2] if table else None


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


def constraint(machine: Machine, value: ConstraintV, table: str, kind: str = "create") -> None:
    """Record the creation or drop of a constraint; `refers_to` may be "table.column"."""
    for reason in value.unread:
        machine.cannot_read(reason, (table,))
    names: tuple[str | None, ...] = value.name or (None,)
    for name in names:
        with machine.unsure(len(names) > 1):
            machine.emit(
                Effect(
                    "create" if kind == "create" else "drop",
                    "constraint",
                    table,
                    name,
                    detail=_constraint_text(value),
                    columns=value.columns,
                    refers_to=value.refers_to,
                    aspects=(value.kind,) if value.kind else (),
                    uses=placed(value.uses, table) if kind == "create" else (),
                    terms=value.terms,
                )
            )


def _constraint_text(value: ConstraintV) -> str:
    words = {"primary": "primary key", "foreignkey": "foreign key"}.get(value.kind, value.kind)
    shown = f"{words} ({', '.join(value.columns)})" if value.columns else words
    if value.detail:
        shown = f"{words} ({value.detail})"
    return f"{shown} -> {value.refers_to}" if value.refers_to else shown


def index(machine: Machine, value: IndexV, table: str | None) -> None:
    """Record the creation of an index."""
    for reason in value.unread:
        machine.cannot_read(reason, (table,) if table else ())
    names: tuple[str | None, ...] = value.name or (None,)
    for name in names:
        with machine.unsure(len(names) > 1):
            machine.emit(
                Effect(
                    "create",
                    "index",
                    table,
                    name,
                    detail=("unique " if value.unique else "") + f"({', '.join(value.columns)})",
                    columns=value.columns,
                    aspects=("unique",) if value.unique else (),
                    uses=placed(value.uses, table, value.columns),
                    terms=value.terms,
                )
            )


def drop_index(machine: Machine, names: Words, tables: tuple[str | None, ...]) -> None:
    """Record the drop of an index, whose table may not be named."""
    if not names and tables == (None,):
        machine.cannot_read("drops an index whose name is not in the text")
        return
    indexes: tuple[str | None, ...] = names or (None,)
    for table in tables:
        for name in indexes:
            with machine.unsure(len(tables) * len(indexes) > 1):
                machine.emit(Effect("drop", "index", table, name))


def enum(machine: Machine, kind: str, value: TypeV) -> None:
    """Record the creation or drop of an enumeration type, which only PostgreSQL has."""
    names: tuple[str | None, ...] = value.name or (None,)
    schema = f"{value.schema}." if value.schema else ""
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
                terms=values_of(value),
            )
        )


def values_of(value: TypeV | None) -> tuple[tuple[str, str], ...]:
    """Return the values of a type that the database keeps a list of, as terms."""
    return tuple(("value", label) for label in value.values) if value and value.enum else ()


def _implied_enum(machine: Machine, value: TypeV) -> None:
    """Record the type that CREATE TABLE brings along; ALTER TABLE ADD COLUMN brings none."""
    if value.enum and value.create and value.name is not None:
        # Alembic leaves it out only where the same run has made it before.
        enum(machine, "create", value)


def sequence(machine: Machine, kind: str, value: SequenceV) -> None:
    """Record the creation or drop of a sequence."""
    names: tuple[str | None, ...] = value.name or (None,)
    for name in names:
        with machine.unsure(len(names) > 1):
            machine.emit(Effect("create" if kind == "create" else "drop", "sequence", None, name))
