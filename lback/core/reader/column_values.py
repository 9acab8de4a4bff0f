"""What stands inside a table: columns, keys, indexes; and tables themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lback.core.reader.arguments import Arguments
from lback.core.reader.machine import Machine
from lback.core.reader.schema_values import (
    ColumnV,
    ConstraintV,
    ForeignKeyV,
    IndexV,
    MetaData,
    Sql,
    TableV,
    TypeV,
)
from lback.core.reader.values import (
    NOTHING_KNOWN,
    Choice,
    Instance,
    Klass,
    Name,
    Opaque,
    Seq,
    Value,
)


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
    found.sets = (*_shown_by_keywords(found, keywords), *found.sets)
    return found


def _shown_by_keywords(found: ColumnV, keywords: dict[str, Value]) -> Iterator[tuple[str, str]]:
    yield "type", found.type.text if found.type else "?"
    unsaid = "nullable" in keywords and not isinstance(keywords["nullable"], bool)
    required = found.primary_key if found.nullable is None else not found.nullable
    yield "nullable", "?" if unsaid else "no" if required else "yes"
    for aspect, keyword in (("default", "server_default"), ("comment", "comment")):
        if keywords.get(keyword) is not None:
            yield aspect, as_sql(keywords[keyword], quoted=aspect == "default")


def as_sql(value: Value, *, quoted: bool = True) -> str:
    """Return a default or a comment as SQL; "" for none, "?" where the text hides it."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("'", "''")
        return f"'{escaped}'" if quoted else value
    if isinstance(value, Sql) and isinstance(value.text, str):
        return value.text
    if isinstance(value, Instance) and isinstance(value.of, Name):
        of = value.of.path.removeprefix("sqlalchemy.sql.").removeprefix("sqlalchemy.")
        if of in ("true", "false", "null"):
            return of
        if of.startswith("func.") and not value.fields:
            return f"{of.removeprefix('func.')}()"
    return "?"


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
        found.sets = (*found.sets, one.fields["sets"])
    elif isinstance(one, Instance):
        found.type = found.type or TypeV(getattr(one.of, "last", "?"))
    elif found.name is None:
        found.name = one


def foreign_key(_: Machine, arguments: Arguments) -> ForeignKeyV:
    """Make sa.ForeignKey."""
    return ForeignKeyV(arguments.get(0, "column"), arguments.keywords.get("name"))


def _columns_of(values: list[Value]) -> Value:
    return Seq([one.name if isinstance(one, ColumnV) else one for one in values])


def listed_constraint(kind: str) -> Callable[[Machine, Arguments], ConstraintV]:
    """Return the maker of a constraint whose arguments are its columns."""

    def make(_: Machine, arguments: Arguments) -> ConstraintV:
        name = arguments.keywords.get("name")
        return ConstraintV(kind, name, _columns_of(arguments.positional))

    return make


def foreign_key_constraint(_: Machine, arguments: Arguments) -> ConstraintV:
    """Make sa.ForeignKeyConstraint."""
    referred = arguments.get(1, "refcolumns")
    first = referred.items[0] if isinstance(referred, Seq) and referred.items else NOTHING_KNOWN
    return ConstraintV(
        "foreignkey",
        arguments.get(2, "name"),
        arguments.get(0, "columns"),
        first,
    )


def check(_: Machine, arguments: Arguments) -> ConstraintV:
    """Make sa.CheckConstraint."""
    text = arguments.get(0, "sqltext")
    detail = text if isinstance(text, str) else text.text if isinstance(text, Sql) else ""
    found = detail if isinstance(detail, str) else ""
    return ConstraintV("check", arguments.get(1, "name"), None, detail=found)


def index(_: Machine, arguments: Arguments) -> IndexV:
    """Make sa.Index."""
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


def metadata_object(_: Machine, arguments: Arguments) -> MetaData:
    """Make sa.MetaData."""
    return MetaData(schema=arguments.keywords.get("schema"))
