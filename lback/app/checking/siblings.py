"""Every other open branch beside mine: who forks from whom as soon as both are merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lback.app.checking.sides import Facts, Side, inside
from lback.app.reading import INDEX, WORKTREE, Reader
from lback.core.extending import Extended, Trunk
from lback.core.findings import Finding
from lback.core.forks.joining import apart, overlap_row
from lback.core.forks.overlap import Overlap, overlaps
from lback.core.graph import Graph
from lback.core.lanes import Lane
from lback.core.rules.report import SiblingRow
from lback.core.rules.team import Neighbour, collision
from lback.core.source import Commit, Entry

if TYPE_CHECKING:
    from lback.vcs.siblings import Difference, Sibling


@dataclass(slots=True)
class Met:
    """What the look at all siblings gave: how many there are, rows for `data`, findings."""

    branches: int = 0
    rows: list[SiblingRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def meet_siblings(
    reader: Reader, mine: Side, shared: Sequence[Side], facts: Facts, pattern: str | None
) -> Met:
    """Compare mine with every other open branch; HistoryMissing where history is cut off."""
    met = Met()
    published = frozenset(one for side in shared for one in side.graph.ids)
    new = frozenset(one for one in mine.graph.ids if one not in published)
    stands_for = _shared_name(reader, mine)
    if stands_for is not None:
        new = mine.graph.ids  # the others stand on what they knew of this branch
    declared = reader.project_at(mine.at).settings.lback.heads
    open_ones = _open(reader, mine, pattern)
    met.branches = len(open_ones)
    for group, neighbour in _grouped(reader, mine, published, open_ones):
        forks = neighbour.collisions(new, declared)
        found = [one for fork in forks for one in _overlaps(reader, neighbour, group, fork, facts)]
        for fork in forks:
            one = collision(neighbour, fork, new, stands_for)
            met.findings.append(_with_overlaps(one, found))
        met.rows.append(_row(neighbour, group[0], forks, found))
    return met


def _shared_name(reader: Reader, mine: Side) -> str | None:
    """Return the name of the shared branch where mine is that very one, else None."""
    shared = reader.shared
    if shared is None or shared.commit != mine.tip:
        return None
    return shared.name


def _grouped(
    reader: Reader, mine: Side, published: frozenset[str], open_ones: Sequence[Sibling]
) -> Iterator[tuple[list[Sibling], Neighbour]]:
    """Yield the branches that bring revisions; those that bring the same ones are one."""
    groups: dict[frozenset[tuple[str, str]], tuple[list[Sibling], Graph, frozenset[str]]] = {}
    for sibling, together, theirs in _together(reader, mine, open_ones):
        new = frozenset(one for one in theirs if one not in published and one not in mine.graph)
        if not new:
            continue
        key = frozenset((one, together[one].blob) for one in new)
        groups.setdefault(key, ([], together, new))[0].append(sibling)
    for group, together, new in groups.values():
        first = group[0]
        commit = Commit(first.commit, first.author, "", first.date, "")
        yield group, Neighbour(tuple(one.name for one in group), together, new, commit)


def _together(
    reader: Reader, mine: Side, open_ones: Sequence[Sibling]
) -> Iterator[tuple[Sibling, Graph, frozenset[str]]]:
    """Yield each open branch with the graph of it and mine merged, and the ids it has itself."""
    from lback.vcs.siblings import branch_points

    repository = reader.repository
    assert repository is not None and mine.tip is not None
    points = branch_points(repository, mine.tip, [one.commit for one in open_ones])
    apart = {tip: point for tip, point in points.items() if point is not None and point != tip}
    reader.places.look_ahead([*apart, *apart.values()])
    added, others = _additions(reader, mine, apart)
    trees = _trees(reader, {tip: apart[tip] for tip in others})
    trunk = Trunk(mine.graph)
    for sibling in open_ones:
        tip = sibling.commit
        if added.get(tip):
            news = reader.graph_of(added[tip], tip)
            yield sibling, Extended(trunk, tuple(news)), news.ids
        elif tip in trees:
            yield sibling, *_in_full(reader, mine, trees, tip, apart[tip])


def _additions(
    reader: Reader, mine: Side, apart: Mapping[str, str]
) -> tuple[dict[str, list[Entry]], list[str]]:
    """Split tips into those that only add revisions, with these, and all the others.

    A tip that does neither is in none of the two.
    """
    from lback.vcs.siblings import differences

    assert reader.repository is not None
    folders = reader.folders(mine.at)
    trunk = Trunk(mine.graph)
    if not trunk.is_plain or reader.project_at(mine.at).settings.lback.heads:
        return {}, list(apart)
    here = {entry.path: entry.blob for entry in mine.entries}
    added: dict[str, list[Entry]] = {}
    others: list[str] = []
    for tip, changes in differences(reader.repository, apart, folders[0]).items():
        if reader.folders(tip) != folders or reader.folders(apart[tip]) != folders:
            others.append(tip)
            continue
        entries = [Entry(one.path, one.blob, one.mode) for one in changes]
        wanted = {one.path for one in reader.wanted(entries, tip) if inside(one.path, folders)}
        if all(here.get(one.path) == one.blob for one in entries if one.path in wanted):
            continue  # it brings nothing that is not here
        if not all(_adds(one, here) for one in changes if one.path in wanted):
            others.append(tip)
            continue
        added[tip] = [one for one in entries if one.path in wanted and one.path not in here]
    reader.learn([entry for entries in added.values() for entry in entries], mine.tip or "HEAD")
    for tip in list(added):
        graph = reader.graph_of(added[tip], tip)
        if not trunk.takes(graph) or any(one.code == "LB104" for one in graph.problems):
            others.append(tip)
            del added[tip]
    return added, others


def _adds(change: Difference, here: Mapping[str, str]) -> bool:
    """Tell whether a change is a file that is new, or here with the same content."""
    plain = change.status == "A" and change.mode[:2] == "10"
    return plain and here.get(change.path) in (None, change.blob)


def _in_full(
    reader: Reader,
    mine: Side,
    trees: Mapping[str, tuple[Entry, ...]],
    tip: str,
    point: str,
) -> tuple[Graph, frozenset[str]]:
    """Return the graph of mine and a tip merged file by file, and the ids that the tip has."""
    from lback.vcs.threeway import three_way

    decided = three_way(trees[point], mine.entries, trees[tip])
    # A file that both edited needs git's merge to be read; mine stands for it here.
    both = [one.ours or one.theirs for one in decided.contents]
    whole = [*decided.entries, *(entry for entry in both if entry is not None)]
    together = reader.graph_of(whole, tip)
    return together, _ids_of(trees[tip], together)


def _ids_of(entries: Sequence[Entry], together: Graph) -> frozenset[str]:
    paths = {entry.path for entry in entries}
    return frozenset(revision.id for path, revision in together.by_path.items() if path in paths)


def _open(reader: Reader, mine: Side, pattern: str | None) -> list[Sibling]:
    """Return the other branches: neither mine, nor what a remote has of mine."""
    from lback.vcs.siblings import bare_name, siblings

    repository = reader.repository
    assert repository is not None
    shared = reader.shared
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


def _trees(reader: Reader, apart: Mapping[str, str]) -> dict[str, tuple[Entry, ...]]:
    """Read the files of all branches and of the points where they left, in a few children."""
    repository = reader.repository
    assert repository is not None
    if not apart:
        return {}
    commits = list(dict.fromkeys([*apart, *apart.values()]))
    places = {commit: reader.folders(commit) for commit in commits}
    folders = tuple(dict.fromkeys(name for names, _ in places.values() for name in names))
    trees: dict[str, tuple[Entry, ...]] = {}
    new: dict[str, Entry] = {}
    kept: dict[tuple[int, object], tuple[Entry, ...]] = {}
    for commit, entries in repository.entries_of(commits, folders).items():
        key = (id(entries), places[commit])
        if key not in kept:
            found = reader.wanted(entries, commit)
            kept[key] = tuple(one for one in found if inside(one.path, places[commit]))
        trees[commit] = kept[key]
        new.update((entry.blob, entry) for entry in trees[commit])
    reader.learn(list(new.values()), commits[0])
    return trees


def _overlaps(
    reader: Reader, neighbour: Neighbour, group: list[Sibling], fork: Lane, facts: Facts
) -> list[Overlap]:
    together = neighbour.together
    ours = [head for head in fork if head not in neighbour.new]
    others = [head for head in fork if head in neighbour.new]
    mine, beside = apart(together, ours, others)
    left = facts.effects(mine)
    theirs = [one for one in beside if one in neighbour.new]
    right = reader.effects(together, theirs, group[0].commit)
    return list(overlaps(left, right))


def _with_overlaps(one: Finding, found: list[Overlap]) -> Finding:

    if not found:
        return one
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return one._replace(message=f"{one.message}; they overlap: {found[0].message}{more}")


def _row(
    neighbour: Neighbour, sibling: Sibling, forks: Sequence[Lane], found: list[Overlap]
) -> SiblingRow:
    return SiblingRow(
        neighbour.names,
        sibling.commit,
        sibling.author,
        sibling.date,
        _ordered(neighbour),
        tuple(forks),
        tuple(overlap_row(one, {}) for one in found),
    )


def _ordered(neighbour: Neighbour) -> tuple[str, ...]:
    return tuple(one for one in neighbour.together.order() if one in neighbour.new)
