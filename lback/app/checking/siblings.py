"""Every other open branch beside mine: who forks from whom as soon as both are merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lback.core.findings import Finding
from lback.core.forks.joining import overlap_row
from lback.core.rules.report import SiblingRow
from lback.core.rules.team import collision
from lback.core.source import INDEX, WORKTREE
from lback.project.branches import compare, overlaps_of
from lback.vcs.lookups import Sibling, bare_name, siblings

if TYPE_CHECKING:
    from lback.app.checking.look import Look


@dataclass(frozen=True, slots=True)
class Met:
    """What the look at all siblings gave: how many there are, rows for `data`, findings."""

    branches: int
    rows: tuple[SiblingRow, ...]
    findings: tuple[Finding, ...]


def meet_siblings(look: Look, pattern: str | None) -> Met:
    """Compare mine with every other open branch; HistoryMissing where history is cut off."""
    reader, mine = look.reader, look.mine
    published = frozenset[str]().union(*(one.theirs.graph.ids for one in look.others))
    # The others stand on what they knew of mine where mine is the shared branch itself.
    stands_for = reader.shared.name if reader.shared and reader.shared.commit == mine.tip else None
    new = mine.graph.ids if stands_for else mine.graph.ids - published
    open_ones = _open(look, pattern)
    found = compare(reader, mine, open_ones, published).neighbours
    met = [(one, one.meetings(look.declared, new)) for one in found if one.new]
    rows, findings = [], []
    for (one, meetings), overlaps in zip(met, overlaps_of(reader, mine, met), strict=True):
        forks = tuple(meeting.heads for meeting in meetings)
        findings += [collision(one, fork, new, overlaps, stands_for) for fork in forks]
        commit, told = one.commit, tuple(overlap_row(overlap, {}) for overlap in overlaps)
        rows.append(
            SiblingRow(one.names, commit.sha, commit.author, commit.date, one.added, forks, told)
        )
    return Met(len(open_ones), tuple(rows), tuple(findings))


def _open(look: Look, pattern: str | None) -> list[Sibling]:
    """Return the other branches: neither mine, nor what a remote has of mine."""
    repository, shared, mine = look.reader.repository, look.reader.shared, look.mine
    assert repository is not None
    skipped = {mine.tip, shared.commit if shared else None}
    names = {mine.name.removeprefix("origin/")}
    if mine.at in (WORKTREE, INDEX, "HEAD") and (ref := repository.head().ref):
        names.add(bare_name(ref))
    if shared:
        names.add(bare_name(shared.ref))
    return [
        one
        for one in siblings(repository, pattern)
        if one.commit not in skipped and (pattern or bare_name(one.ref) not in names)
    ]
