"""The order in which Alembic runs revisions: where several may come next, the same one does."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView


def run_order(
    graph: GraphView, revisions: Collection[str], heads: Iterable[str]
) -> tuple[str, ...]:
    """Return revisions in the order in which Alembic undoes them; it applies them backwards.

    `heads` are those from which the revisions are reached: the targets of an upgrade, or the
    stamp of a downgrade. As `RevisionMap._topological_sort`: down one line as far as
    no other line stands on it. Where Alembic goes by the hash of a text (two dependencies of one
    revision), the order is that of the ids.
    """
    todo = set(revisions)
    lines = sorted(todo.intersection(heads), key=lambda head: listed(graph[head].path))
    done: list[str] = []
    at = 0
    while lines:
        here = lines[at]
        above = _above(graph, here, todo)
        other = next((i for i, line in enumerate(lines) if line in above), None)
        if other is not None:  # it stands on this one, and goes first
            at = other
            continue
        done.append(here)
        todo.remove(here)
        needs = _own_dependencies(graph, here)
        parents = dict.fromkeys((*graph[here].parents, *needs))
        ways = [revision for revision in parents if revision in todo and revision not in lines]
        if not ways:
            del lines[at]
            at = max(at - 1, 0)
            continue
        lines[at] = ways[0]
        lines.extend(ways[1:])
    return tuple(done)


def _above(graph: GraphView, revision: str, todo: Collection[str]) -> set[str]:
    """Return those of `todo` that stand on a revision; as a rule none do any more."""
    found: set[str] = set()
    left = [revision]
    while left:
        under = left.pop()
        new = {*graph.children(under), *graph.dependents(under)}.intersection(todo) - found
        found |= new
        left += new
    return found


def listed(path: str) -> tuple[tuple[int, str], ...]:
    """Return the place of a file in Alembic's list: a folder's files by name, then its folders."""
    *folders, name = path.split("/")
    return (*((1, folder) for folder in folders), (0, name))


def _own_dependencies(graph: GraphView, revision: str) -> tuple[str, ...]:
    """Return the dependencies of a revision that no revision below it has, too."""
    needs = graph.dependencies(revision)
    if not needs:
        return ()
    below = graph.ancestors([revision], dependencies=False) - {revision}
    inherited = {need for other in below for need in graph.dependencies(other)}
    return tuple(sorted(set(needs) - inherited))
