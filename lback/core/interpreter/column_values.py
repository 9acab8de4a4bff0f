"""What stands inside a table: sa.Column with every argument, constraints, indexes, tables."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.effects import Use
from lback.core.interpreter.choices import options
from lback.core.interpreter.key_values import foreign_key_to, unknown_keywords, words
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
)  # fmt: skip
from lback.core.interpreter.schema_expressions import expression
from lback.core.interpreter.type_values import as_type
from lback.core.interpreter.values import (
    Arguments,
    Map,
    Name,
    Opaque,
    Plain,
    Text,
    Value,
)  # fmt: skip

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
    found = ColumnV(words(keywords.get("name")))
    found.unread = tuple(unknown_keywords(arguments, _COLUMN_KEYWORDS, "a column"))
    for one in arguments.positional:
        _part(machine, found, one)
    for keyword in ("type_", "sa_type"):
        if keyword in keywords:
            _part(machine, found, keywords[keyword])
    if "foreign_key" in keywords:
        found.parts = (*found.parts, foreign_key_to(keywords["foreign_key"], None))
    nullable = keywords.get("nullable")
    found.primary_key = keywords.get("primary_key") is True
    if "nullable" in keywords:
        found.nullable = nullable if isinstance(nullable, bool) else None
    else:
        found.nullable = None if found.primary_key else True
    default = keywords.get("server_default")
    found.has_default = default is not None or found.has_default
    found.index = keywords.get("index") is True
    found.unique = keywords.get("unique") is True
    for keyword in ("index", "unique", "primary_key"):
        if not isinstance(keywords.get(keyword, False), bool | None):
            found.unread = (*found.unread, f"the argument {keyword} is not in the text")
    if default is not None:
        _server_default(machine, found, default)
    found.sets = (*_shown(found, keywords), *found.sets)
    return found


def _server_default(machine: Machine, found: ColumnV, default: Value) -> None:
    for one in options(force(machine, default)):
        if isinstance(one, SequenceV):
            found.uses = (*found.uses, *(Use("sequence", name) for name in one.name or ()))
        elif isinstance(one, SqlV | ExprV):
            made = expression(one)
            found.uses = (*found.uses, *made.uses)
            found.unread = (*found.unread, *made.unread)


def _shown(found: ColumnV, keywords: dict[str, Value]) -> Iterator[tuple[str, str]]:
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
    if isinstance(value, SqlV) and value.text is not None:
        return value.text
    if isinstance(value, ExprV) and value.text.endswith("()"):
        return value.text
    if isinstance(value, Name) and value.path.startswith("sqlalchemy."):
        last = value.last
        return last if last in ("true", "false", "null") else "?"
    return value.text if isinstance(value, ExprV) and value.text in _WORDS else "?"


_WORDS = frozenset({"true", "false", "null"})


def _part(machine: Machine, found: ColumnV, value: Value) -> None:
    for one in options(value):
        _one_part(machine, found, force(machine, one))


def _one_part(machine: Machine, found: ColumnV, one: Value) -> None:
    if isinstance(one, ConstraintV):
        found.parts = (*found.parts, one)
    elif isinstance(one, DefaultV):
        found.has_default = found.has_default or one.aspect in ("computed", "identity")
        if one.aspect != "default":
            found.sets = (*found.sets, (one.aspect, one.text))
        found.uses = (*found.uses, *one.uses)
        found.unread = (*found.unread, *one.unread)
    elif isinstance(one, SequenceV):
        found.sequence = one
        found.uses = (*found.uses, *(Use("sequence", name) for name in one.name or ()))
    elif isinstance(one, str):
        found.name = (*(found.name or ()), one)
    elif isinstance(one, Text | Plain) and found.name is None:
        found.name = HIDDEN
    elif isinstance(one, type(None) | Map):
        return
    else:
        made = as_type(machine, one)
        if made is not None:
            found.type = made
        elif isinstance(one, Opaque | Name) and found.name is None and found.type is None:
            found.name = HIDDEN
        else:
            found.unread = (*found.unread, "an argument of a column that is not understood")
