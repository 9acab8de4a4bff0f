"""Many branches beside one: the forks that each opens, and which revisions meet in them; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lback.core.effects import Effects
from lback.core.graph.forks import Lane, forks
from lback.core.graph.view import GraphView
from lback.core.merging.footprint import footprint
from lback.core.merging.matrix import PARTNERS
from lback.core.merging.merge_plan import apart
from lback.core.merging.sides import effects_of
from lback.core.merging.surroundings import NOTHING_AROUND, Surroundings
from lback.core.naming import key
from lback.core.source import Commit


class Meeting(NamedTuple):
    """A fork that a branch takes part in, and the revisions of both sides, in graph order."""

    heads: Lane
    mine: tuple[str, ...]
    theirs: tuple[str, ...]


class Neighbour(NamedTuple):
    """Another branch, or several with the same revisions, as one graph together with mine.

    `new` are the revisions that only this branch has: neither mine nor the shared one.
    `reparented` are those of mine that it gives other parents. `commit` is the newest one.
    """

    names: tuple[str, ...]
    commit: Commit
    together: GraphView
    new: frozenset[str]
    reparented: tuple[str, ...] = ()

    @property
    def added(self) -> tuple[str, ...]:
        """Return the new revisions, in graph order."""
        return tuple(revision for revision in self.together.order() if revision in self.new)

    def meetings(
        self, declared: Sequence[str], among: Collection[str] | None = None
    ) -> tuple[Meeting, ...]:
        """Return the forks of a new head; with `among`, those with one of these heads as well."""
        return tuple(
            self._meeting(fork)
            for fork in forks(self.together, declared)
            if not self.new.isdisjoint(fork) and (among is None or any(h in among for h in fork))
        )

    def _meeting(self, fork: Lane) -> Meeting:
        ours = [head for head in fork if head not in self.new]
        others = [head for head in fork if head in self.new]
        mine, beside = apart(self.together, ours, others)
        return Meeting(fork, mine, tuple(revision for revision in beside if revision in self.new))

    def below(self, meeting: Meeting) -> frozenset[str]:
        """Return what both sides of a fork stand on."""
        either = self.together.ancestors(meeting.heads)
        return either.difference(meeting.mine, meeting.theirs)


Key = tuple[str, str, str]


class Index:
    """Finds the revisions of mine that may meet another's at all, by what they touch."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._touched: dict[str, frozenset[Key] | None] = {}

    def near(
        self, effects: Mapping[str, Effects], mine: Iterable[str], theirs: Iterable[Effects]
    ) -> dict[str, Effects]:
        """Return those of mine that touch what theirs do, or hide what they touch."""
        wanted: set[Key] = set()
        anything = False
        for does in theirs:
            keys = touched(does, self._around)
            anything = anything or keys is None
            wanted.update(met for touch in keys or () for met in _meeting(touch))
        return {
            revision: effects[revision]
            for revision in mine
            if anything or self._meets(revision, effects[revision], wanted)
        }

    def _meets(self, revision: str, does: Effects, wanted: set[Key]) -> bool:
        if revision not in self._touched:
            self._touched[revision] = touched(does, self._around)
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


def touched(does: Effects, around: Surroundings = NOTHING_AROUND) -> frozenset[Key] | None:
    """Return every resource and mode that a revision's upgrade() touches; None: may be any.

    Besides, what it is "about", for what the other side has that cannot be read.
    """
    keys: set[Key] = set()
    for effect in effects_of(does):
        for touch in footprint(effect, around):
            keys.add((touch.kind, touch.of, touch.mode))
            keys.update(("about", of, "") for of in touch.about())
    for unknown in does.unknowns("upgrade"):
        if not unknown.tables:
            return None
        keys.update(("unread", key(table), "") for table in unknown.tables)
    return frozenset(keys)
