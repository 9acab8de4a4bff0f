"""Connections, sessions, cursors, queries: what is sent to the database through them."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.reader import tables_made
from lback.core.reader.arguments import Arguments
from lback.core.reader.machine import Machine
from lback.core.reader.schema_values import ConstraintV, IndexV, Sql, Statement, TableV
from lback.core.reader.sessions import (
    ADDS,
    add,
    new_query,
    query_method,
)
from lback.core.reader.statement_values import full_name, names_of, table_value
from lback.core.reader.values import (
    HOLE,
    NOTHING_KNOWN,
    Choice,
    Func,
    Handle,
    Holed,
    Method,
    Name,
    Opaque,
    Seq,
    Value,
    options,
    pieces,
)

EXECUTES = frozenset(
    [
        "execute",
        "exec",
        "executemany",
        "exec_driver_sql",
        "scalar",
        "scalars",
        "stream",
        "stream_scalars",
        "executescript",
        "executesql",
        "run_sql",
    ]
)
_STAYS = frozenset(
    """connect begin begin_nested execution_options connection cursor get_bind raw_connection
    begin_transaction autocommit_block no_autoflush get_context connect sync_connection
    __enter__ contextual_connect engine""".split()  # noqa: SIM905
)
_QUIET = frozenset(
    """commit rollback close flush expire expire_all refresh invalidate dispose detach
    in_transaction expunge expunge_all fetchall fetchone fetchmany mappings all first one
    one_or_none get scalar_one scalar_one_or_none rowcount keys partitions tuples unique
    get_transaction in_nested_transaction set_isolation_level autoflush notices
    add_notice""".split()  # noqa: SIM905
)


def call(machine: Machine, owner: Handle, name: str, arguments: Arguments, bare: bool) -> Value:
    """Evaluate a call of a method of something that leads to the database."""
    if owner.kind in ("inspector", "result"):
        return _reader(owner, name)
    if owner.kind == "batch":
        from lback.core.reader.directives import perform

        return perform(machine, name, arguments, batch=owner)
    if owner.kind == "query":
        return query_method(machine, owner, name, arguments)
    if name in EXECUTES:
        return execute(machine, arguments)
    if name in ("query", "get") and owner.kind in ("session", "bind") and arguments.positional:
        return new_query(machine, name, arguments)
    if name in ADDS and (owner.kind == "session" or name.startswith("bulk_")):
        return add(machine, name, arguments)
    if name == "run_sync" and arguments.positional:
        from lback.core.reader.calls import run

        function = arguments.positional[0]
        if isinstance(function, Func):
            given = Arguments([Handle("bind"), *arguments.positional[1:]], arguments.keywords)
            return run(machine, function, given)
    if name in _STAYS:
        return Handle("bind" if owner.kind == "context" and name == "connection" else owner.kind)
    if name in _QUIET or name.startswith(("get_", "has_", "is_", "supports_", "quote")):
        return NOTHING_KNOWN
    return _unknown(machine, name, arguments, bare)


def _reader(owner: Handle, name: str) -> Value:
    if name == "execution_options" or owner.kind == "result":
        return Handle("result")
    return NOTHING_KNOWN


def _unknown(machine: Machine, name: str, arguments: Arguments, bare: bool) -> Value:
    from lback.core.reader.calls import unread

    if not bare and not arguments.all():
        return Opaque(reaches=True)
    return unread(machine, name, Opaque(reaches=True), arguments, bare)


# -- SQL and statements ------------------------------------------------------------


def is_sql(value: Value) -> bool:
    """Tell whether a value is something to execute: SQL text or a statement."""
    if isinstance(value, Sql | Statement):
        return True
    if isinstance(value, str):
        return value.lstrip()[:6].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE")
    return isinstance(value, Holed) and isinstance(value.parts[0], str)


def execute(machine: Machine, arguments: Arguments) -> Value:
    """Follow `execute(...)` and its like."""
    value = arguments.get(0, "sqltext", arguments.get(0, "statement", NOTHING_KNOWN))
    found = options(value)
    for one in found:
        with machine.maybe(certain=len(found) == 1):
            send(machine, one)
    return Handle("result")


def send(machine: Machine, value: Value) -> None:
    """Follow one thing that is sent to the database."""
    if isinstance(value, Name):
        value = machine.force(value)
    if isinstance(value, Sql):
        value = value.text
    if isinstance(value, str | Holed):
        sql(machine, value)
    elif isinstance(value, Statement):
        statement(machine, value)
    elif isinstance(value, Seq) and not value.open:
        for one in value.items:
            send(machine, one)
    elif isinstance(value, Method) and isinstance(value.owner, Sql | Statement):
        send(machine, value.owner)
    else:
        machine.cannot_read("what is executed here is not in the text")


def sql(machine: Machine, text: Value) -> None:
    """Follow SQL text."""
    from lback.core.sql.script import read_sql

    known = "".join(HOLE if part is None else part for part in pieces(text))
    if known.strip() in (HOLE, ""):
        if known.strip():
            machine.cannot_read("the SQL executed here is not in the text")
        return
    reading = read_sql(known, machine.dialects & machine.project)
    for effect in reading.effects:
        machine.emit(effect)
    for reason, tables in reading.unknown:
        machine.cannot_read(reason, tables)
    machine.has_read(reading.reads)


def statement(machine: Machine, value: Statement) -> None:
    """Follow an SQLAlchemy Core statement."""
    for one in value.nested:
        statement(machine, one)
    if value.kind == "select":
        machine.has_read((*value.reads, *names_of(machine, [value.table])))
        return
    if value.kind in ("insert", "update", "delete"):
        _dml(machine, value)
        return
    _ddl(machine, value)


def _dml(machine: Machine, value: Statement) -> None:
    machine.has_read(value.reads)
    for one in options(value.table):
        table = table_value(machine, one)
        names = names_of(machine, [table])
        if not names and isinstance(table, TableV):
            names = _name_options(table)
        if not names:
            machine.cannot_read(f"{value.kind} of a table whose name is not in the text")
        reads = tuple(name for name in value.reads if name not in names)
        for name in names:
            machine.emit(
                Effect(
                    value.kind,  # type: ignore[arg-type]
                    "data",
                    name,
                    columns=value.columns,
                    certain=len(names) == 1,
                    reads=reads,
                )
            )


def _name_options(table: TableV) -> tuple[str, ...]:
    if not isinstance(table.name, Choice):
        return ()
    found = [full_name(TableV(one, table.schema)) for one in table.name.options]
    return tuple(one for one in found if one) if all(found) else ()


def _ddl(machine: Machine, value: Statement) -> None:
    verb, _, kind = value.kind.partition(" ")
    element = value.element
    word = "create" if verb in ("create", "add") else "drop"
    if isinstance(element, TableV) and kind == "table":
        (tables_made.create if word == "create" else tables_made.drop)(machine, element)
    elif isinstance(element, IndexV):
        table = element.table if isinstance(element.table, str) else None
        if word == "create":
            tables_made.index(machine, element, table)
        else:
            name = element.name if isinstance(element.name, str) else None
            machine.emit(Effect("drop", "index", table, name))
    elif kind in ("schema", "sequence"):
        if isinstance(element, Statement):
            element = element.element
        name = element if isinstance(element, str) else None
        machine.emit(Effect(word, kind, None, name))  # type: ignore[arg-type]
    elif isinstance(element, ConstraintV) and isinstance(element.table, str):
        tables_made.constraint(machine, element, element.table, word)
    else:
        machine.cannot_read(f"{value.kind} of something that is not in the text")


# -- ORM ---------------------------------------------------------------------------
