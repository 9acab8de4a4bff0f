"""The use case of `rollback`: undo one table's latest change, one revision, or some steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lback.app.context import Context
from lback.app.cut_off import refuse_unsettled, watched
from lback.app.journal import recover
from lback.app.last_seen import remember
from lback.app.losses import backup_path, count_effects
from lback.app.ran import Ran, refuse_edited, what_ran
from lback.app.reading import Reader
from lback.app.rehearsing import Rehearsal, Scene, rehearse
from lback.app.reverting import Revert, Reverter
from lback.core.effects import Effect, Effects
from lback.core.graph import Graph
from lback.core.plans import Step, Upgrade, applied, plan_downgrade, tips
from lback.core.result import Result, refused
from lback.core.tables import Doubt, TableLife, latest_change, life
from lback.core.undo.extraction import InTheWay
from lback.core.undo.stakes import stakes
from lback.core.undo.undoing import Situation, Undo, decide_undo, newer_doubt
from lback.core.undo.uses import first_use
from lback.errors import LbackError, UsageError

if TYPE_CHECKING:
    from lback.db.performing import Before
    from lback.db.runner import Database


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks of `rollback`; exactly one of the first three is given."""

    table: str | None = None
    revision: str | None = None
    steps: int | None = None
    plan: bool = False
    sql: bool = False
    strategy: Literal["downgrade", "revert"] | None = None
    yes: bool = False
    lock_timeout: float | None = None
    no_backup: bool = False


class Rollback:
    """One rollback: gathers, decides, performs."""

    def __init__(self, ctx: Context, wish: Wish) -> None:
        self.ctx = ctx
        self.wish = wish
        self.reader = Reader(ctx)
        self.graph: Graph = self.reader.graph()
        self.done: frozenset[str] = frozenset()
        self.effects: dict[str, Effects] = {}
        self.told: TableLife | None = None
        self.ran = Ran()
        self.lost: dict[str, bytes] = {}
        self.revert: Revert | None = None
        self.losses: list[dict[str, Any]] = []
        self.rehearsal: Rehearsal | None = None
        self.backup: Path | None = None

    def run(self) -> Result:
        """Undo what was wished, or say why not."""
        stamp = self.ctx.database.stamp()
        self._find_lost(stamp.revisions)
        undo = self.decide(stamp.revisions)
        if undo.strategy != "refused":
            undo = self._prepare(undo, stamp.revisions, stamp.dialect)
        if undo.strategy == "refused":
            return self._refused(undo)
        data = self._data(undo, stamp.revisions)
        view = {"done": False, "sql": self.wish.sql, **self._view(undo)}
        if self.wish.sql:
            data["sql"] = self._sql(undo, stamp.revisions).splitlines()
        if self.wish.plan or self.wish.sql:
            return Result("rollback", data, view=view)
        if not self._consents(undo):
            return refused("rollback", data, "Nothing was undone: you said no.")
        self._perform(stamp.revisions, undo)
        data["backup"] = str(self.backup) if self.backup and self.backup.exists() else None
        return Result("rollback", data, view={**view, "done": True})

    def _find_lost(self, stamp: tuple[str, ...]) -> None:
        """Take revisions out of git's history that the database has and the checkout lacks."""
        missing = [one for one in stamp if one not in self.graph]
        if not missing:
            return
        from lback.app.lost import find_lost, with_lost

        found = find_lost(self.reader, self.graph, missing)
        self.lost = {one: lost.text for one, lost in found.items()}
        self.graph = with_lost(self.graph, found.values())

    # -- deciding ------------------------------------------------------------------

    def decide(self, stamp: tuple[str, ...]) -> Undo:
        """Choose which revisions to undo and how, from the stamp of the database."""
        self.done = applied(self.graph, stamp)
        if not self.done:
            raise LbackError(
                "Nothing is applied to this database, so there is nothing to undo.",
                "`lback status` shows where the database is.",
            )
        self.effects = self.reader.effects(self.graph, self.done - self.lost.keys())
        reverter = Reverter(self.reader, self.graph, self.effects, {})
        self.effects |= {one: reverter.read(text) for one, text in self.lost.items()}
        if self.wish.table is None:
            undo = self._revisions(stamp)
        else:
            self.told = self._life(self.wish.table)
            undo = latest_change(self.told, self.graph)
            doubt = newer_doubt(self.graph, self.told, undo)
            if doubt is not None:
                return self._doubtful(doubt, undo)
        self._take_what_ran(undo)
        at = Situation(
            self.graph,
            stamp,
            self.effects,
            self.reader.published,
            self.told.names if self.told else (),
            self.ctx.project.settings.lback.heads,
        )
        decided = decide_undo(at, undo, self.wish.strategy)
        if decided.strategy == "revert" and self.lost:
            return _no(
                decided,
                f"{decided.reason}; and a reverting revision cannot go on top of "
                f"{', '.join(self.lost)}, which no file of this checkout defines",
                "Check the branch out that has them; or bring the database to this checkout: "
                "`lback switch`.",
            )
        return decided

    def _take_what_ran(self, undo: tuple[str, ...]) -> None:
        """Undo the version that ran, where the file says something else by now."""
        present = [one for one in undo if one not in self.lost]
        self.ran = what_ran(self.reader, self.graph, present)
        if self.wish.strategy is None:
            refuse_edited(self.ran)
        reverter = Reverter(self.reader, self.graph, self.effects, self.ran.texts)
        for revision, text in self.ran.texts.items():
            self.effects[revision] = reverter.read(text)
        self.ran.texts.update(self.lost)

    def _life(self, table: str) -> TableLife:
        told = life(table, self.graph, self.effects, self.done)
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

    def _revisions(self, stamp: tuple[str, ...]) -> tuple[str, ...]:
        if self.wish.revision is not None:
            return self.graph.resolve(self.wish.revision, stamp)
        order = [one for one in self.graph.order() if one in self.done]
        return tuple(reversed(order[-(self.wish.steps or 1) :]))

    # -- preparing -----------------------------------------------------------------

    def _prepare(self, undo: Undo, stamp: tuple[str, ...], dialect: str) -> Undo:
        """Compose, look for what stands in the way, count and rehearse; all without a change."""
        if undo.strategy == "revert":
            reverter = Reverter(self.reader, self.graph, self.effects, self.ran.texts)
            try:
                self.revert = reverter.compose(undo, self.wish.table, self.told)
            except InTheWay as err:
                return _no(undo, err.message, err.hint or _BY_HAND)
        refusal = self._needed(undo)
        if refusal is not None:
            return refusal
        self.losses = count_effects(self.ctx, self._undoing(undo))
        self.rehearsal = rehearse(
            self.ctx, self._database(), self._graph, self._scene(undo, stamp), dialect
        )
        return self._unproved(undo)

    def _unproved(self, undo: Undo) -> Undo:
        rehearsal = self.rehearsal
        if rehearsal is None or rehearsal.state == "proved":
            return undo
        if rehearsal.state == "wrong" and not (
            self.wish.strategy == "downgrade" and undo.strategy == "downgrade"
        ):
            first = undo.undoes[0]
            hint = f"Correct the downgrade() of {first} ({self.graph[first].path})"
            if undo.strategy == "downgrade":
                hint += "; or take it as it is with `--strategy downgrade`"
            return _no(undo, f"the rollback would not be right: {rehearsal.message}", f"{hint}.")
        draft = self.revert.draft if self.revert else None
        if draft is not None and draft.unknown:
            path, unknown = draft.unknown[0]
            return _no(
                undo,
                f"{path}:{unknown.line}: this cannot be read ({unknown.reason}), and it could not "
                f"be proved either: {rehearsal.message}",
                _BY_HAND,
            )
        return undo

    def _needed(self, undo: Undo) -> Undo | None:
        """Refuse when an applied revision that stays needs what would go."""
        below = self.graph.ancestors(undo.undoes)
        going = {*undo.undoes, *undo.collateral} if undo.strategy == "downgrade" else set()
        order = [one for one in self.graph.order() if one in self.done]
        later = [one for one in order if one not in below and one not in going]
        seen = {one: self.effects[one] for one in later}
        if self.revert is not None and self.told is not None:
            for one in undo.undoes:  # what a many-table revision did to the other tables stays
                seen[one] = self._rest(one)
        judged = [one for one in order if one in seen]
        here = [self.graph[one] for one in judged if one not in self.lost]
        texts = self.reader.texts(here)
        shown = {one.id: texts[one.blob].decode("utf-8", "replace") for one in here}
        shown |= {one: text.decode("utf-8", "replace") for one, text in self.lost.items()}
        use = first_use(self._undoing(undo), judged, seen, shown, undo.undoes)
        if use is None:
            return None
        return _no(
            undo,
            f"{self.graph[use.revision].path}:{use.line}: {use.revision} needs what would go: "
            f"{use.message}",
            f"Undo that first: `lback rollback --revision {use.revision}`.",
        )

    def _rest(self, revision: str) -> Effects:
        assert self.told is not None
        change = next(one for one in self.told.changes if one.revision == revision)
        mine = set(change.effects)
        found = self.effects[revision]
        return Effects(upgrade=tuple(one for one in found.upgrade if one not in mine))

    def _undoing(self, undo: Undo) -> list[Effect]:
        """Return what will happen to the database, in its order."""
        if self.revert is not None:
            return list(self.revert.effects.upgrade)
        going = {*undo.undoes, *undo.collateral}
        order = [one for one in reversed(self.graph.order()) if one in going]
        return [effect for one in order for effect in self.effects[one].downgrade]

    def _scene(self, undo: Undo, stamp: tuple[str, ...]) -> Scene:
        if self.revert is None:
            steps = plan_downgrade(self.graph, stamp, undo.undoes).steps
            return Scene(self.done, undo.undoes, (), None, steps)
        reverter = Reverter(self.reader, self.graph, self.effects, self.ran.texts)
        own = {name for one in undo.undoes for name in reverter.own(one, self.told)}
        own |= set(self.told.names) if self.told else set()
        later = self.graph.descendants(undo.undoes) & self.done - set(undo.undoes)
        touched = {name for one in later for name in self.effects[one].tables}
        renames = any(
            one.kind == "rename" and one.object in ("table", "column")
            for one in self.revert.effects.upgrade
        )
        return Scene(
            self.done,
            undo.undoes,
            tuple(sorted(own)),
            self.revert.revision,
            touched_later=tuple(sorted(touched)),
            renames=renames,
        )

    # -- performing ----------------------------------------------------------------

    @property
    def _graph(self) -> Graph:
        return self.revert.graph if self.revert is not None else self.graph

    def _database(self) -> Database:
        if self.revert is not None:
            return self.revert.database(self.ctx, self.ran.texts)
        if not self.ran.texts:
            return self.ctx.database
        from lback.db.runner import Database

        origin = self.ctx.database.origin
        return Database(
            origin.settings,
            self.graph,
            origin.root,
            x=origin.x,
            folder=origin.folder,
            sources=self.ran.texts,
            verbose=origin.verbose,
        )

    def _steps(self, stamp: tuple[str, ...], undo: Undo) -> tuple[Step, ...]:
        if self.revert is not None:
            return (Upgrade(self.revert.revision),)
        return plan_downgrade(self.graph, stamp, undo.undoes).steps

    def _sql(self, undo: Undo, stamp: tuple[str, ...]) -> str:
        return self._database().sql(lambda _stamp: self._steps(stamp, undo), start=stamp)

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
            if not self.wish.no_backup:
                parts.append("They are saved to a file first.")
        if not parts:
            return True
        return self.ctx.console.confirm(" ".join([*parts, "Go on?"]), option="--yes")

    def _perform(self, stamp: tuple[str, ...], undo: Undo) -> None:
        def decide(now: tuple[str, ...]) -> tuple[Step, ...]:
            if set(now) != set(stamp):
                raise LbackError(
                    "The database moved while the rollback was being planned: it is at "
                    f"{', '.join(now) or 'nothing'} now.",
                    "Run the same command again.",
                )
            refuse_unsettled(self.ctx, self._graph, now)
            return self._steps(now, undo)

        written = self._write()
        try:
            with watched(self.ctx, self._graph) as listener:
                outcome = self._database().run(
                    decide,
                    on_event=listener,
                    lock_timeout=self.wish.lock_timeout,
                    command="upgrade" if self.revert else "downgrade",
                    before=self._saver(undo),
                )
        except BaseException:
            if written is not None:
                self._take_back(written)
            raise
        remember(self.ctx, outcome.after)

    def _write(self) -> Path | None:
        """Write the reverting revision; what the post-write hooks made of it is what runs."""
        if self.revert is None:
            return None
        from lback.db.revising import Shaped, write_revision

        shaped = Shaped(self.revert.revision, self.revert.path, self.revert.text)
        text = write_revision(self.ctx.database, shaped)
        if text != self.revert.text:
            reverter = Reverter(self.reader, self.graph, self.effects, self.ran.texts)
            effects = reverter.read(text)
            if not _same(effects, self.revert.effects):
                self.revert.path.unlink()
                raise LbackError(
                    "A post-write hook changed what the reverting revision does.",
                    "Nothing was changed and no file was left behind. Look at the hooks.",
                )
            self.revert = replace(self.revert, text=text)
        return self.revert.path

    def _take_back(self, path: Path) -> None:
        """Remove the file again when the database has nothing of it."""
        from lback.db.looking import same_tables

        revision = self.revert.revision if self.revert else ""
        try:
            stamp = self.ctx.database.stamp()
            untouched = revision not in stamp.revisions and same_tables(
                self.ctx.database, self._looked
            )
        except LbackError:
            untouched = False
        if untouched:
            path.unlink(missing_ok=True)
        else:
            self.ctx.console.warn(f"{path} stays: the database may have run a part of it")

    _looked: Any = None

    def _saver(self, undo: Undo) -> Before:
        """Return what happens under the lock before the first step: the backup."""
        places = stakes(self._undoing(undo)).kept
        first = undo.undoes[0]
        self.backup = backup_path(self.ctx, self.wish.table, first)
        target = self.backup

        def before(connection: Any) -> None:
            from lback.db.looking import look_if_needed

            self._looked = look_if_needed(connection)
            if not places or self.wish.no_backup:
                return
            from lback.db.backup import save

            about = {"undoes": list(undo.undoes), "created": target.name.partition("-")[0]}
            rows = save(connection, target, places, about)
            if rows:
                self.ctx.console.note(f"  saved {rows} rows to {target}")
            else:
                target.unlink(missing_ok=True)

        return before

    # -- telling -------------------------------------------------------------------

    def _refused(self, undo: Undo) -> Result:
        data = self._data(undo, ())
        return refused("rollback", data, _sentence(undo.reason), undo.hint)

    def _view(self, undo: Undo) -> dict[str, Any]:
        names = (*undo.undoes, *undo.collateral)
        view: dict[str, Any] = {"docs": {one: self.graph[one].doc for one in names}}
        if self.revert is not None:
            view["upgrade"] = self.revert.draft.upgrade.splitlines()
        return view

    def _data(self, undo: Undo, stamp: tuple[str, ...]) -> dict[str, Any]:
        target = undo.target
        if self.revert is not None and undo.strategy == "revert":
            done = self.graph.ancestors(stamp) | {self.revert.revision}
            target = tips(self.revert.graph, done)
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
            "writes": self._writes(undo),
            "target": list(target),
            "sql": [],
            "proof": self.rehearsal.as_dict() if self.rehearsal else None,
            "backup": None,
        }

    def _writes(self, undo: Undo) -> str | None:
        if self.revert is None or undo.strategy != "revert":
            return None
        root = self.ctx.project.root
        path = self.revert.path
        return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def rollback(ctx: Context, wish: Wish) -> Result:
    """Undo the latest change of a table, or what else was wished."""
    recover(ctx)
    return Rollback(ctx, wish).run()


_BY_HAND = (
    "Write the reverse as a new migration: change the model back and run "
    "`lback makemigrations`; or `lback makemigrations NAME --empty` and write it by hand."
)


def _no(undo: Undo, reason: str, hint: str) -> Undo:
    return Undo("refused", reason, undo.undoes, undo.collateral, hint=hint)


def _same(left: Effects, right: Effects) -> bool:
    def plain(effects: Sequence[Effect]) -> list[Effect]:
        return [one._replace(line=0) for one in effects]

    return plain(left.upgrade) == plain(right.upgrade) and plain(left.downgrade) == plain(
        right.downgrade
    )


def _sentence(text: str) -> str:
    first = text[:1] if "/" in text.partition(" ")[0] else text[:1].upper()
    return first + text[1:] + ("" if text.endswith(".") else ".")


def _loss(loss: dict[str, Any]) -> str:
    what = f"{loss['table']}.{loss['column']}" if loss["column"] else loss["table"]
    return f"{loss['rows']} {'row' if loss['rows'] == 1 else 'rows'} of {what}"
