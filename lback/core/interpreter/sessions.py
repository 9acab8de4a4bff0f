"""ORM sessions and queries: objects that are asked for, added, changed and deleted."""

from __future__ import annotations

from lback.core.effects import Effect, Kind
from lback.core.interpreter.choices import options
from lback.core.interpreter.core_statements import (
    columns_written,
    is_entity,
    names_of,
    table_value,
)  # fmt: skip
from lback.core.interpreter.discharge import Discharge, effects, unknown
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.schema import Handle, Row, Rows, TableV
from lback.core.interpreter.schema_expressions import of_arguments
from lback.core.interpreter.sql_sink import has_read, selection, statement
from lback.core.interpreter.values import (
    PLAIN,
    Arguments,
    Instance,
    Klass,
    Map,
    Opaque,
    Seq,
    Text,
    Value,
)  # fmt: skip

ADDS: dict[str, Kind] = {
    "add": "insert",
    "add_all": "insert",
    "merge": "insert",
    "bulk_save_objects": "insert",
    "bulk_insert_mappings": "insert",
    "bulk_update_mappings": "update",
    "delete": "delete",
}


def new_query(machine: Machine, name: str, arguments: Arguments) -> Discharge:
    """Follow session.query(...) and session.get(...)."""
    asked = arguments.positional if name == "query" else arguments.positional[:1]
    tables = names_of(machine, asked)
    has_read(machine, tables)
    made = of_arguments(Arguments(list(asked)))
    statement(machine, selection(made))
    whole = any(is_entity(machine, one) for one in asked) or arguments.open
    if name == "get":
        return effects(Row(tables, whole))
    return effects(Handle("query", tables, whole=whole))


_ENDS = frozenset(
    """first one one_or_none get scalar_one scalar_one_or_none populate_existing_one
    get_or_404 first_or_404""".split()  # noqa: SIM905
)
_ALL = frozenset(["all", "yield_per_rows", "scalars", "__iter__", "paginate", "yield_per"])
_NO_ROWS = frozenset(["count", "scalar", "exists", "value", "as_scalar"])
_NARROWER = frozenset(
    """filter filter_by where order_by group_by having limit offset join outerjoin select_from
    options distinct with_entities add_columns add_column from_statement execution_options
    enable_eagerloads with_for_update with_hint populate_existing correlate params union
    union_all intersect except_ reset_joinpoint select_entity_from autoflush enable_assertions
    slice subquery cte alias statement lazyload undefer tuples""".split()  # noqa: SIM905
)


def query_method(machine: Machine, owner: Handle, name: str, arguments: Arguments) -> Discharge:
    """Follow a method of a query: a narrower query, its rows, or a write."""
    if name in ("update", "delete"):
        return _write(machine, owner, name, arguments)
    made = of_arguments(arguments)
    statement(machine, selection(made))
    has_read(machine, names_of(machine, arguments.all()))
    if name in _ENDS:
        return effects(Row(owner.tables if len(owner.tables) == 1 else (), owner.whole))
    if name in _NO_ROWS:
        return effects(PLAIN)
    if name in _ALL:
        return effects(Rows(owner.tables, owner.whole))
    if name in _NARROWER:
        return effects(owner)
    return unknown(machine, f"query.{name}() is not a method of a query that is known")


def _write(machine: Machine, owner: Handle, name: str, arguments: Arguments) -> Discharge:
    if not owner.tables:
        return unknown(machine, f"{name} of a table whose name is not in the text")
    first = Arguments(arguments.positional[:1], {})
    given = arguments.keywords.get("values")
    columns, known = columns_written(first if given is None else Arguments([given]))
    made = of_arguments(first)
    statement(machine, selection(made))
    for table in owner.tables:
        effect = Effect("update", "data", table, columns=columns if known else ())
        with machine.unsure(len(owner.tables) > 1):
            machine.emit(effect if name == "update" else Effect("delete", "data", table))
    return effects(PLAIN)


def add(machine: Machine, name: str, arguments: Arguments) -> Discharge:
    """Follow session.add(...) and its like."""
    kind = ADDS[name]
    given = arguments.get(0, "instance", arguments.get(0, "instances", PLAIN))
    if name.endswith("mappings"):
        given = arguments.get(0, "mapper", PLAIN)
        rows = arguments.get(1, "mappings", PLAIN)
        if isinstance(rows, Seq) and not rows.content.open and not rows.content.items:
            return effects(None)
    items, known = _objects(machine, given)
    tables: dict[str, None] = {}
    for one in [option for value in items for option in options(value)]:
        names = row_tables(machine, one)
        known = known and bool(names)
        tables.update(dict.fromkeys(names))
    sure = known and len(tables) == 1
    for table in tables:
        with machine.unsure(not sure):
            machine.emit(Effect(kind, "data", table))
            if name == "merge":
                machine.emit(Effect("update", "data", table, certain=False))
    if not known or (items and not tables):
        return unknown(machine, f"session.{name}() of objects whose table is not in the text")
    return effects(given if name == "merge" else None)


def _objects(machine: Machine, given: Value) -> tuple[list[Value], bool]:
    found: list[Value] = []
    known = True
    for one in options(given):
        if isinstance(one, Seq):
            found.extend(one.content.items)
            known = known and (not one.content.open or one.content.alike)
        elif isinstance(one, Instance | Row | Klass | TableV | Opaque | Map | Text):
            found.append(one)
        elif isinstance(one, Rows | Handle):
            found.append(Row(one.tables, one.whole))
        else:
            inner: list[Value] = []
            machine.walk(one, inner.append)
            found.extend(inner)
            known = known and bool(inner)
    return found, known


def row_tables(machine: Machine, value: Value) -> tuple[str, ...]:
    """Return the tables that an object may be a row of."""
    if isinstance(value, Row):
        return value.tables
    found = table_value(machine, value.of if isinstance(value, Instance) else value)
    return found.names if isinstance(found, TableV) else ()
