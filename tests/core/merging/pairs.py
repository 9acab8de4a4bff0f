"""Pairs of kinds of change, and what is said of the two in one fork."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from itertools import combinations_with_replacement
from textwrap import dedent, indent

from lback.core.effects import Effects
from lback.core.interpreter.reading import read_effects
from lback.core.merging.matrix import SEVERITY
from lback.core.merging.overlap import Overlap, overlaps
from lback.core.merging.surroundings import surroundings
from tests.core.kinds import KINDS, START

Pair = tuple[str, str]
JOINED = frozenset({"joined", "same"})
_HEAD = "from alembic import op\nimport sqlalchemy as sa\n\nTEXT = sa.String(50)\n\n\n"


def revision(body: str) -> bytes:
    """Return the text of a revision whose upgrade() is the given statements."""
    return (_HEAD + "def upgrade():\n" + indent(dedent(body), "    ")).encode()


AROUND = surroundings([read_effects(revision(START))])


@functools.lru_cache(maxsize=512)
def effects(body: str) -> Effects:
    """Return what a kind's text is read to do."""
    return read_effects(revision(body))


def found(left: str, right: str) -> tuple[Overlap, ...]:
    """Return the overlaps of two bodies on top of the start schema."""
    return overlaps({"left": effects(left)}, {"right": effects(right)}, AROUND)


def verdict(left: str, right: str) -> str:
    """Return the gravest verdict on two bodies, or that they are joined."""
    said = (one.verdict for one in found(left, right))
    return max(said, key=lambda one: SEVERITY[one], default="joined")


def all_pairs(kinds: Iterable[str] = KINDS) -> list[Pair]:
    """Return every pair of kinds, a kind with itself too."""
    return list(combinations_with_replacement(kinds, 2))
