"""What is known of the schema around a fork: whose an index is, which table refers to which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lback.core.effects import Effects
from lback.core.naming import bare


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Facts read from revisions: `indexes` maps names to tables, `links` are (from, to).

    All names are bare and in one case. What was never read is simply not in here.
    """

    indexes: Mapping[str, str] = field(default_factory=dict)
    links: frozenset[tuple[str, str]] = frozenset()

    def linked(self, left: str | None, right: str | None) -> bool:
        """Tell whether a foreign key goes from one of two tables to the other."""
        pair = (bare(left), bare(right))
        return pair in self.links or pair[::-1] in self.links


NOTHING_AROUND = Surroundings()


def surroundings(effects: Iterable[Effects]) -> Surroundings:
    """Gather the facts from the effects of revisions, in graph order.

    Foreign keys that were dropped later are kept: a link too many only asks for care.
    """
    indexes: dict[str, str] = {}
    links: set[tuple[str, str]] = set()
    for one in effects:
        for effect in one.upgrade:
            if effect.object == "index" and effect.kind == "create" and effect.table:
                indexes[bare(effect.name)] = effect.table
            if effect.refers_to and effect.table:
                links.add((bare(effect.table), bare(effect.refers_to)))
    return Surroundings(indexes, frozenset(links))
