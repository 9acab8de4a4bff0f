"""The use case of `switch`: bring the database to what a branch expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from lback.core.databases import NamedDatabase
from lback.core.effects import Effect
from lback.core.graph.graph import Graph
from lback.core.graph.view import GraphView
from lback.core.lines import lines_of
from lback.core.merging.reparent import reparent
from lback.core.messages import skipped as skipped_messages
from lback.core.messages import switch as messages
from lback.core.plans import Downgrade, Step, Upgrade, refuse_forks
from lback.core.results import Result, text_only
from lback.core.rollback.stakes import DataLoss, total
from lback.core.source import WORKTREE, Commit
from lback.core.switch import SwitchFacts, SwitchPlan, effects_of_going_down, plan_switch
from lback.errors import LbackError
from lback.project.checking.trails import refuse_broken
from lback.project.context import Context
from lback.project.file_changes import change_files, recover
from lback.project.keeping.data_loss import consents, count_along, count_losses, refuse_more
from lback.project.keeping.saved_rows import (
    RowsReturned,
    RowsSaved,
    awaited,
    keeper_for,
    returned_rows,
    saved_rows,
    settled,
    tell,
    waits,
)
from lback.project.lost import (
    LostRevision,
    dead_end,
    find_lost,
    forgotten,
    recorded_runs,
    with_lost,
)
from lback.project.record.ran import edited_since_they_ran
from lback.project.revisions import Revisions
from lback.project.run import Run, asked, attempted, failure, key, stamps
from lback.project.skipped import late, skips
from lback.project.squash.unsquash import unsquashed

if TYPE_CHECKING:
    from lback.db.events import RunOutcome
    from lback.db.keeping.keeper import Keeper
    from lback.db.performing import Asked
    from lback.db.view import View


@dataclass(frozen=True, slots=True)
class SwitchOptions:
    """What the command line asks of `switch`."""

    ref: str | None = None
    plan: bool = False
    yes: bool = False
    no_backup: bool = False
    restore_files: bool = False
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
    commit: Commit | None
    place: str = text_only()


@dataclass(frozen=True)
class FileInRecord:
    """A revision that no commit has, and the path that its file would have."""

    revision: str
    path: str


@dataclass(frozen=True, kw_only=True)
class SwitchedDatabase(NamedDatabase):
    """One database, where it was, what is undone and applied there, and what that deletes."""

    before: tuple[str, ...] = ()
    undoes: tuple[RevisionTitle, ...] = ()
    applies: tuple[RevisionTitle, ...] = ()
    losses: tuple[DataLoss, ...] = ()
    mended: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SwitchResult(Result):
    """What is undone and applied; `found` are the revisions whose code only git has.

    `before` is of the first database, the rest of all.
    """

    command: ClassVar[str] = "switch"

    at: str
    before: tuple[str, ...]
    undoes: tuple[RevisionTitle, ...]
    applies: tuple[RevisionTitle, ...]
    losses: tuple[DataLoss, ...]
    found: tuple[RevisionInGit, ...]
    databases: tuple[SwitchedDatabase, ...] = ()
    saved: tuple[RowsSaved, ...] = ()
    """What went down and is kept in the database until it comes up again."""
    returned: tuple[RowsReturned, ...] = ()
    """What had gone down before, and came up again."""
    forgotten: tuple[FileInRecord, ...] = ()
    """Revisions that went down with this branch, and whose files only the record has."""
    keeps: bool = text_only(default=True)
    done: bool = text_only(default=False)
    files: str | None = text_only(default=None)
    """The ref whose files the database waits for, where those here are others'."""
    is_branch: bool = text_only(default=False)


@dataclass(frozen=True, slots=True)
class _Switch:
    """A plan with what performing it needs."""

    facts: SwitchFacts
    plan: SwitchPlan
    lost: Mapping[str, LostRevision]
    sources: Mapping[str, bytes]
    undoing: tuple[Effect, ...]
    losses: tuple[DataLoss, ...]
    waits: bool
    forgotten: tuple[LostRevision, ...] = ()


def switch(ctx: Context, options: SwitchOptions) -> SwitchResult:
    """Bring the database to what a branch expects; nothing is guessed and nothing skipped."""
    recover(ctx)
    if options.restore_files:
        _write_files(ctx)
        ctx = ctx.fresh()
    revisions = ctx.revisions
    target = revisions.graph(options.ref or WORKTREE)
    refuse_broken(revisions, target, options.ref or WORKTREE)
    refuse_forks(target, ctx.project.settings.lback.heads)
    answers = asked(ctx.database, lambda view: _planned(ctx, options, target, view))
    plans = {key(answer.database): answer.value for answer in answers if answer.value is not None}
    result = _result(options, answers, plans.values(), {})
    unknown = dict.fromkeys(plan.facts.skips.unknown for plan in plans.values())
    for names in unknown:
        if names:
            ctx.console.warn(skipped_messages.not_known(names))
    failed = failure(answers)
    if options.plan:
        return result if failed is None else result.refused(failed)
    files, is_branch = _awaited_files(ctx, options.ref)
    if not any(plan.plan.steps for plan in plans.values()):
        result = replace(_settled(ctx, plans, result), files=files, is_branch=is_branch)
        return result if failed is None else result.refused(failed)
    losses = {
        str(answer.database): answer.value.losses for answer in answers if answer.value is not None
    }
    if options.no_backup and not options.yes and not consents(ctx, losses):
        return replace(result, status="refused", exit_code=3, message=messages.DECLINED)
    keepers: list[Keeper] = []
    outcome, failed = _perform(ctx, options, plans, stamps(answers), keepers)
    errors = {
        key(database_outcome.database): database_outcome.error
        for database_outcome in outcome.databases
    }
    tell(ctx, keepers)
    result = replace(
        _result(options, answers, plans.values(), errors),
        saved=tuple(row for keeper in keepers for row in saved_rows(keeper)),
        returned=tuple(row for keeper in keepers for row in returned_rows(keeper)),
        done=True,
        files=files,
        is_branch=is_branch,
    )
    return result if failed is None else result.refused(failed)


def _awaited_files(ctx: Context, ref: str | None) -> tuple[str | None, bool]:
    """Return the ref that is not checked out yet, and whether it is a branch here."""
    repository = ctx.repository
    if ref is None or repository is None or repository.is_bare:
        return None, False
    if repository.commit(ref) == repository.head().commit:
        return None, False
    return ref, any(branch.name == ref and not branch.remote for branch in repository.branches())


def _write_files(ctx: Context) -> None:
    """Write the files of revisions whose text only the record has, where they belong here."""
    answers = asked(ctx.database, lambda view: _forgotten(ctx, ctx.revisions.graph(), view))
    lost = {each.revision.path: each for answer in answers for each in answer.value or ()}
    for path in lost:
        if (ctx.project.root / path).exists():
            raise messages.in_the_way(path)
    change_files(ctx, {path: each.text for path, each in lost.items()})
    for path, each in lost.items():
        ctx.console.note(messages.file_written(path, each.place))
    if not lost:
        ctx.console.note(messages.NO_FILES)


def _forgotten(ctx: Context, graph: GraphView, view: View) -> tuple[LostRevision, ...]:
    """Return the revisions whose rows wait here, and whose files nobody has any more."""
    return forgotten(ctx.revisions, graph, view, awaited(view))


def _settled(ctx: Context, plans: Mapping[str, _Switch], result: SwitchResult) -> SwitchResult:
    """Put back what an earlier run was killed before; most of the time there is nothing."""
    if not any(plan.waits for plan in plans.values()):
        return result
    keeper = settled(ctx, _known(plans.values()))
    tell(ctx, [keeper])
    return replace(result, returned=returned_rows(keeper))


def _known(plans: Iterable[_Switch]) -> Graph:
    return Graph({node.id: node for item in plans for node in item.facts.known}.values())


def _planned(ctx: Context, options: SwitchOptions, target: GraphView, view: View) -> _Switch:
    """Plan by where the database is, and count what going down deletes."""
    revisions, stamp, at = ctx.revisions, view.stamp.revisions, options.ref or WORKTREE
    opened = unsquashed(revisions, target, stamp)
    target, here = opened.graph, revisions.graph()
    both = Graph([*target, *(item for item in here if item.id not in target)])
    runs = recorded_runs(view, both)
    lost = find_lost(revisions, both, stamp, runs)
    known = with_lost(both, lost.values())
    gone = [revision for revision in stamp if revision not in known]
    if gone:
        raise dead_end(revisions, here, view, gone, runs)
    apart = revisions.project.settings.lback.heads
    found = skips(ctx, known, view, at)
    facts = SwitchFacts(options.ref, stamp, target, known, apart, found)
    plan = plan_switch(facts, lambda graph, left, some: late(revisions, graph, left, some, at))
    going = [step.revision for step in plan.down]
    edited = edited_since_they_ran(ctx, view, known, [name for name in going if name in here])
    if edited:
        raise messages.edited_since_it_ran(edited[0])
    effects = revisions.effects(known, going)
    undoing = effects_of_going_down(facts, plan, effects)
    sources = {name: revision.text for name, revision in lost.items()}
    sources |= opened.sources
    sources |= _other_texts(revisions, options, target, here)
    losses = count_losses(view, undoing)
    if options.no_backup:
        losses += count_along(view, undoing)
    missed = _forgotten(ctx, known, view) if options.ref is None else ()
    return _Switch(facts, plan, lost, sources, undoing, losses, waits(view, known), missed)


def _other_texts(
    revisions: Revisions, options: SwitchOptions, target: GraphView, here: GraphView
) -> dict[str, bytes]:
    """Return the texts of the branch's revisions that the files here do not have."""
    if options.ref is None:
        return {}
    others = [
        revision
        for revision in target
        if revision.id not in here or revision.blob != here[revision.id].blob
    ]
    texts = revisions.texts(others, options.ref)
    return {other.id: texts[other.blob] for other in others}


def _perform(
    ctx: Context,
    options: SwitchOptions,
    plans: Mapping[str, _Switch],
    planned: Mapping[str, tuple[str, ...]],
    keepers: list[Keeper],
) -> tuple[RunOutcome, LbackError | None]:
    """Do the steps; what goes down by other parents than it will have goes in a run before."""
    from lback.db.events import RunOutcome

    known = _known(plans.values())
    sources = {name: text for plan in plans.values() for name, text in plan.sources.items()}
    stands, left = dict(planned), {name: plan.plan.steps for name, plan in plans.items()}
    outcome: RunOutcome = RunOutcome(())
    apart: dict[tuple[str, ...], dict[str, SwitchPlan]] = {}
    for name, item in plans.items():
        if item.plan.way_down is not None and item.plan.down:
            apart.setdefault(item.facts.skips.skipped, {})[name] = item.plan
    for some in apart.values():
        ran = next(plan.way_down for plan in some.values() if plan.way_down is not None)
        texts = sources | _texts_by(ctx.revisions, known, ran, sources)
        down: dict[str, Sequence[Step]] = {
            name: (*plan.mending, *plan.down) for name, plan in some.items()
        }
        outcome, failed = _run(ctx, options, plans, stands, down, ran, texts, keepers)
        if failed is not None:
            return outcome, failed
        stands.update((name, plan.between) for name, plan in some.items())
        left.update((name, (*plan.late, *plan.up)) for name, plan in some.items())
    if not any(left.values()):
        return outcome, None
    return _run(ctx, options, plans, stands, left, known, sources, keepers)


def _texts_by(
    revisions: Revisions, known: GraphView, ran: GraphView, sources: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Return the texts of revisions that have other parents in the graph by which they ran."""
    moved = [node for node in ran if node.parents != known[node.id].parents]
    files = revisions.texts([node for node in moved if node.id not in sources])
    return {
        node.id: reparent(
            sources[node.id] if node.id in sources else files[node.blob],
            known[node.id].parents,
            node.parents,
        )
        for node in moved
    }


def _run(
    ctx: Context,
    options: SwitchOptions,
    plans: Mapping[str, _Switch],
    planned: Mapping[str, tuple[str, ...]],
    steps: Mapping[str, Sequence[Step]],
    graph: GraphView,
    sources: Mapping[str, bytes],
    keepers: list[Keeper],
) -> tuple[RunOutcome, LbackError | None]:
    def before(view: View) -> None:
        plan = plans[view.stamp.database.key]
        if view.stamp.revisions == plan.plan.stamp and plan.facts.skips:
            at = options.ref or WORKTREE
            if skips(ctx, plan.facts.known, view, at) != plan.facts.skips:
                raise messages.moved()
        if options.no_backup and not options.yes:
            refuse_more(view, plan.undoing, plan.losses)

    first = next(some for some in steps.values() if some)
    keepers.append(keeper_for(ctx, _known(plans.values()), keeps=not options.no_backup))
    run = Run(
        lambda stamp: steps.get(stamp.database.key, ()),
        planned=planned,
        line=lines_of(graph, first)[0],
        before=before,
        look=lambda _view: None,
        lock_timeout=options.lock_timeout,
        keeper=keepers[-1],
    )
    heads = next(iter(plans.values())).facts.target.heads
    return attempted(ctx, ctx.database_of(graph, sources, heads), run)


def _result(
    options: SwitchOptions,
    answers: Sequence[Asked[_Switch]],
    plans: Iterable[_Switch],
    errors: Mapping[str, LbackError | None],
) -> SwitchResult:
    rows = tuple(_row(answer, errors.get(key(answer.database))) for answer in answers)
    lost = {name: revision for plan in plans for name, revision in plan.lost.items()}
    return SwitchResult(
        at=options.ref or WORKTREE,
        before=rows[0].before,
        undoes=tuple(dict.fromkeys(title for row in rows for title in row.undoes)),
        applies=tuple(dict.fromkeys(title for row in rows for title in row.applies)),
        losses=total(loss for row in rows for loss in row.losses),
        found=tuple(
            RevisionInGit(name, rescued.revision.path, rescued.commit, rescued.place)
            for name, rescued in lost.items()
        ),
        databases=rows,
        forgotten=tuple(
            dict.fromkeys(
                FileInRecord(each.revision.id, each.revision.path)
                for plan in plans
                for each in plan.forgotten
            )
        ),
        keeps=not options.no_backup,
    )


def _row(answer: Asked[_Switch], error: LbackError | None) -> SwitchedDatabase:
    planned = answer.value
    if planned is None:
        before = answer.stamp.revisions if answer.stamp is not None else ()
        return SwitchedDatabase.of(answer.database, answer.error, before=before)
    return SwitchedDatabase.of(
        answer.database,
        error,
        before=planned.plan.stamp,
        undoes=_titles(planned.facts.known, planned.plan.down),
        applies=_titles(planned.facts.known, (*planned.plan.late, *planned.plan.up)),
        losses=planned.losses,
        mended=planned.plan.mended,
    )


def _titles(graph: GraphView, steps: Sequence[Upgrade | Downgrade]) -> tuple[RevisionTitle, ...]:
    return tuple(RevisionTitle(step.revision, graph[step.revision].doc) for step in steps)
