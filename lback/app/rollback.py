"""The use case of `rollback`: undo one table's latest change, one revision, or some steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lback.app.context import Context
from lback.app.journal import recover
from lback.app.losses import count_losses
from lback.app.progress import Progress
from lback.app.reading import Reader
from lback.core.effects import Effects
from lback.core.graph import Graph
from lback.core.plans import Downgrade, applied, plan_downgrade
from lback.core.result import Result, refused
from lback.core.tables import Doubt, TableLife, latest_change, life
from lback.core.undoing import Undo, decide_undo, newer_doubt
from lback.errors import LbackError, UsageError


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks of `rollback`; exactly one of the first three is given."""

    table: str | None = None
    revision: str | None = None
    steps: int | None = None
    plan: bool = False
    sql: bool = False
    strategy: str | None = None
    yes: bool = False
    lock_timeout: float | None = None


class Rollback:
    """One rollback: gathers, decides, performs."""

    def __init__(self, ctx: Context, wish: Wish) -> None:
        recover(ctx)
        self.ctx = ctx
        self.wish = wish
        self.reader = Reader(ctx)
        self.graph: Graph = self.reader.graph()
        self.effects: dict[str, Effects] = {}
        self.losses: list[dict[str, Any]] = []

    def run(self) -> Result:
        """Undo what was wished, or say why not."""
        stamp = self.ctx.database.stamp().revisions
        undo = self.decide(stamp)
        if undo.strategy == "revert" and self.wish.strategy == "downgrade":
            undo = self._forced(undo)
        if undo.strategy == "downgrade" and not self.wish.sql:
            going = (*undo.undoes, *undo.collateral)
            self.losses = count_losses(self.ctx, going, self.effects)
        data = self._data(undo)
        if undo.strategy != "downgrade":
            hint = undo.hint or self._way_out(undo)
            data["strategy"] = "refused"
            return refused("rollback", data, _sentence(undo.reason), hint)
        if self.wish.sql:
            text = self.ctx.database.sql(lambda _stamp: self._steps(stamp, undo), start=stamp)
            data["sql"] = text.splitlines()
        view = {"done": False, "sql": self.wish.sql, "docs": self._docs(undo)}
        if self.wish.plan or self.wish.sql:
            return Result("rollback", data, view=view)
        if not self._consents(undo):
            return refused("rollback", data, "Nothing was undone: you said no.")
        self._perform(stamp, undo)
        return Result("rollback", data, view={**view, "done": True})

    def decide(self, stamp: tuple[str, ...]) -> Undo:
        """Choose which revisions to undo and how, from the stamp of the database."""
        done = applied(self.graph, stamp)
        if not done:
            raise LbackError(
                "Nothing is applied to this database, so there is nothing to undo.",
                "`lback status` shows where the database is.",
            )
        self.effects = self.reader.effects(self.graph, done)
        own: tuple[str, ...] = ()
        if self.wish.table is None:
            undo = self._revisions(stamp, done)
        else:
            told = self._life(self.wish.table, done)
            undo, own = latest_change(told, self.graph), told.names
            doubt = newer_doubt(self.graph, told, undo)
            if doubt is not None:
                return self._doubtful(doubt, undo)
        return decide_undo(self.graph, stamp, undo, self.effects, self.reader.published, own)

    def _life(self, table: str, done: frozenset[str]) -> TableLife:
        told = life(table, self.graph, self.effects, done)
        if told.changes:
            return told
        near = f"Did you mean {', '.join(told.near)}? " if told.near else ""
        raise UsageError(
            f"No applied revision changes a table called {table}.",
            f"{near}`lback history` lists what each revision changes.",
        )

    def _doubtful(self, doubt: Doubt, undo: tuple[str, ...]) -> Undo:
        path = self.graph[doubt.revision].path
        return Undo(
            "refused",
            f"{path}:{doubt.unknown.line}: {doubt.revision} does something that cannot be read "
            f"({doubt.unknown.reason}); it may be a later change of {self.wish.table}",
            undo,
            hint="Look at it, then name the revision to undo: `lback rollback --revision "
            f"{undo[0]}`.",
        )

    def _revisions(self, stamp: tuple[str, ...], done: frozenset[str]) -> tuple[str, ...]:
        if self.wish.revision is not None:
            return self.graph.resolve(self.wish.revision, stamp)
        order = [one for one in self.graph.order() if one in done]
        return tuple(reversed(order[-(self.wish.steps or 1) :]))

    def _forced(self, undo: Undo) -> Undo:
        return Undo(
            "downgrade", "asked for by --strategy", undo.undoes, undo.collateral, undo.target
        )

    def _steps(self, stamp: tuple[str, ...], undo: Undo) -> tuple[Downgrade, ...]:
        return plan_downgrade(self.graph, stamp, undo.undoes).steps

    def _consents(self, undo: Undo) -> bool:
        """Ask before anything is lost; nothing to lose needs no question."""
        if self.wish.yes:
            return True
        parts = []
        if undo.collateral:
            parts.append(f"This also undoes {', '.join(undo.collateral)}.")
        if self.losses:
            rows = "; ".join(_loss(loss) for loss in self.losses)
            parts.append(f"This deletes {rows}.")
        if not parts:
            return True
        return self.ctx.console.confirm(" ".join([*parts, "Go on?"]), option="--yes")

    def _perform(self, stamp: tuple[str, ...], undo: Undo) -> None:
        def decide(now: tuple[str, ...]) -> tuple[Downgrade, ...]:
            if set(now) != set(stamp):
                raise LbackError(
                    "The database moved while the rollback was being planned: it is at "
                    f"{', '.join(now) or 'nothing'} now.",
                    "Run the same command again.",
                )
            return self._steps(now, undo)

        progress = Progress(self.ctx.console, self.graph)
        self.ctx.database.run(decide, on_event=progress, lock_timeout=self.wish.lock_timeout)

    def _way_out(self, undo: Undo) -> str:
        shown = undo.undoes[0]
        if undo.collateral:
            return (
                "Undo those first, newest first; or take them along with "
                f"`lback rollback --revision {shown} --strategy downgrade`; or write the "
                "reverse as a new migration with `lback makemigrations`."
            )
        return (
            "Change the model back and write a new migration with `lback makemigrations`; or, if "
            "you are sure that nobody else has run it, use `--strategy downgrade`."
        )

    def _docs(self, undo: Undo) -> dict[str, str]:
        return {one: self.graph[one].doc for one in (*undo.undoes, *undo.collateral)}

    def _data(self, undo: Undo) -> dict[str, Any]:
        return {
            "table": self.wish.table,
            "strategy": undo.strategy,
            "reason": undo.reason,
            "undoes": list(undo.undoes),
            "collateral": [
                {"revision": one, "tables": list(self.effects[one].tables)}
                for one in undo.collateral
            ],
            "losses": self.losses,
            "writes": None,
            "target": list(undo.target),
            "sql": [],
        }


def rollback(ctx: Context, wish: Wish) -> Result:
    """Undo the latest change of a table, or what else was wished."""
    return Rollback(ctx, wish).run()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _loss(loss: dict[str, Any]) -> str:
    what = f"{loss['table']}.{loss['column']}" if loss["column"] else loss["table"]
    return f"{loss['rows']} {'row' if loss['rows'] == 1 else 'rows'} of {what}"
