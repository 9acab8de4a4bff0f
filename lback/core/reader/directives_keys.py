"""Directives about indexes and constraints."""

from __future__ import annotations

from collections.abc import Callable

from lback.core.effects import Effect
from lback.core.reader import tables_made
from lback.core.reader.given import Given, full_names
from lback.core.reader.schema_values import ConstraintV, IndexV
from lback.core.reader.values import NOTHING_KNOWN, Value, strings


def each(given: Given, tables: tuple[str, ...], record: Callable[[str], None]) -> None:
    """Record for every table that may be meant; surely where there is only one."""
    for table in tables:
        with given.machine.maybe(certain=len(tables) == 1):
            record(table)


def create_index(given: Given) -> Value:
    """Record op.create_index()."""
    made = IndexV(
        given.get("index_name"), given.get("columns", NOTHING_KNOWN), given.get("unique") is True
    )
    guarded = given.get("if_not_exists") is True
    with given.machine.maybe(certain=not guarded):
        each(
            given,
            given.tables("table_name"),
            lambda table: tables_made.index(given.machine, made, table),
        )
    return None


def drop_index(given: Given) -> Value:
    """Record op.drop_index(), with or without its table."""
    names = given.names("index_name")
    known = given.batch is not None or given.get("table_name") is not None
    tables: tuple[str | None, ...] = given.tables("table_name") if known else (None,)
    if isinstance(given.get("index_name"), IndexV):
        names = strings(given.get("index_name").name) or (None,)
    if names == (None,) and tables == (None,):
        given.machine.cannot_read("drops an index whose name is not in the text")
        return None
    guarded = given.get("if_exists") is True
    schema = given.get("schema")
    for table in tables:
        for name in names:
            full = f"{schema}.{name}" if isinstance(schema, str) and table is None else name
            sure = not guarded and len(tables) == len(names) == 1
            with given.machine.maybe(certain=sure):
                given.machine.emit(Effect("drop", "index", table, full))
    return None


def create_foreign_key(given: Given) -> Value:
    """Record op.create_foreign_key()."""
    referred = full_names(given.get("referent_table"), given.get("referent_schema"))
    target: Value = f"{referred[0]}." if len(referred) == 1 else NOTHING_KNOWN
    made = ConstraintV("foreignkey", given.get("constraint_name"), given.get("local_cols"), target)
    tables = given.tables("source_table", "source_schema")
    if len(referred) != 1:
        given.machine.cannot_read("a foreign key to a table whose name is not in the text", tables)
    each(given, tables, lambda table: tables_made.constraint(given.machine, made, table))
    return None


_KINDS = {
    "create_unique_constraint": "unique",
    "create_primary_key": "primary",
    "create_check_constraint": "check",
    "create_exclude_constraint": "exclude",
}


def create_constraint(given: Given) -> Value:
    """Record op.create_unique_constraint() and its like."""
    condition = given.get("condition")
    text = condition if isinstance(condition, str) else getattr(condition, "text", "")
    made = ConstraintV(
        _KINDS[given.directive],
        given.get("constraint_name"),
        given.get("columns"),
        detail=text if isinstance(text, str) else "",
    )
    each(
        given,
        given.tables("table_name"),
        lambda table: tables_made.constraint(given.machine, made, table),
    )
    return None


def drop_constraint(given: Given) -> Value:
    """Record op.drop_constraint()."""
    guarded = given.get("if_exists") is True
    kind = given.text("type_") or ""
    made = ConstraintV(kind, given.get("constraint_name"))
    with given.machine.maybe(certain=not guarded):
        each(
            given,
            given.tables("table_name"),
            lambda table: tables_made.constraint(given.machine, made, table, "drop"),
        )
    return None
