"""The JSON Schema (draft 2020-12) of what `--json` prints, made from the types of a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from lback.core.checks.findings import Finding
from lback.core.results import (
    EACH,
    OPTIONAL,
    EnvironmentReport,
    Result,
    Status,
    data_fields,
    key,
)

Schema = dict[str, Any]

_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}
_FAILED = ["refused", "error"]
# A failure may have nothing to show; `--help` and `--version` show a text instead of the result.
_NOTHING: Schema = {"type": "object", "maxProperties": 0}
_TEXT: Schema = {
    "type": "object",
    "properties": {"help": {"type": "string"}, "version": {"type": "string"}},
    "required": [],
    "minProperties": 1,
    "maxProperties": 1,
}
_ERROR: Schema = {
    "type": "object",
    "properties": {"message": {"type": "string"}, "hint": {"type": ["string", "null"]}},
    "required": ["message", "hint"],
}
_MAYBE_ERROR: Schema = {"anyOf": [_ERROR, {"type": "null"}]}


def schema_of(kind: type[Result]) -> Schema:
    """Return the schema of the whole object that a command prints.

    More keys may come in later versions, so objects are open. TypeError names a field whose
    type says less than what JSON it becomes.
    """
    types = _Types()
    data = types.of(kind)
    if kind.command in EACH:
        row = types.of(EnvironmentReport)
        described = types.definitions["EnvironmentReport"]
        described["properties"] |= {"data": {"anyOf": [data, _NOTHING]}, "error": _MAYBE_ERROR}
        described["required"] += ["data", "error"]
        rows = {"environments": {"type": "array", "items": row}}
        several = {"type": "object", "properties": rows, "required": list(rows)}
        data = {"anyOf": [data, several]}
    envelope = {
        "lback": {"const": 1},
        "command": {"const": kind.command},
        "status": types.of(Status),
        "exit_code": {"type": "integer"},
        "data": {"type": "object"},
        "findings": types.of(tuple[Finding, ...]),
        "error": _MAYBE_ERROR,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"lback {kind.command} --json",
        "type": "object",
        "properties": envelope,
        "required": list(envelope),
        "if": {"properties": {"status": {"enum": _FAILED}}},
        "then": {"properties": {"data": {"anyOf": [data, _NOTHING]}, "error": _ERROR}},
        "else": {"properties": {"data": {"anyOf": [data, _TEXT]}, "error": {"type": "null"}}},
        "$defs": types.definitions,
    }


class _Types:
    """Turns types into schemas, and gathers the classes on the way."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self._named: dict[str, type] = {}

    def of(self, hint: Any) -> Schema:
        """Return the schema of one type."""
        origin, arguments = get_origin(hint), get_args(hint)
        if hint in _SCALARS:
            return {"type": _SCALARS[hint]}
        if origin is Literal:
            return {"enum": list(arguments)}
        if origin in (Union, UnionType):
            return self._union([self.of(argument) for argument in arguments])
        if origin in (tuple, list, Sequence):
            return self._array(arguments)
        if origin in (dict, Mapping) and arguments[0] is str:
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        if isinstance(hint, type):
            return self._reference(hint)
        raise TypeError(f"no JSON Schema for {hint!r}")

    def _union(self, parts: list[Schema]) -> Schema:
        if all(list(part) == ["type"] for part in parts):
            return {"type": [part["type"] for part in parts]}
        return {"anyOf": parts}

    def _array(self, arguments: tuple[Any, ...]) -> Schema:
        if len(arguments) == 1 or arguments[1:] == (...,):
            return {"type": "array", "items": self.of(arguments[0])}
        parts = [self.of(argument) for argument in arguments]
        return {"type": "array", "prefixItems": parts, "items": False, "minItems": len(parts)}

    def _reference(self, kind: type) -> Schema:
        """Return a reference to a class; each is described once, however often it is used."""
        name = kind.__name__
        if self._named.setdefault(name, kind) is not kind:
            raise TypeError(f"two classes are called {name}")
        if name not in self.definitions:
            self.definitions[name] = {}  # a class may hold itself
            self.definitions[name] = self._object(kind)
        return {"$ref": f"#/$defs/{name}"}

    def _object(self, kind: type) -> Schema:
        described = {"description": (kind.__doc__ or "").partition("\n")[0]}
        own = getattr(kind, "as_dict", None)
        if own is not None and not issubclass(kind, Result):
            kind = get_type_hints(own)["return"]
        hints = get_type_hints(kind)
        if is_typeddict(kind):
            required = list(hints)
        elif is_dataclass(kind):
            keys = data_fields(kind)
            hints = {key(item): _value(hints[item.name], item.metadata) for item in keys}
            required = [key(item) for item in keys if OPTIONAL not in item.metadata]
        else:
            raise TypeError(f"no JSON Schema for {kind!r}")
        properties = {name: self.of(hint) for name, hint in hints.items()}
        return {**described, "type": "object", "properties": properties, "required": required}


def _value(hint: Any, metadata: Mapping[str, Any]) -> Any:
    """Return what a field holds where its key is there: an optional one is never null."""
    if OPTIONAL not in metadata:
        return hint
    parts = [argument for argument in get_args(hint) if argument is not NoneType]
    return Union[tuple(parts)]  # noqa: UP007
