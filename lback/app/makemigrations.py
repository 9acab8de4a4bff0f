"""The use case of `makemigrations`: one migration for what the models changed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lback.app.console import Console
from lback.app.context import Context
from lback.app.journal import recover
from lback.core.graph import Graph
from lback.core.plans import refuse_problems
from lback.core.result import Result
from lback.core.shell import command
from lback.errors import UsageError


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks of `makemigrations`."""

    name: str
    empty: bool = False
    check: bool = False
    sql: bool = False
    renames: tuple[str, ...] = ()
    no_rename: bool = False
    defaults: tuple[str, ...] = ()
    head: str | None = None


class Questions:
    """Asks a person what a comparison cannot know; a `Questioner` of db."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def rename_table(self, old: str, new: str) -> bool:
        """Ask whether one table is another under a new name."""
        return self.console.confirm(
            f"Was the table {old} renamed to {new}? (no: {old} is dropped with its rows)",
            option=f"{command('--rename', f'{old}:{new}')} or `--no-rename`",
        )

    def rename_column(self, table: str, old: str, new: str, type_: str) -> bool:
        """Ask whether one column is another under a new name."""
        return self.console.confirm(
            f"Was {table}.{old} renamed to {table}.{new} ({type_})? "
            f"(no: {old} is dropped with its values)",
            option=f"{command('--rename', f'{table}.{old}:{table}.{new}')} or `--no-rename`",
        )

    def default_for_not_null(self, table: str, column: str, type_: str) -> str | None:
        """Ask what existing rows get in a new column that may not be NULL."""
        answer = self.console.ask(
            f"{table}.{column} ({type_}) may not be NULL. Which value do existing rows get? "
            "(a value, or sql:EXPRESSION)",
            option=command("--default", f"{table}.{column}=VALUE"),
        )
        return answer or None


def makemigrations(ctx: Context, wishes: Wishes) -> Result:
    """Write one migration, or with `check` only say whether one is needed; exit 1 then."""
    recover(ctx)
    graph = ctx.revisions.graph()
    refuse_problems(graph)
    from lback.db import autogenerate
    from lback.db.questions import GivenAnswers

    if wishes.check:
        changes = autogenerate.differences(ctx.database)
        data = _data(ctx, (), (), changes)
        if not changes:
            return Result("makemigrations", data)
        return Result("makemigrations", data, status="findings", exit_code=1)
    head = _head(graph, wishes.head) if wishes.head else None
    draft = autogenerate.Draft(wishes.name, head=head)
    if wishes.empty:
        made = autogenerate.make_empty_revision(ctx.database, draft)
    else:
        ask = GivenAnswers.from_options(
            wishes.renames, wishes.no_rename, wishes.defaults, Questions(ctx.console)
        )
        made = autogenerate.make_revision(ctx.database, draft, ask, with_sql=wishes.sql)
    data = _data(ctx, made.revisions, made.paths, made.changes)
    data["sql"] = made.sql.rstrip("\n").split("\n") if made.sql else []
    return Result("makemigrations", data, view={"empty": wishes.empty})


def _head(graph: Graph, name: str) -> str:
    """Return the one revision that a name stands for."""
    found = graph.resolve(name)
    if len(found) != 1:
        what = f"stands for {', '.join(found)}" if found else "is no revision"
        raise UsageError(
            f"--head {name} {what}, and a migration is built on one revision.",
            "`lback heads` lists the heads.",
        )
    return found[0]


def _data(
    ctx: Context, revisions: tuple[str, ...], paths: tuple[Path, ...], changes: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "revision": revisions[0] if revisions else None,
        "path": os.path.relpath(paths[0], ctx.project.root) if paths else None,
        "paths": [os.path.relpath(path, ctx.project.root) for path in paths],
        "changes": list(changes),
        "sql": [],
    }
