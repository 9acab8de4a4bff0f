"""Types and domains."""

from __future__ import annotations

from lback.core.effects import Effect
from lback.core.sql.columns import definition
from lback.core.sql.constraints import constraint, storage
from lback.core.sql.cursor import Cursor
from lback.core.sql.dropping import cascades, drop_named
from lback.core.sql.nested import whole_expression
from lback.core.sql.outcome import CannotRead, Does, Outcome
from lback.core.sql.seen import Scope, Seen
from lback.core.sql.tokens import body_of
from lback.core.sql.types import type_of


def read_type(cursor: Cursor, verb: str) -> Outcome:
    """Read CREATE, ALTER or DROP TYPE."""
    if verb == "drop":
        return drop_named(cursor, "enum")
    name = cursor.name()
    if verb == "create":
        return _create_type(cursor, name)
    seen = Seen()
    if cursor.take("RENAME", "TO"):
        return Does((Effect("rename", "enum", None, name, to=cursor.identifier()),))
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
    if cursor.take("AS", "ENUM"):
        inner = cursor.group()
        shown = []
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
    return Does((Effect("create", "enum", None, name, detail=values, uses=seen.used()),))


def read_domain(cursor: Cursor, verb: str) -> Outcome:
    """Read CREATE, ALTER or DROP DOMAIN."""
    if verb == "drop":
        return drop_named(cursor, "domain")
    name = cursor.name()
    seen = Seen(running=False)
    if verb == "create":
        cursor.take("AS")
        found, _ = definition(cursor.rest(), name, "value", running=False)
        every = (*found.uses, *(use for one in found.constraints for use in one.uses))
        # VALUE is no column, and the constraints are the domain's own.
        uses = tuple(one for one in every if one.object not in ("column", "constraint"))
        return Does((Effect("create", "domain", None, name, uses=uses),))
    if cursor.take("RENAME", "TO"):
        return Does((Effect("rename", "domain", None, name, to=cursor.identifier()),))
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
        whole_expression(cursor.rest(), Scope(), seen)
    elif not cursor.take("SET", "NOT", "NULL"):
        raise CannotRead
    return Does((Effect("alter", "domain", None, name, detail=detail, uses=seen.used()),))
