"""Enum types of one name in several schemas, which are in one schema for a moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import fields
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from lback.db.renaming import renamed_in

_Of = TypeVar("_Of")


def made_apart(enums: Iterable[Any], schema: str) -> tuple[dict[Any, Any], dict[str, str]]:
    """Return a type in `schema` for each by its key, and what those are called that have others."""
    types: dict[Any, Any] = {}
    called: dict[str, str] = {}
    taken: set[str] = set()
    for number, enum in enumerate(enums):
        name = f"{enum.name}_lback_{number}" if enum.name in taken else enum.name
        if name != enum.name:
            called[name] = enum.name
        taken.add(name)
        types[enum.schema, enum.name] = postgresql.ENUM(
            *enum.enums, name=name, schema=schema, create_type=False
        )
    return types, called


def as_called(snapshot: _Of, called: Mapping[str, str]) -> _Of:
    """Return what was read of a table, with its types by their own names."""
    if not called:
        return snapshot
    given: Any = snapshot
    parts = {field.name: _by_name(getattr(given, field.name), called) for field in fields(given)}
    return type(snapshot)(**parts)


def _by_name(value: Any, called: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _by_name(item, called) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_by_name(item, called) for item in value)
    if isinstance(value, str):
        return renamed_in(value, dict(called))
    if isinstance(value, sa.ARRAY):
        made = copy(value)
        made.item_type = _by_name(value.item_type, called)
        return made
    if isinstance(value, sa.Enum) and value.name is not None and value.name in called:
        kind: Any = copy(value)
        kind.name = called[value.name]
        return kind
    return value
