"""sa.Table: what stands in it, under which names."""

from __future__ import annotations

from lback.core.interpreter.choices import options
from lback.core.interpreter.key_values import unknown_keywords
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.schema import (
    ColumnV,
    ConstraintV,
    IndexV,
    MetaDataV,
    TableItem,
    TableV,
)  # fmt: skip
from lback.core.interpreter.text import strings
from lback.core.interpreter.values import (
    PLAIN,
    Arguments,
    Choice,
    Seq,
    Value,
)  # fmt: skip

_TABLE_KEYWORDS = frozenset(
    """name schema comment extend_existing keep_existing info prefixes quote quote_schema listeners
    autoload autoload_with implicit_returning include_columns must_exist resolve_fks
    autoload_replace if_not_exists sqlite_autoincrement metadata no_parameters""".split()  # noqa: SIM905
)


def table(machine: Machine, arguments: Arguments) -> TableV:
    """Make sa.Table or sa.table; a MetaData among its arguments learns of it."""
    rest = arguments.positional[1:]
    metadata = next((one for one in rest if isinstance(one, MetaDataV)), None)
    schema = arguments.keywords.get("schema", metadata.schema if metadata else None)
    names = full_names(arguments.get(0, "name", PLAIN), schema)
    unread = list(unknown_keywords(arguments, _TABLE_KEYWORDS, "a table"))
    if any(name.startswith("autoload") for name in arguments.keywords):
        unread.append("columns of a table that are read from the database")
    items: list[TableItem] = []
    for one in table_items(rest):
        if isinstance(one, ColumnV | ConstraintV | IndexV):
            if isinstance(one, ColumnV) and len(names) == 1:
                one.table = names[0]
            items.append(one)
        elif not isinstance(one, MetaDataV | None):
            unread.append("columns of a new table that are not in the text")
    made = TableV(names, tuple(items), unread=tuple(dict.fromkeys(unread)))
    if metadata is not None:
        metadata.tables.append(made)
    return made


def table_items(values: list[Value]) -> list[Value]:
    """Return what stands in a table, lists of it taken apart."""
    found: list[Value] = []
    for value in values:
        for one in options(value):
            if isinstance(one, Seq):
                found.extend(table_items(list(one.content.items)))
                if one.content.open:
                    found.append(PLAIN)
            else:
                found.append(one)
        if isinstance(value, Choice):
            found.append(PLAIN)
    return found


def full_names(name: Value, schema: Value) -> tuple[str, ...]:
    """Return the names, with their schema, that a table argument may have."""
    if isinstance(name, TableV):
        return name.names
    if schema is not None and strings(schema) is None:
        return ()
    prefix = f"{schema}." if isinstance(schema, str) and schema else ""
    schemas = [f"{one}." for one in strings(schema) or ()] if not prefix and schema else [prefix]
    return tuple(start + one for start in schemas for one in strings(name) or ())
