"""The use case of `makemigrations`: one migration for what the models changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lback.core.drafting.asking import OpenQuestion
from lback.core.graph.view import GraphView
from lback.core.messages import makemigrations as messages
from lback.core.results import Result, text_only
from lback.project.checking.trails import refuse_broken
from lback.project.console import Console
from lback.project.context import Context
from lback.project.file_changes import recover
from lback.project.run import refuse_skipped


@dataclass(frozen=True, slots=True)
class MakemigrationsOptions:
    """What the command line asks of `makemigrations`."""

    name: str | None
    """None: one is proposed from what is done."""
    empty: bool = False
    check: bool = False
    dry_run: bool = False
    sql: bool = False
    renames: tuple[str, ...] = ()
    no_rename: bool = False
    defaults: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    no_drop: bool = False
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
    not_compared: tuple[str, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    texts: tuple[str, ...] = ()
    """What the files would hold, where they were not written."""
    empty: bool = text_only(default=False)


class Questions:
    """Asks a person what a comparison cannot know; a `Questioner` of db."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def choose(self, question: OpenQuestion, default: int | None) -> int:
        """Ask which of the choices it is."""
        return self.console.choose(question.text, question.choices, default)

    def value(self, question: OpenQuestion, check: Callable[[str], str]) -> str:
        """Ask for a value until it is one of the column's type."""
        return self.console.value(question.text, check)

    def name(self, proposal: str) -> str:
        """Ask what the migration is called."""
        return self.console.ask(messages.NAME, option="NAME", default=proposal)


def makemigrations(ctx: Context, options: MakemigrationsOptions) -> MakemigrationsResult:
    """Write one migration, or with `check` only say whether one is needed; exit 1 then."""
    recover(ctx)
    graph = ctx.revisions.graph()
    refuse_broken(ctx.revisions, graph)
    from lback.db import autogenerate
    from lback.db.questions import GivenAnswers, QuestionsLeft

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
        answers = GivenAnswers.from_options(
            options.renames,
            options.no_rename,
            options.defaults,
            options.drops,
            options.no_drop,
            Questions(ctx.console) if ctx.console.asks else None,
        )
        try:
            made = autogenerate.make_revision(
                ctx.database,
                draft,
                answers,
                with_sql=options.sql,
                dry_run=options.dry_run,
                refuse=refuse,
            )
        except QuestionsLeft as err:
            return MakemigrationsResult(questions=err.questions).refused(err)
    paths = tuple(ctx.project.name_of(path) for path in made.paths)
    return MakemigrationsResult(
        revision=made.revisions[0] if made.revisions else None,
        path=paths[0] if paths else None,
        paths=paths,
        changes=made.changes,
        sql=tuple(made.sql.rstrip("\n").split("\n")) if made.sql else (),
        not_compared=made.not_compared,
        texts=made.texts,
        empty=options.empty,
    )


def _head(graph: GraphView, name: str) -> str:
    """Return the one revision that a name stands for."""
    heads = graph.resolve(name)
    if len(heads) != 1:
        raise messages.not_one_head(name, heads)
    return heads[0]
