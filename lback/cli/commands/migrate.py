"""`lback migrate`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from lback.cli.everywhere_options import Everywhere, everywhere_options, require_all
from lback.cli.options import common, lock_timeout_option
from lback.cli.running import apart, run
from lback.cli.strict import Command
from lback.cli.summary import summary
from lback.core.messages import preflight as messages
from lback.formats.style import Script, Style, safe
from lback.formats.words import counted, title

if TYPE_CHECKING:
    from lback.app.migrate import MigratedDatabase, MigrateOptions, MigrateResult
    from lback.cli.everywhere import Turns
    from lback.core.databases import DatabaseName
    from lback.core.preflight.rows import PreflightRow
    from lback.errors import LbackError
    from lback.project.context import Context


@click.command("migrate", cls=Command)
@click.argument("revision", required=False)
@click.option("--plan", is_flag=True, help="Show the plan; change nothing.")
@click.option("--sql", is_flag=True, help="Print the SQL instead of running it.")
@click.option("--fake", is_flag=True, help="Mark the revisions as applied without running them.")
@click.option("--no-preflight", is_flag=True, help="Do not ask the rows whether the steps can run.")
@click.option("--yes", "-y", is_flag=True, help="Undo revisions, and delete data, without asking.")
@click.option("--resume", is_flag=True, help="Go on with a revision that was cut off.")
@click.option(
    "--undo-half", is_flag=True, help="Take back what ran of a revision that was cut off."
)
@click.option(
    "--undone", is_flag=True, help="Say that a revision that was cut off was taken back by hand."
)
@click.option("--only-behind", is_flag=True, help="With --all: lock only what is not up to date.")
@lock_timeout_option
@everywhere_options
@common
def command(
    revision: str | None,
    plan: bool,
    sql: bool,
    fake: bool,
    no_preflight: bool,
    yes: bool,
    resume: bool,
    undo_half: bool,
    undone: bool,
    only_behind: bool,
    lock_timeout: float | None,
    every: bool,
    **all_of_them: Any,
) -> int:
    """Apply the pending revisions, up to REVISION or to the head.

    Example: `lback migrate --plan`
    """
    from lback.app.migrate import MigrateOptions, migrate

    settles = {"--resume": resume, "--undo-half": undo_half, "--undone": undone}
    apart({"--plan": plan, "--sql": sql, "--fake": fake, **settles})
    apart({"--all": every, "--sql": sql})
    only_told = plan or sql
    idle: dict[str, object] = {
        "--yes": only_told and yes,
        "--lock-timeout": lock_timeout if only_told else None,
        "--only-behind": only_behind and plan,
        "REVISION": revision if any(settles.values()) else None,
    }
    options = MigrateOptions(
        revision,
        plan,
        sql,
        fake,
        yes,
        only_behind,
        lock_timeout,
        not no_preflight,
        resume,
        undo_half,
        undone,
    )
    if every:
        return _everywhere(options, Everywhere.of(all_of_them), idle)
    require_all({"only_behind": only_behind, **all_of_them})
    return run(lambda ctx: migrate(ctx, options), idle)


def _everywhere(options: MigrateOptions, asked: Everywhere, idle: Mapping[str, Any]) -> int:
    from lback.app.migrate import MigratedDatabase, migrated, prepare, together
    from lback.cli.everywhere import Task, everywhere

    def row(name: DatabaseName, error: LbackError) -> MigratedDatabase:
        return MigratedDatabase.of(name, error, state=error.state)

    def result(ctx: Context, turns: Turns[MigratedDatabase]) -> MigrateResult:
        return together(ctx, options, turns.rows, turns.states, interrupted=turns.interrupted)

    keep = (lambda row: row.state != "current") if options.only_behind else (lambda _row: True)
    task = Task(
        migrated, options, row, result, prepare=lambda ctx: prepare(ctx, options), keep=keep
    )
    return everywhere(task, asked, idle)


def lines(result: MigrateResult, style: Style) -> Iterator[str]:
    """Yield the plan, or what was done; of several databases, under the name of each."""
    if result.sql is not None:
        yield Script("\n".join(result.sql))
    elif result.summary is not None:
        yield from summary(result.databases, result.summary, style)
    elif len(result.databases) > 1:
        for database in result.databases:
            yield f"{style.bold(safe(database.title))}:"
            told = [style.red(safe(database.message))] if database.message else []
            told += _steps(database, result, style) if database.steps or not told else []
            yield from (f"  {line}" for line in told)
    elif not result.failed:
        yield from (
            line
            for migrated_database in result.databases
            for line in _steps(migrated_database, result, style)
        )
    if result.summary is None and len(result.databases) > 1:
        yield from summary(result.databases, Counter(row.state for row in result.databases), style)
    if result.planned and result.steps:
        yield f"{counted(len(result.steps), 'step')}; nothing was done"


def _steps(database: MigratedDatabase, result: MigrateResult, style: Style) -> Iterator[str]:
    steps = database.steps
    for row in database.mended:
        told = "goes" if result.planned else "went"
        yield f"{safe(row)} {told} out of the stamp: another row of it stands on that"
    if not steps and database.mended:
        return
    if database.settled:
        yield "settled: nothing is left of the revision that was cut off"
    elif not steps:
        yield "nothing to do: the database is up to date"
    elif result.planned:
        for step in steps:
            sign = style.green("+ apply") if step.direction == "up" else style.red("- undo ")
            yield f"{sign}  {title(step.revision, step.doc, style)}"
            own = [row for row in database.preflight if row.revision == step.revision]
            yield from (line for row in own for line in _preflight(row, style))
    else:
        up = sum(step.direction == "up" for step in steps)
        down = len(steps) - up
        parts = [f"applied {counted(up, 'revision')}"] if up else []
        parts += [f"undid {counted(down, 'revision')}"] if down else []
        note = ", noted only (nothing was run)" if result.fake else ""
        yield " and ".join(parts) + note


_SIGNS = {"stops": "fails", "loses": "deletes", "told": "note", "unknown": "not known"}


def _preflight(row: PreflightRow, style: Style) -> Iterator[str]:
    """Yield what is in the way of a step, and the query that shows all of it."""
    if row.state == "fine":
        return
    if row.state == "unknown":
        yield style.dim(f"    not known  {safe(messages.not_asked(row))}")
        return
    paint = style.red if row.state in ("stops", "loses") else style.dim
    told = messages.told(row) + (f"; {safe(row.reason)}" if row.reason else "")
    yield f"    {paint(_SIGNS[row.state])}  {safe(row.path)}:{row.line}: {told}"
    yield style.dim(f"      {safe(row.query)}")
