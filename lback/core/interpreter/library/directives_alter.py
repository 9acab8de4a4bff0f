"""Directives about indexes and constraints, and alter_column with what MySQL states anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lback.core.effects import Effect
from lback.core.interpreter.choices import options
from lback.core.interpreter.library import tables_made
from lback.core.interpreter.library.column_values import as_sql, as_type
from lback.core.interpreter.library.given import Given
from lback.core.interpreter.library.key_values import full_names, keyword_uses, listed, sql_of
from lback.core.interpreter.library.tables_made import placed, type_uses
from lback.core.interpreter.modules import force
from lback.core.interpreter.schema import ConstraintV, IndexV, TypeV
from lback.core.interpreter.schema_expressions import expression
from lback.core.interpreter.values import Items, Seq, Value


def each(given: Given, tables: tuple[str, ...], record: Callable[[str], None]) -> None:
    """Record for every table that may be meant; surely where there is only one."""
    for table in tables:
        with given.machine.unsure(len(tables) > 1):
            record(table)


def create_index(given: Given) -> Value:
    """Record op.create_index()."""
    tables = given.tables("table_name")
    names = given.columns("columns", tables)
    used = listed(given.get("columns"))[1]
    uses = (*used, *keyword_uses(given.arguments))
    unique = given.flag("unique")
    unread = () if unique is not None else ("an index that may be unique or not",)
    terms = _terms(given, alone=not used) if unique else ()
    made = IndexV(given.names("index_name"), names, unique is True, None, uses, unread, terms)
    with given.looking("if_not_exists"):
        each(given, tables, lambda table: tables_made.index(given.machine, made, table))
    return None


def drop_index(given: Given) -> Value:
    """Record op.drop_index(), with or without its table."""
    value = given.get("index_name")
    names = value.name if isinstance(value, IndexV) else given.names("index_name")
    known = given.batch is not None or given.get("table_name") is not None
    tables: tuple[str | None, ...] = given.tables("table_name") if known else (None,)
    schema = given.get("schema")
    if isinstance(schema, str) and not known:
        names = tuple(f"{schema}.{name}" for name in names or ())
    with given.looking("if_exists"):
        tables_made.drop_index(given.machine, names, tables)
    return None


def create_foreign_key(given: Given) -> Value:
    """Record op.create_foreign_key()."""
    tables = given.tables("source_table", "source_schema")
    referred = full_names(given.get("referent_table"), given.get("referent_schema"))
    unread = ("a foreign key to a table whose name is not in the text",)
    made = ConstraintV(
        "foreignkey",
        given.names("constraint_name"),
        given.columns("local_cols", tables),
        referred[0] if len(referred) == 1 else None,
        unread=() if len(referred) == 1 else unread,
        terms=(*_terms(given, alone=True), *_referred(given)),
    )
    each(given, tables, lambda table: tables_made.constraint(given.machine, made, table))
    return None


_KINDS = {
    "create_unique_constraint": "unique",
    "create_primary_key": "primary",
    "create_check_constraint": "check",
    "create_exclude_constraint": "exclude",
}


def create_constraint(given: Given) -> Value:
    """Record op.create_unique_constraint() and its like."""
    tables = given.tables("table_name")
    detail, uses, unread = sql_of(given.get("condition"))
    columns = given.columns("columns", tables) if given.has("columns") else ()
    uses = (*uses, *listed(Seq(_items(given)))[1])
    kind, names = _KINDS[given.directive], given.names("constraint_name")
    terms = _terms(given, alone=kind == "check" or not uses)
    terms += (("condition", detail),) if kind == "check" and detail else ()
    made = ConstraintV(kind, names, columns, detail=detail, uses=uses, unread=unread, terms=terms)
    each(given, tables, lambda table: tables_made.constraint(given.machine, made, table))
    return None


# Options that leave it as it is which rows are in the way.
_HARMLESS = frozenset(
    """postgresql_using postgresql_concurrently postgresql_with postgresql_tablespace
    postgresql_include postgresql_ops mysql_length mariadb_length mysql_using mysql_engine
    mariadb_using""".split()  # noqa: SIM905
)
_OPTIONS = ("postgresql_", "mysql_", "mariadb_", "sqlite_")


def _terms(given: Given, *, alone: bool) -> tuple[tuple[str, str], ...]:
    """Return whether every row must satisfy it, by its columns `alone`, and what else counts."""
    plain = alone and not given.open and not any("where" in name for name in _own(given))
    more = [
        (name, str(given.get(name)).lower() if isinstance(given.get(name), bool) else "?")
        for name in given.values
        if name.startswith(_OPTIONS) and name not in _HARMLESS
    ]
    return ((("every row", "yes"),) if plain else ()) + tuple(more)


def _own(given: Given) -> Iterator[str]:
    return (name for name in given.values if not name.startswith(_OPTIONS))


def _referred(given: Given) -> tuple[tuple[str, str], ...]:
    names, uses, known = listed(given.get("remote_cols"))
    return tuple(("refers", name) for name in names) if known and not uses else ()


def _items(given: Given) -> Items:
    return Items(tuple(given.rest))


def drop_constraint(given: Given) -> Value:
    """Record op.drop_constraint()."""
    tables = given.tables("table_name")
    names = given.names("constraint_name")
    made = ConstraintV(given.text("type_") or "", names)
    with given.looking("if_exists"):
        each(
            given, tables, lambda table: tables_made.constraint(given.machine, made, table, "drop")
        )
    return None


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
        terms=(*_using(given), *tables_made.values_of(type_)),
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


def _using(given: Given) -> Iterator[tuple[str, str]]:
    if given.get("postgresql_using") is not None:
        yield "using", sql_of(given.get("postgresql_using"))[0] or "?"


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
    return tuple(name for name in ("type", "nullable", "default") if name not in aspects)


def _type(given: Given, name: str) -> TypeV | None:
    for option in options(given.get(name)):
        kind = as_type(given.machine, force(given.machine, option))
        if kind is not None:
            return kind
    return None


def _type_text(given: Given, name: str) -> str:
    kind = _type(given, name)
    return kind.text if kind is not None else "?"
