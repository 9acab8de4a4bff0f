"""Prepares a rebase: the plan, with all that it stands on and all that it would write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lback.core.graph.revision import Revision
from lback.core.graph.view import GraphView
from lback.core.merging.rebase_plan import RebaseFacts, RebasePlan, plan_rebase, rebased
from lback.core.merging.reparent import reparent
from lback.core.merging.results import HolderRow, RemovedRow, RewriteRow
from lback.core.messages import rebasing as messages
from lback.core.messages.branches import bring
from lback.core.source import WORKTREE
from lback.errors import LbackError
from lback.project.checking.below import contradicting
from lback.project.checking.trails import refuse_broken
from lback.project.context import Context
from lback.project.rebase_notes import rebases_left
from lback.project.revisions import Revisions
from lback.project.shared_parents import Parents, restored_text, shared_parents
from lback.project.squash.unsquash import below_squashes, unsquashed
from lback.vcs.lookups import path_ids, siblings
from lback.vcs.refs import pulls


@dataclass(frozen=True, slots=True)
class RebaseOptions:
    """What the command line asks of `rebase`; `database` False leaves every database alone."""

    onto: str | None = None
    plan: bool = False
    force: bool = False
    yes: bool = False
    stage: bool = True
    database: bool = True
    lock_timeout: float | None = None
    no_backup: bool = False


@dataclass(frozen=True, slots=True)
class PreparedRebase:
    """A plan with all that it stands on and all that it would write."""

    revisions: Revisions
    graph: GraphView
    onto: str
    plan: RebasePlan
    contents: dict[str, bytes | None] = field(default_factory=dict)
    held: tuple[str, ...] = ()  # what moves, and cannot run on what it moves onto
    pushed: frozenset[str] = frozenset()
    ran: dict[tuple[str, tuple[str, ...]], GraphView] = field(default_factory=dict)
    """By the key and the stamp of a database."""
    cut_off: dict[str, Any] = field(default_factory=dict)
    """What an earlier rebase has left to do, as it was noted."""
    squashed: Mapping[str, bytes] = field(default_factory=dict)
    """The texts of old revisions, by id, that a squash has replaced and others still stand on."""

    @property
    def graph_after(self) -> GraphView:
        """Return the graph as the files will say it."""
        return rebased(self.graph, self.plan)

    @property
    def moved(self) -> frozenset[str]:
        """Return the local revisions that will stand on something else, those above as well."""
        after = self.graph_after
        touched = {rewrite.revision for rewrite in self.plan.rewrites} - self.plan.restored
        return after.descendants(touched) - self.plan.restored

    @property
    def texts(self) -> dict[str, bytes]:
        """Return the new text of each rewritten revision, and old ones that were squashed."""
        paths = {rewrite.path: rewrite.revision for rewrite in self.plan.rewrites}
        new = {paths[path]: text for path, text in self.contents.items() if text is not None}
        return {**self.squashed, **new}

    @property
    def rewrites(self) -> tuple[RewriteRow, ...]:
        """Return what is rewritten, as results tell it."""
        return tuple(
            RewriteRow(
                rewrite.revision,
                rewrite.path,
                rewrite.old,
                rewrite.new,
                rewrite.revision in self.plan.restored,
            )
            for rewrite in self.plan.rewrites
        )

    @property
    def removes(self) -> tuple[RemovedRow, ...]:
        """Return what is removed, as results tell it."""
        return tuple(RemovedRow(merge, self.graph[merge].path) for merge in self.plan.removes)


def prepare(ctx: Context, onto: str | None = None, *, force: bool = False) -> PreparedRebase:
    """Read what is there and decide what would be rewritten; write nothing."""
    revisions = ctx.revisions
    opened = below_squashes(revisions, revisions.graph())
    graph = opened.graph
    refuse_broken(revisions, graph)
    if opened:
        ctx.database = ctx.database_of(graph, opened.sources)
    onto, commit, way = _target(revisions, onto)
    theirs = unsquashed(revisions, revisions.graph(commit), opened.sources).graph
    missing = sorted(theirs.missing_from(graph))
    if missing:
        raise messages.behind(onto, missing, way)
    facts = _facts(revisions, graph, theirs, shared_parents(revisions, graph, theirs, onto))
    plan = plan_rebase(graph, facts, force=force)
    if plan.action != "rebase":
        return PreparedRebase(revisions, graph, onto, plan)
    contents = _rewritten(revisions, graph, plan, {node.id: node for node in theirs}, commit)
    ready = PreparedRebase(
        revisions,
        graph,
        onto,
        plan,
        contents,
        pushed=facts.pushed,
        cut_off=rebases_left(ctx),
        squashed=opened.sources,
    )
    found = contradicting(revisions, ready.graph_after, ready.moved, WORKTREE)
    return replace(ready, held=tuple(dict.fromkeys(finding.revisions[0] for finding in found)))


def holders(ready: PreparedRebase) -> tuple[HolderRow, ...]:
    """Return the branches of remotes that have what moves, in the order of their last commits."""
    repository = ready.revisions.repository
    paths = [ready.graph[revision].path for revision in sorted(ready.moved & ready.pushed)]
    if repository is None or not paths:
        return ()
    others = [
        sibling for sibling in siblings(repository) if sibling.ref.startswith("refs/remotes/")
    ]
    found = path_ids(repository, [sibling.commit for sibling in others], paths)
    return tuple(
        HolderRow(sibling.name, sibling.author, sibling.date)
        for sibling in others
        if any(found[sibling.commit])
    )


def _rewritten(
    revisions: Revisions,
    graph: GraphView,
    plan: RebasePlan,
    theirs: Mapping[str, Revision],
    commit: str,
) -> dict[str, bytes | None]:
    """Return the new text of each file, None for one that goes."""
    texts = revisions.texts([graph[rewrite.revision] for rewrite in plan.rewrites])
    shared = revisions.texts([theirs[revision] for revision in sorted(plan.restored)], commit)
    contents: dict[str, bytes | None] = {}
    for rewrite in plan.rewrites:
        text = texts[graph[rewrite.revision].blob]
        try:
            if rewrite.revision in plan.restored:
                known = shared[theirs[rewrite.revision].blob]
                contents[rewrite.path] = restored_text(text, known, rewrite.old, rewrite.new)
            else:
                contents[rewrite.path] = reparent(text, rewrite.old, rewrite.new)
        except LbackError as err:
            raise LbackError(f"{rewrite.path}: {err.message}", err.hint) from err
    contents.update({graph[merge].path: None for merge in plan.removes})
    return contents


def _target(revisions: Revisions, onto: str | None) -> tuple[str, str, str]:
    """Return the name of what is rebased onto, its commit, and what brings it here."""
    repository = revisions.repository
    if repository is None:
        raise revisions.places.no_git or messages.nothing_shared(str(revisions.places.cwd))
    if onto is not None:
        return onto, repository.commit(onto), bring(onto, onto, pulls=False)
    shared = revisions.shared
    if shared is None:
        raise messages.no_shared_branch()
    here = repository.head().ref
    way = bring(shared.name, here, pulls=pulls(repository.git, here, shared.ref))
    return shared.name, shared.commit, way


def _facts(
    revisions: Revisions, graph: GraphView, theirs: GraphView, parents: Parents
) -> RebaseFacts:
    """Find out which revisions are local, pushed and published."""
    shared = theirs.ids
    local = [graph[revision] for revision in graph.order() if revision not in shared]
    assert revisions.repository is not None
    paths = revisions.repository.pushed([node.path for node in local])
    merges = [node.id for node in local if node.is_merge]
    effects = revisions.effects(graph, merges) if merges else {}
    idle = [merge for merge, does in effects.items() if not does.upgrade and not does.unknown]
    return RebaseFacts(
        shared,
        revisions.published,
        frozenset(node.id for node in local if node.path in paths),
        frozenset(merge for merge in idle if not effects[merge].downgrade),
        revisions.project.settings.lback.heads,
        parents,
    )
