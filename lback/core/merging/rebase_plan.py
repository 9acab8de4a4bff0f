"""Which local revisions get another parent so that they stand on what is shared; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from lback.core.graph.forks import Lane, lanes, unread_labels
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Revision
from lback.core.graph.view import GraphView
from lback.core.plans import tips

Action = Literal["rebase", "none", "refused"]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One revision that gets other parents."""

    revision: str
    path: str
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RebaseFacts:
    """What may be moved: `shared` stays where it is, `published` is never moved.

    `pushed` is moved only when that is forced, `idle` are merge revisions that do
    nothing: one that has nothing left to merge is removed. `declared` are the heads
    that the project keeps apart. `parents` are those of shared revisions to which this
    branch has given others: they get them back.
    """

    shared: frozenset[str]
    published: frozenset[str] = frozenset()
    pushed: frozenset[str] = frozenset()
    idle: frozenset[str] = frozenset()
    declared: tuple[str, ...] = ()
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RebasePlan:
    """What to rewrite and remove, with the reason in one sentence; or why not.

    `restored` are those of the rewrites that give a shared revision its own parents.
    """

    action: Action
    reason: str
    rewrites: tuple[Rewrite, ...] = ()
    removes: tuple[str, ...] = ()
    hint: str = ""
    restored: frozenset[str] = frozenset()

    @property
    def touched(self) -> frozenset[str]:
        """Return the revisions that are moved or removed."""
        return frozenset((*(rewrite.revision for rewrite in self.rewrites), *self.removes))


def plan_rebase(graph: GraphView, facts: RebaseFacts, *, force: bool = False) -> RebasePlan:
    """Decide how the local revisions come to stand on the shared heads, one above the other.

    The local part keeps its shape: a revision whose parents are all shared gets the
    shared head, other local forks are laid one on the other, and a merge that is left
    with one parent becomes a plain revision, or goes when it does nothing. A shared
    revision that this branch has put on another one stands where it stood before.
    """
    restored = with_parents(graph, facts.parents)
    work = _Work(restored, facts)
    for lane in lanes(restored, facts.declared):
        unread = unread_labels(restored, lane)
        if unread is not None:
            return RebasePlan("refused", unread.reason, hint=unread.hint)
        stuck = work.lay(lane)
        if stuck:
            return stuck
    plan = work.plan()
    refusal = _refused(restored, plan, facts, force=force)
    return refusal or _with_restored(graph, plan, facts.parents)


def rebased(graph: GraphView, plan: RebasePlan) -> GraphView:
    """Return the graph as it is once the plan is done."""
    kept = [node for node in graph if node.id not in plan.removes]
    return with_parents(kept, {rewrite.revision: rewrite.new for rewrite in plan.rewrites})


def with_parents(
    revisions: Iterable[Revision], parents: Mapping[str, tuple[str, ...]]
) -> GraphView:
    """Return the graph of revisions of which some have other parents."""
    return Graph(
        Revision(node.header._replace(down_revisions=parents[node.id]), node.path, node.blob)
        if node.id in parents
        else node
        for node in revisions
    )


def _with_restored(
    graph: GraphView, plan: RebasePlan, parents: Mapping[str, tuple[str, ...]]
) -> RebasePlan:
    """Add to a plan what gives shared revisions their own parents back."""
    back = [
        Rewrite(revision, graph[revision].path, graph[revision].parents, parents[revision])
        for revision in parents
    ]
    if not back or plan.action == "refused":
        return plan
    moved = {rewrite.revision: rewrite for rewrite in (*back, *plan.rewrites)}
    rewrites = tuple(moved[revision] for revision in graph.order() if revision in moved)
    parts = [
        f"{rewrite.revision} gets its published parent {_names(rewrite.new)} back"
        for rewrite in back
    ]
    reason = "; ".join([*parts, *([plan.reason] if plan.action == "rebase" else [])])
    return replace(
        plan, action="rebase", reason=reason, rewrites=rewrites, restored=frozenset(parents)
    )


@dataclass(slots=True)
class _Work:
    """The new parents as they are found, a lane and a local head at a time."""

    graph: GraphView
    facts: RebaseFacts
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.settled.update(revision for revision in self.facts.shared if revision in self.graph)

    def lay(self, lane: Lane) -> RebasePlan | None:
        """Lay the local heads of one lane on the shared head of it, the oldest first."""
        shared = self.facts.shared
        local = [head for head in lane if head not in shared]
        if not local:
            return None
        under = {revision for revision in self._below(lane) if revision in self.settled}
        tops = tips(self.graph, under & shared)
        # What stands on all of the shared heads stays below; the others by their age.
        local.sort(key=lambda head: (not set(tops) <= self._below([head]), self._age(head)))
        tip: str | None = tops[0] if tops else None
        if len(tops) > 1:
            tip = local.pop(0)
            if not set(tops) <= self._below([tip]):
                return _forked(tops)
            self.settled |= self._below([tip])
            under |= self._below([tip])
        for head in local:
            side = self._below([head]) - self.settled
            self._stack(
                [revision for revision in self.graph.order() if revision in side], tip, under
            )
            self.settled |= side
            under |= side
            tip = self.gone.get(head, head)
        return None

    def _age(self, head: str) -> tuple[str, str]:
        return self.graph[head].header.create_date, head

    def _below(self, heads: Collection[str]) -> frozenset[str]:
        return self.graph.ancestors(heads, dependencies=False)

    def _stack(self, side: Sequence[str], tip: str | None, under: Collection[str]) -> None:
        """Let each revision of a side stand on the tip, or on what it stood on of this side."""
        inside = set(side)
        for revision in side:
            old = self.graph[revision].parents
            known = tuple(dict.fromkeys(self.gone.get(parent, parent) for parent in old))
            kept = tuple(parent for parent in known if parent in inside or parent not in under)
            own = any(parent in inside for parent in known)
            new = kept if own or tip is None or tip in kept else (tip, *kept)
            if set(new) == set(old):
                continue
            if self._superfluous(revision, new):
                self.gone[revision] = new[0]
            else:
                self.parents[revision] = new

    def _superfluous(self, revision: str, new: tuple[str, ...]) -> bool:
        node = self.graph[revision]
        return (
            node.is_merge
            and len(new) == 1
            and revision in self.facts.idle
            and not node.labels
            and not self.graph.dependents(revision)
        )

    def plan(self) -> RebasePlan:
        """Return what was found."""
        graph = self.graph
        rewrites = tuple(
            Rewrite(revision, graph[revision].path, graph[revision].parents, self.parents[revision])
            for revision in graph.order()
            if revision in self.parents
        )
        removes = tuple(revision for revision in graph.order() if revision in self.gone)
        if not rewrites and not removes:
            shared = self.facts.shared
            local = [revision for revision in graph.order() if revision not in shared]
            under = [revision for revision in local if graph.descendants([revision]) & shared]
            if under:
                return _placed_under(graph, under[0], shared)
            reason = (
                "the local revisions stand on the shared head already"
                if local
                else "there is no local revision"
            )
            return RebasePlan("none", reason)
        return RebasePlan("rebase", _reason(rewrites, removes), rewrites, removes)


def _reason(rewrites: Sequence[Rewrite], removes: Sequence[str]) -> str:
    parts = [
        f"{rewrite.revision} moves from {_names(rewrite.old)} onto {_names(rewrite.new)}"
        for rewrite in rewrites
    ]
    parts += [f"{merge} has nothing left to merge and goes" for merge in removes]
    return "; ".join(parts)


def _refused(
    graph: GraphView, plan: RebasePlan, facts: RebaseFacts, *, force: bool
) -> RebasePlan | None:
    """Return why a plan must not be carried out, None when it may."""
    if plan.action != "rebase":
        return None
    moved = graph.descendants(plan.touched)
    published = sorted(moved & facts.published)
    if published:
        return RebasePlan(
            "refused",
            f"{_names(published)} is published and never moves: databases that are past it "
            "would not run its new parents",
            hint="Close the fork with a merge revision instead: `lback merge`.",
        )
    pushed = sorted(moved & facts.pushed)
    if pushed and not force:
        return RebasePlan(
            "refused",
            f"{_names(pushed)} is pushed: whoever has pulled and run it would not run its new "
            "parents",
            hint="Merge the heads with `lback merge`; or, if nobody else has run it, "
            "`lback rebase --force`.",
        )
    problems = rebased(graph, plan).problems
    if problems:
        return RebasePlan(
            "refused",
            f"moving them would break the graph: {problems[0].message}",
            hint="Close the fork with a merge revision instead: `lback merge`.",
        )
    return None


def _placed_under(graph: GraphView, local: str, shared: frozenset[str]) -> RebasePlan:
    above = next(
        revision for revision in graph.order() if revision in shared & graph.descendants([local])
    )
    return RebasePlan(
        "refused",
        f"{above} is shared and stands on {local}, which is not: there too it names {local}",
        hint=f"Publish {local} as it is, or give it another id and place it on top.",
    )


def _forked(tops: Sequence[str]) -> RebasePlan:
    return RebasePlan(
        "refused",
        f"the shared branch forks itself: {len(tops)} heads, {', '.join(tops)}",
        hint="Merge them first with `lback merge`.",
    )


def _names(ids: Sequence[str]) -> str:
    return " and ".join(ids) or "the base"
