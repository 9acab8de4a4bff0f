"""The use case of `rollback`: undo one table's latest change, one revision, or some steps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from lback.core.databases import NamedDatabase
from lback.core.lines import Line, lines_of
from lback.core.messages import rollback as messages
from lback.core.messages.runs import some_failed
from lback.core.messages.skipped import settle_first
from lback.core.plans import Downgrade, Step, applied, refuse_moved
from lback.core.results import Result, text_only
from lback.core.rollback.decide import Strategy, chosen, table_life
from lback.core.rollback.facts import RollbackFacts, RollbackRequest, Wanted
from lback.core.rollback.picking import CannotUndo
from lback.core.rollback.plan import RollbackPlan, plan_rollback
from lback.core.rollback.proof import RollbackProof
from lback.core.rollback.reverting import body_for, complete
from lback.core.rollback.stakes import DataLoss, total
from lback.core.rollback.together import Planned, graph_of, sources_of, together
from lback.errors import LbackError
from lback.project.applied import edited_since
from lback.project.context import Context
from lback.project.file_changes import recover
from lback.project.keeping.data_loss import (
    consents,
    count_losses,
    refuse_more,
    save_rows,
    with_unread,
)
from lback.project.lost import dead_end, find_lost, recorded_runs, with_lost
from lback.project.notes import Note
from lback.project.proofs import Witness, prove_rollback
from lback.project.record.ran import texts_that_ran
from lback.project.run import Run, asked, attempted, key, unsettled
from lback.project.squash.unsquash import wholly_unsquashed

if TYPE_CHECKING:
    from lback.db.events import Stamp, TakesBack
    from lback.db.performing import Asked
    from lback.db.runner import Database
    from lback.db.view import View


@dataclass(frozen=True, slots=True)
class RollbackOptions:
    """What the command line asks of `rollback`; exactly one of the first three is given."""

    table: str | None = None
    revision: str | None = None
    steps: int | None = None
    plan: bool = False
    sql: bool = False
    strategy: Wanted | None = None
    yes: bool = False
    lock_timeout: float | None = None
    no_backup: bool = False

    @property
    def request(self) -> RollbackRequest:
        """Return what is to be undone."""
        return RollbackRequest(self.table, self.revision, self.steps, self.strategy)


@dataclass(frozen=True)
class RevisionTables:
    """A revision, and the tables that it changes."""

    revision: str
    tables: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RolledBackDatabase(NamedDatabase):
    """One database: what is undone there, what goes with that, and where that was saved.

    `undoes` is empty where it has not run any of it.
    """

    undoes: tuple[str, ...] = ()
    losses: tuple[DataLoss, ...] = ()
    target: tuple[str, ...] = ()
    backup: str | None = None


@dataclass(frozen=True, kw_only=True)
class RollbackResult(Result):
    """What is undone and how; `sql` are the lines of its SQL, where that was asked for.

    `losses` are those of all `databases`; `backup` is the first of their files.
    """

    command: ClassVar[str] = "rollback"

    table: str | None
    strategy: Strategy
    reason: str
    undoes: tuple[str, ...]
    collateral: tuple[RevisionTables, ...] = ()
    losses: tuple[DataLoss, ...] = ()
    writes: str | None = None
    target: tuple[str, ...] = ()
    sql: tuple[str, ...] = ()
    proof: RollbackProof | None = None
    backup: str | None = None
    recorded: tuple[str, ...] = ()
    """Revisions undone with the text that ran, by the record, since their files were edited."""
    databases: tuple[RolledBackDatabase, ...] = ()
    done: bool = text_only(default=False)
    docs: tuple[str, ...] = text_only(default=())
    """What each of `undoes` is about."""
    upgrade: tuple[str, ...] = text_only(default=())
    """The lines of the reverting revision's upgrade()."""


def rollback(ctx: Context, options: RollbackOptions) -> RollbackResult:
    """Undo the latest change of a table, or what else was asked for; or say why not."""
    recover(ctx)
    asked_for = plans_from(ctx, options.request)
    planned = together(asked_for)
    running = RunningRollback(ctx, options, planned)
    result = _result(running, asked_for)
    if result.failed or options.plan:
        return result
    if options.sql:
        return replace(result, sql=_sql(running))
    also = messages.also_undoes([row.revision for row in result.collateral])
    losses = {item.name: running.losses[item.key] for item in planned}
    if not options.yes and not consents(ctx, losses, also, saved=not options.no_backup):
        return replace(result, status="refused", exit_code=3, message=messages.DECLINED)
    failed = running.perform()
    result = replace(_result(running, asked_for), done=True)
    return result if failed is None else result.refused(failed)


def plans_from(ctx: Context, request: RollbackRequest) -> tuple[Planned, ...]:
    """Plan a rollback on each database, without a change; env.py runs once for all of it."""

    def plan_and_count(view: View) -> tuple[RollbackPlan, View]:
        _refuse_done(ctx, request, view.stamp)
        unknown = unsettled(ctx, ctx.database.graph, view)
        plan = plan_rollback(gather(ctx, request, view))
        _refuse_unsettled(plan, unknown)
        return plan.with_rows(view.rows(plan.stakes.lost)), view

    answers = asked(ctx.database, plan_and_count)
    alone = len(answers) == 1
    planned = tuple(_planned(ctx, answer, alone=alone) for answer in answers)
    if all(value.plan is None for value in planned):
        raise some_failed([(value.name, value.error) for value in planned])
    return planned


def _refuse_unsettled(plan: RollbackPlan, unknown: Collection[str]) -> None:
    """Refuse to undo what may not have run: a new revision on top would as well as the way down."""
    open_ones = [revision for revision in plan.decision.undoes if revision in unknown]
    if open_ones:
        raise settle_first(open_ones)


def _note(ctx: Context, at: str) -> Note:
    """Return what is noted of a rollback until it has come to its end."""
    return Note(ctx, "rollback", at)


def _refuse_done(ctx: Context, request: RollbackRequest, stamp: Stamp) -> None:
    """Refuse once where a run was cut off that had done this: another would undo more."""
    note = _note(ctx, stamp.database.key)
    value = note.read()
    if not isinstance(value, dict) or value.get("request") != [*astuple(request)]:
        return
    if value.get("target") == sorted(stamp.revisions):
        note.clear()
        raise messages.done_already(stamp.revisions)


def _planned(ctx: Context, answer: Asked[tuple[RollbackPlan, View]], *, alone: bool) -> Planned:
    """Complete one database's plan with the file and the proof."""
    plan, error = None, answer.error
    if answer.value is not None:
        try:
            plan = _completed(ctx, *answer.value, alone=alone)
        except LbackError as err:
            if alone:
                raise
            error = err
    stamp = answer.stamp.revisions if answer.stamp is not None else None
    return Planned(key(answer.database), answer.database, stamp, plan, error)


def _completed(ctx: Context, plan: RollbackPlan, view: View, *, alone: bool) -> RollbackPlan:
    """Add the file and the proof; of the view, whose connection is closed, what env.py gave."""
    plan = _with_file(ctx, plan, view.stamp.database.key)
    if plan.refused:
        return plan
    database = ctx.database_of(plan.graph, plan.sources)
    proof = prove_rollback(ctx, database, plan.graph, plan.run, view, alone=alone)
    return plan.with_proof(proof)


# -- gather ----------------------------------------------------------------------------


def gather(ctx: Context, request: RollbackRequest, view: View) -> RollbackFacts:
    """Read what a rollback is decided by, from the files, git and the open database."""
    revisions, stamp = ctx.revisions, view.stamp
    opened = wholly_unsquashed(revisions, revisions.graph())
    here = opened.graph
    missing = [revision for revision in stamp.revisions if revision not in here]
    runs = recorded_runs(view, here)
    lost = find_lost(revisions, here, missing, runs)
    graph = with_lost(here, lost.values())
    gone = [revision for revision in missing if revision not in graph]
    if gone:
        raise dead_end(revisions, here, view, gone, runs)
    done = applied(graph, stamp.revisions)
    nodes = [graph[revision] for revision in done]
    texts = revisions.texts(nodes)
    facts = RollbackFacts(
        request,
        stamp.revisions,
        stamp.dialect,
        graph,
        revisions.effects(graph, done),
        {node.id: texts[node.blob] for node in nodes},
        revisions.effects_at().read_text,
        done,
        frozenset((*lost, *opened.sources)),
        frozenset(opened.sources),
        published=revisions.published,
        no_git=revisions.places.hidden,
        separate_heads=ctx.project.settings.lback.heads,
    )
    return _with_history(ctx, facts, view)


def _with_history(ctx: Context, facts: RollbackFacts, view: View) -> RollbackFacts:
    """Add what the record and git know of the revisions that are to be undone."""
    graph, revisions = facts.graph, ctx.revisions
    undoes = chosen(facts, table_life(facts))
    present = tuple(revision for revision in undoes if revision not in facts.only_in_git)
    recorded = texts_that_ran(ctx, view, graph, present)
    paths = [graph[revision].path for revision in undoes]
    return replace(
        facts,
        asked=present,
        recorded=recorded,
        edited=edited_since(revisions, graph, [name for name in present if name not in recorded]),
        commits=revisions.commits(paths),
        modified={path: _modified(ctx.project.root / path) for path in paths},
    )


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(int(path.stat().st_mtime) if path.exists() else 0)


def _with_file(ctx: Context, plan: RollbackPlan, at: str) -> RollbackPlan:
    """Let the project's template shape the reverting revision, where there is to be one."""
    draft = plan.draft
    if plan.refused or draft is None:
        return plan
    from lback.db.revising import shape_revision

    try:
        shaped = shape_revision(
            ctx.database,
            draft.revision,
            draft.created,
            draft.message,
            plan.decision.parents,
            body_for(draft.upgrade),
            body_for(draft.downgrade),
            lambda text: complete(text, draft),
        )
    except CannotUndo as err:
        return plan.refuse_for(err)
    filled = plan.with_revert(ctx.project.name_of(shaped.path), shaped.text)
    if filled.stakes.lost == plan.stakes.lost or filled.refused:
        return filled
    # The template itself adds something that deletes.
    counts = ctx.database.look(
        lambda view: view.rows(filled.stakes.lost) if view.stamp.database.key == at else {}
    )
    return filled.with_rows({place: n for rows in counts for place, n in rows.items()})


# -- perform ---------------------------------------------------------------------------


class RunningRollback:
    """One rollback that runs, on each database that has run what is undone.

    `losses` are what was deleted, `backups` where it was saved before, `errors` why it was not
    done, by the key of the database.
    """

    def __init__(self, ctx: Context, options: RollbackOptions, planned: Sequence[Planned]) -> None:
        self.ctx = ctx
        self.options = options
        self.planned = planned
        self.plans = {item.key: item.plan for item in planned if item.plan is not None}
        self.losses = {at: plan.losses for at, plan in self.plans.items()}
        self.backups: dict[str, Path] = {}
        self.errors: dict[str, LbackError | None] = {}
        self._witnesses: dict[str, Witness] = {}
        self._wrong: list[LbackError] = []

    @property
    def plan(self) -> RollbackPlan:
        """Return one of the plans: they are alike but for what is at stake."""
        return next(iter(self.plans.values()))

    @property
    def database(self) -> Database:
        """Return the database with all that the plans need."""
        plans = list(self.plans.values())
        return self.ctx.database_of(graph_of(plans), sources_of(self.planned, plans))

    def perform(self) -> LbackError | None:
        """Do it, and return on which of several databases it failed.

        Where that is before any database has something of it, no file stays behind.
        """
        written = self._write()
        run = Run(
            self._steps,
            before=self._before,
            after=self._after,
            line=_line(self.plan),
            lock_timeout=self.options.lock_timeout,
        )
        for at, plan in self.plans.items():
            value = {"request": astuple(plan.facts.request), "target": sorted(plan.target)}
            with suppress(OSError):
                _note(self.ctx, at).write(value)
        try:
            outcome, failed = attempted(self.ctx, self.database, run)
        except BaseException:
            self._remove(written)
            raise
        self.errors = {
            database_outcome.database.key: database_outcome.error
            for database_outcome in outcome.databases
        }
        if not outcome.steps:
            self._remove(written)
        for at, error in self.errors.items():
            if error is None:
                _note(self.ctx, at).clear()
        return failed or next(iter(self._wrong), None)

    def _steps(self, stamp: Stamp) -> Sequence[Step]:
        """Choose a database's steps, where it is as it was; others are left alone."""
        plan = self.plans.get(stamp.database.key)
        if plan is None:
            return ()
        refuse_moved(plan.facts.stamp, stamp.revisions)
        return plan.steps

    def _write(self) -> Path | None:
        """Write the reverting revision; what the post-write hooks made of it is what runs."""
        revert = self.plan.revert
        if revert is None:
            return None
        from lback.db.revising import Shaped, write_revision

        path = self.ctx.project.root / revert.path
        text = write_revision(self.ctx.database, Shaped(revert.id, path, revert.text))
        for at, plan in self.plans.items():
            formatted = plan.with_formatted(text)
            if formatted is None:
                path.unlink()
                raise messages.hook_changed_revert()
            self.plans[at] = formatted
        return path

    def _remove(self, path: Path | None) -> None:
        """Remove the file again when no database has anything of it."""
        if path is None:
            return
        revision = self.plan.revert.id if self.plan.revert else ""

        def is_untouched(view: View) -> bool:
            witness = self._witnesses.get(view.stamp.database.key)
            return view.is_untouched(revision, witness.schema if witness else None)

        try:
            untouched = all(self.ctx.database.look(is_untouched))
        except LbackError:
            untouched = False
        if untouched:
            path.unlink(missing_ok=True)
        else:
            self.ctx.console.warn(messages.revert_stays(path))

    def _before(self, view: View) -> None:
        """Ask again under the lock, before the first step, and save what is at stake."""
        at = view.stamp.database.key
        plan, facts = self.plans[at], self.plans[at].facts
        if texts_that_ran(self.ctx, view, facts.graph, facts.asked) != facts.recorded:
            raise messages.record_changed(facts.asked)
        if plan.revert is not None:
            _refuse_unsettled(plan, unsettled(self.ctx, facts.graph, view))
        if not self.options.yes:
            refuse_more(view, plan.effects, self.losses[at])
        self.losses[at] = count_losses(view, plan.effects)
        self._witnesses[at] = Witness(plan, view)
        if not self.options.no_backup:
            down = [step.revision for step in plan.steps if isinstance(step, Downgrade)]
            going = {name: facts.effects[name] for name in down}
            told = with_unread(self.ctx, view, plan.stakes, facts.graph, going)
            undoes, table = plan.decision.undoes, self.options.table
            saved = save_rows(self.ctx, view, told, undoes, table)
            if saved is not None:
                self.backups[at] = saved

    def _after(self, view: View, takes_back: TakesBack) -> None:
        """Compare what came of it, and refuse it where it can still be taken back."""
        at = view.stamp.database.key
        told = self._witnesses[at].told(view)
        if told is None:
            return
        plan, backup = self.plans[at], self.backups.get(at)
        error = messages.not_as_promised(plan.doer, told, takes_back, view.stamp.dialect, backup)
        if takes_back != "nothing":
            raise error
        self._wrong.append(error)


def _sql(running: RunningRollback) -> tuple[str, ...]:
    plan = running.plan
    start = plan.facts.stamp
    text = running.database.sql(lambda _stamp: plan.steps, start=start, line=_line(plan))
    return tuple(text.rstrip("\n").split("\n"))


def _line(plan: RollbackPlan) -> Line:
    count = plan.facts.request.steps
    typed = ("downgrade", f"-{count}") if count else ()
    return lines_of(plan.graph, plan.steps, typed)[0]


def _result(running: RunningRollback, databases: Sequence[Planned]) -> RollbackResult:
    """Return what is to be done, or was, on all of the databases."""
    plans = list(running.plans.values())
    plan = next((rollback_plan for rollback_plan in plans if rollback_plan.refused), running.plan)
    facts, decision, revert = plan.facts, plan.decision, plan.revert
    rows = tuple(_row(running, planned) for planned in databases)
    collateral = {
        name: plan.facts.effects[name] for plan in plans for name in plan.decision.collateral
    }
    result = RollbackResult(
        table=facts.request.table,
        strategy=decision.strategy,
        reason=decision.reason,
        undoes=decision.undoes,
        collateral=tuple(RevisionTables(name, does.tables) for name, does in collateral.items()),
        losses=total(loss for losses in running.losses.values() for loss in losses),
        proof=plan.proof,
        backup=next((row.backup for row in rows if row.backup), None),
        databases=rows,
        recorded=tuple(dict.fromkeys(name for each in plans for name in each.recorded_otherwise)),
        docs=tuple(facts.graph[revision].doc for revision in decision.undoes),
    )
    if plan.refused:
        return result.refused(_refusal(plan))
    upgrade = tuple(plan.draft.upgrade.splitlines()) if plan.draft else ()
    writes = revert.path if revert else None
    return replace(result, writes=writes, target=plan.target, upgrade=upgrade)


def _row(running: RunningRollback, planned: Planned) -> RolledBackDatabase:
    plan, error = running.plans.get(planned.key), running.errors.get(planned.key)
    if plan is None:
        return RolledBackDatabase.of(planned.database, None, target=planned.stamp or ())
    if plan.refused:
        return RolledBackDatabase.of(planned.database, _refusal(plan))
    backup = running.backups.get(planned.key)
    return RolledBackDatabase.of(
        planned.database,
        error,
        undoes=plan.decision.undoes,
        losses=running.losses[planned.key],
        target=plan.target if error is None else (),
        backup=str(backup) if backup else None,
    )


def _refusal(plan: RollbackPlan) -> LbackError:
    return LbackError(messages.sentence(plan.decision.reason), plan.decision.hint)
