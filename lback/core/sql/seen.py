"""What a query or an expression was seen to look at, call and change; what DROP takes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from lback.core.effects import Effect, Use, Used
from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import CannotRead, Does, NotUnderstood, Outcome, Reads

MOST_USES = 3_000


@dataclass(slots=True)
class QueryScope:
    """The names of one query: tables by their aliases, and the queries around it.

    `tables` has None for what is no table: the result of a query or of a function.
    """

    tables: dict[str, str | None] = field(default_factory=dict)
    ctes: set[str] = field(default_factory=set)
    outer: QueryScope | None = None

    def real(self) -> list[str]:
        """Return the tables that a bare column may belong to, here and further out."""
        names = {table for table in self.tables.values() if table is not None}
        if self.outer is not None:
            names.update(self.outer.real())
        return sorted(names)

    def named(self, alias: str) -> tuple[bool, str | None]:
        """Return whether a name stands for something here, and the table that it is."""
        key = alias.casefold()
        if key in self.tables:
            return True, self.tables[key]
        return self.outer.named(alias) if self.outer is not None else (False, None)

    def is_cte(self, name: str) -> bool:
        """Tell whether a name is that of a query in WITH."""
        if name.casefold() in self.ctes:
            return True
        return self.outer.is_cte(name) if self.outer is not None else False

    def add(self, alias: str, table: str | None) -> None:
        """Make a table, or something else, known under a name."""
        self.tables[alias.casefold()] = table


Piece = Literal["expression", "query", "write"]


@dataclass(slots=True)
class Seen:
    """Gathers what is found; `running` is False where the text is kept and not run now.

    Whoever asks what was found must have had all pending pieces read: else nothing is told.
    """

    running: bool = True
    tables: dict[str, None] = field(default_factory=dict)
    uses: dict[Use, None] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    doubts: dict[NotUnderstood, None] = field(default_factory=dict)
    temporary: list[str] = field(default_factory=list)
    # Pieces inside what was read that nobody has read yet: see nested.py.
    pending: deque[tuple[Piece, Cursor, QueryScope]] = field(default_factory=deque)

    def later(self, kind: Piece, cursor: Cursor, scope: QueryScope) -> None:
        """Leave a piece to be read on its own, so that no reader calls itself."""
        self.pending.append((kind, cursor, scope))

    def table(self, name: str) -> None:
        """Remember a table that is looked at."""
        self.tables[name] = None

    def use(self, kind: Used, name: str, table: str | None = None) -> None:
        """Remember something that is needed as it was found."""
        self.uses[Use(kind, name, table)] = None
        if len(self.uses) > MOST_USES:
            raise CannotRead("SQL that uses too many things to be read")

    def column(self, scope: QueryScope, name: str) -> None:
        """Remember a bare column: it may be one of any table there."""
        for table in scope.real():
            self.use("column", name, table)

    def doubt(self, reason: str, tables: tuple[str, ...] = ()) -> None:
        """Remember something that runs now and is not understood."""
        if self.running:
            self.doubts[NotUnderstood(reason, tables)] = None

    def do(self, effect: Effect) -> None:
        """Remember an effect of something that runs now."""
        if self.running:
            self.effects.append(effect)

    def looks_at(self) -> Reads:
        """Return what is looked at."""
        self.whole()
        return Reads(tuple(sorted(self.tables)), tuple(self.uses))

    def outcome(self) -> Outcome:
        """Return what a statement comes to that is nothing but this."""
        self.whole()
        if self.effects or self.doubts or self.temporary:
            return self.does()
        return self.looks_at()

    def does(self, *effects: Effect) -> Does:
        """Return effects of a statement with what else was seen in it."""
        every = (*self.effects, *effects)
        return Does(every, self.looks_at(), tuple(self.doubts), tuple(self.temporary))

    def used(self, *, apart: str | None = None) -> tuple[Use, ...]:
        """Return the uses, without the one that is the table itself."""
        self.whole()
        return tuple(use for use in self.uses if not (use.object == "table" and use.name == apart))

    def whole(self) -> None:
        """Raise CannotRead where a piece is left that nobody has read."""
        if self.pending:
            raise CannotRead


# Dropping one of these with CASCADE takes columns, defaults, triggers or tables along.
_REACH_TABLES = frozenset(
    """enum domain extension schema function sequence collation operator language server
    wrapper cast access""".split()  # noqa: SIM905
)


def cascades(cursor: Cursor) -> tuple[str, ...]:
    """Take CASCADE or RESTRICT at the end of a DROP."""
    return ("cascade",) if cursor.take_any("CASCADE", "RESTRICT") == "CASCADE" else ()


def drop_named(cursor: Cursor, kind: str) -> Outcome:
    """Read DROP of one or more objects that have names of their own."""
    guarded = cursor.guard()
    names = [routine(cursor)]
    while cursor.take(","):
        names.append(routine(cursor))
    aspects = cascades(cursor)
    seen = Seen()
    if aspects and kind in _REACH_TABLES:
        seen.doubt(f"DROP {kind.upper()} ... CASCADE drops whatever needs it")
    return seen.does(
        *(
            Effect("drop", kind, None, name, certain=not guarded, guarded=guarded, aspects=aspects)
            for name in names
        )
    )


def new_name(cursor: Cursor, old: str) -> str:
    """Take what something is called from now on: it stays in its schema."""
    schema, dot, _ = old.rpartition(".")
    return f"{schema}{dot}{cursor.identifier()}"


def routine(cursor: Cursor) -> str:
    """Take a name, with the types of its arguments if it is a routine's."""
    name = cursor.name()
    if cursor.opens():
        cursor.group()
    return name
