"""Objects that SQLAlchemy and Alembic make: columns, tables, types, statements, sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lback.core.reader.arguments import Arguments
from lback.core.reader.classes import table_of
from lback.core.reader.column_values import (
    check,
    column,
    foreign_key,
    foreign_key_constraint,
    index,
    listed_constraint,
    metadata_object,
    table,
)
from lback.core.reader.foreign import INERT
from lback.core.reader.machine import Machine, is_foreign
from lback.core.reader.schema_values import Base, MetaData, Operation, Sql, TypeV
from lback.core.reader.statement_values import STATEMENTS
from lback.core.reader.type_values import enum_type, is_type, plain_type, postgresql_enum
from lback.core.reader.values import (
    NOTHING_KNOWN,
    Handle,
    Instance,
    Klass,
    Name,
    Opaque,
    Seq,
    Value,
    reaches,
)

NOT_ONE = Opaque()

# Roots whose names mean what they say; elsewhere (`db.Column`) only some names are taken.
_SQLALCHEMY = frozenset({"sqlalchemy", "sqlmodel", "flask_sqlalchemy", "sqlalchemy_utils"})


def construct(machine: Machine, callee: Name, arguments: Arguments) -> Value:
    """Make what a constructor of a library gives, or NOT_ONE."""
    last = callee.last
    if callee.path.startswith("alembic.operations.ops."):
        return _operation(callee.path, arguments)
    if callee.path.startswith("alembic."):
        return _context(callee.path)
    maker = MAKERS.get(last)
    if maker is not None and (callee.root in _SQLALCHEMY or not is_foreign(callee)):
        return maker(machine, arguments)
    if callee.root in _SQLALCHEMY:
        if last in ("inspect", "from_engine", "Inspector"):
            return Handle("inspector")
        if is_type(last):
            return plain_type(callee, arguments)
        return NOT_ONE if _has_handle(arguments) else NOTHING_KNOWN
    if last[:1].isupper() and not _has_handle(arguments):
        return Instance(callee) if not is_type(last) else plain_type(callee, arguments)
    if callee.root in INERT and not _has_handle(arguments):
        return _inert(callee, arguments)
    return NOT_ONE


def _has_handle(arguments: Arguments) -> bool:
    return any(reaches(one) for one in arguments.all())


def _inert(callee: Name, arguments: Arguments) -> Value:
    if callee.path == "textwrap.dedent" and arguments.positional:
        return arguments.positional[0]
    if callee.path == "itertools.product" and not arguments.open:
        return _product(arguments.positional)
    if callee.path == "itertools.chain":
        from lback.core.reader.expressions import extend

        found = Seq([])
        for one in arguments.positional:
            extend(found, one)
        return found
    return NOT_ONE


def _product(parts: list[Value]) -> Value:
    rows: list[list[Value]] = [[]]
    for part in parts:
        if not isinstance(part, Seq) or part.open:
            return NOTHING_KNOWN
        rows = [[*row, one] for row in rows for one in part.items]
    return Seq([Seq(row) for row in rows])


def _context(path: str) -> Value:
    if path == "alembic.context.is_offline_mode":
        return False
    if path in ("alembic.context.get_context", "alembic.op.get_context"):
        return Handle("context")
    if path.endswith((".get_bind", ".connection")):
        return Handle("bind")
    if path.endswith((".configure", ".run_migrations", ".execute", ".begin_transaction")):
        return Handle("context")
    return NOT_ONE if path.startswith("alembic.command") else NOTHING_KNOWN


def _operation(path: str, arguments: Arguments) -> Value:
    from lback.core.reader.directives import OPERATIONS

    for part in reversed(path.split(".")):
        if part in OPERATIONS:
            return Operation(OPERATIONS[part], arguments.positional, arguments.keywords)
    return Opaque(reaches=True)


def instantiate(machine: Machine, klass: Klass, arguments: Arguments) -> Value:
    """Make an object of a class of the project."""
    table = table_of(machine, klass)
    made = Instance(klass, None, dict(arguments.keywords))
    if table is not None:
        return made
    from lback.core.reader.classes import bases, member
    from lback.core.reader.values import Func

    above = bases(machine, klass)
    if any(isinstance(one, Name) and is_type(one.last) for one in above):
        return TypeV(f"{klass.node.name}()")
    initial = member(machine, klass, "__init__")
    if isinstance(initial, Func):
        from lback.core.reader.calls import run

        run(machine, Func(initial.node, initial.scope, initial.closure, (made,)), arguments)
    elif any(reaches(one) for one in arguments.all()):
        made.fields.update({str(i): one for i, one in enumerate(arguments.positional)})
    return made


# -- what is in a table ------------------------------------------------------------


def _base(_: Machine, arguments: Arguments) -> Base:
    given = arguments.keywords.get("metadata")
    return Base(given) if isinstance(given, MetaData) else Base()


def _automap(_: Machine, __: Arguments) -> Instance:
    return Instance("automap")


def _text(_: Machine, arguments: Arguments) -> Sql:
    return Sql(arguments.get(0, "text", arguments.get(0, "statement", NOTHING_KNOWN)))


def _session(_: Machine, __: Arguments) -> Handle:
    return Handle("session")


def _sessionmaker(_: Machine, __: Arguments) -> Instance:
    return Instance("sessionmaker")


def _engine(_: Machine, __: Arguments) -> Handle:
    return Handle("bind")


def _computed(_: Machine, arguments: Arguments) -> Instance:
    return Instance("computed", fields={"sets": ("computed", _expression(arguments))})


def _identity(_: Machine, __: Arguments) -> Instance:
    return Instance("computed", fields={"sets": ("identity", "always or by default")})


def _expression(arguments: Arguments) -> str:
    text = arguments.get(0, "sqltext")
    text = text.text if isinstance(text, Sql) else text
    return text if isinstance(text, str) else "?"


def _quoted(_: Machine, arguments: Arguments) -> Value:
    return arguments.get(0, "value", NOTHING_KNOWN)


MAKERS: dict[str, Callable[[Machine, Arguments], Any]] = {
    "Column": column,
    "mapped_column": column,
    "column": column,
    "ForeignKey": foreign_key,
    "PrimaryKeyConstraint": listed_constraint("primary"),
    "UniqueConstraint": listed_constraint("unique"),
    "ExcludeConstraint": listed_constraint("exclude"),
    "ForeignKeyConstraint": foreign_key_constraint,
    "CheckConstraint": check,
    "Index": index,
    "Table": table,
    "table": table,
    "MetaData": metadata_object,
    "declarative_base": _base,
    "automap_base": _automap,
    "text": _text,
    "DDL": _text,
    "Session": _session,
    "scoped_session": _sessionmaker,
    "sessionmaker": _sessionmaker,
    "create_engine": _engine,
    "engine_from_config": _engine,
    "Computed": _computed,
    "Identity": _identity,
    "quoted_name": _quoted,
    "conv": _quoted,
    "Enum": enum_type,
    "ENUM": postgresql_enum,
    **STATEMENTS,
}
