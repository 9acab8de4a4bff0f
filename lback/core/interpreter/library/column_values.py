"""Column types and columns with every argument, as SQLAlchemy is given them."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.effects import Use
from lback.core.interpreter.choices import is_constant, options
from lback.core.interpreter.classes import enum_members, is_enum, mro, type_name
from lback.core.interpreter.library.catalogue import is_type
from lback.core.interpreter.library.key_values import foreign_key_to, unknown_keywords, words
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import force
from lback.core.interpreter.schema import (
    HIDDEN,
    ColumnV,
    ConstraintV,
    DefaultV,
    ExprV,
    SequenceV,
    SqlV,
    TypeV,
)  # fmt: skip
from lback.core.interpreter.schema_expressions import expression
from lback.core.interpreter.text import strings
from lback.core.interpreter.values import (
    Arguments,
    Choice,
    Func,
    Instance,
    Klass,
    Map,
    Method,
    Name,
    Opaque,
    Plain,
    Seq,
    Text,
    Value,
)  # fmt: skip  # fmt: skip


def as_type(machine: Machine, value: Value) -> TypeV | None:
    """Return a value that stands for a column type, or None."""
    if isinstance(value, TypeV):
        return value
    if isinstance(value, Name) and (is_type(value.path) or value.last[:1].isupper()):
        return TypeV(value.last)
    if isinstance(value, Klass):
        return TypeV(type_name(value))
    if isinstance(value, Instance) and any(
        isinstance(base, Name) and is_type(base.path) for base in mro(value.of)
    ):
        return TypeV(type_name(value.of))
    return None


def plain_type(callee: Name, arguments: Arguments) -> TypeV:
    """Make a column type; its text is how people write it, without the module."""
    shown = [_shown(argument) for argument in arguments.positional]
    shown += [f"{key}={_shown(value)}" for key, value in arguments.keywords.items()]
    text = f"{callee.last}({', '.join(shown)})"
    inner = next((item for item in arguments.all() if isinstance(item, TypeV)), None)
    if inner is not None:
        return TypeV(text, inner.name, inner.enum, inner.values, inner.create, inner.postgresql,
                     inner.schema, inner.uses, inner.unread)  # fmt: skip
    if callee.last == "DOMAIN":
        names = strings(arguments.get(0, "name")) or ()
        return TypeV(text, uses=tuple(Use("type", name) for name in names))
    return TypeV(text)


def _shown(value: Value) -> str:
    if isinstance(value, TypeV):
        return value.text
    if isinstance(value, Name):
        return value.last
    if is_constant(value):
        return repr(value)[:200]
    if isinstance(value, Seq):
        return "[" + ", ".join(_shown(item) for item in value.content.items[:50]) + "]"
    return "…"


def postgresql_enum(machine: Machine, arguments: Arguments) -> TypeV:
    """Make postgresql.ENUM, whose create() and drop() look first whether it is there."""
    return _enum(machine, arguments, postgresql=True)


def enum_type(machine: Machine, arguments: Arguments) -> TypeV:
    """Make sa.Enum."""
    return _enum(machine, arguments, postgresql=False)


def _enum(machine: Machine, arguments: Arguments, *, postgresql: bool) -> TypeV:
    values: list[str] = []
    named = arguments.keywords.get("name")
    names = strings(named) or () if named is not None else None
    for argument in arguments.positional:
        if isinstance(argument, str):
            values.append(argument)
        elif isinstance(argument, Seq):
            values.extend(inner for inner in argument.content.items if isinstance(inner, str))
        elif isinstance(argument, Klass):
            values.extend(_members(machine, argument))
            names = names if names is not None else (argument.node.name.lower(),)
        elif isinstance(argument, Name):
            names = names if names is not None else (argument.last.lower(),)
        elif isinstance(argument, TypeV) and argument.enum:
            values.extend(argument.values)
            names = names if names is not None else argument.name
        elif isinstance(argument, Choice | Func | Method):
            continue
    keywords = arguments.keywords
    native = keywords.get("native_enum", True) is not False
    schema = keywords.get("schema")
    return TypeV(
        f"Enum({', '.join(repr(value) for value in values)})",
        names,
        native,
        tuple(values),
        keywords.get("create_type", True) is not False,
        postgresql,
        schema if isinstance(schema, str) else None,
    )


def _members(machine: Machine, klass: Klass) -> list[str]:
    if not is_enum(klass):
        return []
    members = [
        member.fields.values.get("name")
        for member in enum_members(machine, klass)
        if isinstance(member, Instance)
    ]
    return [name for name in members if isinstance(name, str)]


def with_variant(owner: TypeV, arguments: Arguments) -> TypeV:
    """Return a type that is another one on some dialect."""
    other = arguments.get(0, "type_")
    uses = other.uses if isinstance(other, TypeV) else ()
    return TypeV(owner.text, owner.name, owner.enum, owner.values, owner.create, owner.postgresql,
                 owner.schema, (*owner.uses, *uses), owner.unread)  # fmt: skip


_COLUMN_KEYWORDS = frozenset(
    """name type_ nullable primary_key server_default default unique index comment autoincrement
    key info quote doc onupdate server_onupdate system insert_default sort_order init repr
    kw_only default_factory compare hash use_existing_column deferred deferred_group
    deferred_raiseload active_history quote_schema foreign_key sa_type sa_column_kwargs
    max_length min_length description title alias ge gt le lt regex sa_column schema_extra
    ondelete sa_column_args pattern max_digits decimal_places const exclude examples""".split()  # noqa: SIM905
)


def column(machine: Machine, arguments: Arguments) -> ColumnV:
    """Make sa.Column, mapped_column, db.Column; sqlmodel.Field is one where it is in a class."""
    keywords = arguments.keywords
    made = ColumnV(words(keywords.get("name")))
    made.unread = tuple(unknown_keywords(arguments, _COLUMN_KEYWORDS, "a column"))
    for value in arguments.positional:
        _part(machine, made, value)
    for keyword in ("type_", "sa_type"):
        if keyword in keywords:
            _part(machine, made, keywords[keyword])
    if "foreign_key" in keywords:
        made.parts = (*made.parts, foreign_key_to(keywords["foreign_key"], None))
    nullable = keywords.get("nullable")
    made.primary_key = keywords.get("primary_key") is True
    if "nullable" in keywords:
        made.nullable = nullable if isinstance(nullable, bool) else None
    else:
        made.nullable = None if made.primary_key else True
    default = keywords.get("server_default")
    made.has_default = default is not None or made.has_default
    made.index = keywords.get("index") is True
    made.unique = keywords.get("unique") is True
    for keyword in ("index", "unique", "primary_key"):
        if not isinstance(keywords.get(keyword, False), bool | None):
            made.unread = (*made.unread, f"the argument {keyword} is not in the text")
    if default is not None:
        _server_default(machine, made, default)
    made.sets = (*_aspects(made, keywords), *made.sets)
    return made


def _server_default(machine: Machine, target: ColumnV, default: Value) -> None:
    for option in options(force(machine, default)):
        if isinstance(option, SequenceV):
            target.uses = (*target.uses, *(Use("sequence", name) for name in option.name or ()))
        elif isinstance(option, SqlV | ExprV):
            made = expression(option)
            target.uses = (*target.uses, *made.uses)
            target.unread = (*target.unread, *made.unread)


def _aspects(made: ColumnV, keywords: dict[str, Value]) -> Iterator[tuple[str, str]]:
    yield "type", made.type.text if made.type else "?"
    unsaid = "nullable" in keywords and not isinstance(keywords["nullable"], bool)
    required = made.primary_key if made.nullable is None else not made.nullable
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
    if isinstance(value, SqlV) and value.text is not None:
        return value.text
    if isinstance(value, ExprV) and value.text.endswith("()"):
        return value.text
    if isinstance(value, Name) and value.path.startswith("sqlalchemy."):
        last = value.last
        return last if last in ("true", "false", "null") else "?"
    return value.text if isinstance(value, ExprV) and value.text in _WORDS else "?"


_WORDS = frozenset({"true", "false", "null"})


def _part(machine: Machine, target: ColumnV, value: Value) -> None:
    for option in options(value):
        _one_part(machine, target, force(machine, option))


def _one_part(machine: Machine, target: ColumnV, item: Value) -> None:
    if isinstance(item, ConstraintV):
        target.parts = (*target.parts, item)
    elif isinstance(item, DefaultV):
        target.has_default = target.has_default or item.aspect in ("computed", "identity")
        if item.aspect != "default":
            target.sets = (*target.sets, (item.aspect, item.text))
        target.uses = (*target.uses, *item.uses)
        target.unread = (*target.unread, *item.unread)
    elif isinstance(item, SequenceV):
        target.sequence = item
        target.uses = (*target.uses, *(Use("sequence", name) for name in item.name or ()))
    elif isinstance(item, str):
        target.name = (*(target.name or ()), item)
    elif isinstance(item, Text | Plain) and target.name is None:
        target.name = HIDDEN
    elif isinstance(item, type(None) | Map):
        return
    else:
        made = as_type(machine, item)
        if made is not None:
            target.type = made
        elif isinstance(item, Opaque | Name) and target.name is None and target.type is None:
            target.name = HIDDEN
        else:
            target.unread = (*target.unread, "an argument of a column that is not understood")
