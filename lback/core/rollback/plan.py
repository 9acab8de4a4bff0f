"""The plan of a rollback: pure, from the facts; what is counted, written and proved refines it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lback.core.effects import Effect, Effects
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.core.graph.view import GraphView
from lback.core.header import read_header
from lback.core.messages import rollback as messages
from lback.core.plans import Downgrade, Step, Upgrade, plan_downgrade, tips
from lback.core.revision_code import code_of
from lback.core.rollback.decide import (
    Decision,
    chosen,
    decide,
    newer_doubt,
    table_life,
    whole_revision,
)
from lback.core.rollback.draft import RevertDraft, draft_of, own_names
from lback.core.rollback.facts import RollbackFacts
from lback.core.rollback.picking import CannotUndo
from lback.core.rollback.promise import Promise, promise
from lback.core.rollback.proof import RollbackProof, RollbackRun
from lback.core.rollback.reverting import sketch, verify
from lback.core.rollback.stakes import DataLoss, Stakes, shown, stakes
from lback.core.rollback.uses import first_use
from lback.core.tables import TableLife


@dataclass(frozen=True, slots=True)
class RevertingRevision:
    """A new revision as its file will be, and the graph with it on top; `path` is from the root."""

    id: str
    path: str
    text: bytes
    graph: GraphView


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """How a change is undone; with the strategy "refused" it must not be performed.

    `facts` have the texts and effects of what has run; `not_in_files` are the revisions of which
    no file has that. `effects` is what will happen to the database, in its order, `table` the life
    of the one table that is meant.
    """

    facts: RollbackFacts
    decision: Decision
    table: TableLife | None = None
    not_in_files: frozenset[str] = frozenset()
    effects: tuple[Effect, ...] = ()
    draft: RevertDraft | None = None
    revert: RevertingRevision | None = None
    losses: tuple[DataLoss, ...] = ()
    proof: RollbackProof | None = None

    @property
    def refused(self) -> bool:
        """Tell whether nothing may be done."""
        return self.decision.strategy == "refused"

    @property
    def graph(self) -> GraphView:
        """Return the graph, with the reverting revision on top once it is written."""
        return self.facts.graph if self.revert is None else self.revert.graph

    @property
    def recorded_otherwise(self) -> tuple[str, ...]:
        """Return what is undone with the text that ran, which its file has no longer."""
        other = self.not_in_files - self.facts.only_in_git
        return tuple(name for name in self.decision.undoes if name in other)

    @property
    def sources(self) -> dict[str, bytes]:
        """Return the texts that are run instead of files, by revision."""
        texts = {
            not_in_file: self.facts.texts[not_in_file] for not_in_file in sorted(self.not_in_files)
        }
        return texts if self.revert is None else {**texts, self.revert.id: self.revert.text}

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return what is to be done to the database."""
        return (Upgrade(self.revert.id),) if self.revert is not None else self._down

    @property
    def target(self) -> tuple[str, ...]:
        """Return the stamp afterwards."""
        if self.revert is None:
            return self.decision.target
        return tips(self.graph, self.facts.applied | {self.revert.id})

    @property
    def stakes(self) -> Stakes:
        """Return the tables and columns whose data is at stake."""
        return stakes(self.effects)

    @property
    def run(self) -> RollbackRun:
        """Return what has to be run on a scratch database to prove it."""
        facts, undoes = self.facts, self.decision.undoes
        if self.revert is None:
            return RollbackRun(facts.applied, undoes, (), None, self._down)
        own = {name for revision in undoes for name in own_names(facts, revision, self.table)}
        own |= set(self.table.names) if self.table else set()
        later = facts.graph.descendants(undoes) & facts.applied - set(undoes)
        renames = any(
            effect.kind == "rename" and effect.object in ("table", "column")
            for effect in self.effects
        )
        return RollbackRun(
            facts.applied,
            undoes,
            tuple(sorted(own)),
            self.revert.id,
            touched_later=tuple(sorted({t for text in later for t in facts.effects[text].tables})),
            renames=renames,
        )

    @property
    def doer(self) -> str:
        """Return whose work it is, as a message names it."""
        if self.revert is not None:
            return f"upgrade() of the reverting revision {self.revert.id}"
        first = self.decision.undoes[0]
        return f"downgrade() of {first} ({self.facts.graph[first].path})"

    @property
    def promise(self) -> Promise:
        """Return what it is to lead to; what is proved, or asked for as it is, is not compared."""
        facts, run = self.facts, self.run
        going = [step.revision for step in self._down] if self.revert is None else run.undoes
        made = promise(
            facts.graph,
            facts.effects,
            facts.applied,
            going,
            self.effects,
            facts.dialect,
            own=run.own or None,
            touched_later=run.touched_later,
        )
        proved = self.proof is not None and self.proof.state == "proved"
        as_it_is = self.revert is None and facts.request.strategy is not None
        return replace(made, fates=()) if proved or as_it_is else made

    @property
    def _down(self) -> tuple[Downgrade, ...]:
        facts = self.facts
        return plan_downgrade(facts.graph, facts.stamp, self.decision.undoes).steps

    # -- what becomes known afterwards ---------------------------------------------

    def with_rows(self, rows: Mapping[tuple[str, str | None], int]) -> RollbackPlan:
        """Take in how many rows and values are at stake; what is empty is left out."""
        losses = (DataLoss(shown(table), column, n) for (table, column), n in rows.items() if n)
        return replace(self, losses=tuple(losses))

    def with_revert(self, path: str, text: bytes) -> RollbackPlan:
        """Take in the reverting revision as the project's template shapes it."""
        assert self.draft is not None
        try:
            verify(text, self.draft, self.facts.read)
            graph = _with(self.facts.graph, path, text)
        except CannotUndo as err:
            return self.refuse_for(err)
        revert = RevertingRevision(self.draft.revision, path, text, graph)
        effects = self.facts.read(text).upgrade
        return _still_possible(replace(self, revert=revert, effects=effects))

    def refuse_for(self, obstacle: CannotUndo) -> RollbackPlan:
        """Refuse because a reverting revision cannot be written."""
        hint = obstacle.hint or messages.BY_HAND
        whole = whole_revision(self.facts, self.decision.undoes)
        if whole is not None:
            hint = messages.as_a_whole(whole.steps, whole.revision or self.decision.undoes[0], hint)
        return self._refused(messages.Refusal(obstacle.message, hint))

    def with_formatted(self, text: bytes) -> RollbackPlan | None:
        """Take in the file as post-write hooks have left it; None where it does another thing."""
        assert self.revert is not None
        read = self.facts.read
        if text != self.revert.text and _deeds(read(text)) != _deeds(read(self.revert.text)):
            return None
        return replace(self, revert=replace(self.revert, text=text))

    def with_proof(self, proof: RollbackProof) -> RollbackPlan:
        """Take in what a scratch database has shown; refuse what is wrong or nothing speaks for."""
        refusal = self._unproved(proof)
        plan = replace(self, proof=proof)
        return plan if refusal is None else replace(plan, decision=plan.decision.refused(refusal))

    def _unproved(self, proof: RollbackProof) -> messages.Refusal | None:
        if proof.state == "proved":
            return None
        downgrade = self.decision.strategy == "downgrade"
        if proof.state == "wrong" and not (downgrade and self.facts.request.strategy):
            first = self.decision.undoes[0]
            path = self.facts.graph[first].path
            return messages.proved_wrong(proof.message, first, path, downgrade=downgrade)
        if self.draft is not None and self.draft.unknown:
            path, unknown = self.draft.unknown[0]
            return messages.neither_read_nor_proved(path, unknown, proof.message)
        return None

    def _refused(self, refusal: messages.Refusal) -> RollbackPlan:
        return replace(self, decision=self.decision.refused(refusal), effects=(), losses=())


def plan_rollback(facts: RollbackFacts) -> RollbackPlan:
    """Choose what is undone, and how; a rollback that is not possible is a refused plan.

    LbackError where the request names nothing that could be undone, where the reverting
    revision exists, or where it is not known which version of a file has run.
    """
    table = table_life(facts)
    undoes = chosen(facts, table)
    doubt = newer_doubt(facts, table, undoes)
    if doubt is not None:
        path = facts.graph[doubt.revision].path
        refusal = messages.unreadable_later(
            facts.request.table, doubt.revision, path, doubt.unknown, undoes[0]
        )
        return RollbackPlan(facts, Decision("revert", "", undoes).refused(refusal), table)
    if facts.edited and facts.request.strategy is None:
        edit = facts.edited[0]
        if edit.before is not None:
            raise messages.amended(edit.revision, edit.path, edit.part, edit.before)
        raise messages.edited_later(edit.revision, edit.path, edit.part, edit.commit)
    other = _recorded_otherwise(facts)
    effects = {name: facts.read(text) for name, text in other.items()}
    facts = replace(facts, texts={**facts.texts, **other}, effects={**facts.effects, **effects})
    not_in_files = facts.only_in_git | other.keys()
    plan = RollbackPlan(facts, decide(facts, undoes, table), table, not_in_files)
    return plan if plan.refused else _still_possible(_with_effects(plan))


def _recorded_otherwise(facts: RollbackFacts) -> dict[str, bytes]:
    """Return the texts that have run where the file has other code by now."""
    return {
        name: text
        for name, text in facts.recorded.items()
        if name in facts.applied and code_of(text) != code_of(facts.texts[name])
    }


def _with_effects(plan: RollbackPlan) -> RollbackPlan:
    """Add what will happen to the database: downgrades, or a reverting revision's upgrade()."""
    facts, decision = plan.facts, plan.decision
    if decision.strategy == "downgrade":
        going = [step.revision for step in plan._down]
        effects = [effect for revision in going for effect in facts.effects[revision].downgrade]
        return replace(plan, effects=tuple(effects))
    try:
        draft = draft_of(facts, decision, plan.table)
    except CannotUndo as err:
        return plan.refuse_for(err)
    return replace(plan, draft=draft, effects=facts.read(sketch(draft)).upgrade)


def _still_possible(plan: RollbackPlan) -> RollbackPlan:
    """Refuse when an applied revision that stays needs what would go."""
    facts, decision = plan.facts, plan.decision
    if plan.refused:
        return plan
    graph, undoes = facts.graph, decision.undoes
    going = {step.revision for step in plan._down} if decision.strategy == "downgrade" else set()
    gone = graph.ancestors(undoes) | going
    order = [revision for revision in graph.order() if revision in facts.applied]
    seen = {revision: facts.effects[revision] for revision in order if revision not in gone}
    if decision.strategy == "revert" and plan.table is not None:
        # What a revision of many tables did to the others stays.
        seen |= {
            revision: _rest(facts.effects[revision], plan.table, revision) for revision in undoes
        }
    judged = [revision for revision in order if revision in seen]
    texts = {name: facts.texts[name].decode("utf-8", "replace") for name in judged}
    use = first_use(plan.effects, judged, seen, texts, undoes)
    if use is None:
        return plan
    path = graph[use.revision].path
    return plan._refused(messages.still_needed(use.revision, path, use.line, use.message))


def _rest(effects: Effects, table: TableLife, revision: str) -> Effects:
    """Return what a revision does to other tables than the one that is rolled back."""
    own = {
        effect
        for change in table.changes
        if change.revision == revision
        for effect in change.effects
    }
    return Effects(upgrade=tuple(item for item in effects.upgrade if item not in own))


def _deeds(effects: Effects) -> tuple[list[Effect], ...]:
    """Return what both directions do, wherever in the file that stands."""
    both = (effects.upgrade, effects.downgrade)
    return tuple([effect._replace(line=0) for effect in direction] for direction in both)


def _with(graph: GraphView, path: str, text: bytes) -> GraphView:
    header = read_header(text, path.rpartition("/")[2])
    if not isinstance(header, Header):
        raise CannotUndo(1, messages.unreadable_revert(header.message))
    return Graph([*graph, Revision(header, path, "")])
