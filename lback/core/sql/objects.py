"""SQL about what is not a table: types, sequences, schemas, routines, roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from lback.core.effects import Effect, Kind, Use
from lback.core.sql.attached import names_in
from lback.core.sql.columns import definition, sequence_options
from lback.core.sql.constraints import constraint, storage
from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import CannotRead, Does, Outcome
from lback.core.sql.queries import whole_expression
from lback.core.sql.seen import QueryScope, Seen, cascades, drop_named, new_name, routine
from lback.core.sql.tokens import body_of
from lback.core.sql.types import signature, type_of


def read_type(cursor: Cursor, verb: str) -> Outcome:
    """Read CREATE, ALTER or DROP TYPE."""
    if verb == "drop":
        return drop_named(cursor, "enum")
    name = cursor.name()
    if verb == "create":
        return _create_type(cursor, name)
    seen = Seen()
    if cursor.take("RENAME", "TO"):
        return Does((Effect("rename", "enum", None, name, to=new_name(cursor, name)),))
    if cursor.take("SET", "SCHEMA"):
        bare = name.rpartition(".")[2]
        return Does((Effect("rename", "enum", None, name, to=f"{cursor.identifier()}.{bare}"),))
    detail = cursor.copy().written()[:60]
    certain, aspects = True, ()
    if cursor.take("ADD", "VALUE"):
        certain = not cursor.guard()
        detail, aspects = f"add value {body_of(cursor.string())}", ("add value",)  # type: ignore[assignment]
        place = cursor.take_any("BEFORE", "AFTER")
        if place:
            detail += f" {place.lower()} {body_of(cursor.string())}"
    elif cursor.take("RENAME", "VALUE"):
        cursor.string()
        cursor.need("TO")
        cursor.string()
    elif cursor.take("OWNER", "TO"):
        cursor.identifier()
    elif cursor.take("SET"):
        storage(cursor.group())
    else:
        # Attributes of a composite type: the columns of its tables change with it.
        cursor.rest()
        seen.doubt(f"ALTER TYPE {name} changes whatever is made of it")
    altered = Effect(
        "alter", "enum", None, name, certain=certain, detail=detail, aspects=aspects,
        guarded=not certain,
    )  # fmt: skip
    return seen.does(altered)


def _create_type(cursor: Cursor, name: str) -> Outcome:
    seen = Seen(running=False)
    values = ""
    shown: list[str] = []
    if cursor.take("AS", "ENUM"):
        inner = cursor.group()
        while not inner.done:
            shown.append(body_of(inner.string()))
            if not inner.take(","):
                inner.finish()
        values = ", ".join(shown)
    elif cursor.take("AS"):
        cursor.take("RANGE")
        for part in cursor.group().commas():
            part.identifier()
            if not part.take("="):
                _, uses = type_of(part)
                seen.uses.update(dict.fromkeys(uses))
            part.rest()
    elif cursor.opens():
        # A base type: it names its functions.
        for token in cursor.group().tokens:
            if token.kind == "word" and token.text.lower().endswith(("_in", "_out")):
                seen.use("function", token.text)
    made = Effect("create", "enum", None, name, detail=values, uses=seen.used())
    return Does((made._replace(terms=tuple(("value", label) for label in shown)),))


def read_domain(cursor: Cursor, verb: str) -> Outcome:
    """Read CREATE, ALTER or DROP DOMAIN."""
    if verb == "drop":
        return drop_named(cursor, "domain")
    name = cursor.name()
    seen = Seen(running=False)
    if verb == "create":
        cursor.take("AS")
        domain, _ = definition(cursor.rest(), name, "value", running=False)
        every = (
            *domain.uses,
            *(use for constraint in domain.constraints for use in constraint.uses),
        )
        # VALUE is no column, and the constraints are the domain's own.
        uses = tuple(value for value in every if value.object not in ("column", "constraint"))
        return Does((Effect("create", "domain", None, name, uses=uses),))
    if cursor.take("RENAME", "TO"):
        return Does((Effect("rename", "domain", None, name, to=new_name(cursor, name)),))
    detail = cursor.copy().written()[:60]
    if cursor.take("ADD"):
        constraint(cursor.rest(), name)
    elif cursor.take_any("DROP", "VALIDATE"):
        if cursor.take("CONSTRAINT"):
            cursor.guard()
            cursor.identifier()
            cascades(cursor)
        elif not cursor.take("DEFAULT"):
            cursor.need("NOT", "NULL")
    elif cursor.take("RENAME", "CONSTRAINT"):
        cursor.identifier()
        cursor.need("TO")
        cursor.identifier()
    elif cursor.take("OWNER", "TO"):
        cursor.identifier()
    elif cursor.take("SET", "DEFAULT"):
        whole_expression(cursor.rest(), QueryScope(), seen)
    elif not cursor.take("SET", "NOT", "NULL"):
        raise CannotRead
    return Does((Effect("alter", "domain", None, name, detail=detail, uses=seen.used()),))


Handler = Callable[[Cursor, str], Outcome]


# -- sequences ---------------------------------------------------------------------


def _sequence(cursor: Cursor, verb: str) -> Outcome:
    if verb == "drop":
        return drop_named(cursor, "sequence")
    guarded = cursor.guard()
    name = cursor.name()
    if verb == "alter" and cursor.take("RENAME", "TO"):
        return Does((Effect("rename", "sequence", None, name, to=new_name(cursor, name)),))
    seen = Seen()
    aspects: tuple[str, ...] = ()
    if any(token.upper == "RESTART" for token in cursor.tokens[cursor.place : cursor.end]):
        aspects = ("value",)
    if cursor.take("OWNER", "TO"):
        cursor.identifier()
    elif cursor.take("SET", "SCHEMA"):
        bare = name.rpartition(".")[2]
        to = f"{cursor.identifier()}.{bare}"
        return Does((Effect("rename", "sequence", None, name, to=to),))
    elif cursor.take("SET"):
        cursor.need_any("LOGGED", "UNLOGGED")
    else:
        sequence_options(cursor, seen)
    made = Effect(
        cast(Kind, verb),
        "sequence",
        None,
        name,
        certain=not guarded,
        guarded=guarded,
        aspects=aspects,
        uses=seen.used(),
    )
    return seen.does(made)


# -- whatever has a name of its own ------------------------------------------------


def _named(kind: str) -> Handler:
    """Return the reader of an object that has a name of its own and belongs to no table.

    What defines it is taken as it is: it can be about nothing but the object.
    """

    def read(cursor: Cursor, verb: str) -> Outcome:
        if verb == "drop":
            return drop_named(cursor, kind)
        guarded = cursor.guard()
        whole = cursor.copy()
        name = routine(cursor)
        seen = Seen()
        if verb == "alter" and cursor.take("RENAME", "TO"):
            to = new_name(cursor, name)
            if kind == "schema":
                seen.doubt(f"renames the schema of every table in {name}")
            return seen.does(Effect("rename", kind, None, name, to=to))
        rest = cursor.rest()
        _check_definition(rest, kind, verb, seen)
        made = Effect(cast(Kind, verb), kind, None, name, certain=not guarded, guarded=guarded)
        if kind != "function":
            return seen.does(made)
        whole.name()
        types = signature(whole) if verb == "create" else ()
        return seen.does(made._replace(uses=(*names_in(rest), *types)))

    return read


def _check_definition(rest: Cursor, kind: str, verb: str, seen: Seen) -> None:
    words = {token.upper for token in rest.tokens[rest.place : rest.end]}
    if kind == "schema" and verb == "create" and words & {"CREATE", "GRANT"}:
        seen.doubt("CREATE SCHEMA with the objects in it")
    if kind in ("role", "database") and "SEARCH_PATH" in words:
        seen.doubt("changes what names mean to the sessions that come")
    if kind == "extension" and verb == "alter" and words & {"ADD", "DROP", "SET"}:
        seen.doubt("ALTER EXTENSION changes what belongs to it")
    if kind == "subscription":
        seen.doubt("a subscription writes rows of its tables")


def _database(cursor: Cursor, verb: str) -> Outcome:
    """Read what is done to a database as a whole."""
    guarded = cursor.guard()
    seen = Seen()
    # MySQL changes the one that it is in where there is no name.
    name = cursor.identifier() if verb in ("create", "drop") else None
    rest = cursor.rest()
    _check_definition(rest, "database", verb, seen)
    return seen.does(
        Effect(cast(Kind, verb), "database", None, name, certain=not guarded, guarded=guarded)
    )


def _opaque(kind: str) -> Handler:
    """Return the reader of an object whose name is no single word, such as a cast."""

    def read(cursor: Cursor, verb: str) -> Outcome:
        text = cursor.rest()
        last = text.window(max(text.end - 1, text.place), text.end)
        seen = Seen()
        if last.take("CASCADE") and verb == "drop":
            seen.doubt(f"DROP {kind.upper()} ... CASCADE drops whatever needs it")
        return seen.does(Effect(cast(Kind, verb), kind, None, text.written()[:60]))

    return read


def _statistics(cursor: Cursor, verb: str) -> Outcome:
    if verb != "create":
        return _named("statistics")(cursor, verb)
    guarded = cursor.guard()
    name = None if cursor.opens() or cursor.word == "ON" else cursor.name()
    if cursor.opens():
        cursor.group()
    cursor.need("ON")
    columns = cursor.until("FROM")
    cursor.need("FROM")
    table = cursor.name()
    seen = Seen(running=False)
    whole_expression(columns, QueryScope({table: table}), seen)
    effect = Effect(
        "create", "statistics", table, name, certain=not guarded, guarded=guarded, uses=seen.used()
    )
    return Does((effect,))


def _publication(cursor: Cursor, verb: str) -> Outcome:
    guarded = cursor.guard()
    name = cursor.name()
    rest = cursor.rest()
    uses = tuple(Use("table", text) for text in _tables_listed(rest))
    effect = Effect(
        cast(Kind, verb), "publication", None, name, certain=not guarded, guarded=guarded, uses=uses
    )
    return Does((effect,))


def _tables_listed(cursor: Cursor) -> list[str]:
    tables: list[str] = []
    while not cursor.done:
        if cursor.take("TABLE"):
            cursor.take("ONLY")
            tables += cursor.names()
        else:
            cursor.skip()
    return tables


OBJECTS: dict[str, Handler] = {
    "TYPE": read_type,
    "DOMAIN": read_domain,
    "SEQUENCE": _sequence,
    "SCHEMA": _named("schema"),
    "DATABASE": _database,
    "EXTENSION": _named("extension"),
    "FUNCTION": _named("function"),
    "PROCEDURE": _named("function"),
    "ROUTINE": _named("function"),
    "AGGREGATE": _named("function"),
    "COLLATION": _named("collation"),
    "CONVERSION": _named("conversion"),
    "ROLE": _named("role"),
    "USER": _named("role"),
    "GROUP": _named("role"),
    "LANGUAGE": _named("language"),
    "TABLESPACE": _named("tablespace"),
    "SERVER": _named("server"),
    "SUBSCRIPTION": _named("subscription"),
    "STATISTICS": _statistics,
    "PUBLICATION": _publication,
    "OPERATOR": _opaque("operator"),
    "CAST": _opaque("cast"),
    "TEXT": _opaque("text search"),
    "ACCESS": _opaque("access"),
    "TRANSFORM": _opaque("transform"),
}
