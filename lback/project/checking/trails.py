"""Who brought what is wrong with the files: a parent that is missing, two files with one id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lback.core.checks.findings import Finding, from_problems, refuse_first
from lback.core.checks.same_code import same_code
from lback.core.graph.problems import still_here
from lback.core.graph.revision import Revision
from lback.core.graph.view import GraphView
from lback.core.messages import lost as lost_messages
from lback.core.messages import revisions as messages
from lback.core.source import WORKTREE
from lback.errors import LbackError
from lback.project.revisions import Revisions


def trailed(
    revisions: Revisions, graph: GraphView, findings: Iterable[Finding], at: str = WORKTREE
) -> Iterator[Finding]:
    """Say who wrote each parent that is missing, and each of two files with one id, and where."""
    for each in findings:
        if each.code == "LB104":
            yield _told_twins(revisions, graph, each, at)
            continue
        node = graph[each.revisions[0]] if each.code == "LB103" else None
        names = (*node.header.down_revisions, *node.depends_on) if node else ()
        absent = [
            name for name in names if name not in graph and f" has {name} as " in each.message
        ]
        from lback.project.lost import find_one

        lost = find_one(revisions, absent[0]) if absent else None
        if lost is None or lost.commit is None or revisions.repository is None:
            yield each
            continue
        commit, path, blob = lost.commit, lost.revision.path, lost.revision.blob
        name = f"{commit.sha}:{path}"
        from lback.vcs.lookups import named_ids

        whole = named_ids(revisions.repository, [name]).get(name) == blob
        yield messages.with_trail(each, absent[0], commit, path, lost.place, whole=whole)


def refuse_broken(revisions: Revisions, graph: GraphView, at: str = WORKTREE) -> None:
    """Raise LbackError, with the trail that git has, where the files form no graph to run."""
    if graph.problems:
        refuse_first(trailed(revisions, graph, from_problems(graph.problems), at))
    refuse_first(still_here(graph))


class Twins(NamedTuple):
    """Two files with one id; `copies` say the same but for their layout."""

    first: Revision
    second: Revision
    copies: bool


def twins_in(revisions: Revisions, at: str = WORKTREE) -> dict[str, Twins]:
    """Return the ids that exactly two files of a place have."""
    files: dict[str, list[Revision]] = {}
    for node in revisions.revisions_of(revisions.entries(at), at):
        files.setdefault(node.id, []).append(node)
    pairs = {revision: nodes for revision, nodes in files.items() if len(nodes) == 2}
    texts = revisions.texts([node for nodes in pairs.values() for node in nodes], at)
    return {
        revision: Twins(first, second, same_code(texts[first.blob], texts[second.blob]))
        for revision, (first, second) in pairs.items()
    }


def places_of(revisions: Revisions, nodes: Sequence[Revision]) -> dict[str, str]:
    """Return where others have files under these ids, by path; what is only here is left out."""
    repository, shared = revisions.repository, revisions.shared
    if repository is None:
        return {}
    places = dict.fromkeys(repository.pushed([node.path for node in nodes]), messages.PUSHED)
    if shared is not None:
        there = revisions.revisions_of(revisions.entries(shared.commit), shared.commit)
        ids = {node.path: node.id for node in there}
        named = [node.path for node in nodes if ids.get(node.path) == node.id]
        places |= dict.fromkeys(named, lost_messages.in_git((shared.name,), shared.commit))
    return places


def free_number(revisions: Revisions, graph: GraphView, taken: str) -> str | None:
    """Return the number above all that files and branches have; None where ids are no numbers."""
    if not (taken.isascii() and taken.isdigit()):
        return None
    from lback.vcs.lookups import siblings

    ids = set(graph.ids)
    if revisions.repository is not None:
        commits = list(dict.fromkeys(tip.commit for tip in siblings(revisions.repository)))
        for commit, entries in revisions.entries_of(commits).items():
            ids |= {node.id for node in revisions.revisions_of(entries, commit)}
    highest = max(int(name) for name in {taken, *ids} if name.isascii() and name.isdigit())
    return str(highest + 1).zfill(len(taken))


def _told_twins(revisions: Revisions, graph: GraphView, each: Finding, at: str) -> Finding:
    """Say of LB104 who wrote each of the two files, which of them others have, and what is next."""
    taken = each.revisions[0]
    try:
        twins = twins_in(revisions, at).get(taken)
        if twins is None or each.path not in (twins.first.path, twins.second.path):
            return each
        nodes = (twins.first, twins.second)
        paths = [node.path for node in nodes]
        places, commits = places_of(revisions, nodes), revisions.commits(paths, at)
        number = free_number(revisions, graph, taken)
    except LbackError:  # what git lacks of it does not hide the finding itself
        return each
    return messages.with_twins(each, paths, places, commits, number, copies=twins.copies)
