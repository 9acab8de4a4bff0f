"""Gathers what a check judges: my tree, the others, the merged ones, the open branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lback.core.checks.findings import Finding
from lback.core.checks.graph import no_history, no_refs
from lback.core.checks.report import ModelsRow, SiblingRow
from lback.core.checks.team import collision
from lback.core.merging.merge_plan import overlap_row
from lback.core.messages import checks as messages
from lback.core.source import INDEX, WORKTREE
from lback.errors import HistoryMissing
from lback.project.branches import compare, overlaps_of
from lback.project.context import Context
from lback.project.revisions import Revisions
from lback.project.sides import Comparison, Tree, TreeReader, merge_sides, read_side, replaced
from lback.vcs.lookups import Sibling, bare_name, remotes, siblings
from lback.vcs.repository import Repository

if TYPE_CHECKING:
    from lback.core.merging.overlap import Overlap
    from lback.project.checking.policy import Policy


@dataclass(slots=True)
class CheckFacts:
    """Everything gathered and found so far."""

    revisions: Revisions
    mine: Tree
    others: list[Comparison] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    siblings: list[SiblingRow] = field(default_factory=list)
    models: ModelsRow | None = None
    policy: Policy | None = None
    # Labels that only this tree has, on a line that the branch to judge by has as well.
    doubted: frozenset[str] = frozenset()
    _sources: TreeReader | None = None

    @property
    def sources(self) -> TreeReader:
        """Return what reads effects and commits of either side."""
        others = [one.theirs for one in self.others]
        if self._sources is None or len(self._sources.sides) != len(others) + 1:
            self._sources = TreeReader(self.revisions, self.mine, others)
        return self._sources

    @property
    def declared(self) -> tuple[str, ...]:
        """Return the heads that the project keeps apart."""
        return self.revisions.project_at(self.mine.at).settings.lback.heads

    @property
    def new(self) -> tuple[str, ...]:
        """Return the revisions that none of the other sides has, in graph order."""
        graph = self.mine.graph
        fresh = graph.ids.difference(*(other.theirs.graph.ids for other in self.others))
        return tuple(one for one in graph.order() if one in fresh) if fresh else ()


def gather_others(
    facts: CheckFacts, against: Sequence[str | None], *, replace: bool = False
) -> None:
    """Merge mine with each REF; what cannot be looked at is a finding and never a pass."""
    for wish in against or (None,):
        try:
            shared = _shared(facts.revisions, wish)
            if shared is None:
                continue
            name, commit, publishes = shared
            facts.revisions.places.look_ahead([commit])
            theirs = read_side(facts.revisions, name, commit, commit)
            if facts.mine.tip is None:
                continue
            join = replaced if replace else merge_sides
            facts.others.append(join(facts.revisions, facts.mine, theirs, publishes=publishes))
        except HistoryMissing as err:
            facts.findings.append(no_history(err))


def _shared(revisions: Revisions, wish: str | None) -> tuple[str, str, bool] | None:
    """Return name and commit of the branch to merge with, and whether it publishes."""
    repository = revisions.repository
    if repository is None:
        if wish:
            raise messages.no_repository(revisions.places.cwd, wish)
        return None
    shared = repository.upstream(wish) if wish else revisions.shared
    if shared is not None:
        return shared.name, shared.commit, shared.publishes
    names = remotes(repository)
    if not names and not repository.is_shallow:
        return None
    raise messages.no_shared_branch(names[0] if names else "origin")


def gather_siblings(facts: CheckFacts, pattern: str | None) -> None:
    """Compare mine with every other open branch, or with those that a pattern names."""
    if facts.revisions.repository is None:
        facts.findings.append(no_history(messages.no_repository(facts.revisions.places.cwd)))
    elif facts.mine.tip is not None:
        try:
            _meet(facts, pattern)
        except HistoryMissing as err:
            facts.findings.append(no_history(err))


def _meet(facts: CheckFacts, pattern: str | None) -> None:
    revisions, mine = facts.revisions, facts.mine
    published = frozenset[str]().union(*(one.theirs.graph.ids for one in facts.others))
    # The others stand on what they knew of mine where mine is the shared branch itself.
    stands_for = (
        revisions.shared.name if revisions.shared and revisions.shared.commit == mine.tip else None
    )
    new = mine.graph.ids if stands_for else mine.graph.ids - published
    others = _open(facts, pattern)
    if not others and pattern:
        facts.findings.append(no_refs(pattern))
    found = compare(revisions, mine, others, published).neighbours
    met = [(one, one.meetings(facts.declared, new)) for one in found if one.new]
    for (one, meetings), overlaps in zip(met, overlaps_of(revisions, mine, met), strict=True):
        forks = tuple(meeting.heads for meeting in meetings)
        facts.findings += [collision(one, fork, new, overlaps, stands_for) for fork in forks]
        commit, rows = one.commit, tuple(overlap_row(overlap, {}) for overlap in overlaps)
        facts.siblings.append(
            SiblingRow(one.names, commit.sha, commit.author, commit.date, one.added, forks, rows)
        )


def _open(facts: CheckFacts, pattern: str | None) -> list[Sibling]:
    """Return the other branches: neither mine, nor what a remote has of mine."""
    repository, shared, mine = facts.revisions.repository, facts.revisions.shared, facts.mine
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


# -- what a shallow clone lacks ------------------------------------------------------


def deepen_for(ctx: Context, at: str, against: tuple[str, ...]) -> tuple[str, ...]:
    """Fetch the branches to compare with, and their history; return their names."""
    repository = ctx.repository
    if repository is None:
        return against
    from lback.vcs.fetching import deepen

    names = remotes(repository)
    if not names:
        return against
    ours = repository.commit("HEAD" if at in (WORKTREE, INDEX) else at)
    found = []
    for wish in against or (None,):
        ref = _tracking(ctx, repository, names[0], wish)
        if ref is None:
            found += [wish] if wish else []
            continue
        found.append(ref.removeprefix("refs/remotes/"))
        if repository.is_shallow:
            deepen(repository, names[0], ours, ref)
    # What was known of the clone is not true any more.
    ctx.repository = Repository.discover(ctx.cwd)
    return tuple(found)


def _tracking(ctx: Context, repository: Repository, remote: str, wish: str | None) -> str | None:
    """Return the remote-tracking ref to compare with, fetched if need be; None for other refs."""
    from lback.vcs.fetching import default_branch, fetch_branch

    prefix = f"refs/remotes/{remote}/"
    try:
        shared = repository.upstream(wish or ctx.project.settings.lback.upstream)
    except HistoryMissing:
        shared = None
    if shared is not None and shared.ref.startswith(prefix):
        return shared.ref
    if shared is not None and wish:
        return None
    name = wish.removeprefix(f"{remote}/") if wish else default_branch(repository, remote)
    return fetch_branch(repository, remote, name) if name else None
