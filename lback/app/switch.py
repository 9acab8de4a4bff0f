"""The use case of `switch`: bring the database to what a branch expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lback.app.context import Context
from lback.app.journal import recover
from lback.app.losses import count_losses, may_lose, refuse_more
from lback.app.lost import LostRevision, find_lost, with_lost
from lback.app.reading import WORKTREE
from lback.app.running import run, settled
from lback.core.effects import Effects
from lback.core.graph import Graph
from lback.core.plans import (
    Downgrade,
    Step,
    Upgrade,
    plan_downgrade,
    plan_upgrade,
    refuse_forks,
    refuse_problems,
    tips,
)
from lback.core.result import Result, refused
from lback.db.runner import Database
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.db.view import View


@dataclass(frozen=True, slots=True)
class SwitchOptions:
    """What the command line asks of `switch`."""

    ref: str | None = None
    plan: bool = False
    yes: bool = False
    lock_timeout: float | None = None


class Switch:
    """One switch: what is applied and unknown to the target goes down, what it adds goes up."""

    def __init__(self, ctx: Context, options: SwitchOptions) -> None:
        self.ctx = ctx
        self.options = options
        self.reader = ctx.revisions
        self.at = options.ref or WORKTREE
        self.target: Graph = self.reader.graph(self.at)
        refuse_problems(self.target)
        refuse_forks(self.target, ctx.project.settings.lback.heads)
        self.lost: dict[str, LostRevision] = {}
        self.graph = self.target
        self.sources: dict[str, bytes] = {}

    def run(self) -> Result:
        """Move the database, or only tell."""
        stamp, steps, losses = self.ctx.database.look_first(self._look)
        data = self._data(stamp, steps, losses)
        view = {"done": False, "places": {one: lost.place for one, lost in self.lost.items()}}
        if self.options.plan or not steps:
            return Result("switch", data, view=view)
        if not self.options.yes and not may_lose(self.ctx, losses):
            return refused("switch", data, "Nothing was changed: you said no.")
        self._perform(stamp, steps, losses)
        return Result("switch", data, view={**view, "done": True})

    def _look(self, view: View) -> tuple[tuple[str, ...], tuple[Step, ...], list[dict[str, Any]]]:
        """Choose the steps by where the database is, and count what they delete."""
        stamp = view.stamp.revisions
        self._gather(stamp)
        steps = self.decide(stamp)
        going = [step.revision for step in steps if isinstance(step, Downgrade)]
        effects = self.reader.effects(self.graph, going)
        for revision in going:
            self._require_way_down(revision, effects[revision])
        return stamp, steps, count_losses(view, going, effects)

    def decide(self, stamp: tuple[str, ...]) -> tuple[Step, ...]:
        """Choose the steps: down from what the target lacks, then up to its heads."""
        done = self.graph.ancestors(stamp) if stamp else frozenset()
        undo = done - self.target.ids
        down = plan_downgrade(self.graph, stamp, undo) if undo else None
        if down is not None and down.collateral:
            raise LbackError(
                f"{down.collateral[0]} stands on {sorted(undo)[0]}, which {self._name} does not "
                "have: the same revision has another parent there.",
                "Switch back to the branch that the database was migrated on, and undo it there.",
            )
        left = tips(self.graph, done - undo)
        apart = self.ctx.project.settings.lback.heads
        up = plan_upgrade(self.target, left, (), apart)
        return (*(down.steps if down else ()), *up)

    @property
    def _name(self) -> str:
        return self.options.ref or "this checkout"

    def _gather(self, stamp: tuple[str, ...]) -> None:
        """Find every revision that is applied: in the target, here, or anywhere in git."""
        here = self.reader.graph()
        known = Graph([*self.target, *(one for one in here if one.id not in self.target)])
        self.lost = find_lost(self.reader, known, stamp)
        self.graph = with_lost(known, self.lost.values())
        for revision in stamp:
            if revision not in self.graph:
                raise LbackError(
                    f"The database is at {revision}, and no file of this checkout and nothing in "
                    "git's refs, stashes and reflogs defines it.",
                    "Ask who migrated this database for the branch, fetch it, and run this again.",
                )
        refuse_problems(self.graph)
        self.sources = {one: lost.text for one, lost in self.lost.items()}
        if self.at != WORKTREE:
            others = [
                one for one in self.target if one.id not in here or one.blob != here[one.id].blob
            ]
            texts = self.reader.texts(others, self.at)
            self.sources |= {one.id: texts[one.blob] for one in others}

    def _require_way_down(self, revision: str, effects: Effects) -> None:
        if effects.has_downgrade or not (effects.upgrade or effects.unknown):
            return
        raise LbackError(
            f"{self.graph[revision].path}: {revision} has no way down, "
            "its downgrade() does nothing.",
            f"{self._name[:1].upper()}{self._name[1:]} does not have it, so it has to be undone by "
            "hand; then `lback alembic stamp` writes down where the database is.",
        )

    def _perform(
        self, stamp: tuple[str, ...], steps: tuple[Step, ...], losses: list[dict[str, Any]]
    ) -> None:
        project = self.ctx.project
        database = Database(
            project.settings,
            self.graph,
            project.root,
            x=self.ctx.options.x,
            folder=project.folder,
            sources=self.sources,
            verbose=self.ctx.options.verbose,
        )
        decide = settled(self.ctx, database, lambda _now: steps, stamp)
        down = [one.revision for one in steps if isinstance(one, Downgrade)]
        effects = self.reader.effects(self.graph, down)
        going = [effect for revision in down for effect in effects[revision].downgrade]
        run(
            self.ctx,
            database,
            decide,
            lock_timeout=self.options.lock_timeout,
            before=None if self.options.yes else lambda view: refuse_more(view, going, losses),
        )

    def _data(
        self, stamp: tuple[str, ...], steps: tuple[Step, ...], losses: list[dict[str, Any]]
    ) -> dict[str, Any]:
        return {
            "at": self.at,
            "before": list(stamp),
            "undoes": [
                {"revision": step.revision, "doc": self.graph[step.revision].doc}
                for step in steps
                if isinstance(step, Downgrade)
            ],
            "applies": [
                {"revision": step.revision, "doc": self.graph[step.revision].doc}
                for step in steps
                if isinstance(step, Upgrade)
            ],
            "losses": losses,
            "found": [
                {"revision": one, "path": lost.revision.path, "commit": lost.commit.as_dict()}
                for one, lost in self.lost.items()
            ],
        }


def switch(ctx: Context, options: SwitchOptions) -> Result:
    """Bring the database to what a branch expects; nothing is guessed and nothing skipped."""
    recover(ctx)
    return Switch(ctx, options).run()
