"""What an expression uses that stands in Python as text: a default, a predicate, a check."""

from __future__ import annotations

from functools import lru_cache

from lback.core.dialects import EVERY_DIALECT, Dialects
from lback.core.effects import Use
from lback.core.sql.constraints import own_scope
from lback.core.sql.cursor import Cursor
from lback.core.sql.grammar import Grammars, grammars_of
from lback.core.sql.nested import whole_group
from lback.core.sql.outcome import HOLE, CannotRead, Impossible
from lback.core.sql.seen import Scope, Seen
from lback.core.sql.tokens import streams

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
    found: dict[Use, None] = {}
    understood = False
    try:
        for tokens, who in streams(text, grammars):
            cursor = Cursor(tokens, text, who, asked=grammars)
            seen = Seen(running=False)
            try:
                whole_group(cursor, own_scope(table) if table else Scope(), seen)
            except Impossible:
                continue
            understood = True
            found.update(seen.uses)
    except (CannotRead, RecursionError):
        return None
    return tuple(found) if understood else None
