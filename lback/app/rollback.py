"""The use case of `rollback`: undo one table's latest change, one revision, or some steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from lback.core.lines import Line, lines_of
from lback.core.messages import rollback as messages
from lback.core.plans import applied
from lback.core.results import Result, text_only
from lback.core.rollback.decide import Strategy, chosen, table_life
from lback.core.rollback.facts import RollbackFacts, RollbackRequest, Wanted
from lback.core.rollback.picking import CannotUndo
from lback.core.rollback.plan import RollbackPlan, plan_rollback
from lback.core.rollback.proof import RollbackProof
from lback.core.rollback.reverting import body_for, complete
from lback.core.rows import DataLoss
from lback.errors import LbackError
from lback.project.applied import edited_since, find_lost, with_lost
from lback.project.context import Context
from lback.project.data_loss import consents, count_losses, refuse_more, save_rows
from lback.project.file_changes import recover
from lback.project.proofs import prove_rollback
from lback.project.run import Run
from lback.project.run import perform as run_on

if TYPE_CHECKING:
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
class RollbackResult(Result):
    """What is undone and how; `sql` are the lines of its SQL, where that was asked for."""

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
    done: bool = text_only(default=False)
    docs: tuple[str, ...] = text_only(default=())
    """What each of `undoes` is about."""
    upgrade: tuple[str, ...] = text_only(default=())
    """The lines of the reverting revision's upgrade()."""


def rollback(ctx: Context, options: RollbackOptions) -> RollbackResult:
    """Undo the latest change of a table, or what else was asked for; or say why not."""
    recover(ctx)
    plan = plan_from(ctx, options.request)
    result = _result(plan)
    if result.failed or options.plan:
        return result
    if options.sql:
        return replace(result, sql=_sql(ctx, plan))
    also = messages.also_undoes(plan.decision.collateral)
    if not options.yes and not consents(ctx, plan.losses, also, saved=not options.no_backup):
        return replace(result, status="refused", exit_code=3, message=messages.DECLINED)
    running = RunningRollback(ctx, options, plan)
    running.perform()
    backup = str(running.backup) if running.backup else None
    return replace(result, losses=running.losses, backup=backup, done=True)


def plan_from(ctx: Context, request: RollbackRequest) -> RollbackPlan:
    """Plan a rollback by all that can be known without a change; env.py runs once for it."""

    def plan_and_count(view: View) -> tuple[RollbackPlan, dict[str, Any] | None]:
        plan = plan_rollback(gather(ctx, request, view))
        return plan.with_rows(view.rows(plan.stakes.lost)), view.options

    plan, env_options = ctx.database.look_first(plan_and_count)
    plan = _with_file(ctx, plan)
    if plan.refused:
        return plan
    database = ctx.database_of(plan.graph, plan.sources)
    proof = prove_rollback(ctx, database, plan.graph, plan.run, plan.facts.dialect, env_options)
    return plan.with_proof(proof)


# -- gather ----------------------------------------------------------------------------


def gather(ctx: Context, request: RollbackRequest, view: View) -> RollbackFacts:
    """Read what a rollback is decided by, from the files, git and the open database."""
    revisions, stamp = ctx.revisions, view.stamp
    here = revisions.graph()
    missing = [revision for revision in stamp.revisions if revision not in here]
    lost = find_lost(revisions, here, missing) if missing else {}
    graph = with_lost(here, lost.values())
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
        frozenset(lost),
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
    asked = present if ctx.project.settings.lback.ledger else ()
    recorded = view.texts(asked)
    paths = [graph[revision].path for revision in undoes]
    return replace(
        facts,
        asked=asked,
        recorded=recorded,
        edited=edited_since(revisions, graph, [one for one in present if one not in recorded]),
        commits=revisions.commits(paths),
        modified={path: _modified(ctx.project.root / path) for path in paths},
    )


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(int(path.stat().st_mtime) if path.exists() else 0)


def _with_file(ctx: Context, plan: RollbackPlan) -> RollbackPlan:
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
    return filled.with_rows(ctx.database.look_first(lambda view: view.rows(filled.stakes.lost)))


# -- perform ---------------------------------------------------------------------------


class RunningRollback:
    """One rollback that runs.

    `losses` are what was deleted, `backup` is where it was saved before.
    """

    def __init__(self, ctx: Context, options: RollbackOptions, plan: RollbackPlan) -> None:
        self.ctx = ctx
        self.options = options
        self.plan = plan
        self.losses = plan.losses
        self.backup: Path | None = None
        self._tables: Any = None

    def perform(self) -> None:
        """Do it; where it fails before the database has anything of it, no file stays behind."""
        written = self._write()
        plan = self.plan
        run = Run(
            lambda _stamp: plan.steps,
            planned=plan.facts.stamp,
            before=self._before,
            line=_line(plan),
            lock_timeout=self.options.lock_timeout,
        )
        try:
            run_on(self.ctx, self.ctx.database_of(plan.graph, plan.sources), run)
        except BaseException:
            if written is not None:
                self._remove(written)
            raise

    def _write(self) -> Path | None:
        """Write the reverting revision; what the post-write hooks made of it is what runs."""
        revert = self.plan.revert
        if revert is None:
            return None
        from lback.db.revising import Shaped, write_revision

        path = self.ctx.project.root / revert.path
        text = write_revision(self.ctx.database, Shaped(revert.id, path, revert.text))
        plan = self.plan.with_formatted(text)
        if plan is None:
            path.unlink()
            raise messages.hook_changed_revert()
        self.plan = plan
        return path

    def _remove(self, path: Path) -> None:
        """Remove the file again when the database has nothing of it."""
        revision = self.plan.revert.id if self.plan.revert else ""
        try:
            untouched = self.ctx.database.look_first(
                lambda view: view.is_untouched(revision, self._tables)
            )
        except LbackError:
            untouched = False
        if untouched:
            path.unlink(missing_ok=True)
        else:
            self.ctx.console.warn(messages.revert_stays(path))

    def _before(self, view: View) -> None:
        """Ask again under the lock, before the first step, and save what is at stake."""
        plan, facts = self.plan, self.plan.facts
        if view.texts(facts.asked) != facts.recorded:
            raise messages.record_changed(facts.asked)
        if not self.options.yes:
            refuse_more(view, plan.effects, self.losses)
        self.losses = count_losses(view, plan.effects)
        self._tables = view.tables_if_needed()
        if plan.stakes.kept and not self.options.no_backup:
            undoes, table = plan.decision.undoes, self.options.table
            self.backup = save_rows(self.ctx, view, plan.stakes.kept, undoes, table)


def _sql(ctx: Context, plan: RollbackPlan) -> tuple[str, ...]:
    database = ctx.database_of(plan.graph, plan.sources)
    text = database.sql(lambda _stamp: plan.steps, start=plan.facts.stamp, line=_line(plan))
    return tuple(text.rstrip("\n").split("\n"))


def _line(plan: RollbackPlan) -> Line:
    count = plan.facts.request.steps
    typed = ("downgrade", f"-{count}") if count else ()
    return lines_of(plan.graph, plan.steps, typed)[0]


def _result(plan: RollbackPlan) -> RollbackResult:
    facts, decision, revert = plan.facts, plan.decision, plan.revert
    graph = facts.graph
    result = RollbackResult(
        table=facts.request.table,
        strategy=decision.strategy,
        reason=decision.reason,
        undoes=decision.undoes,
        collateral=tuple(
            RevisionTables(revision, facts.effects[revision].tables)
            for revision in decision.collateral
        ),
        losses=plan.losses,
        proof=plan.proof,
        docs=tuple(graph[revision].doc for revision in decision.undoes),
    )
    if plan.refused:
        message = messages.sentence(decision.reason)
        hint = decision.hint
        return replace(result, status="refused", exit_code=3, message=message, hint=hint)
    upgrade = tuple(plan.draft.upgrade.splitlines()) if plan.draft else ()
    writes = revert.path if revert else None
    return replace(result, writes=writes, target=plan.target, upgrade=upgrade)
