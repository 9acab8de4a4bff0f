"""Shared revisions that this branch has put on others: their own parents, and what ran."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lback.core.checks.same_code import same_but_parents
from lback.core.effects import Effect
from lback.core.graph.graph import Graph
from lback.core.graph.view import GraphView
from lback.core.merging.rebase_plan import RebasePlan, with_parents
from lback.core.merging.reparent import reparent
from lback.core.messages import rebasing as messages
from lback.core.plans import applied
from lback.errors import HistoryMissing, LbackError
from lback.project.revisions import Revisions

if TYPE_CHECKING:
    from lback.db.view import View
    from lback.vcs.repository import Repository

Parents = Mapping[str, tuple[str, ...]]


def shared_parents(revisions: Revisions, graph: GraphView, theirs: GraphView, onto: str) -> Parents:
    """Return the parents that shared revisions have there, where this branch gave them others."""
    differ = [
        node.id
        for node in theirs
        if node.id in graph
        and (_place(graph, node.id) != (tuple(sorted(node.parents)), sorted(node.depends_on)))
    ]
    if not differ or revisions.repository is None:
        return {}
    base = _base(revisions, revisions.repository, onto)
    ours = [
        revision
        for revision in differ
        if revision not in base or _place(base, revision) != _place(graph, revision)
    ]
    for revision in ours:
        if sorted(graph[revision].depends_on) != sorted(theirs[revision].depends_on):
            raise messages.depends_on_edited(revision, graph[revision].path, onto)
    return {revision: theirs[revision].parents for revision in ours}


def _place(graph: GraphView, revision: str) -> tuple[tuple[str, ...], list[str]]:
    node = graph[revision]
    return tuple(sorted(node.parents)), sorted(node.depends_on)


def _base(revisions: Revisions, repository: Repository, onto: str) -> GraphView:
    """Return the graph where this branch left the shared one, an empty one if it never did."""
    try:
        commit = repository.merge_base("HEAD", repository.commit(onto))
    except HistoryMissing as err:
        raise LbackError(f"{err.message}.", err.hint) from err
    return revisions.graph(commit) if commit else Graph(())


def restored_text(mine: bytes, shared: bytes, old: tuple[str, ...], new: tuple[str, ...]) -> bytes:
    """Return a shared file with its own parents: as it is there, if that was the whole edit."""
    text = reparent(mine, old, new)
    return shared if same_but_parents(text, shared) else text


def graph_that_ran(
    revisions: Revisions, graph: GraphView, plan: RebasePlan, view: View
) -> GraphView:
    """Return by which graph a database has run what it has run.

    One that is past a shared revision may have run it before a local one was put below it,
    or after that: what the local one makes is there or not. Raises LbackError where that
    does not tell.
    """
    if not plan.restored:
        return graph
    parents = {
        rewrite.revision: rewrite.new
        for rewrite in plan.rewrites
        if rewrite.revision in plan.restored
    }
    restored = with_parents(graph, parents)
    known = [revision for revision in view.stamp.revisions if revision in graph]
    done, by_shared = applied(graph, known), applied(restored, known)
    hidden = [revision for revision in graph.order() if revision in done - by_shared]
    if not hidden:
        return graph
    ran = _has_run(revisions, graph, hidden, by_shared, view)
    if ran is None:
        raise messages.not_known_what_ran(hidden)
    return graph if ran else restored


def _has_run(
    revisions: Revisions, graph: GraphView, hidden: list[str], others: frozenset[str], view: View
) -> bool | None:
    """Tell whether the database has run all (True) or none (False) of some revisions."""
    effects = revisions.effects(graph, [*hidden, *others])
    mine = [effect for revision in hidden for effect in effects[revision].upgrade]
    if not mine and not any(effects[revision].unknowns("upgrade") for revision in hidden):
        return False  # they do nothing: once more does no harm
    made = {thing(effect) for name in others for effect in effects[name].upgrade}
    return view.traces(effect for effect in mine if thing(effect) not in made)


def thing(effect: Effect) -> tuple[str | None, ...]:
    """Return what an effect is about, whatever it does to it."""
    return effect.object, effect.table, effect.name
