"""The use case of `makemigrations`: one migration for what the models changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from lback.core.graph.view import GraphView
from lback.core.messages import makemigrations as messages
from lback.core.results import Result, text_only
from lback.core.shell import command
from lback.project.checking.trails import refuse_broken
from lback.project.console import Console
from lback.project.context import Context
from lback.project.file_changes import recover
from lback.project.run import refuse_skipped


@dataclass(frozen=True, slots=True)
class MakemigrationsOptions:
    """What the command line asks of `makemigrations`."""

    name: str
    empty: bool = False
    check: bool = False
    sql: bool = False
    renames: tuple[str, ...] = ()
    no_rename: bool = False
    defaults: tuple[str, ...] = ()
    head: str | None = None


@dataclass(frozen=True, kw_only=True)
class MakemigrationsResult(Result):
    """The migration that was written, or with `check` what it would hold."""

    command = "makemigrations"

    revision: str | None = None
    path: str | None = None
    paths: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    sql: tuple[str, ...] = ()
    empty: bool = text_only(default=False)


class Questions:
    """Asks a person what a comparison cannot know; a `Questioner` of db."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def rename_table(self, old: str, new: str) -> bool:
        """Ask whether one table is another under a new name."""
        return self.console.confirm(
            messages.table_renamed(old, new), option=messages.renamed_option(old, new)
        )

    def rename_column(self, table: str, old: str, new: str, type_: str) -> bool:
        """Ask whether one column is another under a new name."""
        return self.console.confirm(
            messages.column_renamed(table, old, new, type_),
            option=messages.renamed_option(f"{table}.{old}", f"{table}.{new}"),
        )

    def default_for_not_null(self, table: str, column: str, type_: str) -> str | None:
        """Ask what existing rows get in a new column that may not be NULL."""
        answer = self.console.ask(
            messages.value_for_rows(table, column, type_),
            option=command("--default", f"{table}.{column}=VALUE"),
        )
        return answer or None


def makemigrations(ctx: Context, options: MakemigrationsOptions) -> MakemigrationsResult:
    """Write one migration, or with `check` only say whether one is needed; exit 1 then."""
    recover(ctx)
    graph = ctx.revisions.graph()
    refuse_broken(ctx.revisions, graph)
    from lback.db import autogenerate
    from lback.db.questions import GivenAnswers

    refuse = partial(refuse_skipped, ctx, graph)
    if options.check:
        changes = autogenerate.differences(ctx.database, refuse)
        return MakemigrationsResult(
            changes=changes,
            status="findings" if changes else "ok",
            exit_code=1 if changes else 0,
        )
    head = _head(graph, options.head) if options.head else None
    draft = autogenerate.Draft(options.name, head=head)
    if options.empty:
        made = autogenerate.make_empty_revision(ctx.database, draft)
    else:
        ask = GivenAnswers.from_options(
            options.renames, options.no_rename, options.defaults, Questions(ctx.console)
        )
        made = autogenerate.make_revision(
            ctx.database, draft, ask, with_sql=options.sql, refuse=refuse
        )
    paths = tuple(ctx.project.name_of(path) for path in made.paths)
    return MakemigrationsResult(
        revision=made.revisions[0] if made.revisions else None,
        path=paths[0] if paths else None,
        paths=paths,
        changes=made.changes,
        sql=tuple(made.sql.rstrip("\n").split("\n")) if made.sql else (),
        empty=options.empty,
    )


def _head(graph: GraphView, name: str) -> str:
    """Return the one revision that a name stands for."""
    heads = graph.resolve(name)
    if len(heads) != 1:
        raise messages.not_one_head(name, heads)
    return heads[0]
