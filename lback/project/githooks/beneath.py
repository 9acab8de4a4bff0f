"""What the stamps of databases, as lback saw them last, make of a change of the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lback.core import hook_facts as facts
from lback.core.graph.view import GraphView
from lback.core.plans import tips
from lback.project.notes import Stamps


def beneath(before: GraphView, now: GraphView, stamps: Stamps | None) -> tuple[facts.Beneath, ...]:
    """Return what lies under the stamps of databases now and did not before.

    By the files that were here a database had run what was below its stamp then.
    """
    if before.problems or now.problems:
        return ()

    def under(stamp: Sequence[str]) -> tuple[str, ...]:
        rows = [row for row in stamp if row in before]
        kept = [row for row in rows if row in now]
        new = now.ancestors(kept) - before.ancestors(rows) if kept else frozenset()
        return tuple(name for name in now.order() if name in new) if new else ()

    return tuple(
        facts.Beneath(
            tuple(facts.KnownRevision(name, now[name].doc) for name in revisions),
            _right_above(before, now, revisions),
            names,
        )
        for revisions, names in alike(stamps or {}, under)
    )


def _right_above(before: GraphView, now: GraphView, revisions: Sequence[str]) -> tuple[str, ...]:
    """Return what stands on those revisions by now, of what was there before."""
    above = {
        name
        for revision in revisions
        for name in (*now.children(revision), *now.dependents(revision))
    }
    return tips(now, {name for name in above if name in before})


def alike(
    stamps: Stamps, of: Callable[[Sequence[str]], tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield what is to be told of databases, and of which; no names where it is of all."""
    told: dict[tuple[str, ...], list[str]] = {}
    for name, stamp in stamps.items():
        told.setdefault(of(stamp), []).append(name)
    for revisions, names in told.items():
        if revisions:
            yield revisions, tuple(names) if len(told) > 1 else ()
