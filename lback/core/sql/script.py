"""SQL text of op.execute and of expressions: what it does to tables and rows, and what it uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from lback.core.dialects import EVERY_DIALECT, Dialects
from lback.core.effects import Effect, Use
from lback.core.sql.constraints import own_scope
from lback.core.sql.cursor import Cursor, short
from lback.core.sql.outcome import (
    HOLE,
    CannotRead,
    Does,
    Impossible,
    NotUnderstood,
    Outcome,
    Reads,
    TooMuch,
)
from lback.core.sql.queries import whole_group
from lback.core.sql.seen import QueryScope, Seen
from lback.core.sql.statements import read_statement
from lback.core.sql.tokens import Grammars, Token, grammars_of, split, streams

_LONGEST = 20_000


def expression_uses(
    text: str, table: str | None, dialects: Dialects = EVERY_DIALECT
) -> tuple[Use, ...] | None:
    """Return what an expression uses, its bare columns being those of `table`.

    Functions of the databases themselves are left out; others, and `nextval`'s sequences, are
    among the uses. None for what is not understood, or not wholly in the text.
    """
    if len(text) > _LONGEST or HOLE in text:
        return None
    return _uses(text, table, grammars_of(dialects))


@lru_cache(maxsize=1024)
def _uses(text: str, table: str | None, grammars: Grammars) -> tuple[Use, ...] | None:
    uses: dict[Use, None] = {}
    understood = False
    try:
        for tokens, who in streams(text, grammars):
            cursor = Cursor(tokens, text, who, asked=grammars)
            seen = Seen(running=False)
            try:
                whole_group(cursor, own_scope(table) if table else QueryScope(), seen)
            except Impossible:
                continue
            understood = True
            uses.update(seen.uses)
    except (CannotRead, RecursionError):
        return None
    return tuple(uses) if understood else None


T = TypeVar("T")

LONGEST = 1_000_000
MOST_STATEMENTS = 20_000
# Longer texts are rarely read twice.
_LONGEST_KEPT = 20_000
_DIFFERS = "SQL that means different things to different databases"


@dataclass(frozen=True, slots=True)
class SqlReading:
    """What SQL text does; `unknown` are (reason, tables), `reads` the tables it queries.

    `uses` is what the queries among its statements look at; `temporary` are the temporary
    tables that it makes.
    """

    effects: tuple[Effect, ...] = ()
    unknown: tuple[tuple[str, tuple[str, ...]], ...] = ()
    reads: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()
    temporary: tuple[str, ...] = ()


def read_sql(text: str, dialects: Dialects = EVERY_DIALECT) -> SqlReading:
    """Read the statements in a text; never raises, what is not understood is in `unknown`.

    `dialects` are those that may run it: only their grammars count, and they must agree.
    """
    grammars = grammars_of(dialects)
    if len(text) <= _LONGEST_KEPT:
        return _kept(text, grammars)
    return _read(text, grammars)


@lru_cache(maxsize=1024)
def _kept(text: str, grammars: Grammars) -> SqlReading:
    return _read(text, grammars)


def _read(text: str, grammars: Grammars) -> SqlReading:
    if len(text) > LONGEST:
        return _gathered([NotUnderstood("SQL that is too long to be read")])
    try:
        return _gathered(outcomes(text, grammars))
    except RecursionError:
        return _gathered([NotUnderstood("SQL that is nested too deep")])


def outcomes(text: str, grammars: Grammars) -> list[Outcome]:
    """Return what each statement of a text ends as; one of them where the grammars disagree."""
    readings: list[list[Outcome]] = []
    problem: Impossible | None = None
    try:
        token_streams = streams(text, grammars)
    except CannotRead as refused:
        return [_not_understood(refused, text)]
    for tokens, who in token_streams:
        try:
            readings.append(
                _read_stream(tokens, text, who, grammars, alone=len(token_streams) == 1)
            )
        except Impossible as refused:
            problem = refused
    if not readings:
        return [_not_understood(problem or CannotRead(), text)]
    first, *others = readings
    if any(_essence(other) != _essence(first) for other in others):
        return [NotUnderstood(_DIFFERS)]
    return _united(readings)


def _read_stream(
    tokens: list[Token], text: str, grammars: Grammars, asked: Grammars, *, alone: bool
) -> list[Outcome]:
    """Read the statements as some grammars cut them; Impossible where they have no such one."""
    readings: list[Outcome] = []
    for place, statement in enumerate(split(tokens, grammars)):
        if place >= MOST_STATEMENTS:
            return [NotUnderstood("SQL with too many statements to be read")]
        piece = text[statement[0].start : statement[-1].end]
        try:
            cursor = Cursor(statement, text, grammars, asked=asked)
            readings.append(read_statement(cursor, piece, _inner))
        except Impossible as refused:
            if not alone:
                raise
            readings.append(_not_understood(refused, piece))
        except CannotRead as refused:
            readings.append(_not_understood(refused, piece))
            if isinstance(refused, TooMuch):
                break
    return readings


def _inner(text: str) -> list[Outcome]:
    """Read a text inside a block of PostgreSQL."""
    return outcomes(text, ("postgresql",))


def _not_understood(problem: CannotRead, piece: str) -> NotUnderstood:
    reason = problem.reason or f"SQL that is not understood: {short(piece)}"
    return NotUnderstood(reason, problem.tables)


# -- several grammars --------------------------------------------------------------


def _essence(reading: list[Outcome]) -> list[object]:
    """Return what readings must have in common: effects and doubts, but not what is used."""
    essence: list[object] = []
    for outcome in reading:
        if isinstance(outcome, NotUnderstood):
            essence.append(frozenset(outcome.tables))
        elif isinstance(outcome, Does):
            bare = [
                e._replace(uses=(), reads=(), detail="", sets=(), terms=()) for e in outcome.effects
            ]
            essence.append((bare, [doubt.tables for doubt in outcome.doubts], outcome.temporary))
    return essence


def _united(readings: list[list[Outcome]]) -> list[Outcome]:
    """Return the first reading, with what any of them uses."""
    first, *others = readings
    if not others or any(len(other) != len(first) for other in others):
        more = [x for other in others for x in other if isinstance(x, Reads)]
        return [*first, *more]
    united: list[Outcome] = []
    for mine, *theirs in zip(first, *others, strict=True):
        for other in theirs:
            mine = _with_uses(mine, other)  # noqa: PLW2901
        united.append(mine)
    return united


def _with_uses(mine: Outcome, other: Outcome) -> Outcome:
    if isinstance(mine, Reads) and isinstance(other, Reads):
        return Reads(_merged(mine.tables, other.tables), _merged(mine.uses, other.uses))
    if isinstance(mine, Does) and isinstance(other, Does):
        effects = tuple(
            value._replace(
                uses=_merged(value.uses, more.uses), reads=_merged(value.reads, more.reads)
            )
            for value, more in zip(mine.effects, other.effects, strict=True)
        )
        looks_at = _with_uses(mine.looks_at, other.looks_at)
        assert isinstance(looks_at, Reads)
        return mine._replace(effects=effects, looks_at=looks_at)
    return mine


def _merged(left: tuple[T, ...], right: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys((*left, *right)))


# -- the whole ---------------------------------------------------------------------


def _gathered(statements: Iterable[Outcome]) -> SqlReading:
    """Put the outcomes of a text together, without what is done to its temporary tables."""
    effects: list[Effect] = []
    doubts: dict[NotUnderstood, None] = {}
    reads: dict[str, None] = {}
    uses: dict[Use, None] = {}
    temporary: dict[str, None] = {}
    living: dict[str, None] = {}
    for outcome in statements:
        if isinstance(outcome, NotUnderstood):
            doubts[outcome] = None
            continue
        looks_at = _besides_effects(outcome) if isinstance(outcome, Does) else outcome
        reads.update((table, None) for table in looks_at.tables if table not in living)
        uses.update((use, None) for use in looks_at.uses if use.table not in living)
        if isinstance(outcome, Does):
            temporary.update(dict.fromkeys(outcome.temporary))
            living.update(dict.fromkeys(outcome.temporary))
            effects += _lasting(outcome.effects, living)
            doubts.update(
                (doubt, None)
                for doubt in outcome.doubts
                if not doubt.tables or not set(doubt.tables) <= living.keys()
            )
    return _without_holes(effects, list(doubts), list(reads), list(uses), tuple(temporary))


def _besides_effects(outcome: Does) -> Reads:
    """Return what a statement looks at and none of its effects says already."""
    tables = {name for effect in outcome.effects for name in (*effect.reads, effect.table)}
    used = {use for effect in outcome.effects for use in effect.uses}
    return Reads(
        tuple(table for table in outcome.looks_at.tables if table not in tables),
        tuple(
            use
            for use in outcome.looks_at.uses
            if use not in used and not (use.object == "table" and use.name in tables)
        ),
    )


def _lasting(effects: Iterable[Effect], temporary: dict[str, None]) -> Iterator[Effect]:
    """Yield the effects on what is not temporary; a name that is dropped means another then."""
    for effect in effects:
        if effect.table not in temporary:
            yield effect
        elif effect.kind == "drop" and effect.object == "table":
            del temporary[effect.table]


def _without_holes(
    effects: list[Effect],
    doubts: list[NotUnderstood],
    reads: list[str],
    uses: list[Use],
    temporary: tuple[str, ...],
) -> SqlReading:
    """Turn effects on tables whose name is not known into unknowns; forget hidden names."""
    unknown = [
        (
            doubt.reason.replace(HOLE, "…"),
            () if any(HOLE in name for name in doubt.tables) else doubt.tables,
        )
        for doubt in doubts
    ]
    kept: list[Effect] = []
    for effect in effects:
        if _holes(effect):
            named = (effect.table,) if effect.table and HOLE not in effect.table else ()
            what = f"SQL that does {effect.kind} {effect.object} on a name not in the text"
            unknown.append((what, named))
        else:
            kept.append(_clean(effect))
    return SqlReading(
        tuple(kept),
        tuple(dict.fromkeys(unknown)),
        tuple(read for read in reads if HOLE not in read),
        _known_uses(uses),
        temporary,
    )


def _holes(effect: Effect) -> bool:
    """Tell whether an effect says too little once the unknown names are taken out of it."""
    if any(HOLE in name for name in (effect.table, effect.to, effect.refers_to) if name):
        return True
    if effect.name and HOLE in effect.name:
        return effect.object not in ("index", "constraint") or effect.table is None
    return False


def _clean(effect: Effect) -> Effect:
    if not _mentions_a_hole(effect):
        return effect
    return effect._replace(
        name=None if effect.name and HOLE in effect.name else effect.name,
        columns=_known(effect.columns),
        detail=effect.detail.replace(HOLE, "…"),
        reads=_known(effect.reads),
        uses=_known_uses(effect.uses),
        sets=_known_values(effect.sets),
        terms=_known_values(effect.terms),
    )


def _mentions_a_hole(effect: Effect) -> bool:
    texts = [effect.name or "", effect.detail, *effect.columns, *effect.reads]
    texts += [part for use in effect.uses for part in (use.name, use.table or "")]
    texts += [value for _, value in (*effect.sets, *effect.terms)]
    return any(HOLE in text for text in texts)


def _known(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if HOLE not in name)


def _known_values(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((aspect, "?" if HOLE in value else value) for aspect, value in pairs)


def _known_uses(uses: Iterable[Use]) -> tuple[Use, ...]:
    return tuple(use for use in uses if HOLE not in use.name and HOLE not in (use.table or ""))
