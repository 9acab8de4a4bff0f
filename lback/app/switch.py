"""The use case of `switch`: bring the database to what a branch expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from lback.core.effects import Effect
from lback.core.graph.graph import Graph
from lback.core.graph.view import GraphView
from lback.core.lines import lines_of
from lback.core.messages import switch as messages
from lback.core.plans import Downgrade, Upgrade, refuse_forks, refuse_problems
from lback.core.results import Result, text_only
from lback.core.rows import DataLoss
from lback.core.source import WORKTREE, Commit
from lback.core.switch import SwitchFacts, SwitchPlan, effects_of_going_down, plan_switch
from lback.project.applied import LostRevision, find_lost, with_lost
from lback.project.context import Context
from lback.project.data_loss import consents, count_losses, refuse_more
from lback.project.file_changes import recover
from lback.project.revisions import Revisions
from lback.project.run import Run, perform

if TYPE_CHECKING:
    from lback.db.view import View


@dataclass(frozen=True, slots=True)
class SwitchOptions:
    """What the command line asks of `switch`."""

    ref: str | None = None
    plan: bool = False
    yes: bool = False
    lock_timeout: float | None = None


@dataclass(frozen=True)
class RevisionTitle:
    """A revision, and what its docstring says."""

    revision: str
    doc: str


@dataclass(frozen=True)
class RevisionInGit:
    """A revision that no file of this checkout defines, and the commit that has it."""

    revision: str
    path: str
    commit: Commit
    place: str = text_only()


@dataclass(frozen=True, kw_only=True)
class SwitchResult(Result):
    """What is undone and applied; `found` are the revisions whose code only git has."""

    command: ClassVar[str] = "switch"

    at: str
    before: tuple[str, ...]
    undoes: tuple[RevisionTitle, ...]
    applies: tuple[RevisionTitle, ...]
    losses: tuple[DataLoss, ...]
    found: tuple[RevisionInGit, ...]
    done: bool = text_only(default=False)


@dataclass(frozen=True, slots=True)
class _Switch:
    """A plan with what performing it needs."""

    facts: SwitchFacts
    plan: SwitchPlan
    lost: Mapping[str, LostRevision]
    sources: Mapping[str, bytes]
    undoing: tuple[Effect, ...]
    losses: tuple[DataLoss, ...]


def switch(ctx: Context, options: SwitchOptions) -> SwitchResult:
    """Bring the database to what a branch expects; nothing is guessed and nothing skipped."""
    recover(ctx)
    revisions = ctx.revisions
    target = revisions.graph(options.ref or WORKTREE)
    refuse_problems(target)
    refuse_forks(target, ctx.project.settings.lback.heads)
    planned = ctx.database.look_first(lambda view: _planned(revisions, options, target, view))
    result = _result(options, planned)
    if options.plan or not planned.plan.steps:
        return result
    if not options.yes and not consents(ctx, planned.losses):
        return replace(result, status="refused", exit_code=3, message=messages.DECLINED)
    _perform(ctx, options, planned)
    return replace(result, done=True)


def _planned(
    revisions: Revisions, options: SwitchOptions, target: GraphView, view: View
) -> _Switch:
    """Plan by where the database is, and count what going down deletes."""
    stamp = view.stamp.revisions
    here = revisions.graph()
    both = Graph([*target, *(one for one in here if one.id not in target)])
    lost = find_lost(revisions, both, stamp)
    known = with_lost(both, lost.values())
    apart = revisions.project.settings.lback.heads
    facts = SwitchFacts(options.ref, stamp, target, known, apart)
    plan = plan_switch(facts)
    effects = revisions.effects(known, [step.revision for step in plan.down])
    undoing = effects_of_going_down(facts, plan, effects)
    sources = {one: revision.text for one, revision in lost.items()}
    sources |= _other_texts(revisions, options, target, here)
    return _Switch(facts, plan, lost, sources, undoing, count_losses(view, undoing))


def _other_texts(
    revisions: Revisions, options: SwitchOptions, target: GraphView, here: GraphView
) -> dict[str, bytes]:
    """Return the texts of the branch's revisions that the files here do not have."""
    if options.ref is None:
        return {}
    others = [one for one in target if one.id not in here or one.blob != here[one.id].blob]
    texts = revisions.texts(others, options.ref)
    return {other.id: texts[other.blob] for other in others}


def _perform(ctx: Context, options: SwitchOptions, planned: _Switch) -> None:
    def before(view: View) -> None:
        if not options.yes:
            refuse_more(view, planned.undoing, planned.losses)

    run = Run(
        lambda _stamp: planned.plan.steps,
        planned=planned.plan.stamp,
        line=lines_of(planned.facts.known, planned.plan.steps)[0],
        before=before,
        lock_timeout=options.lock_timeout,
    )
    known, heads = planned.facts.known, planned.facts.target.heads
    perform(ctx, ctx.database_of(known, planned.sources, heads), run)


def _result(options: SwitchOptions, planned: _Switch) -> SwitchResult:
    return SwitchResult(
        at=options.ref or WORKTREE,
        before=planned.plan.stamp,
        undoes=_titles(planned.facts.known, planned.plan.down),
        applies=_titles(planned.facts.known, planned.plan.up),
        losses=planned.losses,
        found=tuple(
            RevisionInGit(one, lost.revision.path, lost.commit, lost.place)
            for one, lost in planned.lost.items()
        ),
    )


def _titles(graph: GraphView, steps: Sequence[Upgrade | Downgrade]) -> tuple[RevisionTitle, ...]:
    return tuple(RevisionTitle(step.revision, graph[step.revision].doc) for step in steps)
