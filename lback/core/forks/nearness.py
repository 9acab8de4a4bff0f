"""Many branches beside one: which of their revisions meet which of mine; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lback.core.effects import Effects
from lback.core.extending import Extended, Trunk
from lback.core.forks.joining import fork_sides
from lback.core.graph import Graph, Revision
from lback.core.lanes import forks


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
        sides = fork_sides(together, lane)
        ours = [one for head in lane if head not in new for one in sides[head]]
        theirs = [one for head in lane if head in new for one in sides[head] if one in new]
        return Meeting(lane, tuple(dict.fromkeys(ours)), tuple(dict.fromkeys(theirs)))
    return Meeting()


class Index:
    """Finds the revisions of mine that may meet another's at all, by the names they touch."""

    def __init__(self) -> None:
        self._names: dict[str, frozenset[str] | None] = {}

    def near(
        self, effects: Mapping[str, Effects], mine: Iterable[str], theirs: Mapping[str, Effects]
    ) -> dict[str, Effects]:
        """Return those of mine that share a name with theirs, or hide what they touch."""
        wanted: set[str] = set()
        anything = False
        for does in theirs.values():
            names = touched(does)
            anything = anything or names is None
            wanted |= names or frozenset()
        return {
            one: effects[one] for one in mine if anything or self._meets(one, effects[one], wanted)
        }

    def _meets(self, revision: str, does: Effects, wanted: set[str]) -> bool:
        if revision not in self._names:
            self._names[revision] = touched(does)
        names = self._names[revision]
        return names is None or not names.isdisjoint(wanted)


def touched(does: Effects) -> frozenset[str] | None:
    """Return every bare name that a revision's upgrade() has to do with; None: may be any."""
    found: set[str | None] = set(does.reads)
    for effect in does.upgrade:
        found |= {effect.table, effect.name, effect.to, effect.refers_to, *effect.reads}
    for unknown in does.unknowns("upgrade"):
        if not unknown.tables:
            return None
        found |= set(unknown.tables)
    return frozenset(one.rpartition(".")[2].lower() for one in found if one)
