"""`lback rollback`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import click

from lback.cli.options import common, lock_timeout_option
from lback.cli.running import apart, run
from lback.cli.strict import Command
from lback.core import shell
from lback.core.messages.data_loss import loss
from lback.formats.style import Script, Style, safe
from lback.formats.words import listing

if TYPE_CHECKING:
    from lback.app.rollback import RollbackResult, RolledBackDatabase


@click.command("rollback", cls=Command)
@click.argument("table", required=False)
@click.option("--revision", metavar="REV", help="Undo this revision instead.")
@click.option("--steps", type=click.IntRange(1), metavar="N", help="Undo the last N steps instead.")
@click.option("--plan", is_flag=True, help="Show the plan; change nothing.")
@click.option("--sql", is_flag=True, help="Print the SQL instead of running it.")
@click.option(
    "--strategy",
    type=click.Choice(["downgrade", "revert"]),
    help="Undo the revision itself, or write a new one on top.",
)
@click.option("--no-backup", is_flag=True, help="Lose data without saving it to a file first.")
@click.option("--yes", "-y", is_flag=True, help="Lose data without asking.")
@lock_timeout_option
@common
def command(
    table: str | None,
    revision: str | None,
    steps: int | None,
    plan: bool,
    sql: bool,
    strategy: Literal["downgrade", "revert"] | None,
    no_backup: bool,
    yes: bool,
    lock_timeout: float | None,
) -> int:
    """Undo the latest change of TABLE.

    Example: `lback rollback users --plan`
    """
    if sum(given is not None for given in (table, revision, steps)) != 1:
        raise click.UsageError("Say what to undo: a TABLE, or `--revision REV`, or `--steps N`.")
    apart({"--plan": plan, "--sql": sql})
    told = plan or sql
    idle = {
        "--yes": told and yes,
        "--no-backup": told and no_backup,
        "--lock-timeout": lock_timeout if told else None,
    }
    from lback.app.rollback import RollbackOptions, rollback

    options = RollbackOptions(
        table, revision, steps, plan, sql, strategy, yes, lock_timeout, no_backup
    )
    return run(lambda ctx: rollback(ctx, options), idle)


def lines(result: RollbackResult, style: Style) -> Iterator[str]:
    """Yield what is undone, how and why, what goes along and what is lost."""
    if result.sql:
        yield Script("\n".join(result.sql))
        return
    several = len(result.databases) > 1
    if result.failed:
        yield from _databases(result, style) if several else ()
        return
    done = result.done
    yield from _undone(result, style)
    yield style.dim(f"how: {result.strategy}, because {safe(result.reason)}")
    for revision in result.recorded:
        name = style.yellow(safe(revision))
        yield f"{name} with the text that ran here, since its file was edited later"
    for row in result.collateral:
        tables = f" ({listing(row.tables)})" if row.tables else ""
        yield f"also undone: {style.yellow(safe(row.revision))}{tables}"
    if result.writes:
        yield f"{'wrote' if done else 'would write'} {style.cyan(safe(result.writes))}"
        if not done:
            yield from (f"    {safe(line)}" for line in result.upgrade)
    yield from () if several else _losses(result, done, style)
    yield from _proof(result, style)
    if several:
        yield from _databases(result, style)
    else:
        yield f"the database {'is' if done else 'would be'} at {_place(result.target)}"
    if done:
        yield f"{style.cyan('next:')} {_next(result)}"


def _losses(row: RollbackResult | RolledBackDatabase, done: bool, style: Style) -> Iterator[str]:
    for lost in row.losses:
        yield style.red(f"{'deleted' if done else 'deletes'}: {loss(lost)}")
    if row.backup:
        yield f"saved to {safe(row.backup)}"


def _databases(result: RollbackResult, style: Style) -> Iterator[str]:
    """Yield what comes of each of several databases."""
    done = result.done
    for row in result.databases:
        yield f"{style.bold(safe(row.title))}:"
        if row.message:
            yield f"  {style.red(safe(row.message))}"
        elif row.undoes and not (result.failed and not done):
            yield from (f"  {line}" for line in _losses(row, done, style))
            yield f"  {'is' if done else 'would be'} at {_place(row.target)}"
        else:
            yield f"  stays at {_place(row.target)}"


def _place(target: Sequence[str]) -> str:
    return listing(target) or "its base: nothing is applied"


def _undone(result: RollbackResult, style: Style) -> Iterator[str]:
    what = f" of {safe(result.table)}" if result.table else ""
    verb = "undid" if result.done else "would undo"
    about = f"the latest change{what}: " if result.table else ""
    for revision, doc in zip(result.undoes, result.docs, strict=True):
        title = safe(" ".join(doc.split()))
        yield f"{verb} {about}{style.yellow(safe(revision))}  {title}".rstrip()


def _proof(result: RollbackResult, style: Style) -> Iterator[str]:
    proof = result.proof
    if proof is None:
        return
    paint = style.green if proof.state == "proved" else style.yellow
    words = {"proved": "proved", "unproved": "not proved", "wrong": "not right"}
    yield f"{paint(words[proof.state])}: {safe(proof.message)}"


def _next(result: RollbackResult) -> str:
    saved = [row.backup for row in result.databases if row.backup]
    restored = " and ".join(shell.command("lback restore", name) for name in saved)
    verb = "puts" if len(saved) == 1 else "put"
    back = f"; {restored} {verb} the values back" if saved else ""
    if result.writes:
        return f"take the change out of the models, then commit both{back}"
    return f"`lback migrate` does it again; or change or delete the file{back}"
