"""Tables, constraints and indexes with every argument, as SQLAlchemy is given them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lback.core.effects import Use
from lback.core.interpreter.choices import list_of, options
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import force
from lback.core.interpreter.schema import (
    HIDDEN,
    ColumnV,
    ConstraintV,
    ExprV,
    IndexV,
    MetaDataV,
    SqlV,
    TableItem,
    TableV,
    Words,
)  # fmt: skip  # fmt: skip
from lback.core.interpreter.schema_expressions import expression
from lback.core.interpreter.text import pieces, strings
from lback.core.interpreter.values import (
    PLAIN,
    Arguments,
    Choice,
    Opaque,
    Plain,
    Seq,
    Text,
    Value,
)  # fmt: skip

_DIALECTS = ("postgresql_", "mysql_", "mariadb_", "sqlite_", "mssql_", "oracle_", "snowflake_")
_CONSTRAINT_KEYWORDS = frozenset(
    """name deferrable initially info schema _create_rule _type_bound comment use_alter onupdate
    ondelete match link_to_name columns refcolumns sqltext where using ops table
    unique column""".split()  # noqa: SIM905
)


def words(value: Value) -> Words:
    """Return the names that an argument may be."""
    if value is None:
        return None
    return strings(value) or HIDDEN


def unknown_keywords(arguments: Arguments, known: frozenset[str], what: str) -> Iterator[str]:
    """Say which keywords of a call nobody has thought of."""
    for name in arguments.keywords:
        if name not in known and not name.startswith(_DIALECTS):
            yield f"the argument {name} of {what} is not understood"
    if arguments.open:
        yield f"{what} has arguments that are not in the text"


def foreign_key_to(target: Value, name: Value, unread: tuple[str, ...] = ()) -> ConstraintV:
    """Make the constraint of one column that refers to "table.column"."""
    refers: str | None = None
    targets = options(target)
    first = targets[0]
    if isinstance(first, ColumnV | ExprV):
        owner = first.table if isinstance(first, ColumnV) else next(iter(first.reads), None)
        refers = owner
    elif isinstance(first, str):
        refers = first.rpartition(".")[0] or first
    elif isinstance(first, Text):
        head = first.parts[0]
        refers = head.rpartition(".")[0] if isinstance(head, str) and "." in head else None
    if refers is None or len(targets) > 1:
        unread = (*unread, "a foreign key to a table whose name is not in the text")
    return ConstraintV("foreignkey", words(name), (), refers, unread=unread)


def foreign_key(_: Machine, arguments: Arguments) -> ConstraintV:
    """Make sa.ForeignKey."""
    unread = tuple(unknown_keywords(arguments, _CONSTRAINT_KEYWORDS, "a foreign key"))
    return foreign_key_to(arguments.get(0, "column"), arguments.keywords.get("name"), unread)


def listed(value: Value) -> tuple[tuple[str, ...], tuple[Use, ...], bool]:
    """Return the plain columns in a list, what its expressions use, and whether that is all."""
    items = value.content.items if isinstance(value, Seq) else (value,)
    names: list[str] = []
    uses: list[Use] = []
    known = not (isinstance(value, Seq) and value.content.open)
    for item in items:
        for option in options(item):
            if isinstance(option, str):
                names.append(option)
            elif isinstance(option, ColumnV) and option.known:
                names.append(option.known)
            elif isinstance(option, ExprV) and option.column is not None:
                names.append(option.column)
            elif isinstance(option, ExprV | SqlV):
                made = expression(_without_class(option))
                uses.extend(made.uses)
                known = known and not made.unread
            elif isinstance(option, Seq) and option.content.items:
                inner = listed(option.content.items[0])
                names.extend(inner[0])
                uses.extend(inner[1])
            elif option is not None:
                known = False
    return tuple(names), tuple(uses), known


# What PostgreSQL takes after an index's column or expression: `name gin_trgm_ops DESC`.
_OPERATOR_CLASS = re.compile(
    r"(?is)(?P<key>[^;]+?)\s+(?:\w+\.)?\w+_ops(?P<rest>(?:\s+(?:asc|desc|nulls|first|last)\b)*)\s*"
)


def _without_class(value: ExprV | SqlV) -> ExprV | SqlV:
    """Return the expression of an index without its operator class, which uses nothing."""
    text = value.text if isinstance(value, SqlV) else None
    found = _OPERATOR_CLASS.fullmatch(text) if text else None
    return SqlV((found["key"] + found["rest"],)) if found else value


_HIDDEN_COLUMNS = "columns that are not in the text"


def listed_constraint(kind: str) -> Callable[[Machine, Arguments], ConstraintV]:
    """Return the maker of a constraint whose arguments are its columns."""

    def make(_: Machine, arguments: Arguments) -> ConstraintV:
        names, uses, known = listed(list_of(arguments.positional))
        where = expression(arguments.keywords.get("where")).uses
        unread = tuple(unknown_keywords(arguments, _CONSTRAINT_KEYWORDS, "a constraint"))
        unread = unread if known else (*unread, f"a constraint on {_HIDDEN_COLUMNS}")
        name = words(arguments.keywords.get("name"))
        return ConstraintV(kind, name, names, uses=(*uses, *where), unread=unread)

    return make


def foreign_key_constraint(_: Machine, arguments: Arguments) -> ConstraintV:
    """Make sa.ForeignKeyConstraint."""
    names, _uses, known = listed(arguments.get(0, "columns"))
    referred = arguments.get(1, "refcolumns")
    first = (
        referred.content.items[0] if isinstance(referred, Seq) and referred.content.items else PLAIN
    )
    made = foreign_key_to(first, arguments.get(2, "name"))
    unread = (*made.unread, *unknown_keywords(arguments, _CONSTRAINT_KEYWORDS, "a constraint"))
    unread = unread if known else (*unread, f"a constraint on {_HIDDEN_COLUMNS}")
    return ConstraintV("foreignkey", made.name, names, made.refers_to, unread=unread)


def check(machine: Machine, arguments: Arguments) -> ConstraintV:
    """Make sa.CheckConstraint."""
    condition = force(machine, arguments.get(0, "sqltext"))
    unread = tuple(unknown_keywords(arguments, _CONSTRAINT_KEYWORDS, "a check"))
    detail, uses, strange = sql_of(condition)
    name = words(arguments.get(1, "name"))
    return ConstraintV("check", name, (), detail=detail, uses=uses, unread=(*unread, *strange))


def sql_of(value: Value) -> tuple[str, tuple[Use, ...], tuple[str, ...]]:
    """Return the text of an SQL expression, what it uses, and why it is not understood."""
    if isinstance(value, str | Text):
        value = SqlV(pieces(value))
    used = expression(value)
    strange = ("SQL that is not in the text",) if isinstance(value, Opaque | Plain | Choice) else ()
    return (used.text if isinstance(value, SqlV) else ""), used.uses, (*used.unread, *strange)


_INDEX_KEYWORDS = frozenset({"name", "unique", "quote", "info", "columns", "_table", "table"})


def index(_: Machine, arguments: Arguments) -> IndexV:
    """Make sa.Index."""
    rest = arguments.positional[1:]
    table = next((item.names for item in rest if isinstance(item, TableV)), None)
    columns = [value for value in rest if not isinstance(value, TableV)]
    names, uses, known = listed(list_of(columns))
    if table is None:
        owners = dict.fromkeys(
            n for column in columns if isinstance(column, ExprV) for n in column.reads
        )
        owners.update(
            {
                column.table: None
                for column in columns
                if isinstance(column, ColumnV) and column.table
            }
        )
        table = tuple(owners) or None
    unread = tuple(unknown_keywords(arguments, _INDEX_KEYWORDS, "an index"))
    if not known:
        unread = (*unread, f"an index on {_HIDDEN_COLUMNS}")
    unique = arguments.keywords.get("unique") is True
    return IndexV(words(arguments.get(0, "name")), names, unique, table,
                  (*uses, *keyword_uses(arguments)), unread)  # fmt: skip


def keyword_uses(arguments: Arguments) -> tuple[Use, ...]:
    """Return what the predicate of an index uses (postgresql_where and its like)."""
    uses: list[Use] = []
    for name, value in arguments.keywords.items():
        if name.endswith("_where"):
            uses.extend(sql_of(value)[1])
        elif name.endswith("_include"):
            uses.extend(Use("column", text) for text in listed(value)[0])
    return tuple(uses)


_TABLE_KEYWORDS = frozenset(
    """name schema comment extend_existing keep_existing info prefixes quote quote_schema listeners
    autoload autoload_with implicit_returning include_columns must_exist resolve_fks
    autoload_replace if_not_exists sqlite_autoincrement metadata no_parameters""".split()  # noqa: SIM905
)


def table(machine: Machine, arguments: Arguments) -> TableV:
    """Make sa.Table or sa.table; a MetaData among its arguments learns of it."""
    rest = arguments.positional[1:]
    metadata = next((entry for entry in rest if isinstance(entry, MetaDataV)), None)
    schema = arguments.keywords.get("schema", metadata.schema if metadata else None)
    names = full_names(arguments.get(0, "name", PLAIN), schema)
    unread = list(unknown_keywords(arguments, _TABLE_KEYWORDS, "a table"))
    if any(name.startswith("autoload") for name in arguments.keywords):
        unread.append("columns of a table that are read from the database")
    items: list[TableItem] = []
    for item in table_items(rest):
        if isinstance(item, ColumnV | ConstraintV | IndexV):
            if isinstance(item, ColumnV) and len(names) == 1:
                item.table = names[0]
            items.append(item)
        elif not isinstance(item, MetaDataV | None):
            unread.append("columns of a new table that are not in the text")
    made = TableV(names, tuple(items), unread=tuple(dict.fromkeys(unread)))
    return made if metadata is None else _registered(machine, metadata, made, arguments)


def _registered(
    machine: Machine, metadata: MetaDataV, made: TableV, arguments: Arguments
) -> TableV:
    """Put a table into a MetaData, or return the one that it holds already, perhaps extended."""
    held = next((item for item in metadata.tables if item.names == made.names and item.names), None)
    if held is None:
        machine.state.set(metadata, "held", (*metadata.held, made))
        return made
    if arguments.keywords.get("extend_existing", False) is not False:
        mine = [column.name for column in made.items if isinstance(column, ColumnV)]
        kept = [
            column
            for column in held.items
            if not (isinstance(column, ColumnV) and column.name in mine)
        ]
        doubt = (None,) if made.unread else ()
        machine.state.set(held, "items", (*kept, *made.items, *doubt))
        return held
    keeps = arguments.keywords.get("keep_existing", False) is not False
    return held if keeps or not made.items else made


def table_items(values: list[Value]) -> list[Value]:
    """Return what stands in a table, lists of it taken apart."""
    items: list[Value] = []
    for value in values:
        for option in options(value):
            if isinstance(option, Seq):
                items.extend(table_items(list(option.content.items)))
                if option.content.open:
                    items.append(PLAIN)
            else:
                items.append(option)
        if isinstance(value, Choice):
            items.append(PLAIN)
    return items


def full_names(name: Value, schema: Value) -> tuple[str, ...]:
    """Return the names, with their schema, that a table argument may have."""
    if isinstance(name, TableV):
        return name.names
    if schema is not None and strings(schema) is None:
        return ()
    prefix = f"{schema}." if isinstance(schema, str) and schema else ""
    schemas = (
        [f"{string}." for string in strings(schema) or ()] if not prefix and schema else [prefix]
    )
    return tuple(start + string for start in schemas for string in strings(name) or ())
