"""Rules about the shape of the graph, LB101 to LB111, and what a merge would break."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lback.core.checks.findings import Finding, finding
from lback.core.graph.forks import Lane, branch_point, real_forks, unread_labels
from lback.core.graph.revision import Problem
from lback.core.graph.view import GraphView
from lback.core.shell import command, pathspec
from lback.core.source import Commit
from lback.errors import HistoryMissing

_WIDTH = 32  # of Alembic's `version_num`
Commits = Mapping[str, Commit]  # by revision id


@dataclass(frozen=True, slots=True)
class GraphMerge:
    """Two graphs and what they become together; `name` is the other one as people call it."""

    name: str
    mine: GraphView
    theirs: GraphView
    merged: GraphView

    def would_forks(
        self, declared: Sequence[str], doubted: frozenset[str] = frozenset()
    ) -> list[Lane]:
        """Return the forks of the merged graph that are not in mine already."""
        known = frozenset(self.mine.heads)
        lanes = real_forks(self.merged, declared, doubted)
        return [fork for fork in lanes if not known.issuperset(fork)]

    @property
    def new(self) -> tuple[str, ...]:
        """Return the revisions that only mine brings, in graph order."""
        fresh = self.mine.ids - self.theirs.ids
        return (
            tuple(revision for revision in self.mine.order() if revision in fresh) if fresh else ()
        )


def several_heads(graph: GraphView, fork: Lane, commits: Commits) -> Finding:
    """Return LB101 for one fork that is in the tree already."""
    unread = unread_labels(graph, fork)
    return finding(
        "LB101",
        f"{len(fork)} heads: {' and '.join(_by(head, commits) for head in fork)}; "
        f"{unread.reason if unread else _after(graph, fork)}",
        unread.hint if unread else "close the fork with `lback resolve`",
        path=graph[fork[0]].path,
        line=graph[fork[0]].header.line,
        revisions=fork,
        commits=_commits(fork, commits),
    )


def would_fork(merge: GraphMerge, fork: Lane, commits: Commits) -> Finding:
    """Return LB102 for one fork that merging opens."""
    place = merge.merged[next((head for head in fork if head in merge.mine), fork[0])]
    if frozenset(merge.theirs.heads).issuperset(fork):
        sides = f"{merge.name} has them already: {_all(fork, commits)}"
        hint = f"merge them on {merge.name} with `lback merge`"
    else:
        sides = _sides(merge, fork, commits)
        hint = (
            f"{command('git merge', merge.name)}, then `lback merge`; or `lback rebase`, if nobody "
            "else has run these revisions"
        )
    unread = unread_labels(merge.merged, fork)
    why = unread.reason if unread else _after(merge.merged, fork)
    return finding(
        "LB102",
        f"{len(fork)} heads once merged with {merge.name}: {sides}; {why}",
        unread.hint if unread else hint,
        path=place.path,
        line=place.header.line,
        revisions=fork,
        commits=_commits(fork, commits),
    )


def _sides(merge: GraphMerge, fork: Lane, commits: Commits) -> str:
    """Say where each head comes from; one that both have lost its children by an edit."""
    places = {
        "here": [head for head in fork if head not in merge.theirs],
        "there": [head for head in fork if head not in merge.mine],
        "on both sides": [head for head in fork if head in merge.mine and head in merge.theirs],
    }
    return ", ".join(f"{_all(heads, commits)} {place}" for place, heads in places.items() if heads)


def _all(heads: Iterable[str], commits: Commits) -> str:
    return " and ".join(_by(head, commits) for head in heads)


def broken_by_merging(merge: GraphMerge) -> Iterator[Finding]:
    """Yield what is wrong with the merged graph and not with mine alone."""
    known = {_key(problem) for problem in merge.mine.problems}
    for problem in merge.merged.problems:
        if _key(problem) not in known:
            yield finding(
                problem.code,
                f"Once merged with {merge.name}: {problem.message}",
                problem.hint,
                path=problem.path,
                line=problem.line,
                revisions=problem.revisions,
            )


def conflicted(merge: GraphMerge, path: str) -> Finding:
    """Return LB109 for a file that git cannot merge by itself."""
    return finding(
        "LB109",
        f"Merging {merge.name} stops at this file: both sides changed it",
        f"{command('git merge', merge.name)}, resolve the conflict, and check again",
        path=path,
    )


def redundant_merges(graph: GraphView, new: Collection[str] | None = None) -> Iterator[Finding]:
    """Yield LB110 for merges of the same parents, in whatever order they name them.

    `new` limits it to pairs with a revision in it; the older pairs are history. What is
    joined again above needs nothing any more.
    """
    pairs: dict[frozenset[str], list[str]] = {}
    for revision in graph.order():
        parents = graph[revision].header.down_revisions
        if len(parents) > 1:
            pairs.setdefault(frozenset(parents), []).append(revision)
    for joined, merges in pairs.items():
        fresh = merges if new is None else [merge for merge in merges if merge in new]
        if len(merges) < 2 or not fresh or _joined_above(graph, merges):
            continue
        place = graph[fresh[-1]]
        yield finding(
            "LB110",
            f"{' and '.join(merges)} merge the same heads, {' and '.join(sorted(joined))}",
            f"keep one of them, move the revisions above the other onto it, then "
            f"{command('git rm', pathspec(place.path))}",
            path=place.path,
            line=place.header.line,
            revisions=tuple(merges),
        )


def _joined_above(graph: GraphView, merges: Sequence[str]) -> bool:
    return bool(frozenset.intersection(*(graph.descendants([merge]) for merge in merges)))


def long_ids(graph: GraphView, new: Collection[str] | None = None) -> Iterator[Finding]:
    """Yield LB111 for ids that Alembic's version table does not hold, among `new` ones or all.

    Where such an id has others above it or is not new, the project has made the column wider.
    """
    found = [node for node in graph if len(node.id) > _WIDTH]
    fresh = [
        node
        for node in found
        if (node.id in new if new is not None else not graph.children(node.id))
    ]
    if len(fresh) < len(found):
        return
    for node in fresh:
        yield finding(
            "LB111",
            f"The id {node.id} has {len(node.id)} letters, and the column that Alembic makes for "
            f"it takes {_WIDTH}: PostgreSQL and MySQL refuse to stamp it",
            f"give it an id of up to {_WIDTH} letters; or make `version_num` wider before it runs",
            path=node.path,
            line=node.header.line,
            revisions=(node.id,),
        )


def no_history(err: HistoryMissing) -> Finding:
    """Return LB108: nothing is known, and the hint says how to get to know it."""
    return finding("LB108", err.message, err.hint or "")


def no_refs(pattern: str) -> Finding:
    """Return LB108 as a warning: perhaps nothing is open, perhaps nothing was fetched."""
    warning = finding(
        "LB108",
        f"no other branch matches {pattern} in this clone",
        f"{command('git fetch origin', f'+{pattern}:{pattern}')}, if there should be one",
    )
    return warning._replace(severity="warning")


def nothing_found(
    folders: Sequence[str], *, expected: bool, place: str, newer: str | None = None
) -> Finding:
    """Return LB107; a project that has only just begun is not an error.

    `newer` is a branch that has got revisions since the two have parted.
    """
    right = "name the right configuration with `--config`, or the folder with `--script-location`"
    behind = f"{command('git merge', newer)}, as it has revisions by now; or " if newer else ""
    where = ", ".join(folder or "." for folder in folders) or "this repository"
    warning = finding(
        "LB107",
        f"no revision files in {where} at {place}",
        f"{behind}{right}",
    )
    return warning if expected else warning._replace(severity="warning")


def not_looked_at(folders: Iterable[object]) -> Finding:
    """Return LB107 as a warning for version locations that neither git nor this machine has."""
    where = ", ".join(str(folder) for folder in folders)
    warning = finding(
        "LB107",
        f"the revision files in {where} were not read: git does not reach the folder, and it is "
        "not at hand here",
        "install what brings it, or remove the location from `version_locations`",
    )
    return warning._replace(severity="warning")


def _after(graph: GraphView, fork: Lane) -> str:
    common = branch_point(graph, fork)
    return f"the fork begins at {', '.join(common)}" if common else "they have no common ancestor"


def _by(head: str, commits: Commits) -> str:
    commit = commits.get(head)
    return f"{head} (by {commit.author}, commit {commit.sha[:7]})" if commit else head


def _commits(heads: Iterable[str], commits: Commits) -> tuple[Commit, ...]:
    return tuple(commits[head] for head in heads if head in commits)


def _key(problem: Problem) -> tuple[str, str, str, tuple[str, ...]]:
    return problem.code, problem.path, problem.message, problem.revisions
