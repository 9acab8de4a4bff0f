"""Runs a prepared rollback: writes the reverting revision, saves the rows, moves the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lback.app.context import Context
from lback.app.losses import backup_path, count_effects, refuse_more
from lback.app.ran import refuse_other_record
from lback.app.running import run, settled
from lback.app.undo.preparing import Prepared
from lback.core.effects import Effect, Effects
from lback.core.undo.stakes import stakes
from lback.errors import LbackError
from lback.report.words import counted

if TYPE_CHECKING:
    from lback.db.performing import Before
    from lback.db.view import View


class Performance:
    """One rollback that runs; `backup` is where the rows at stake went, if there were any."""

    def __init__(self, ctx: Context, ready: Prepared) -> None:
        self.ctx = ctx
        self.ready = ready
        self.backup: Path | None = None
        self._looked: Any = None

    def run(self) -> None:
        """Do it; where it fails before the database has anything of it, no file stays behind."""
        ready, wish = self.ready, self.ready.choice.wish
        written = self._write()
        try:
            database = ready.database()
            run(
                self.ctx,
                database,
                settled(self.ctx, database, lambda _now: ready.steps(), ready.choice.stamp),
                lock_timeout=wish.lock_timeout,
                command="upgrade" if ready.revert else "downgrade",
                before=self._saver(),
            )
        except BaseException:
            if written is not None:
                self._take_back(written)
            raise

    def _write(self) -> Path | None:
        """Write the reverting revision; what the post-write hooks made of it is what runs."""
        revert = self.ready.revert
        if revert is None:
            return None
        from lback.db.revising import Shaped, write_revision

        shaped = Shaped(revert.revision, revert.path, revert.text)
        text = write_revision(self.ctx.database, shaped)
        if text != revert.text:
            if not _same(self.ready.choice.reverter().read(text), revert.effects):
                revert.path.unlink()
                raise LbackError(
                    "A post-write hook changed what the reverting revision does.",
                    "Nothing was changed and no file was left behind. Look at the hooks.",
                )
            self.ready.revert = replace(revert, text=text)
        return revert.path

    def _take_back(self, path: Path) -> None:
        """Remove the file again when the database has nothing of it."""
        revision = self.ready.revert.revision if self.ready.revert else ""
        try:
            untouched = self.ctx.database.look_first(
                lambda view: view.is_untouched(revision, self._looked)
            )
        except LbackError:
            untouched = False
        if untouched:
            path.unlink(missing_ok=True)
        else:
            self.ctx.console.warn(f"{path} stays: the database may have run a part of it")

    def _saver(self) -> Before:
        """Return what happens under the lock before the first step: a second look, the backup."""
        undoes, wish = self.ready.undo.undoes, self.ready.choice.wish
        going = self.ready.undoing()
        places = stakes(going).kept
        target = backup_path(self.ctx, wish.table, undoes[0])

        def before(view: View) -> None:
            refuse_other_record(self.ready.choice.ran, view)
            if not wish.yes:
                refuse_more(view, going, self.ready.losses)
            self.ready.losses = count_effects(view, going)
            self._looked = view.tables_if_needed()
            if not places or wish.no_backup:
                return
            from lback.db.backup import save

            about = {"undoes": list(undoes), "created": target.name.partition("-")[0]}
            rows = save(view.connection, target, places, about)
            if rows:
                self.backup = target
                self.ctx.console.note(f"  saved {counted(rows, 'row')} to {target}")
            else:
                target.unlink(missing_ok=True)

        return before


def _same(left: Effects, right: Effects) -> bool:
    def plain(effects: Sequence[Effect]) -> list[Effect]:
        return [one._replace(line=0) for one in effects]

    return plain(left.upgrade) == plain(right.upgrade) and plain(left.downgrade) == plain(
        right.downgrade
    )
