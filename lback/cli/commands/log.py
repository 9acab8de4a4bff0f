"""`lback log`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command
from lback.core.shell import typed
from lback.formats.style import Style, safe
from lback.formats.words import counted, listing, moved, title

if TYPE_CHECKING:
    from lback.app.log import LogResult, LogRow, RecordOfDatabase

_MOST = 20


@click.command("log", cls=Command)
@click.argument("name", required=False, metavar="[TABLE|REVISION]")
@click.option(
    "--max-count",
    type=click.IntRange(min=1),
    default=_MOST,
    metavar="N",
    help=f"Show the newest N steps of each database (default: {_MOST}).",
)
@common
def command(name: str | None, max_count: int) -> int:
    """Show what ran on the database, of one TABLE or REVISION; newest first.

    Example: `lback log --max-count 5`
    """
    from lback.app.log import log

    return run(lambda ctx: log(ctx, max_count, name))


def lines(result: LogResult, style: Style) -> Iterator[str]:
    """Yield each step with who took it, and the moves between them that lback did not see."""
    for number, database in enumerate(result.databases):
        if number:
            yield ""
        yield from _database(database, result, style)
    if result.elsewhere:
        names = safe(listing(result.elsewhere))
        yield style.yellow(f"not looked at, as no file here defines them: {names}")


def _database(database: RecordOfDatabase, result: LogResult, style: Style) -> Iterator[str]:
    name = safe(database.title)
    if database.message is not None:
        yield f"{name}: {style.red(safe(database.message))}"
        return
    at = listing(database.current) if database.current else "nothing"
    yield f"{name}: at {at}"
    if database.doubt is not None:
        yield style.yellow(f"the record cannot be read: {safe(database.doubt)}")
    elif not database.steps:
        what = "nothing" if result.name is None else f"no step of {safe(result.name)}"
        yield f"{what} is recorded here"
    behind = {move.behind: move for move in database.unrecorded}
    for step in database.steps:
        if step.id in behind:
            yield style.yellow(moved(behind[step.id]))
        yield from _step(step, result, style)
    left = database.total - len(database.steps)
    if left:
        yield f"and {counted(left, 'earlier step')}"


def _step(step: LogRow, result: LogResult, style: Style) -> Iterator[str]:
    if step.direction == "stamp":
        yield f"{style.yellow(listing(step.after or ()) or 'nothing')}  (stamped)"
    else:
        yield title(step.revision, result.docs.get(step.revision, ""), style)
    took = f" in {step.seconds:.2f} s" if step.seconds is not None else ""
    person = safe(step.who)
    machine = f"{safe(step.run_by)} on {safe(step.host)}" if step.host else safe(step.run_by)
    yield style.dim(f"    {_DEEDS[step.direction]} {step.at} UTC{took} by {person} ({machine})")
    where = [safe(step.branch or ""), f"commit {step.commit[:7]}" if step.commit else ""]
    command = typed(step.command) if step.command else ""
    known = ", ".join(filter(None, [command, *where]))
    if known:
        yield style.dim(f"    {known}")
    if step.outcome == "failed":
        yield style.red(f"    failed: {safe(step.message or 'why is not known')}")
    elif step.outcome == "started":
        yield style.red("    did not end")


_DEEDS = {
    "upgrade": "applied",
    "downgrade": "undone",
    "fake upgrade": "noted as applied",
    "fake downgrade": "noted as undone",
    "stamp": "stamped",
}
