"""The footprints of what an effect uses besides its own object, and of what a condition asks."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lback.core.effects import Effect, Use
from lback.core.forks.surroundings import Surroundings
from lback.core.forks.touches import ANY, Touch, aspect, columns, named, whole
from lback.core.naming import bare, key

_ASPECTS = ("type", "nullable", "default")

_NAMED_USES = frozenset({"table", "view", "type", "sequence", "index"})


def used(effect: Effect) -> Iterable[Touch]:
    """Touch what the text says that an effect uses."""
    for use in effect.uses:
        yield from _use(use, "need")
        if use.object == "column" and use.name != "*" and use.table:
            yield from aspect("type", use.table, (use.name,), "read")
        if use.object == "column" and use.name == "*" and use.table:
            if key(use.table) == key(effect.table) and effect.object != "data":
                yield from whole("rebuilt", use.table, "copy")
                yield from whole("copies", use.table, "copy")
            else:
                yield from columns(use.table, ANY, "all")


def _use(use: Use, mode: str) -> Iterable[Touch]:
    if use.object in _NAMED_USES:
        yield from named(use.name, mode)
    elif use.object == "column":
        yield from named(use.table, mode)
        if use.name != "*":
            yield from columns(use.table, (use.name,), mode)
    elif use.object == "constraint":
        yield Touch("constraint", key(use.table), mode, frozenset({bare(use.name)}))
    elif use.object == "trigger":
        yield Touch("trigger", bare(use.name), mode)
    else:
        yield Touch("object", f"{use.object} {key(use.name)}", mode)


def condition(effect: Effect, around: Surroundings) -> Iterable[Touch]:
    """Touch what a condition asks of the schema."""
    for use in effect.uses:
        if use.name != "*":
            yield from _use(use, "ask")
            continue
        if use.object == "column":
            yield from columns(use.table, ANY, "ask")
            for one in _ASPECTS:
                yield from aspect(one, use.table, ANY, "read")
        of = f"{use.object} {key(use.table)}" if use.table else use.object
        yield Touch("list", of, "ask")


def listed(effect: Effect) -> Iterable[Touch]:
    """Touch the lists of a catalogue that an effect changes."""
    if effect.object in ("data", "query", "condition"):
        return
    yield Touch("list", "schema", "change")
    if effect.object in ("index", "constraint"):
        yield Touch("list", f"{effect.object} {key(effect.table)}", "change")
    elif effect.object != "column" and effect.kind != "alter":
        yield Touch("list", effect.object, "change")


# -- what only the text of a definition tells ------------------------------------------

_SQL_TYPE = re.compile(r'"?([a-z_][\w$]*)"?(?:\."?([a-z_][\w$]*)"?)?(?!\w)(?!\s*\()', re.I)
_SEQUENCE = re.compile(r"nextval\s*\(\s*'\"?([\w.$]+)", re.I)
_CALL = re.compile(r"([a-z_][\w.$]*)\s*\(", re.I)
_COLUMN = re.compile(r"[a-z_][\w$]*(?!\w)(?!\s*\()", re.I)
_QUOTED = re.compile(r"'[^']*'|::\s*\w+")
_BUILT_IN = frozenset(
    """int integer bigint smallint tinyint mediumint serial bigserial smallserial numeric decimal
    real double float boolean bool text varchar character char bytea blob longblob mediumblob
    longtext mediumtext tinytext date time timestamp timestamptz datetime interval uuid json jsonb
    xml inet cidr macaddr money bit tsvector tsquery oid point line box path polygon circle int2
    int4 int8 float4 float8 name year binary varbinary nvarchar nchar clob string any null
    unsigned""".split()  # noqa: SIM905
)


def is_of_type(written: str, name: str | None) -> bool:
    """Tell whether a column's type, as it is written, is the named one."""
    found = _SQL_TYPE.match(written)
    parts = [part for part in found.groups() if part] if found else []
    return bool(parts) and key(".".join(parts)) == key(name)


def defined(effect: Effect) -> Iterable[Touch]:
    """Touch what the definition of a column names: its type, what a default calls."""
    yield from _types(effect)
    yield from _default(effect)


def _types(effect: Effect) -> Iterable[Touch]:
    """Touch the type that a column's definition in SQL names."""
    written = dict(effect.sets).get("type", "")
    found = _SQL_TYPE.match(written)
    if found and found.group(1).casefold() not in _BUILT_IN:
        yield from named(".".join(part for part in found.groups() if part), "need")


def _default(effect: Effect) -> Iterable[Touch]:
    """Touch what a default or a computed column calls, where the text of it is all there is."""
    said = dict(effect.sets)
    text = f"{said.get('default', '')} {said.get('computed', '')}"
    for name in _SEQUENCE.findall(text):
        yield from named(name, "need")
    for name in _CALL.findall(text):
        yield Touch("object", f"function {key(name)}", "need")
    for name in _COLUMN.findall(_QUOTED.sub("", said.get("computed", ""))):
        yield from columns(effect.table, (name,), "need")
        yield from aspect("type", effect.table, (name,), "read")
