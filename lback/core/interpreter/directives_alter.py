"""The directive alter_column: what of a column changes, and what MySQL states anew with it."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.effects import Effect
from lback.core.interpreter.choices import options
from lback.core.interpreter.column_values import as_sql
from lback.core.interpreter.directives_keys import each
from lback.core.interpreter.given import Given
from lback.core.interpreter.modules import force
from lback.core.interpreter.schema import TypeV
from lback.core.interpreter.schema_expressions import expression
from lback.core.interpreter.tables_made import placed, type_uses
from lback.core.interpreter.type_values import as_type
from lback.core.interpreter.values import Value


def alter_column(given: Given) -> Value:
    """Record what is altered, and a new name."""
    names = given.names("column_name")
    new = given.text("new_column_name") or given.text("name")
    hidden = (given.get("new_column_name") is not None and new is None) or not names
    aspects, detail = _changes(given)
    type_ = _type(given, "type_")
    default = expression(given.get("server_default"))
    uses = (*type_uses(type_), *default.uses)
    unread = (*default.unread, *(type_.unread if type_ is not None else ()))
    change = Effect(
        "alter",
        "column",
        None,
        detail=detail,
        aspects=aspects,
        restates=_restated(given, aspects, renamed=new is not None),
        sets=tuple(_sets(given)),
    )

    def record(table: str) -> None:
        for reason in unread:
            given.machine.cannot_read(reason, (table,))
        if hidden:
            given.machine.cannot_read("alters a column whose name is not in the text", (table,))
            return
        for name in names or ():
            with given.machine.unsure(len(names or ()) > 1):
                if aspects or new is None:
                    own = placed(uses, table, (name,))
                    given.machine.emit(change._replace(table=table, name=name, uses=own))
                if new is not None and new != name:
                    given.machine.emit(Effect("rename", "column", table, name, to=new))

    each(given, given.tables("table_name"), record)
    return None


def _changes(given: Given) -> tuple[tuple[str, ...], str]:
    aspects: list[str] = []
    detail: list[str] = []
    if given.get("type_") is not None:
        aspects.append("type")
        detail.append(f"type {_type_text(given, 'type_')}")
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
    nullable = given.get("nullable")
    if given.get("type_") is not None:
        yield "type", _type_text(given, "type_")
    if nullable is not None:
        yield "nullable", "yes" if nullable is True else "no" if nullable is False else "?"
    for name, word in (("server_default", "default"), ("comment", "comment")):
        if given.has(name) and given.get(name) is not False:
            yield word, as_sql(given.get(name), quoted=word == "default")


def _restated(given: Given, aspects: tuple[str, ...], *, renamed: bool) -> tuple[str, ...]:
    """Return what Alembic's MODIFY or CHANGE on MySQL says again beside what is meant.

    A new default alone is an ALTER COLUMN, except on a date with a time: that is a CHANGE.
    """
    known = "type_" if given.get("type_") is not None else "existing_type"
    dated = _type_text(given, known).casefold().startswith(("datetime", "timestamp"))
    if not (renamed or set(aspects) - {"default"} or given.has("autoincrement") or dated):
        return ()
    return tuple(one for one in ("type", "nullable", "default") if one not in aspects)


def _type(given: Given, name: str) -> TypeV | None:
    for one in options(given.get(name)):
        found = as_type(given.machine, force(given.machine, one))
        if found is not None:
            return found
    return None


def _type_text(given: Given, name: str) -> str:
    found = _type(given, name)
    return found.text if found is not None else "?"
