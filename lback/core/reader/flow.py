"""Where control goes after a block."""

from __future__ import annotations

from dataclasses import dataclass

from lback.core.dialects import EVERY_DIALECT, Dialects


@dataclass(frozen=True, slots=True)
class Flow:
    """How a block ends.

    `leaves` is "", "return", "raise", "break" or "continue". Where it is "":
    `maybe` says that some path may have returned, `loose` that one may have left the
    loop, and `rest` on which dialects what follows still runs.
    """

    leaves: str = ""
    maybe: bool = False
    loose: bool = False
    rest: Dialects = EVERY_DIALECT


GOES_ON = Flow()


LOOP = frozenset({"break", "continue"})
