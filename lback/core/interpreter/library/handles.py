"""ORM sessions and queries: objects that are asked for, added, changed and deleted."""

from __future__ import annotations

from lback.core.effects import Effect, Kind, Use, Used
from lback.core.interpreter.choices import options
from lback.core.interpreter.discharge import Discharge, effects, followed, pure, unknown
from lback.core.interpreter.library.core_statements import (  # fmt: skip
    columns_written,
    is_entity,
    names_of,
    table_value,
)
from lback.core.interpreter.library.directives import perform
from lback.core.interpreter.library.sql_sink import has_read, selection, send, statement
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.schema import Handle, Row, Rows, SqlV, StatementV, TableV
from lback.core.interpreter.schema_expressions import of_arguments
from lback.core.interpreter.text import strings
from lback.core.interpreter.values import (
    ANY,
    PLAIN,
    Arguments,
    Bound,
    Func,
    Instance,
    Klass,
    Lazy,
    Map,
    Method,
    Name,
    Opaque,
    Seq,
    Text,
    Value,
)  # fmt: skip  # fmt: skip

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
    whole = any(is_entity(machine, value) for value in asked) or arguments.open
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
    for item in [option for value in items for option in options(value)]:
        names = row_tables(machine, item)
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
    objects: list[Value] = []
    known = True
    for option in options(given):
        if isinstance(option, Seq):
            objects.extend(option.content.items)
            known = known and (not option.content.open or option.content.alike)
        elif isinstance(option, Instance | Row | Klass | TableV | Opaque | Map | Text):
            objects.append(option)
        elif isinstance(option, Rows | Handle):
            objects.append(Row(option.tables, option.whole))
        else:
            inner: list[Value] = []
            machine.walk(option, inner.append)
            objects.extend(inner)
            known = known and bool(inner)
    return objects, known


def row_tables(machine: Machine, value: Value) -> tuple[str, ...]:
    """Return the tables that an object may be a row of."""
    if isinstance(value, Row):
        return value.tables
    table = table_value(machine, value.of if isinstance(value, Instance) else value)
    return table.names if isinstance(table, TableV) else ()


EXECUTES = frozenset(
    """execute exec executemany exec_driver_sql scalar scalars stream stream_scalars
    executescript executesql run_sql""".split()  # noqa: SIM905
)
# Methods of connections, sessions, cursors and contexts that give one of these again.
_STAYS = frozenset(
    """connect begin begin_nested execution_options connection cursor get_bind raw_connection
    begin_transaction autocommit_block no_autoflush get_context sync_connection __enter__
    contextual_connect engine registry __call__ session_factory get_raw_connection
    get_driver_connection""".split()  # noqa: SIM905
)
_QUIET = frozenset(
    """commit rollback close flush expire expire_all refresh invalidate dispose detach prepare
    in_transaction expunge expunge_all fetchall fetchone fetchmany mappings all first one
    one_or_none scalar_one scalar_one_or_none rowcount keys partitions tuples unique close_all
    get_transaction in_nested_transaction set_isolation_level autoflush notices remove
    add_notice is_modified quote quote_identifier get_isolation_level is_active closed
    get_transactional_ddl get_execution_options get_nested_transaction has_table
    get_current_revision get_current_heads is_valid get_dialect set_trace_callback
    add_output_converter exec_ids""".split()  # noqa: SIM905
)


def handle_method(machine: Machine, owner: Handle, name: str, arguments: Arguments) -> Discharge:
    """Follow a call of a method of something that leads to the database."""
    if owner.kind == "inspector":
        return inspector_method(machine, name, arguments)
    if owner.kind in ("batch", "op"):
        return perform(machine, name, arguments, batch=owner if owner.kind == "batch" else None)
    if owner.kind == "query":
        return query_method(machine, owner, name, arguments)
    if name in EXECUTES:
        return _executed(machine, owner, name, arguments)
    if name in ("query", "get") and owner.kind in ("session", "bind") and arguments.positional:
        return new_query(machine, name, arguments)
    if name in ADDS and (owner.kind == "session" or name.startswith("bulk_")):
        return add(machine, name, arguments)
    if name in ("run_sync", "run_callable", "transaction", "run_in_transaction"):
        return _run_with(machine, arguments)
    if owner.kind == "context" and name in ("configure", "run_migrations"):
        return unknown(machine, f"context.{name}() runs other migrations")
    if name in ("__exit__", "__aexit__", "__aenter__"):
        return pure("a connection is entered and left", owner)
    if name == "execution_options" and "schema_translate_map" in arguments.keywords:
        machine.moved = True
    if name in _STAYS:
        stays = (
            "bind" if owner.kind == "context" and name in ("connection", "engine") else owner.kind
        )
        return pure(f"{owner.kind}.{name}", Handle(stays))
    if name in _QUIET:
        return _asked(machine, name, arguments)
    return unknown(machine, f"{owner.kind}.{name}() may do anything, and its code is not here")


def _executed(machine: Machine, owner: Handle, name: str, arguments: Arguments) -> Discharge:
    first = arguments.get(0, "sqltext", arguments.get(0, "statement", PLAIN))
    sent = send(machine, first, by_driver=name == "exec_driver_sql")
    rows = sent.value
    if name == "scalar":
        # One column of one row; of a mapped class it is an object.
        whole = isinstance(rows, Rows) and rows.whole and owner.kind == "session"
        return effects(Row(rows.tables, True) if whole and isinstance(rows, Rows) else PLAIN)
    if isinstance(rows, Rows) and owner.kind != "session":
        return effects(Rows(rows.tables))
    return sent


def _asked(machine: Machine, name: str, arguments: Arguments) -> Discharge:
    if name == "has_table":
        return inspector_method(machine, name, Arguments(arguments.positional[-1:]))
    return pure(f"a connection's {name}", PLAIN)


def _run_with(machine: Machine, arguments: Arguments) -> Discharge:
    function = arguments.get(0, "fn")
    rest = Arguments([Handle("bind"), *arguments.positional[1:]], dict(arguments.keywords))
    if isinstance(function, Func | Bound | Method | Name):
        value = machine.call_with(function, rest).value
        return machine.walk(value, lambda _: None) if isinstance(value, Lazy) else followed(value)
    return unknown(machine, "runs a function whose code is not here on a connection")


# -- inspectors --------------------------------------------------------------------

_QUESTIONS: dict[str, tuple[Used, bool]] = {
    "has_table": ("table", True),
    "get_table_names": ("table", False),
    "get_view_names": ("view", False),
    "get_materialized_view_names": ("view", False),
    "get_temp_table_names": ("table", False),
    "get_columns": ("column", True),
    "get_multi_columns": ("column", False),
    "has_column": ("column", True),
    "get_indexes": ("index", True),
    "get_multi_indexes": ("index", False),
    "has_index": ("index", True),
    "get_foreign_keys": ("constraint", True),
    "get_multi_foreign_keys": ("constraint", False),
    "get_unique_constraints": ("constraint", True),
    "get_multi_unique_constraints": ("constraint", False),
    "get_check_constraints": ("constraint", True),
    "get_multi_check_constraints": ("constraint", False),
    "get_pk_constraint": ("constraint", True),
    "get_multi_pk_constraint": ("constraint", False),
    "get_primary_keys": ("constraint", True),
    "get_table_comment": ("table", True),
    "get_table_options": ("table", True),
    "get_view_definition": ("view", True),
    "get_enums": ("type", False),
    "get_domains": ("type", False),
    "has_sequence": ("sequence", True),
    "get_sequence_names": ("sequence", False),
    "get_schema_names": ("schema", False),
    "has_schema": ("schema", True),
    "get_sorted_table_and_fkc_names": ("table", False),
}


def inspector_method(machine: Machine, name: str, arguments: Arguments) -> Discharge:
    """Record what is asked of the schema; what comes back is data."""
    if name in ("clear_cache", "info_cache", "bind", "engine", "dialect", "__enter__", "__exit__"):
        return pure(f"inspector.{name}", PLAIN)
    if name == "reflect_table":
        return pure("inspector.reflect_table", PLAIN)
    question = _QUESTIONS.get(name)
    if question is None:
        return unknown(machine, f"inspector.{name}() is not a question that is known")
    kind, of_table = question
    first = arguments.get(0, "table_name")
    schema = arguments.keywords.get("schema")
    prefix = f"{schema}." if isinstance(schema, str) else ""
    names = first.names if isinstance(first, TableV) else strings(first) or ()
    for text in (tuple(prefix + name for name in names) if of_table else ()) or ("*",):
        if kind in ("column", "index", "constraint"):
            machine.has_asked(Use(kind, "*", text))
        else:
            machine.has_asked(Use(kind, text))
    return effects(ANY if name.startswith("has_") else PLAIN)


# -- rows --------------------------------------------------------------------------

_ONE = frozenset(
    ["first", "one", "one_or_none", "fetchone", "scalar_one", "scalar_one_or_none", "scalar"]
)
_MANY = frozenset(
    """all fetchall fetchmany scalars mappings unique tuples partitions columns yield_per freeze
    __iter__ copy""".split()  # noqa: SIM905
)


def rows_method(machine: Machine, owner: Rows, name: str, arguments: Arguments) -> Discharge:
    """Follow a method of rows; none of them can reach the database."""
    if name in _ONE:
        return pure(f"rows.{name}", Row(owner.tables, owner.whole))
    if name in _MANY:
        return pure(f"rows.{name}", owner)
    if name in ("close", "keys", "rowcount", "lastrowid", "inserted_primary_key", "returns_rows"):
        return pure(f"rows.{name}", PLAIN)
    if not owner.whole:
        return pure("a method of data", PLAIN)
    return unknown(machine, f"a method {name}() of rows that may do anything", owner.tables)


_OF_DATA = frozenset(
    """strip lstrip rstrip lower upper title replace split rsplit splitlines join format encode
    decode startswith endswith find rfind index count isdigit isalpha isalnum capitalize
    removeprefix removesuffix zfill ljust rjust get items keys values isoformat strftime date
    time timestamp astimezone total_seconds hex quantize copy isspace year month day hour
    to_eng_string as_tuple weekday isocalendar swapcase partition rpartition""".split()  # noqa: SIM905
)


def row_method(machine: Machine, owner: Row, name: str, *, deep: bool) -> Discharge:
    """Follow a method of a row, or (`deep`) of what a column of it holds."""
    if not owner.whole:
        return pure("a method of a row", PLAIN)
    if deep and name in _OF_DATA:
        return pure("a method of a column's value", PLAIN)
    what = "changes what belongs to an object" if deep else "a method of an object"
    return unknown(machine, f"{what}: {name}()", owner.tables)


def is_sql(value: Value) -> bool:
    """Tell whether a value is something to execute: SQL text or a statement."""
    if isinstance(value, SqlV | StatementV):
        return True
    first = value.parts[0] if isinstance(value, Text) else value
    if not isinstance(first, str):
        return False
    words = first.lstrip()[:8].upper()
    return words.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP"))
