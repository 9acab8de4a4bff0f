"""Whether revisions that a database has not run below its stamp may run now; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lback.core.effects import Effects
from lback.core.graph.view import GraphView
from lback.core.merging.overlap import Overlap, overlaps
from lback.core.merging.skipped import Skips, linear_order
from lback.core.merging.surroundings import surroundings
from lback.core.plans import Upgrade


@dataclass(frozen=True, slots=True)
class LatePlan:
    """The steps that run what was skipped, or why that would be another schema.

    `overlaps` are those with what has run above; `uncertain` are skipped revisions of which not
    all could be read, `unsettled` those below or above them of which it is unknown whether they
    ran: what runs now would be taken for what ran with them.
    """

    steps: tuple[Upgrade, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    uncertain: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Tell whether they may not run."""
        return bool(self.overlaps or self.uncertain or self.unsettled)


def plan_late(
    graph: GraphView, stamp: Sequence[str], skips: Skips, effects: Mapping[str, Effects]
) -> LatePlan:
    """Choose the steps that run skipped revisions in the order of a linear run.

    Each has to commute with all that would have run after it and has run by now. `effects` are
    those of everything below the stamp.
    """
    skipped = frozenset(skips.skipped)
    order = linear_order(graph, stamp)
    found: list[Overlap] = []
    for part, after in _parts(order, skipped):
        around = surroundings(effects[name] for name in order[: order.index(part[0])])
        mine = {name: effects[name] for name in part}
        found += overlaps(mine, {name: effects[name] for name in after}, around)
    near = graph.ancestors(skipped) | graph.descendants(skipped) if skipped else frozenset()
    return LatePlan(
        tuple(Upgrade(name, late=True) for name in order if name in skipped),
        tuple(found),
        tuple(name for name in order if name in skipped and not _certain(effects[name])),
        tuple(name for name in skips.unknown if name in near),
    )


def _parts(order: Sequence[str], skipped: Collection[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Yield skipped revisions that stand together, with what has run of all after them."""
    part: list[str] = []
    for at, name in enumerate(order):
        if name in skipped:
            part.append(name)
            following = order[at + 1] if at + 1 < len(order) else ""
            if following not in skipped:
                yield part, [other for other in order[at + 1 :] if other not in skipped]
                part = []


def _certain(does: Effects) -> bool:
    return not does.unknowns("upgrade") and all(effect.certain for effect in does.upgrade)
