"""What is sent to the database: SQL text, statements and schema elements of SQLAlchemy."""

from __future__ import annotations

from lback.core.effects import Effect, Kind, Use
from lback.core.interpreter.discharge import Discharge, effects, unknown
from lback.core.interpreter.flow import each_option
from lback.core.interpreter.library import tables_made
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import force
from lback.core.interpreter.schema import (
    HIDDEN,
    ConstraintV,
    EntityV,
    ExprV,
    IndexV,
    Rows,
    SequenceV,
    SqlV,
    StatementV,
    TableV,
    TypeV,
)  # fmt: skip
from lback.core.interpreter.state import dialects
from lback.core.interpreter.text import pieces
from lback.core.interpreter.values import (
    Choice,
    Instance,
    Method,
    Name,
    Seq,
    Text,
    Value,
)  # fmt: skip

_LONGEST = 300_000
_MOST_SQL = 1_000_000
_CATALOGUES = ("information_schema.", "pg_catalog.", "sqlite_master", "sqlite_schema", "pg_")


def send(machine: Machine, value: Value, *, by_driver: bool = False) -> Discharge:
    """Follow one thing that is executed; its value are the rows that come back.

    `by_driver`: its text goes to the driver as it is, which may make one % of two.
    """
    value = force(machine, value)
    if isinstance(value, Choice):
        return _either(machine, value, by_driver)
    if isinstance(value, SqlV):
        return sql(machine, value.parts)
    if isinstance(value, str | Text):
        return sql(machine, pieces(value), by_driver=by_driver)
    if isinstance(value, StatementV):
        return statement(machine, value)
    if isinstance(value, ExprV):
        return statement(machine, selection(value))
    if isinstance(value, EntityV):
        return sql(machine, value.create)
    if isinstance(value, SequenceV):
        return effects(Rows())
    if isinstance(value, Seq) and not value.content.open:
        for item in value.content.items:
            send(machine, item)
        return effects(Rows())
    if isinstance(value, Method) and isinstance(value.owner, SqlV | StatementV):
        return send(machine, value.owner)
    if isinstance(value, Instance | Name):
        return unknown(machine, "what is executed here is compiled by code that is not read")
    return unknown(machine, "what is executed here is not in the text")


def _either(machine: Machine, value: Choice, by_driver: bool) -> Discharge:
    each_option(machine, value, lambda one: _void(send(machine, one, by_driver=by_driver)))
    return effects(Rows())


def _void(_: Discharge) -> None:
    pass


def sql(machine: Machine, parts: tuple[str | None, ...], *, by_driver: bool = False) -> Discharge:
    """Follow SQL text."""
    from lback.core.sql.outcome import HOLE
    from lback.core.sql.script import read_sql

    known = "".join(HOLE if part is None else part for part in parts)
    if not known.strip() or machine.dead:
        return effects(Rows())
    if known.strip() == HOLE:
        return unknown(machine, "the SQL executed here is not in the text")
    machine.sql_read += len(known)
    if len(known) > _LONGEST or machine.sql_read > _MOST_SQL:
        return unknown(machine, "more SQL than is read")
    here = dialects(machine.path)
    meant = here & machine.project.dialects
    meant = here if meant.empty else meant
    reading = read_sql(known, meant)
    if by_driver and "%%" in known and read_sql(known.replace("%%", "%"), meant) != reading:
        return unknown(machine, "%% in a name is one % to some drivers, and two to others")
    if "search_path" in known.casefold():
        machine.moved = True  # in the text itself as well: names in it may mean other tables
    for effect in reading.effects:
        machine.emit(effect)
    for reason, tables in reading.unknown:
        machine.cannot_read(reason, tables)
    has_read(machine, reading.reads)
    return effects(Rows(reading.reads))


def has_read(machine: Machine, tables: tuple[str, ...]) -> None:
    """Record tables that are queried; those of the catalogue are a question to the schema."""
    machine.has_read(tables)
    for table in tables:
        if table.casefold().startswith(_CATALOGUES):
            machine.has_asked(Use("schema", "*"))


def statement(machine: Machine, value: StatementV) -> Discharge:
    """Follow an SQLAlchemy Core statement."""
    for statement_v in value.nested:
        statement(machine, statement_v)
    for reason in value.unread:
        machine.cannot_read(reason, value.tables)
    if value.kind not in ("insert", "update", "delete", "select"):
        return _schema(machine, value)
    functions = [use.name for use in value.uses if use.object == "function"]
    if functions:
        machine.cannot_read(f"calls the function {functions[0]}()")
    if value.kind == "select":
        has_read(machine, (*value.reads, *value.tables))
        return effects(Rows(tuple(dict.fromkeys((*value.reads, *value.tables))), value.whole))
    has_read(machine, value.reads)
    if not value.tables:
        return unknown(machine, f"{value.kind} of a table whose name is not in the text")
    reads = tuple(name for name in value.reads if name not in value.tables)
    for name in value.tables:
        with machine.unsure(len(value.tables) > 1):
            kind: Kind = (
                "insert"
                if value.kind == "insert"
                else ("update" if value.kind == "update" else "delete")
            )
            machine.emit(
                Effect(
                    kind,
                    "data",
                    name,
                    columns=value.columns,
                    reads=reads,
                    uses=tables_made.placed(value.uses, name),
                )
            )
    return effects(Rows(value.tables, value.whole))


def _schema(machine: Machine, value: StatementV) -> Discharge:
    verb, _, kind = value.kind.partition(" ")
    word = "create" if verb in ("create", "add") else "drop"
    element = value.element
    if isinstance(element, TableV) and kind in ("table", ""):
        (tables_made.create if word == "create" else tables_made.drop)(machine, element)
    elif isinstance(element, IndexV):
        if word == "create":
            for table in element.table or (None,):
                tables_made.index(machine, element, table)
        else:
            tables_made.drop_index(machine, element.name, element.table or (None,))
    elif isinstance(element, SequenceV):
        tables_made.sequence(machine, word, element)
    elif isinstance(element, ConstraintV) and element.table is not None:
        tables_made.constraint(machine, element, element.table, word)
    elif isinstance(element, TypeV):
        tables_made.enum(machine, word, element)
    elif kind == "schema" and value.name is not HIDDEN:
        for name in value.name or (None,):
            machine.emit(Effect("create" if word == "create" else "drop", "schema", None, name))
    else:
        return unknown(machine, f"{value.kind} of something that is not in the text")
    return effects(Rows())


def selection(value: ExprV, *, whole: bool = False) -> StatementV:
    """Return the SELECT of an expression."""
    return StatementV(
        "select", (), (), value.reads, None, None, value.nested, value.uses, whole, value.unread
    )
