"""SQL about what belongs to a table: triggers, rules, policies, comments, rights."""

from __future__ import annotations

from typing import cast

from lback.core.effects import Effect, Kind, Use
from lback.core.sql.constraints import own_scope
from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import CannotRead, Does, NotUnderstood, Outcome
from lback.core.sql.queries import whole_expression
from lback.core.sql.seen import Seen, cascades
from lback.core.sql.tokens import Token, body_of, cut

# A table stands behind these words.
_BEFORE_A_TABLE = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "USING", "ONLY"})
_NO_TABLE = frozenset(
    """SELECT SET OF LATERAL UNNEST VALUES STRICT ROWS OLD NEW EXISTS IF ONLY NOTHING TABLE FROM
    CONCURRENTLY INDEX OR DUAL WHERE""".split()  # noqa: SIM905
)
_LONGEST = 100_000


def names_in(cursor: Cursor) -> tuple[Use, ...]:
    """Return the tables that a text names, in strings of code too; takes all that is left."""
    uses: dict[Use, None] = {}
    _gather(cursor.rest(), uses)
    return tuple(uses)


def _gather(cursor: Cursor, uses: dict[Use, None]) -> None:
    while not cursor.done:
        token = cursor.next()
        if token.kind == "string":
            _gather_code(token, cursor, uses)
        elif token.upper in ("PERFORM", "CALL") and cursor.peek(1).text == "(":
            uses[Use("function", cursor.peek().text)] = None
        elif token.upper in _BEFORE_A_TABLE and cursor.word not in _NO_TABLE:
            place = cursor.place
            try:
                cursor.guard()
                name = cursor.name()
            except CannotRead:
                cursor.place = place
                continue
            if not cursor.opens() or token.upper in ("INTO", "TABLE"):
                uses[Use("table", name)] = None


def _gather_code(token: Token, cursor: Cursor, uses: dict[Use, None]) -> None:
    """Look into a string that may be the code of a routine."""
    text = body_of(token)
    if len(text) > _LONGEST or not any(word in text.upper() for word in _BEFORE_A_TABLE):
        return
    try:
        inner = Cursor(cut(text, cursor.grammars[0]), text, cursor.grammars)
    except CannotRead:
        return
    _gather(inner, uses)


def trigger(cursor: Cursor, verb: str) -> Outcome:
    """Read CREATE, ALTER or DROP TRIGGER."""
    guarded = cursor.guard()
    name = cursor.name()
    if verb == "drop":
        table = cursor.name() if cursor.take("ON") else None
        cascades(cursor)
        return Does((Effect("drop", "trigger", table, name, certain=not guarded, guarded=guarded),))
    if verb == "alter":
        return _alter(cursor, "trigger", name)
    uses: dict[Use, None] = {}
    while not cursor.take("ON"):
        if cursor.take("OF") and cursor.before().upper == "OF" and cursor.word != "ON":
            _columns(cursor, uses)
        else:
            cursor.need_any(
                "BEFORE", "AFTER", "INSTEAD", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "OR", "OF"
            )
    table = cursor.name()
    used = {Use(use.object, use.name, table): None for use in uses}
    rest = cursor.rest()
    used.update(dict.fromkeys(_function(rest.copy())))
    used.update(_of_the_row(rest.copy(), table))
    used.update(dict.fromkeys(names_in(rest)))
    used.pop(Use("table", table), None)
    made = Effect(
        "create", "trigger", table, name, certain=not guarded, guarded=guarded, uses=tuple(used)
    )
    return Does((made,))


def _columns(cursor: Cursor, uses: dict[Use, None]) -> None:
    """Take the columns of UPDATE OF; OF of INSTEAD OF has an event behind it."""
    if cursor.word in ("INSERT", "UPDATE", "DELETE"):
        return
    for name in cursor.names():
        uses[Use("column", name)] = None


def _of_the_row(cursor: Cursor, table: str) -> dict[Use, None]:
    """Return the columns that a text has of the row before and after."""
    uses: dict[Use, None] = {}
    while not cursor.done:
        of_row = cursor.next().upper in ("NEW", "OLD") and cursor.take(".")
        if of_row and cursor.peek().kind in ("word", "quoted"):
            uses[Use("column", cursor.identifier(), table)] = None
    return uses


def _function(cursor: Cursor) -> tuple[Use, ...]:
    while not cursor.done:
        if cursor.take("EXECUTE"):
            cursor.need_any("FUNCTION", "PROCEDURE")
            return (Use("function", cursor.name()),)
        cursor.skip()
    return ()


def rule(cursor: Cursor, verb: str) -> Outcome:
    """Read CREATE, ALTER or DROP RULE."""
    guarded = cursor.guard()
    name = cursor.name()
    if verb == "drop":
        return _drop_on(cursor, "rule", name, guarded=guarded)
    if verb == "alter":
        return _alter(cursor, "rule", name)
    cursor.need("AS", "ON")
    cursor.need_any("SELECT", "INSERT", "UPDATE", "DELETE")
    cursor.need("TO")
    table = cursor.name()
    uses = {**dict.fromkeys(names_in(cursor.copy())), **_of_the_row(cursor.rest(), table)}
    return Does((Effect("create", "rule", table, name, uses=tuple(uses)),))


def policy(cursor: Cursor, verb: str) -> Outcome:
    """Read CREATE, ALTER or DROP POLICY."""
    guarded = cursor.guard()
    name = cursor.identifier()
    if verb == "drop":
        return _drop_on(cursor, "policy", name, guarded=guarded)
    cursor.need("ON")
    table = cursor.name()
    if verb == "alter" and cursor.take("RENAME", "TO"):
        return Does((Effect("rename", "policy", table, name, to=cursor.identifier()),))
    seen = Seen(running=False)
    while not cursor.done:
        if cursor.take("AS"):
            cursor.need_any("PERMISSIVE", "RESTRICTIVE")
        elif cursor.take("FOR"):
            cursor.need_any("ALL", "SELECT", "INSERT", "UPDATE", "DELETE")
        elif cursor.take("TO"):
            cursor.names()
        else:
            if not cursor.take("USING"):
                cursor.need("WITH", "CHECK")
            whole_expression(cursor.group(), own_scope(table), seen)
    made = Effect(cast(Kind, verb), "policy", table, name, uses=seen.used())
    return Does((made,))


def _drop_on(cursor: Cursor, kind: str, name: str, *, guarded: bool) -> Outcome:
    cursor.need("ON")
    table = cursor.name()
    cascades(cursor)
    return Does((Effect("drop", kind, table, name, certain=not guarded, guarded=guarded),))


def _alter(cursor: Cursor, kind: str, name: str) -> Outcome:
    cursor.need("ON")
    table = cursor.name()
    if cursor.take("RENAME"):
        cursor.need("TO")
        return Does((Effect("rename", kind, table, name, to=cursor.identifier()),))
    cursor.take("NO")
    cursor.need("DEPENDS", "ON", "EXTENSION")
    cursor.identifier()
    return Does((Effect("alter", kind, table, name),))


def event(cursor: Cursor, verb: str) -> Outcome:
    """Read MySQL's events, which run later, and PostgreSQL's event triggers."""
    if cursor.take("TRIGGER"):
        return NotUnderstood("an event trigger runs with every change of the schema")
    guarded = cursor.guard()
    name = cursor.name()
    made = Effect(cast(Kind, verb), "event", None, name, certain=not guarded, guarded=guarded)
    return Does((made._replace(uses=names_in(cursor)),))


# -- comments ----------------------------------------------------------------------


def comment(cursor: Cursor, _: str) -> Outcome:
    """Read COMMENT ON."""
    cursor.need("ON")
    kind = cursor.next().upper
    if kind == "COLUMN":
        parts = cursor.parts()
        if len(parts) < 2:
            raise CannotRead
        sets = (("comment", _said(cursor)),)
        table = ".".join(parts[:-1][-2:])
        return Does((Effect("alter", "column", table, parts[-1], aspects=("comment",), sets=sets),))
    if kind in ("CONSTRAINT", "TRIGGER", "POLICY", "RULE"):
        name = cursor.name()
        cursor.need("ON")
        domain = cursor.take("DOMAIN")
        table = cursor.name()
        _said(cursor)
        return Does((Effect("alter", "comment", None if domain else table, name),))
    if kind == "TABLE":
        table = cursor.name()
        _said(cursor)
        return Does((Effect("alter", "comment", table),))
    start = cursor.place
    named = cursor.until("IS")
    text = named.written()
    if cursor.place == start:
        raise CannotRead
    _said(cursor)
    return Does((Effect("alter", "comment", None, text),))


def _said(cursor: Cursor) -> str:
    """Take the comment itself; "" for NULL, which takes one away."""
    cursor.need("IS")
    if cursor.take("NULL"):
        return ""
    if cursor.peek().kind == "string":
        text = body_of(cursor.next())
        while cursor.peek().kind == "string":
            text += body_of(cursor.next())
        return text
    cursor.literal()
    return "?"


# -- rights ------------------------------------------------------------------------


def grant(cursor: Cursor, _: str) -> Outcome:
    """Read GRANT and REVOKE: rights are not schema, but they need their object to be there."""
    cursor.until("ON", "TO", "FROM")
    if not cursor.take("ON"):
        # A role given to others.
        cursor.rest()
        return Does((Effect("alter", "privileges", None),))
    if cursor.take("ALL"):
        kind = cursor.need_any(*_GRANTED)
        cursor.rest()
        return Does((Effect("alter", "privileges", None, detail=f"all {_GRANTED[kind]}"),))
    kind = cursor.take_any(
        "TABLE", "SCHEMA", "SEQUENCE", "FUNCTION", "DATABASE", "TYPE", "PROCEDURE", "ROUTINE",
        "DOMAIN", "LANGUAGE", "FOREIGN", "LARGE", "PARAMETER", "TABLESPACE",
    )  # fmt: skip
    if kind in ("", "TABLE"):
        names = _granted(cursor)
        cursor.need_any("TO", "FROM")
        cursor.rest()
        return Does(tuple(Effect("alter", "privileges", name or None) for name in names))
    name = cursor.until("TO", "FROM").written()
    cursor.need_any("TO", "FROM")
    cursor.rest()
    return Does((Effect("alter", "privileges", None, name),))


_GRANTED = {
    "TABLES": "tables",
    "SEQUENCES": "sequences",
    "FUNCTIONS": "functions",
    "PROCEDURES": "functions",
    "ROUTINES": "functions",
    "TYPES": "types",
    "SCHEMAS": "schemas",
}


def default_privileges(cursor: Cursor) -> Outcome:
    """Read ALTER DEFAULT PRIVILEGES: the rights of what will be made from here on."""
    cursor.until("ON")
    cursor.need("ON")
    kind = cursor.need_any(*_GRANTED)
    cursor.rest()
    return Does((Effect("alter", "privileges", None, detail=f"new {_GRANTED[kind]}"),))


def _granted(cursor: Cursor) -> list[str]:
    """Take table names; MySQL's `db.*` and `*.*` stand for many."""
    names: list[str] = []
    while True:
        if cursor.take("*"):
            if cursor.take("."):
                cursor.need("*")
            names.append("")
        else:
            parts = cursor.parts_of_column()
            names.append("" if parts[-1] == "*" else ".".join(parts[-2:]))
        if not cursor.take(","):
            return names
