"""Directives about indexes and constraints."""

from __future__ import annotations

from collections.abc import Callable

from lback.core.interpreter import tables_made
from lback.core.interpreter.given import Given
from lback.core.interpreter.key_values import keyword_uses, listed, sql_of
from lback.core.interpreter.schema import ConstraintV, IndexV
from lback.core.interpreter.table_values import full_names
from lback.core.interpreter.values import Items, Seq, Value


def each(given: Given, tables: tuple[str, ...], record: Callable[[str], None]) -> None:
    """Record for every table that may be meant; surely where there is only one."""
    for table in tables:
        with given.machine.unsure(len(tables) > 1):
            record(table)


def create_index(given: Given) -> Value:
    """Record op.create_index()."""
    tables = given.tables("table_name")
    names = given.columns("columns", tables)
    uses = (*listed(given.get("columns"))[1], *keyword_uses(given.arguments))
    unique = given.flag("unique")
    unread = () if unique is not None else ("an index that may be unique or not",)
    made = IndexV(given.names("index_name"), names, unique is True, None, uses, unread)
    with given.looking("if_not_exists"):
        each(given, tables, lambda table: tables_made.index(given.machine, made, table))
    return None


def drop_index(given: Given) -> Value:
    """Record op.drop_index(), with or without its table."""
    value = given.get("index_name")
    names = value.name if isinstance(value, IndexV) else given.names("index_name")
    known = given.batch is not None or given.get("table_name") is not None
    tables: tuple[str | None, ...] = given.tables("table_name") if known else (None,)
    schema = given.get("schema")
    if isinstance(schema, str) and not known:
        names = tuple(f"{schema}.{one}" for one in names or ())
    with given.looking("if_exists"):
        tables_made.drop_index(given.machine, names, tables)
    return None


def create_foreign_key(given: Given) -> Value:
    """Record op.create_foreign_key()."""
    tables = given.tables("source_table", "source_schema")
    referred = full_names(given.get("referent_table"), given.get("referent_schema"))
    unread = ("a foreign key to a table whose name is not in the text",)
    made = ConstraintV(
        "foreignkey",
        given.names("constraint_name"),
        given.columns("local_cols", tables),
        referred[0] if len(referred) == 1 else None,
        unread=() if len(referred) == 1 else unread,
    )
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
    tables = given.tables("table_name")
    detail, uses, unread = sql_of(given.get("condition"))
    columns = given.columns("columns", tables) if given.has("columns") else ()
    uses = (*uses, *listed(Seq(_items(given)))[1])
    kind, names = _KINDS[given.directive], given.names("constraint_name")
    made = ConstraintV(kind, names, columns, detail=detail, uses=uses, unread=unread)
    each(given, tables, lambda table: tables_made.constraint(given.machine, made, table))
    return None


def _items(given: Given) -> Items:
    return Items(tuple(given.rest))


def drop_constraint(given: Given) -> Value:
    """Record op.drop_constraint()."""
    tables = given.tables("table_name")
    names = given.names("constraint_name")
    made = ConstraintV(given.text("type_") or "", names)
    with given.looking("if_exists"):
        each(
            given, tables, lambda table: tables_made.constraint(given.machine, made, table, "drop")
        )
    return None
