"""What a database has to do when revisions that it may have run get other parents; pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import takewhile

from lback.core.graph.view import GraphView
from lback.core.plans import (
    Downgrade,
    Restamp,
    Upgrade,
    applied,
    plan_downgrade,
    plan_upgrade,
    tips,
)


@dataclass(frozen=True, slots=True)
class Move:
    """Steps with the old files, then steps with the new ones.

    The stamp is `before` at first and `between` when the files are changed; `lacking`
    are the shared revisions that the database would have to run to be spared the way.
    """

    before: tuple[str, ...]
    down: tuple[Downgrade, ...] = ()
    between: tuple[str, ...] = ()
    up: tuple[Upgrade | Restamp, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def idle(self) -> bool:
        """Tell that the database is not concerned."""
        return not self.down and not self.up


def plan_move(
    old: GraphView,
    new: GraphView,
    touched: Collection[str],
    stamp: tuple[str, ...],
    held: Collection[str] = (),
    cut_off: Collection[str] = (),
) -> Move:
    """Choose the way of a database from the old graph to the new one.

    What stands on a touched revision is undone and run again, unless the database has
    run all of its new ancestors: then only the stamp changes. Raises LbackError for a
    lost revision. The way up ends before a revision of `held`: it could not run as it is.
    A move that was cut off had undone some of `cut_off`: they run again as well.
    """
    done = applied(old, stamp)
    concerned = old.descendants(touched) & done
    undone = frozenset(cut_off) - done
    if not concerned and not undone:
        return Move(stamp, between=stamp)
    kept = frozenset(revision for revision in done if revision in new)
    lacking = new.ancestors(kept) - kept
    if not lacking and not undone:
        after = tips(new, kept)
        up = () if after == tuple(sorted(stamp)) else (Restamp(after),)
        return Move(stamp, between=stamp, up=up)
    down = plan_downgrade(old, stamp, concerned).steps if concerned else ()
    between = tips(old, done - concerned)
    again = [revision for revision in concerned | undone if revision in new]
    steps = takewhile(lambda step: step.revision not in held, plan_upgrade(new, between, again))
    return Move(stamp, down, between, tuple(steps), tips(new, lacking))
