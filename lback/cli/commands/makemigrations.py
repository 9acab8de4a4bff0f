"""`lback makemigrations`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import click

from lback.cli.options import common
from lback.cli.running import apart, run
from lback.cli.strict import Command
from lback.core.shell import command as command_line
from lback.formats.style import Script, Style, safe

if TYPE_CHECKING:
    from lback.app.makemigrations import MakemigrationsResult


@click.command("makemigrations", cls=Command)
@click.argument("name", required=False)
@click.option("--empty", is_flag=True, help="Write an empty migration, to be filled in by hand.")
@click.option(
    "--data", metavar="TABLE", help="Write a migration that goes through the rows of a table."
)
@click.option("--fetch", is_flag=True, help="`git fetch` first, to see what the team has pushed.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if something would be written.")
@click.option("--dry-run", is_flag=True, help="Print the migration; write nothing.")
@click.option(
    "--amend",
    is_flag=True,
    help="Write the latest revision anew, which nobody else has; the database follows.",
)
@click.option("--sql", is_flag=True, help="Print the SQL of the new migration, too.")
@click.option(
    "--rename",
    "renames",
    multiple=True,
    metavar="OLD:NEW",
    help="Write a rename: `users.name:users.full_name` or `users:people`.",
)
@click.option("--no-rename", is_flag=True, help="Write every drop and add as such, never a rename.")
@click.option(
    "--default",
    "defaults",
    multiple=True,
    metavar="TABLE.COLUMN[=VALUE]",
    help="What NOT NULL puts into existing rows: a value, or `sql:` and an expression.",
)
@click.option(
    "--drop",
    "drops",
    multiple=True,
    metavar="TABLE[.COLUMN]",
    help="Drop what is gone from the models, with its rows.",
)
@click.option("--no-drop", is_flag=True, help="Write no drop; what is gone stays in the database.")
@click.option("--head", metavar="REVISION", help="The head to build on, where there are several.")
@click.option(
    "--against",
    type=click.Choice(["migrations", "database"]),
    help="Compare with what the migrations build (the default), or with the database.",
)
@common
def command(
    name: str | None,
    empty: bool,
    data: str | None,
    fetch: bool,
    check: bool,
    dry_run: bool,
    amend: bool,
    sql: bool,
    renames: tuple[str, ...],
    no_rename: bool,
    defaults: tuple[str, ...],
    drops: tuple[str, ...],
    no_drop: bool,
    head: str | None,
    against: Literal["migrations", "database"] | None,
) -> int:
    """Compare the models with the schema and write one migration called NAME.

    Without NAME one is proposed from the changes.

    Example: `lback makemigrations add_users_table`
    """
    if name is None and (empty or data is not None):
        raise click.UsageError(
            "Give the migration a name: `lback makemigrations fill_in_emails --empty`."
        )
    answers = {
        "--dry-run": dry_run,
        "--amend": amend,
        "--sql": sql,
        "--rename": renames,
        "--no-rename": no_rename,
        "--default": defaults,
        "--drop": drops,
        "--no-drop": no_drop,
    }
    for flag, value in answers.items():
        apart({"--empty": empty, "--data": data, flag: value})
    apart({"--amend": amend, "--dry-run": dry_run})
    for flag, value in {"--empty": empty, "--data": data, "--amend": amend}.items():
        apart({flag: value, "--against": against})
    others = {"--empty": empty, **answers, "--data": data, "--fetch": fetch, "--head": head}
    for flag, value in others.items():
        apart({"--check": check, flag: value})
    from lback.app.makemigrations import MakemigrationsOptions, makemigrations

    options = MakemigrationsOptions(
        name,
        empty=empty,
        check=check,
        dry_run=dry_run,
        amend=amend,
        data=data,
        fetch=fetch,
        sql=sql,
        renames=renames,
        no_rename=no_rename,
        defaults=defaults,
        drops=drops,
        no_drop=no_drop,
        head=head,
        against=against,
    )
    return run(lambda ctx: makemigrations(ctx, options), {"NAME": check and name})


def lines(result: MakemigrationsResult, style: Style) -> Iterator[str]:
    """Yield what changed and the file that was written."""
    if result.status == "findings":
        yield "the models and the migrations do not agree:"
        yield from (f"  {safe(change)}" for change in result.changes)
        yield f"{style.cyan('next:')} `lback makemigrations NAME`"
        return
    if result.failed:
        if len(result.questions) > 1:
            for question in result.questions:
                yield safe(question.text)
                yield from (f"  {safe(choice)}" for choice in question.choices)
        return
    left = [f"not compared: {safe(text)}" for text in result.not_compared]
    if not result.paths:
        yield "no changes were found" if left else "no changes: the models and the schema agree"
        yield from left
        return
    wrote = "would write" if result.texts else "amended" if result.amended else "wrote"
    for path in result.paths:
        yield f"{wrote} {style.bold(safe(path))}"
    yield from (f"  {safe(change)}" for change in result.changes)
    yield from left
    if result.sql:
        yield ""
        yield Script("\n".join(result.sql))
    if result.texts:
        yield from (Script(f"\n{text}") for text in result.texts)
        return
    if result.amended:
        if result.old_blob is not None:
            yield f"its old text: {command_line('git cat-file -p', result.old_blob)}"
        return
    verb = "fill it in" if result.empty else "read it"
    yield f"{style.cyan('next:')} {verb}, then `lback migrate`"
