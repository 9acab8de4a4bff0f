"""ORM sessions: queries, and objects that are added, changed and deleted."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.reader.arguments import Arguments
from lback.core.reader.expressions import represented
from lback.core.reader.machine import Machine
from lback.core.reader.schema_values import TableV
from lback.core.reader.statement_values import _written, full_name, names_of, table_value
from lback.core.reader.values import (
    NOTHING_KNOWN,
    Handle,
    Instance,
    Klass,
    Name,
    Seq,
    Value,
    options,
)

ADDS = {
    "add": "insert",
    "add_all": "insert",
    "merge": "insert",
    "bulk_save_objects": "insert",
    "bulk_insert_mappings": "insert",
    "bulk_update_mappings": "update",
    "delete": "delete",
}


def new_query(machine: Machine, name: str, arguments: Arguments) -> Value:
    """Follow session.query(...) and session.get(...)."""
    asked = arguments.positional if name == "query" else arguments.positional[:1]
    tables = names_of(machine, asked)
    machine.has_read(tables)
    whole = len(asked) == 1 and isinstance(machine.force(asked[0]), Klass)
    if name == "get":
        return Instance("row", tables[0] if tables else None)
    if whole and tables:
        return Handle("query", tables=tables)
    return Handle("query", tables=tables if len(tables) == 1 else ())


_ENDS = frozenset(["first", "one", "one_or_none", "get", "scalar_one"])


_NO_ROWS = frozenset(["count", "scalar", "exists", "statement", "subquery", "value"])


def query_method(machine: Machine, owner: Handle, name: str, arguments: Arguments) -> Value:
    """Follow a method of a query: a narrower query, its rows, or a write."""
    if name in ("update", "delete"):
        columns = _written(arguments) if name == "update" else ()
        if not owner.tables:
            machine.cannot_read(f"{name} of a table whose name is not in the text")
        for table in owner.tables:
            machine.emit(Effect(name, "data", table, columns=columns))  # type: ignore[arg-type]
        return NOTHING_KNOWN
    if name in _ENDS:
        return Instance("row", owner.tables[0] if len(owner.tables) == 1 else None)
    if name in _NO_ROWS:
        return NOTHING_KNOWN
    machine.has_read(names_of(machine, arguments.all()))
    return owner


def add(machine: Machine, name: str, arguments: Arguments) -> Value:
    """Follow session.add(...) and its like."""
    kind = ADDS[name]
    given = arguments.get(0, "instance", NOTHING_KNOWN)
    lists = options(given)
    items = [i for one in lists for i in (one.items if isinstance(one, Seq) else [one])]
    tables: dict[str, None] = {}
    complete = all(not isinstance(one, Seq) or represented(one) for one in lists)
    for one in [option for value in items for option in options(value)]:
        table = _row_table(machine, one)
        if table is None:
            complete = False
        else:
            tables[table] = None
    for table in tables:
        machine.emit(Effect(kind, "data", table, certain=complete and len(tables) == 1))  # type: ignore[arg-type]
    empty = complete and not items
    if not empty and (not complete or not tables):
        machine.cannot_read(f"session.{name}() of objects whose table is not in the text", ())
    return given if name == "merge" else None


def _row_table(machine: Machine, value: Value) -> str | None:
    value = machine.force(value)
    if isinstance(value, Klass):
        found = table_value(machine, value)
        return full_name(found) if isinstance(found, TableV) else None
    if not isinstance(value, Instance):
        return None
    if value.table is not None:
        return value.table
    if isinstance(value.of, Name | Klass):
        return (
            _row_table(machine, machine.force(value.of))
            if not isinstance(machine.force(value.of), Name)
            else None
        )
    return None
