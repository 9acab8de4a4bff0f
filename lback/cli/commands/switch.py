"""`lback switch`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.options import common, lock_timeout_option
from lback.cli.running import apart, run
from lback.cli.strict import Command
from lback.core.messages.data_loss import loss
from lback.core.rollback.stakes import DataLoss
from lback.core.shell import command as quoted
from lback.formats.style import Style, safe
from lback.formats.words import title

if TYPE_CHECKING:
    from lback.app.switch import SwitchedDatabase, SwitchResult


@click.command("switch", cls=Command)
@click.argument("ref", required=False)
@click.option("--plan", is_flag=True, help="Show the plan; change nothing.")
@click.option(
    "--restore-files", is_flag=True, help="Write files from the record that no commit has."
)
@click.option("--no-backup", is_flag=True, help="Lose data instead of saving it first.")
@click.option("--yes", "-y", is_flag=True, help="Lose data without asking.")
@lock_timeout_option
@common
def command(
    ref: str | None,
    plan: bool,
    restore_files: bool,
    no_backup: bool,
    yes: bool,
    lock_timeout: float | None,
) -> int:
    """Bring the database to the revisions of REF (default: this checkout).

    Revisions that REF does not have are undone with their own code, wherever in git that is.
    Rows and values that go with them are saved in the database, and come back when the
    revisions do.

    Example: `lback switch --plan` after `git switch main`
    """
    from lback.app.switch import SwitchOptions, switch

    apart({"REF": ref, "--restore-files": restore_files})
    apart({"--plan": plan, "--restore-files": restore_files})
    options = SwitchOptions(ref, plan, yes, no_backup, restore_files, lock_timeout)
    idle = {"--yes": plan and yes, "--lock-timeout": lock_timeout if plan else None}
    return run(lambda ctx: switch(ctx, options), idle)


def lines(result: SwitchResult, style: Style) -> Iterator[str]:
    """Yield what goes down and what goes up; of several databases, under the name of each."""
    if len(result.databases) > 1:
        for database in result.databases:
            yield f"{style.bold(safe(database.title))}:"
            if database.message:
                yield f"  {style.red(safe(database.message))}"
            else:
                yield from (f"  {line}" for line in _steps(result, database, style))
    elif result.databases:
        yield from _steps(result, result.databases[0], style)
    for file in result.forgotten:
        yield style.yellow(
            f"{safe(file.revision)} went down with this branch, and its file is in no commit: "
            f"`lback switch --restore-files` writes {safe(file.path)} from the record"
        )
    for row in result.returned:
        yield style.green(f"put back: {loss(DataLoss(row.table, None, row.rows))}")
    if not result.done and not result.failed and (result.undoes or result.applies):
        yield "nothing was done"
    if result.files is not None and not result.failed:
        checkout = quoted("git switch" if result.is_branch else "git checkout", result.files)
        yield f"{style.cyan('next:')} {checkout} brings the files that the database is at now"


def _steps(result: SwitchResult, steps: SwitchedDatabase, style: Style) -> Iterator[str]:
    done = result.done
    places = {row.revision: row.place for row in result.found}
    for gone in steps.mended:
        told = "went" if done else "goes"
        yield f"{safe(gone)} {told} out of the stamp: another row of it stands on that"
    if not steps.undoes and not steps.applies and not steps.mended:
        yield "nothing to do: the database is what this branch expects"
    for row in steps.undoes:
        place = places.get(row.revision)
        found = style.dim(f"  (found {safe(place)})") if place else ""
        sign = style.red("- undid " if done else "- undo  ")
        yield f"{sign} {title(row.revision, row.doc, style)}{found}"
    for row in steps.applies:
        sign = style.green("+ applied" if done else "+ apply ")
        yield f"{sign} {title(row.revision, row.doc, style)}"
    for lost in steps.losses:
        if result.keeps:
            yield f"{'saved' if done else 'saves'}: {loss(lost)}"
        else:
            yield style.red(f"{'deleted' if done else 'deletes'}: {loss(lost)}")
