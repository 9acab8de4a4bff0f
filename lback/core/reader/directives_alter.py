"""The directive alter_column: what of a column changes, and what MySQL states anew with it."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.effects import Effect
from lback.core.reader.column_values import as_sql
from lback.core.reader.directives_keys import each
from lback.core.reader.given import Given
from lback.core.reader.schema_values import TypeV
from lback.core.reader.tables_made import type_uses
from lback.core.reader.values import Value, options


def alter_column(given: Given) -> Value:
    """Record what is altered, and a new name."""
    names = given.names("column_name")
    new = given.text("new_column_name") or given.text("name")
    hidden = (given.get("new_column_name") is not None and new is None) or names == (None,)
    aspects, detail = _changes(given)
    change = Effect(
        "alter",
        "column",
        None,
        detail=detail,
        aspects=aspects,
        restates=_restated(given, aspects, renamed=new is not None),
        uses=type_uses(given.get("type_")),
        sets=tuple(_sets(given)),
    )

    def record(table: str) -> None:
        if hidden:
            given.machine.cannot_read("alters a column whose name is not in the text", (table,))
            return
        for name in names:
            with given.machine.maybe(certain=len(names) == 1):
                if aspects or new is None:
                    given.machine.emit(change._replace(table=table, name=name))
                if new is not None and new != name:
                    given.machine.emit(Effect("rename", "column", table, name, to=new))

    each(given, given.tables("table_name"), record)
    return None


def _changes(given: Given) -> tuple[tuple[str, ...], str]:
    aspects: list[str] = []
    detail: list[str] = []
    type_ = given.get("type_")
    if type_ is not None:
        aspects.append("type")
        detail.append(f"type {_type_text(type_)}")
    nullable = given.get("nullable")
    if nullable is not None:
        aspects.append("nullable")
        if nullable is not True:
            aspects.append("not null")
        shown = str(nullable).lower() if isinstance(nullable, bool) else "?"
        detail.append(f"nullable={shown}")
    for name, word in (("server_default", "default"), ("comment", "comment")):
        if given.has(name) and given.get(name) is not False:
            aspects.append(word)
            detail.append(f"no {word}" if given.get(name) is None else word)
    if given.get("autoincrement") is not None:
        aspects.append("default")
        detail.append("autoincrement")
    return tuple(dict.fromkeys(aspects)), ", ".join(detail)


def _sets(given: Given) -> Iterator[tuple[str, str]]:
    type_, nullable = given.get("type_"), given.get("nullable")
    if type_ is not None:
        yield "type", _type_text(type_)
    if nullable is not None:
        yield "nullable", "yes" if nullable is True else "no" if nullable is False else "?"
    for name, word in (("server_default", "default"), ("comment", "comment")):
        if given.has(name) and given.get(name) is not False:
            yield word, as_sql(given.get(name), quoted=word == "default")


def _restated(given: Given, aspects: tuple[str, ...], *, renamed: bool) -> tuple[str, ...]:
    """Return what Alembic's MODIFY or CHANGE on MySQL says again beside what is meant.

    A new default alone is an ALTER COLUMN, except on a date with a time: that is a CHANGE.
    """
    named = _type_text(given.get("type_") or given.get("existing_type")).casefold()
    dated = named.startswith(("datetime", "timestamp"))
    if not (renamed or set(aspects) - {"default"} or given.has("autoincrement") or dated):
        return ()
    return tuple(one for one in ("type", "nullable", "default") if one not in aspects)


def _type_text(value: Value) -> str:
    for one in options(value):
        if isinstance(one, TypeV):
            return one.text
        last = getattr(one, "last", None)
        if isinstance(last, str):
            return last
    return "?"
