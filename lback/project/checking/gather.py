"""Gathers what a check judges: my tree, the others, the merged ones, open branches, files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from lback.core.checks.files import FileFacts
from lback.core.checks.findings import Finding
from lback.core.checks.graph import no_history, no_refs
from lback.core.checks.report import SiblingRow
from lback.core.checks.team import collision
from lback.core.graph.forks import Lane, real_forks
from lback.core.merging.merge_plan import fork_overlaps, fork_revisions, overlap_row
from lback.core.merging.nearness import Neighbour
from lback.core.merging.overlap import Overlap
from lback.core.messages import checks as messages
from lback.core.source import INDEX, WORKTREE, Entry
from lback.errors import HistoryMissing
from lback.project.branches import compare, overlaps_of
from lback.project.checking.below import effects_near
from lback.project.places import inside
from lback.project.revisions import Revisions
from lback.project.sides import (
    Comparison,
    Tree,
    TreeReader,
    merge_sides,
    read_side,
    replaced,
)
from lback.vcs.lookups import (
    Listed,
    Sibling,
    bare_name,
    links_in,
    listed_in_index,
    remotes,
    siblings,
)
from lback.vcs.reach import is_outside
from lback.vcs.remotes import is_certain

if TYPE_CHECKING:
    from lback.project.checking.policy import Policy
    from lback.vcs.refs import SharedRef


class ForkFacts(NamedTuple):
    """The heads of a fork of mine, or of mine merged with another, and what overlaps in it."""

    heads: Lane
    other: Comparison | None
    overlaps: tuple[Overlap, ...] = ()


@dataclass(frozen=True)
class CheckFacts:
    """What was gathered; `findings` are those of the other branches and of what could not be read.

    `doubted` are labels that only this tree has, on a line that the branch to judge by has too.
    """

    revisions: Revisions
    mine: Tree
    policy: Policy | None = None
    others: tuple[Comparison, ...] = ()
    siblings: tuple[SiblingRow, ...] = ()
    doubted: frozenset[str] = frozenset()
    forks: tuple[ForkFacts, ...] = ()
    findings: tuple[Finding, ...] = ()

    @cached_property
    def sources(self) -> TreeReader:
        """Return what reads effects and commits of either side."""
        return TreeReader(self.revisions, self.mine, [other.theirs for other in self.others])

    @property
    def declared(self) -> tuple[str, ...]:
        """Return the heads that the project keeps apart."""
        return self.revisions.project_at(self.mine.at).settings.lback.heads

    @cached_property
    def new(self) -> tuple[str, ...]:
        """Return the revisions that none of the other sides has, in graph order."""
        graph = self.mine.graph
        fresh = graph.ids.difference(*(other.theirs.graph.ids for other in self.others))
        return tuple(revision for revision in graph.order() if revision in fresh) if fresh else ()

    def having(self, *findings: Finding) -> CheckFacts:
        """Return the facts with more findings."""
        return replace(self, findings=(*self.findings, *findings))


def gather_others(facts: CheckFacts, against: Sequence[str | None], *, push: bool) -> CheckFacts:
    """Merge mine with each REF, or put it in its place; what cannot be read is a finding."""
    revisions, mine = facts.revisions, facts.mine
    join = replaced if push else merge_sides
    for branch in against or (None,):
        try:
            shared = _shared(revisions, branch)
            if shared is None:
                continue
            if revisions.repository and not is_certain(revisions.repository, shared):
                facts = facts.having(no_history(messages.only_its_copy(shared.name)))
            revisions.places.look_ahead([shared.commit])
            theirs = read_side(revisions, shared.name, shared.commit, shared.commit)
            if mine.tip is not None:
                other = join(revisions, mine, theirs, publishes=shared.publishes)
                facts = replace(facts, others=(*facts.others, other))
        except HistoryMissing as err:
            facts = facts.having(no_history(err))
    return facts


def _shared(revisions: Revisions, branch: str | None) -> SharedRef | None:
    """Return the branch to merge with; None where there is no other one."""
    repository, places = revisions.repository, revisions.places
    if repository is None:
        if branch or places.hidden:
            raise messages.no_repository(places.cwd, branch, places.no_git)
        return None
    shared = repository.upstream(branch) if branch else revisions.shared
    names = remotes(repository) if shared is None else ()
    if shared is not None or (not names and not repository.is_shallow):
        return shared
    raise messages.no_shared_branch(names[0] if names else "origin")


def gather_siblings(facts: CheckFacts, pattern: str | None) -> CheckFacts:
    """Compare mine with every other open branch, or with those that a pattern names."""
    places = facts.revisions.places
    if places.repository is None:
        return facts.having(no_history(messages.no_repository(places.cwd, why=places.no_git)))
    if facts.mine.tip is None:
        return facts
    try:
        return _compared(facts, pattern)
    except HistoryMissing as err:
        return facts.having(no_history(err))


def _compared(facts: CheckFacts, pattern: str | None) -> CheckFacts:
    revisions, mine = facts.revisions, facts.mine
    published = frozenset[str]().union(*(other.theirs.graph.ids for other in facts.others))
    shared = revisions.shared
    # The others stand on what they knew of mine where mine is the shared branch itself.
    stands_for = shared.name if shared and shared.commit == mine.tip else None
    new = mine.graph.ids if stands_for else mine.graph.ids - published
    others = _open(facts, pattern)
    findings = [no_refs(pattern)] if pattern and not others else []
    neighbours = [
        neighbour
        for neighbour in compare(revisions, mine, others, published).neighbours
        if neighbour.new
    ]
    met = [(neighbour, neighbour.meetings(facts.declared, new)) for neighbour in neighbours]
    rows = []
    for (neighbour, meetings), overlaps in zip(met, overlaps_of(revisions, mine, met), strict=True):
        forks = tuple(meeting.heads for meeting in meetings)
        findings += [collision(neighbour, fork, new, overlaps, stands_for) for fork in forks]
        rows.append(_sibling_row(neighbour, forks, overlaps))
    return replace(facts, siblings=tuple(rows)).having(*findings)


def _sibling_row(
    neighbour: Neighbour, forks: tuple[Lane, ...], overlaps: Sequence[Overlap]
) -> SiblingRow:
    commit, rows = neighbour.commit, tuple(overlap_row(overlap, {}) for overlap in overlaps)
    names, added = neighbour.names, neighbour.added
    return SiblingRow(names, commit.sha, commit.author, commit.date, added, forks, rows)


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
        sibling
        for sibling in siblings(repository, pattern)
        if sibling.commit not in skipped and (pattern or bare_name(sibling.ref) not in names)
    ]


def gather_forks(facts: CheckFacts) -> CheckFacts:
    """Find the forks of mine and of each merge, and what overlaps in them."""
    graph, declared, doubted = facts.mine.graph, facts.declared, facts.doubted
    forks = [ForkFacts(heads, None) for heads in real_forks(graph, declared, doubted)]
    for other in facts.others:
        forks += [ForkFacts(heads, other) for heads in other.merge.would_forks(declared, doubted)]
    for fork in forks:
        try:
            known = fork._replace(overlaps=_fork_overlaps(facts, fork))
        except HistoryMissing as err:
            known, facts = fork, facts.having(no_history(err))
        facts = replace(facts, forks=(*facts.forks, known))
    return facts


def _fork_overlaps(facts: CheckFacts, fork: ForkFacts) -> tuple[Overlap, ...]:
    mine, heads = facts.mine, fork.heads
    graph = mine.graph if fork.other is None else fork.other.merge.merged
    effects = facts.sources.effects(fork_revisions(graph, heads))
    below = mine.graph.ids & graph.ancestors(heads) - effects.keys()
    near = effects_near(facts.revisions, mine.graph, below, effects.values(), mine.at)
    return tuple(fork_overlaps(graph, heads, {**near, **effects}))


def file_facts(revisions: Revisions, mine: Tree) -> FileFacts:
    """Ask git about the files in the version folders of a place."""
    repository, (folders, _) = revisions.repository, revisions.folders(mine.at)
    if repository is None or not folders:
        return FileFacts()
    if mine.at not in (WORKTREE, INDEX):
        return FileFacts(_closed_links(revisions, mine, links_in(repository, mine.at, folders)))
    listed = listed_in_index(repository, folders)
    closed = _closed_links(revisions, mine, listed.links)
    if mine.at == WORKTREE:
        return replace(_left_out(revisions, mine, listed), closed_links=closed)
    return FileFacts(closed, tuple(sorted(_revision_files(revisions, mine, listed.unmerged))))


def _closed_links(revisions: Revisions, mine: Tree, links: Iterable[str]) -> tuple[str, ...]:
    """Return the links that were not followed; Alembic would load what is behind them."""
    known = {entry.path for entry in mine.entries}
    return tuple(sorted(_revision_files(revisions, mine, links) - known))


def _revision_files(revisions: Revisions, mine: Tree, paths: Iterable[str]) -> frozenset[str]:
    """Return those paths that Alembic would take for revisions of the project."""
    folders = revisions.folders(mine.at)
    entries = [Entry(path, "") for path in paths if inside(path, folders)]
    return frozenset(entry.path for entry in revisions.wanted(entries, mine.at))


def _left_out(revisions: Revisions, mine: Tree, listed: Listed) -> FileFacts:
    """Find what a commit would lack, without letting git run a filter of the repository's."""
    repository = revisions.repository
    assert repository is not None
    others = [
        entry.path
        for entry in mine.entries
        if entry.path not in listed.ids and not is_outside(entry.path)
    ]
    ignored = repository.ignore_rules(others)
    # Not `ls-files --modified`: it would run a clean filter to be sure. What a filter made of a
    # file is none of its edits (`as_committed`).
    edited = [
        entry.path
        for entry in mine.entries
        if listed.ids.get(entry.path, entry.blob) != entry.blob and entry.path not in listed.links
    ]
    return FileFacts(
        untracked=tuple(path for path in others if path not in ignored),
        ignored={path: ignored[path] for path in others if path in ignored},
        unstaged=tuple(edited),
        modules=repository.modules_around([*others, *edited]),
    )
