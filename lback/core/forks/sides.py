"""One side of a fork, with its effects findable by what they are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lback.core.deeds import deeds
from lback.core.effects import Effect, Effects, Unknown
from lback.core.forks.surroundings import Surroundings
from lback.core.naming import bare


@dataclass(frozen=True, slots=True)
class Done:
    """One effect of a side; `inside` when its table was created by the same side."""

    revision: str
    effect: Effect
    deeds: tuple[str, ...]
    inside: bool = False


class Side:
    """One side of a fork, with its effects findable by what they are about."""

    def __init__(self, revisions: Mapping[str, Effects], around: Surroundings) -> None:
        self.around = around
        self.effects: list[Done] = []
        self.unknown: list[tuple[str, Unknown]] = []
        self.by_key: dict[str, list[Done]] = {}
        made: set[str] = set()
        for revision, effects in revisions.items():
            self._add(revision, effects, made)

    def _add(self, revision: str, effects: Effects, made: set[str]) -> None:
        for effect in (*map(self._at_home, effects.upgrade), *_queries(effects)):
            table = bare(effect.table)
            fresh = effect.object == "table" and effect.kind == "create"
            if fresh and effect.table:
                made.add(table)
            done = Done(revision, effect, deeds(effect), table in made and not fresh)
            self.effects.append(done)
            for key in keys(effect):
                self.by_key.setdefault(key, []).append(done)
        for unknown in effects.unknowns("upgrade"):
            self.unknown.append((revision, unknown))

    def _at_home(self, effect: Effect) -> Effect:
        """Give an index that is named without its table the table that it was made on."""
        if effect.object == "index" and effect.table is None and effect.name:
            table = self.around.indexes.get(bare(effect.name))
            return effect._replace(table=table) if table else effect
        return effect

    def near(self, mine: Done) -> Iterator[Done]:
        """Yield the effects that share a table or a name with one of the other side."""
        seen: set[int] = set()
        for key in keys(mine.effect):
            for one in self.by_key.get(key, ()):
                if id(one) not in seen:
                    seen.add(id(one))
                    yield one


def _queries(effects: Effects) -> Iterator[Effect]:
    """Yield the reading of tables as effects that change nothing."""
    for table in effects.reads:
        yield Effect("alter", "query", None, detail=table, reads=(table,))


def keys(effect: Effect) -> set[str]:
    """Return the bare names that an effect is about, under which the other side may find it."""
    named = [effect.table, effect.refers_to, *effect.reads]
    if effect.object not in ("column", "data", "comment"):
        named.append(effect.name)
        named.append(effect.to)
    elif effect.object == "comment":
        named.append(effect.name)
    return {bare(one) for one in named if one}
