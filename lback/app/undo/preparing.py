"""Makes a chosen rollback ready: composed, counted, proved; or says what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lback.app.context import Context
from lback.app.losses import count_effects
from lback.app.proofs import RollbackProof, RollbackRun, prove_rollback
from lback.app.undo.choosing import Choice, Wish, choose
from lback.core.effects import Effect, Effects
from lback.core.graph import Graph
from lback.core.plans import Step, Upgrade, plan_downgrade, tips
from lback.core.shell import command
from lback.core.undo.picking import InTheWay
from lback.core.undo.reverting import Draft, sketch
from lback.core.undo.stakes import stakes
from lback.core.undo.undoing import Undo
from lback.core.undo.uses import first_use

if TYPE_CHECKING:
    from lback.app.reverting import Revert
    from lback.db.runner import Database
    from lback.db.view import View

_BY_HAND = (
    "Write the reverse as a new migration: change the model back and run "
    "`lback makemigrations`; or `lback makemigrations NAME --empty` and write it by hand."
)


@dataclass(slots=True)
class Prepared:
    """A rollback that only has to run; with the strategy "refused" it must not."""

    choice: Choice
    undo: Undo
    draft: Draft | None = None
    revert: Revert | None = None
    losses: list[dict[str, Any]] = field(default_factory=list)
    proof: RollbackProof | None = None

    @property
    def graph(self) -> Graph:
        """Return the graph, the reverting revision on top of it."""
        return self.revert.graph if self.revert is not None else self.choice.graph

    def database(self) -> Database:
        """Return the project's database, which knows the texts that are to run."""
        ctx, texts = self.choice.ctx, self.choice.ran.texts
        if self.revert is not None:
            return self.revert.database(ctx, texts)
        if not texts:
            return ctx.database
        from lback.db.runner import Database

        origin = ctx.database.origin
        return Database(
            origin.settings,
            self.choice.graph,
            origin.root,
            x=origin.x,
            folder=origin.folder,
            sources=texts,
            verbose=origin.verbose,
        )

    def steps(self) -> tuple[Step, ...]:
        """Return what is to be done to the database."""
        if self.revert is not None:
            return (Upgrade(self.revert.revision),)
        return plan_downgrade(self.choice.graph, self.choice.stamp, self.undo.undoes).steps

    def undoing(self) -> list[Effect]:
        """Return what will happen to the database, in its order."""
        if self.revert is not None:
            return list(self.revert.effects.upgrade)
        if self.draft is not None:
            return list(self.choice.reverter().read(sketch(self.draft)).upgrade)
        going = {*self.undo.undoes, *self.undo.collateral}
        order = [one for one in reversed(self.choice.graph.order()) if one in going]
        return [effect for one in order for effect in self.choice.effects[one].downgrade]

    def target(self) -> tuple[str, ...]:
        """Return the stamp afterwards."""
        if self.revert is None:
            return self.undo.target
        done = self.choice.graph.ancestors(self.choice.stamp) | {self.revert.revision}
        return tips(self.revert.graph, done)


def gather(ctx: Context, wish: Wish) -> Prepared:
    """Ask the database, in one run of env.py, for all that the decision needs."""

    def asked(view: View) -> Prepared:
        choice = choose(ctx, wish, view)
        ready = Prepared(choice, choice.undo)
        if choice.undo.strategy == "revert":
            try:
                ready.draft = choice.reverter().draft(choice.undo, wish.table, choice.told)
            except InTheWay as err:
                ready.undo = choice.undo.refused(err.message, err.hint or _BY_HAND)
        if ready.undo.strategy != "refused":
            ready.losses = count_effects(view, ready.undoing())
        return ready

    return ctx.database.look_first(asked)


def prepare(ready: Prepared) -> None:
    """Compose, look for what stands in the way, and prove it; all without a change."""
    choice, undo = ready.choice, ready.undo
    if undo.strategy == "refused":
        return
    ctx = choice.ctx
    if ready.draft is not None:
        planned = stakes(ready.undoing()).lost
        try:
            ready.revert = choice.reverter().compose(undo, ready.draft)
        except InTheWay as err:
            ready.undo, ready.losses = undo.refused(err.message, err.hint or _BY_HAND), []
            return
        if stakes(ready.undoing()).lost != planned:  # the project's template adds something
            ready.losses = ctx.database.look_first(
                lambda view: count_effects(view, ready.undoing())
            )
    refusal = _needed(ready)
    if refusal is not None:
        ready.losses = []
    else:
        ready.proof = prove_rollback(
            ctx, ready.database(), ready.graph, _run(ready), choice.dialect, choice.options
        )
        refusal = _unproved(ready)
    ready.undo = refusal or undo


def _unproved(ready: Prepared) -> Undo | None:
    """Refuse what the proof has shown to be wrong, and what nothing has shown to be right."""
    undo, proof, wish = ready.undo, ready.proof, ready.choice.wish
    if proof is None or proof.state == "proved":
        return None
    if proof.state == "wrong" and not (
        wish.strategy == "downgrade" and undo.strategy == "downgrade"
    ):
        first = undo.undoes[0]
        hint = f"Correct the downgrade() of {first} ({ready.choice.graph[first].path})"
        if undo.strategy == "downgrade":
            hint += "; or take it as it is with `--strategy downgrade`"
        return undo.refused(f"the rollback would not be right: {proof.message}", f"{hint}.")
    draft = ready.revert.draft if ready.revert else None
    if draft is not None and draft.unknown:
        path, unknown = draft.unknown[0]
        return undo.refused(
            f"{path}:{unknown.line}: this cannot be read ({unknown.reason}), and it could not "
            f"be proved either: {proof.message}",
            _BY_HAND,
        )
    return None


def _needed(ready: Prepared) -> Undo | None:
    """Refuse when an applied revision that stays needs what would go."""
    choice, undo = ready.choice, ready.undo
    graph = choice.graph
    below = graph.ancestors(undo.undoes)
    going = {*undo.undoes, *undo.collateral} if undo.strategy == "downgrade" else set()
    order = [one for one in graph.order() if one in choice.done]
    later = [one for one in order if one not in below and one not in going]
    seen = {one: choice.effects[one] for one in later}
    if ready.revert is not None and choice.told is not None:
        for one in undo.undoes:  # what a many-table revision did to the other tables stays
            seen[one] = _rest(choice, one)
    judged = [one for one in order if one in seen]
    here = [graph[one] for one in judged if one not in choice.lost]
    texts = choice.ctx.revisions.texts(here)
    shown = {one.id: texts[one.blob].decode("utf-8", "replace") for one in here}
    shown |= {one: text.decode("utf-8", "replace") for one, text in choice.lost.items()}
    use = first_use(ready.undoing(), judged, seen, shown, undo.undoes)
    if use is None:
        return None
    return undo.refused(
        f"{graph[use.revision].path}:{use.line}: {use.revision} needs what would go: {use.message}",
        f"Undo that first: {command('lback rollback --revision', use.revision)}.",
    )


def _rest(choice: Choice, revision: str) -> Effects:
    assert choice.told is not None
    change = next(one for one in choice.told.changes if one.revision == revision)
    mine = set(change.effects)
    found = choice.effects[revision]
    return Effects(upgrade=tuple(one for one in found.upgrade if one not in mine))


def _run(ready: Prepared) -> RollbackRun:
    choice, undo = ready.choice, ready.undo
    graph = choice.graph
    if ready.revert is None:
        steps = plan_downgrade(graph, choice.stamp, undo.undoes).steps
        return RollbackRun(choice.done, undo.undoes, (), None, steps)
    reverter = choice.reverter()
    own = {name for one in undo.undoes for name in reverter.own(one, choice.told)}
    own |= set(choice.told.names) if choice.told else set()
    later = graph.descendants(undo.undoes) & choice.done - set(undo.undoes)
    touched = {name for one in later for name in choice.effects[one].tables}
    renames = any(
        one.kind == "rename" and one.object in ("table", "column")
        for one in ready.revert.effects.upgrade
    )
    return RollbackRun(
        choice.done,
        undo.undoes,
        tuple(sorted(own)),
        ready.revert.revision,
        touched_later=tuple(sorted(touched)),
        renames=renames,
    )
