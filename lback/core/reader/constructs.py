"""Objects that SQLAlchemy and Alembic make: columns, tables, types, statements, sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lback.core.reader.arguments import Arguments
from lback.core.reader.classes import table_of
from lback.core.reader.foreign import INERT
from lback.core.reader.machine import Machine, is_foreign
from lback.core.reader.statement_values import STATEMENTS
from lback.core.reader.type_values import enum_type, is_type, plain_type, postgresql_enum
from lback.core.reader.values import (
    NOTHING_KNOWN,
    Base,
    Choice,
    ColumnV,
    ConstraintV,
    ForeignKeyV,
    Handle,
    IndexV,
    Instance,
    Klass,
    MetaData,
    Name,
    Opaque,
    Operation,
    Seq,
    Sql,
    TableV,
    TypeV,
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


def column(_: Machine, arguments: Arguments) -> ColumnV:
    """Make sa.Column, mapped_column, db.Column; sqlmodel.Field is one where it is in a class."""
    found = ColumnV(arguments.keywords.get("name"))
    for one in arguments.positional:
        _column_part(found, one)
    if "type_" in arguments.keywords:
        _column_part(found, arguments.keywords["type_"])
    keywords = arguments.keywords
    nullable = keywords.get("nullable")
    found.primary_key = keywords.get("primary_key") is True
    found.nullable = (
        nullable if isinstance(nullable, bool) else (None if found.primary_key else True)
    )
    if "nullable" in keywords and not isinstance(nullable, bool):
        found.nullable = None
    found.has_default = keywords.get("server_default") is not None or found.identity
    found.index = keywords.get("index") is True
    found.unique = keywords.get("unique") is True
    found.comment = keywords.get("comment") is not None
    return found


def _column_part(found: ColumnV, one: Value) -> None:
    if isinstance(one, Choice):
        for option in one.options:
            _column_part(found, option)
    elif isinstance(one, str) or (found.name is None and isinstance(one, Opaque)):
        found.name = one
    elif isinstance(one, TypeV):
        found.type = one
    elif isinstance(one, ForeignKeyV):
        found.foreign_keys = (*found.foreign_keys, one)
    elif isinstance(one, Name):
        found.type = TypeV(one.last)
    elif isinstance(one, Klass):
        found.type = TypeV(one.node.name)
    elif isinstance(one, Instance) and one.of == "computed":
        found.identity = True
    elif isinstance(one, Instance):
        found.type = found.type or TypeV(getattr(one.of, "last", "?"))
    elif found.name is None:
        found.name = one


def _foreign_key(_: Machine, arguments: Arguments) -> ForeignKeyV:
    return ForeignKeyV(arguments.get(0, "column"), arguments.keywords.get("name"))


def _columns_of(values: list[Value]) -> Value:
    return Seq([one.name if isinstance(one, ColumnV) else one for one in values])


def _listed(kind: str) -> Callable[[Machine, Arguments], ConstraintV]:
    def make(_: Machine, arguments: Arguments) -> ConstraintV:
        name = arguments.keywords.get("name")
        return ConstraintV(kind, name, _columns_of(arguments.positional))

    return make


def _foreign_key_constraint(_: Machine, arguments: Arguments) -> ConstraintV:
    referred = arguments.get(1, "refcolumns")
    first = referred.items[0] if isinstance(referred, Seq) and referred.items else NOTHING_KNOWN
    return ConstraintV(
        "foreignkey",
        arguments.get(2, "name"),
        arguments.get(0, "columns"),
        first,
    )


def _check(_: Machine, arguments: Arguments) -> ConstraintV:
    text = arguments.get(0, "sqltext")
    detail = text if isinstance(text, str) else text.text if isinstance(text, Sql) else ""
    found = detail if isinstance(detail, str) else ""
    return ConstraintV("check", arguments.get(1, "name"), None, detail=found)


def _index(_: Machine, arguments: Arguments) -> IndexV:
    listed = arguments.positional[1:]
    table = next((one.name for one in listed if isinstance(one, TableV)), None)
    unique = arguments.keywords.get("unique") is True
    return IndexV(arguments.get(0, "name"), _columns_of(listed), unique, table)


def table(_: Machine, arguments: Arguments) -> TableV:
    """Make sa.Table or sa.table; a MetaData among its arguments learns of it."""
    name = arguments.get(0, "name")
    items: list[Value] = []
    metadata = None
    for one in arguments.positional[1:]:
        if isinstance(one, MetaData):
            metadata = one
        else:
            items.extend(one.items if isinstance(one, Seq) else [one])
    schema = arguments.keywords.get("schema", metadata.schema if metadata else None)
    made = TableV(name, schema, tuple(items))
    if metadata is not None:
        metadata.tables.append(made)
    return made


def _metadata(_: Machine, arguments: Arguments) -> MetaData:
    return MetaData(schema=arguments.keywords.get("schema"))


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


def _computed(_: Machine, __: Arguments) -> Instance:
    return Instance("computed")


def _quoted(_: Machine, arguments: Arguments) -> Value:
    return arguments.get(0, "value", NOTHING_KNOWN)


MAKERS: dict[str, Callable[[Machine, Arguments], Any]] = {
    "Column": column,
    "mapped_column": column,
    "column": column,
    "ForeignKey": _foreign_key,
    "PrimaryKeyConstraint": _listed("primary"),
    "UniqueConstraint": _listed("unique"),
    "ExcludeConstraint": _listed("exclude"),
    "ForeignKeyConstraint": _foreign_key_constraint,
    "CheckConstraint": _check,
    "Index": _index,
    "Table": table,
    "table": table,
    "MetaData": _metadata,
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
    "Identity": _computed,
    "quoted_name": _quoted,
    "conv": _quoted,
    "Enum": enum_type,
    "ENUM": postgresql_enum,
    **STATEMENTS,
}
