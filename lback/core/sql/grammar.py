"""The grammars by which SQL is read: one for each family of databases."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from lback.core.dialects import Dialects

Grammar = Literal["postgresql", "mysql", "sqlite"]
Grammars = tuple[Grammar, ...]

EVERY_GRAMMAR: Grammars = ("postgresql", "mysql", "sqlite")
# The databases that read SQL by each of them.
_SPEAKERS: dict[Grammar, frozenset[str]] = {
    "postgresql": frozenset({"postgresql", "cockroachdb", "redshift"}),
    "mysql": frozenset({"mysql", "mariadb"}),
    "sqlite": frozenset({"sqlite"}),
}
_SPOKEN = frozenset().union(*_SPEAKERS.values())


@lru_cache(maxsize=256)
def grammars_of(dialects: Dialects) -> Grammars:
    """Return the grammars that count for some dialects.

    A database that has none of them, as SQL Server, may mean what any of them means: then all
    three have to agree.
    """
    if dialects.but:
        left = (one for one in EVERY_GRAMMAR if one not in dialects.names)
        return tuple(left) or EVERY_GRAMMAR
    if not dialects.names or not dialects.names <= _SPOKEN:
        return EVERY_GRAMMAR
    return tuple(one for one in EVERY_GRAMMAR if dialects.names & _SPEAKERS[one])
