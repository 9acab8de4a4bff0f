"""What SQLAlchemy's and Alembic's own constructors and functions give, by qualified name."""

from __future__ import annotations

from collections.abc import Callable

from lback.core.effects import Use
from lback.core.interpreter.choices import options
from lback.core.interpreter.discharge import Discharge, pure
from lback.core.interpreter.library import column_values, key_values
from lback.core.interpreter.library.alembic_objects import alembic_object, entity, event
from lback.core.interpreter.library.catalogue import is_type
from lback.core.interpreter.library.column_values import enum_type, plain_type, postgresql_enum
from lback.core.interpreter.library.core_statements import (
    dml,
    schema_statement,
    select,
    table_value,
)
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.schema import (
    BaseV,
    DefaultV,
    ExprV,
    Handle,
    MetaDataV,
    SchemaValue,
    SequenceV,
    SqlV,
    TableV,
)  # fmt: skip
from lback.core.interpreter.schema_expressions import (
    expression,
    is_pure_function,
    of_arguments,
)  # fmt: skip
from lback.core.interpreter.text import pieces, strings
from lback.core.interpreter.values import (
    PLAIN,
    UNKNOWN_TEXT,
    Arguments,
    Bound,
    Choice,
    Name,
    Opaque,
    Value,
)  # fmt: skip

_SQLALCHEMY = ("sqlalchemy.", "sqlmodel.", "flask_sqlalchemy.", "sqlalchemy_utils.", "geoalchemy2.")


def construct(machine: Machine, callee: Name, arguments: Arguments) -> Discharge | None:
    """Make what a constructor of these libraries gives; None where it is none that is known."""
    path, last = callee.path, callee.last
    if path.startswith("alembic_utils."):
        return entity(machine, last, arguments)
    if path.startswith("alembic."):
        return alembic_object(machine, path, arguments)
    if not path.startswith(_SQLALCHEMY):
        return pure("a column type", plain_type(callee, arguments)) if is_type(path) else None
    if ".func." in path or path.startswith("sqlalchemy.sql.functions."):
        return pure(f"sqlalchemy.func.{last}", function(last, path, arguments))
    if path.startswith("sqlalchemy.event."):
        return event(machine, last, arguments)
    maker = MAKERS.get(last)
    if maker is not None:
        return pure(f"sqlalchemy.{last}", maker(machine, arguments))
    special = _SPECIAL.get(last)
    if special is not None:
        return pure(f"sqlalchemy.{last}", special(machine, arguments))
    if is_type(path):
        return pure("a column type", plain_type(callee, arguments))
    return None


def function(last: str, path: str, arguments: Arguments) -> ExprV:
    """Make a call of an SQL function."""
    made = of_arguments(arguments)
    name = path.partition(".func.")[2] or last
    uses = made.uses
    if last.casefold() == "nextval" and isinstance(arguments.get(0, "x"), str):
        uses = (*uses, Use("sequence", str(arguments.get(0, "x"))))
    elif not is_pure_function(name):
        uses = (*uses, Use("function", name))
    text = f"{name}()" if not arguments.all() else ""
    return ExprV(text, uses, made.reads, None, made.nested, made.unread)


# -- SQLAlchemy --------------------------------------------------------------------


def _text(_: Machine, arguments: Arguments) -> Value:
    value = arguments.get(0, "text", arguments.get(0, "statement", PLAIN))
    statements: list[Value] = [SqlV(pieces(option)) for option in options(value)]
    return statements[0] if len(statements) == 1 else Choice(tuple(statements))


def _metadata(machine: Machine, arguments: Arguments) -> MetaDataV:
    schema = arguments.keywords.get("schema")
    # What fills it in another module has not all been read.
    held = (None,) if machine.loading else ()
    return MetaDataV(schema if isinstance(schema, str) else None, held)


def _base(machine: Machine, arguments: Arguments) -> BaseV:
    given = arguments.keywords.get("metadata")
    return BaseV(given if isinstance(given, MetaDataV) else _metadata(machine, Arguments()))


def _automap(_: Machine, __: Arguments) -> BaseV:
    return BaseV(MetaDataV(held=(None,)), automap=True)


def _session(_: Machine, __: Arguments) -> Handle:
    return Handle("session")


def _sessionmaker(_: Machine, __: Arguments) -> Bound:
    return Bound(Name("sqlalchemy.orm.Session"))


def _scoped(_: Machine, __: Arguments) -> Handle:
    return Handle("session")


def _engine(_: Machine, __: Arguments) -> Handle:
    return Handle("bind")


def _inspector(machine: Machine, arguments: Arguments) -> Value:
    given = table_value(machine, arguments.get(0, "subject", PLAIN))
    return given if isinstance(given, TableV) else Handle("inspector")


def _computed(_: Machine, arguments: Arguments) -> DefaultV:
    text, uses, unread = key_values.sql_of(arguments.get(0, "sqltext"))
    return DefaultV("computed", text or "?", uses, unread)


def _identity(_: Machine, __: Arguments) -> DefaultV:
    return DefaultV("identity", "always or by default")


def _fetched(_: Machine, __: Arguments) -> DefaultV:
    return DefaultV("default")


def _sequence(_: Machine, arguments: Arguments) -> SequenceV:
    schema = arguments.keywords.get("schema")
    prefix = f"{schema}." if isinstance(schema, str) else ""
    names = strings(arguments.get(0, "name")) or ()
    return SequenceV(tuple(prefix + name for name in names))


def _quoted(_: Machine, arguments: Arguments) -> Value:
    return arguments.get(0, "value", arguments.get(0, "name", UNKNOWN_TEXT))


def _expression(_: Machine, arguments: Arguments) -> ExprV:
    made = of_arguments(arguments)
    strange = any(isinstance(value, Opaque) for value in arguments.all())
    unread = ("a part of a statement that is not in the text",) if strange else ()
    return ExprV("", made.uses, made.reads, None, made.nested, (*made.unread, *unread))


def _literal(_: Machine, __: Arguments) -> ExprV:
    return ExprV()


def _literal_column(_: Machine, arguments: Arguments) -> ExprV:
    return expression(SqlV(pieces(arguments.get(0, "text", PLAIN))))


def _word(name: str) -> Callable[[Machine, Arguments], ExprV]:
    return lambda _, __: ExprV(name)


def _flask(_: Machine, __: Arguments) -> Name:
    return Name("flask_sqlalchemy.db")


def _as_mutable(_: Machine, arguments: Arguments) -> Value:
    """Return the type: as_mutable() of a class only watches its values."""
    return arguments.get(0, "sqltype")


MAKERS: dict[str, Callable[[Machine, Arguments], SchemaValue]] = {
    "Column": column_values.column,
    "mapped_column": column_values.column,
    "column": column_values.column,
    "Field": column_values.column,
    "ForeignKey": key_values.foreign_key,
    "PrimaryKeyConstraint": key_values.listed_constraint("primary"),
    "UniqueConstraint": key_values.listed_constraint("unique"),
    "ExcludeConstraint": key_values.listed_constraint("exclude"),
    "ForeignKeyConstraint": key_values.foreign_key_constraint,
    "CheckConstraint": key_values.check,
    "Index": key_values.index,
    "Table": key_values.table,
    "table": key_values.table,
    "MetaData": _metadata,
    "declarative_base": _base,
    "automap_base": _automap,
    "Computed": _computed,
    "Identity": _identity,
    "FetchedValue": _fetched,
    "Sequence": _sequence,
    "Enum": enum_type,
    "ENUM": postgresql_enum,
    "insert": dml("insert"),
    "update": dml("update"),
    "delete": dml("delete"),
    "select": select,
    "exists": select,
    "union": select,
    "union_all": select,
    "intersect": select,
    "except_": select,
    "CreateTable": schema_statement("create table"),
    "DropTable": schema_statement("drop table"),
    "CreateIndex": schema_statement("create index"),
    "DropIndex": schema_statement("drop index"),
    "CreateSchema": schema_statement("create schema"),
    "DropSchema": schema_statement("drop schema"),
    "CreateSequence": schema_statement("create sequence"),
    "DropSequence": schema_statement("drop sequence"),
    "CreateEnumType": schema_statement("create type"),
    "DropEnumType": schema_statement("drop type"),
    "AddConstraint": schema_statement("add constraint"),
    "DropConstraint": schema_statement("drop constraint"),
    "literal_column": _literal_column,
    "literal": _literal,
    "bindparam": _literal,
    "true": _word("true"),
    "false": _word("false"),
    "null": _word("null"),
    **dict.fromkeys(
        """and_ or_ not_ case cast type_coerce extract between collate any_ all_ distinct tuple_
        over within_group nulls_first nulls_last nullslast nullsfirst asc desc lateral values
        join outerjoin alias array aliased tablesample try_cast coalesce aggregate_order_by
        outparam funcfilter with_polymorphic to_tsvector""".split(),  # noqa: SIM905
        _expression,
    ),
}
_SPECIAL: dict[str, Callable[[Machine, Arguments], Value]] = {
    "text": _text,
    "TextClause": _text,
    "DDL": _text,
    "Session": _session,
    "AsyncSession": _session,
    "Connection": _engine,
    "scoped_session": _scoped,
    "create_session": _session,
    "sessionmaker": _sessionmaker,
    "async_sessionmaker": _sessionmaker,
    "create_engine": _engine,
    "create_async_engine": _engine,
    "engine_from_config": _engine,
    "async_engine_from_config": _engine,
    "create_mock_engine": _engine,
    "inspect": _inspector,
    "from_engine": _inspector,
    "Inspector": _inspector,
    "quoted_name": _quoted,
    "conv": _quoted,
    "SQLAlchemy": _flask,
    "object_session": _session,
    "as_mutable": _as_mutable,
}
