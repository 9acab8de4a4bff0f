"""Gathers what a check judges: my tree, the others, the merged ones, open branches, files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lback.core.checks.files import FileFacts
from lback.core.checks.findings import Finding
from lback.core.checks.graph import no_history, no_refs
from lback.core.checks.report import ModelsRow, SiblingRow
from lback.core.checks.team import collision
from lback.core.merging.merge_plan import overlap_row
from lback.core.messages import checks as messages
from lback.core.source import INDEX, WORKTREE, Entry
from lback.errors import HistoryMissing
from lback.project.branches import compare, overlaps_of
from lback.project.context import Context
from lback.project.revisions import Revisions
from lback.project.sides import (
    Comparison,
    Tree,
    TreeReader,
    inside,
    merge_sides,
    read_side,
    replaced,
)
from lback.vcs.discovery import discover
from lback.vcs.lookups import (
    Listed,
    Sibling,
    bare_name,
    links_in,
    listed_in_index,
    remotes,
    siblings,
)
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
        others = [other.theirs for other in self.others]
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
        return tuple(revision for revision in graph.order() if revision in fresh) if fresh else ()


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
    published = frozenset[str]().union(*(other.theirs.graph.ids for other in facts.others))
    # The others stand on what they knew of mine where mine is the shared branch itself.
    stands_for = (
        revisions.shared.name if revisions.shared and revisions.shared.commit == mine.tip else None
    )
    new = mine.graph.ids if stands_for else mine.graph.ids - published
    others = _open(facts, pattern)
    if not others and pattern:
        facts.findings.append(no_refs(pattern))
    found = compare(revisions, mine, others, published).neighbours
    met = [
        (neighbour, neighbour.meetings(facts.declared, new)) for neighbour in found if neighbour.new
    ]
    for (neighbour, meetings), overlaps in zip(met, overlaps_of(revisions, mine, met), strict=True):
        forks = tuple(meeting.heads for meeting in meetings)
        facts.findings += [collision(neighbour, fork, new, overlaps, stands_for) for fork in forks]
        commit, rows = neighbour.commit, tuple(overlap_row(overlap, {}) for overlap in overlaps)
        facts.siblings.append(
            SiblingRow(
                neighbour.names,
                commit.sha,
                commit.author,
                commit.date,
                neighbour.added,
                forks,
                rows,
            )
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
        sibling
        for sibling in siblings(repository, pattern)
        if sibling.commit not in skipped and (pattern or bare_name(sibling.ref) not in names)
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
    ctx.repository = discover(ctx.cwd)
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
    others = [entry.path for entry in mine.entries if entry.path not in listed.ids]
    elsewhere = _tracked_elsewhere(revisions, others)
    others = [path for path in others if path not in elsewhere]
    ignored = repository.ignore_rules(others)
    # Not `ls-files --modified`: it would run a clean filter to be sure.
    edited = [
        entry.path
        for entry in mine.entries
        if listed.ids.get(entry.path, entry.blob) != entry.blob
        and entry.path not in listed.links
        and _edited(revisions, entry.path)
    ]
    return FileFacts(
        untracked=tuple(path for path in others if path not in ignored),
        ignored={path: ignored[path] for path in others if path in ignored},
        unstaged=tuple(edited),
    )


def _tracked_elsewhere(revisions: Revisions, paths: list[str]) -> frozenset[str]:
    """Return those files that git tracks where the link of a folder leads to."""
    repository, root = revisions.repository, os.path.realpath(revisions.project.root)
    assert repository is not None
    whole = {path: os.path.join(root, path) for path in paths}  # noqa: PTH118
    ends = {path: os.path.relpath(os.path.realpath(end), root) for path, end in whole.items()}
    moved = {path: end for path, end in ends.items() if end != path and not end.startswith("..")}
    tracked = repository.files(INDEX, moved.values()) if moved else {}
    return frozenset(path for path, end in moved.items() if end in tracked)


def _edited(revisions: Revisions, path: str) -> bool:
    """Tell whether a file differs from the index in more than its line ends."""
    repository = revisions.repository
    assert repository is not None
    both = [repository.file(at, path) or b"" for at in ("worktree", INDEX)]
    return both[0].replace(b"\r\n", b"\n") != both[1].replace(b"\r\n", b"\n")
