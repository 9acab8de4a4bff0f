"""Many branches beside one: which of their revisions meet which of mine; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lback.core.effects import Effects
from lback.core.extending import Extended, Trunk
from lback.core.forks.footprint import footprint
from lback.core.forks.joining import apart
from lback.core.forks.matrix import PARTNERS
from lback.core.forks.sides import effects_of
from lback.core.forks.surroundings import NOTHING_AROUND
from lback.core.graph import Graph, Revision
from lback.core.lanes import fork_sides, forks
from lback.core.naming import key


@dataclass(frozen=True, slots=True)
class Meeting:
    """What becomes of mine and the revisions of one branch together.

    `heads` are the heads of the first fork that the branch takes part in, () where it would
    not fork; `mine` and `theirs` are the two sides of it.
    """

    heads: tuple[str, ...] = ()
    mine: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()


def meet(
    trunk: Trunk, added: Sequence[Revision], declared: Sequence[str] = (), *, plain: bool
) -> Meeting:
    """Put the revisions of a branch beside mine and say whether that forks.

    `plain` is what the trunk says of itself; asking it for each branch would cost most.
    """
    together: Graph
    if plain and trunk.takes(added):
        together = Extended(trunk, tuple(added))
    else:
        together = Graph([*trunk.graph, *added])
    new = {one.id for one in added}
    for lane in forks(together, declared):
        if new.isdisjoint(lane):
            continue
        if len(lane) > 2:
            heads = [one for one in lane if one not in new], [one for one in lane if one in new]
            mine, beside = apart(together, *heads)
            return Meeting(lane, mine, tuple(one for one in beside if one in new))
        sides = fork_sides(together, lane)
        ours = [one for head in lane if head not in new for one in sides[head]]
        theirs = [one for head in lane if head in new for one in sides[head] if one in new]
        return Meeting(lane, tuple(dict.fromkeys(ours)), tuple(dict.fromkeys(theirs)))
    return Meeting()


Key = tuple[str, str, str]


class Index:
    """Finds the revisions of mine that may meet another's at all, by what they touch."""

    def __init__(self) -> None:
        self._touched: dict[str, frozenset[Key] | None] = {}

    def near(
        self, effects: Mapping[str, Effects], mine: Iterable[str], theirs: Mapping[str, Effects]
    ) -> dict[str, Effects]:
        """Return those of mine that touch what theirs do, or hide what they touch."""
        wanted: set[Key] = set()
        anything = False
        for does in theirs.values():
            keys = touched(does)
            anything = anything or keys is None
            wanted.update(met for one in keys or () for met in _meeting(one))
        return {
            one: effects[one] for one in mine if anything or self._meets(one, effects[one], wanted)
        }

    def _meets(self, revision: str, does: Effects, wanted: set[Key]) -> bool:
        if revision not in self._touched:
            self._touched[revision] = touched(does)
        keys = self._touched[revision]
        return keys is None or not keys.isdisjoint(wanted)


def _meeting(touched: Key) -> Iterator[Key]:
    """Yield what meets a resource in its mode on the other side."""
    kind, of, mode = touched
    if kind in PARTNERS:
        yield from ((kind, of, other) for other in PARTNERS[kind].get(mode, ()))
        return
    yield "unread", of, ""
    if kind == "unread":
        yield "about", of, ""


def touched(does: Effects) -> frozenset[Key] | None:
    """Return every resource and mode that a revision's upgrade() touches; None: may be any.

    Besides, what it is "about", for what the other side has that cannot be read.
    """
    found: set[Key] = set()
    for effect in effects_of(does):
        for touch in footprint(effect, NOTHING_AROUND):
            found.add((touch.kind, touch.of, touch.mode))
            found.update(("about", of, "") for of in touch.about())
    for unknown in does.unknowns("upgrade"):
        if not unknown.tables:
            return None
        found.update(("unread", key(one), "") for one in unknown.tables)
    return frozenset(found)
