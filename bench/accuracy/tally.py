"""The counts of one tree on one database, and the lines that tell them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.accuracy.heads import differences
from bench.accuracy.judging import Truth, Verdict, judge
from bench.accuracy.running import Failed
from lback.core.effects import Effects
from lback.core.graph.graph import Graph

TITLES = (
    "tree",
    "database",
    "revisions",
    "ran up",
    "ran down",
    "changed",
    "found",
    "of these open",
    "missed",
    "warned",
    "restated",
    "claimed",
    "wrong",
    "idle",
    "spared",
    "unknown",
    "tables at head",
    "known otherwise",
)


@dataclass(slots=True)
class Tally:
    """What was counted; `unknown` are the revisions in which something was declared unread."""

    tree: str
    kind: str
    revisions: int
    unknown: tuple[str, ...] = ()
    ran: Counter[str] = field(default_factory=Counter)
    failed: list[Failed] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    tables: int = 0
    otherwise: list[str] = field(default_factory=list)

    def count(self, *wanted: str) -> int:
        """Return the number of verdicts of some classes."""
        return sum(one.is_ in wanted for one in self.verdicts)

    @property
    def changed(self) -> int:
        """Return how many tables and columns really changed."""
        return self.count("found", "open", "restated", "warned", "missed")

    @property
    def claimed(self) -> int:
        """Return how many changes lback was certain of."""
        return self.count("found", "wrong", "idle")

    @property
    def good(self) -> bool:
        """Tell whether it is as accurate as was asked."""
        return (
            self.count("missed") == 0
            and self.count("wrong") * 100 <= self.claimed
            and len(self.unknown) * 20 <= self.revisions
        )

    def cells(self) -> tuple[str, ...]:
        """Return the row of a table."""
        return (
            self.tree,
            self.kind,
            str(self.revisions),
            str(self.ran["upgrade"]),
            str(self.ran["downgrade"]),
            str(self.changed),
            str(self.count("found", "open")),
            str(self.count("open")),
            str(self.count("missed")),
            str(self.count("warned")),
            str(self.count("restated")),
            str(self.claimed),
            f"{self.count('wrong')} ({_percent(self.count('wrong'), self.claimed)})",
            str(self.count("idle")),
            str(self.count("spared")),
            f"{len(self.unknown)} ({_percent(len(self.unknown), self.revisions)})",
            str(self.tables or "-"),
            str(len(self.otherwise) if self.tables else "-"),
        )

    def details(self, verbose: bool) -> Iterable[str]:
        """Yield what is bad; with `verbose` also what did not run, what is unread or idle."""
        shown = (
            ("missed", "wrong", "warned", "restated", "idle") if verbose else ("missed", "wrong")
        )
        for one in self.verdicts:
            if one.is_ in shown:
                yield f"{one.is_}: {one.place}: {one.what}"
        yield from (f"at head: {one}" for one in self.otherwise)
        if verbose:
            for revision in self.unknown:
                yield f"unknown: {revision}"
            for failed in self.failed:
                error = " ".join(failed.error.split())[:160]
                yield f"did not run: {failed.revision} {failed.direction}: {error}"


def tally(
    tree: str,
    kind: str,
    dialect: str,
    graph: Graph,
    effects: Mapping[str, Effects],
    truths: Iterable[Truth | Failed],
) -> Tally:
    """Judge every direction that ran; what did not run says nothing."""
    unknown = tuple(sorted(one for one, read in effects.items() if read.unknown))
    found = Tally(tree, kind, len(effects), unknown)
    ran = []
    for one in truths:
        if isinstance(one, Failed):
            found.failed.append(one)
        else:
            found.ran[one.direction] += 1
            found.verdicts += judge(one, effects[one.revision], dialect)
            ran.append(one)
    if not any(one.direction == "upgrade" for one in found.failed):
        found.tables, found.otherwise = differences(graph, effects, ran)
    return found


def table(tallies: Sequence[Tally], *, markdown: bool) -> Iterable[str]:
    """Yield the lines of a table."""
    rows = [TITLES, *(one.cells() for one in tallies)]
    if markdown:
        rows.insert(1, ("---",) * 2 + ("---:",) * (len(TITLES) - 2))
        yield from (f"| {' | '.join(row)} |" for row in rows)
        return
    widths = [max(len(row[place]) for row in rows) for place in range(len(TITLES))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"
