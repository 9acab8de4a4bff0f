"""Shared revisions that this branch has put on others: their own parents, and what ran."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lback.core.checks.history import same_but_parents
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
        one.id
        for one in theirs
        if one.id in graph
        and (_place(graph, one.id) != (tuple(sorted(one.parents)), sorted(one.depends_on)))
    ]
    if not differ or revisions.repository is None:
        return {}
    base = _base(revisions, revisions.repository, onto)
    ours = [one for one in differ if one not in base or _place(base, one) != _place(graph, one)]
    for one in ours:
        if sorted(graph[one].depends_on) != sorted(theirs[one].depends_on):
            raise messages.depends_on_edited(one, graph[one].path, onto)
    return {one: theirs[one].parents for one in ours}


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
    parents = {one.revision: one.new for one in plan.rewrites if one.revision in plan.restored}
    restored = with_parents(graph, parents)
    known = [one for one in view.stamp.revisions if one in graph]
    done, by_shared = applied(graph, known), applied(restored, known)
    hidden = [one for one in graph.order() if one in done - by_shared]
    if not hidden:
        return graph
    found = _found_out(revisions, graph, hidden, by_shared, view)
    if found is None:
        raise messages.not_known_what_ran(hidden)
    return graph if found else restored


def _found_out(
    revisions: Revisions, graph: GraphView, hidden: list[str], others: frozenset[str], view: View
) -> bool | None:
    """Tell whether the database has run all (True) or none (False) of some revisions."""
    effects = revisions.effects(graph, [*hidden, *others])
    mine = [effect for one in hidden for effect in effects[one].upgrade]
    if not mine and not any(effects[one].unknowns("upgrade") for one in hidden):
        return False  # they do nothing: once more does no harm
    made = {_thing(one) for name in others for one in effects[name].upgrade}
    return view.traces(one for one in mine if _thing(one) not in made)


def _thing(effect: Effect) -> tuple[str | None, ...]:
    return effect.object, effect.table, effect.name
