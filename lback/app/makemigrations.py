"""The use case of `makemigrations`: one migration for what the models changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lback.core.drafting.asking import OpenQuestion
from lback.core.graph.revision import Revision
from lback.core.graph.view import GraphView
from lback.core.messages import makemigrations as messages
from lback.core.results import Result, text_only
from lback.core.source import INDEX
from lback.project.branches import fetch
from lback.project.checking.trails import refuse_broken
from lback.project.console import Console
from lback.project.context import Context, folder_of
from lback.project.copies.against import ComparedWith, compare
from lback.project.file_changes import recover
from lback.project.keeping.amend_notes import tell_of_cut_off
from lback.project.keeping.amending import amend, to_amend

if TYPE_CHECKING:
    from lback.core.preferences import Against
    from lback.db.autogenerate import Draft, Generated
    from lback.db.performing import Refuse
    from lback.db.questions import GivenAnswers
    from lback.db.runner import Database


@dataclass(frozen=True, slots=True)
class MakemigrationsOptions:
    """What the command line asks of `makemigrations`."""

    name: str | None
    """None: one is proposed from what is done."""
    empty: bool = False
    check: bool = False
    dry_run: bool = False
    amend: bool = False
    data: str | None = None
    """A table whose rows the migration is to go through."""
    fetch: bool = False
    sql: bool = False
    renames: tuple[str, ...] = ()
    no_rename: bool = False
    defaults: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    no_drop: bool = False
    head: str | None = None
    against: Against | None = None
    """None: what the settings say, or the migrations where they can be run."""


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
    old_blob: str | None = None
    """By which git has what an amended file held before."""
    amended: bool = text_only(default=False)
    empty: bool = text_only(default=False)


class Questions:
    """Asks a person what a comparison cannot know; a `Questioner` of db."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def choose(self, question: OpenQuestion, default: int | None) -> int:
        """Ask which of the choices it is."""
        with _nothing_written():
            return self.console.choose(question.text, question.choices, default)

    def value(self, question: OpenQuestion, check: Callable[[str], str]) -> str:
        """Ask for a value until it is one of the column's type."""
        with _nothing_written():
            return self.console.value(question.text, check)

    def name(self, proposal: str) -> str:
        """Ask what the migration is called."""
        with _nothing_written():
            return self.console.ask(messages.NAME, option="NAME", default=proposal)


@contextmanager
def _nothing_written() -> Iterator[None]:
    """Let Ctrl-C at a question say that no file was written yet."""
    try:
        yield
    except KeyboardInterrupt as err:
        err.hint = messages.NOTHING_WRITTEN  # type: ignore[attr-defined]
        raise


def makemigrations(ctx: Context, options: MakemigrationsOptions) -> MakemigrationsResult:
    """Write one migration, or with `check` only say whether one is needed; exit 1 then."""
    recover(ctx)
    tell_of_cut_off(ctx)
    if options.fetch:
        fetch(ctx)
    graph = ctx.revisions.graph()
    refuse_broken(ctx.revisions, graph)
    from lback.db import autogenerate
    from lback.db.questions import GivenAnswers, QuestionsLeft

    if options.check:
        changes = compare(
            ctx,
            graph,
            options.against,
            lambda by: autogenerate.differences(ctx.database, by.refuse, _kept(ctx)),
        )
        return MakemigrationsResult(
            changes=changes,
            status="findings" if changes else "ok",
            exit_code=1 if changes else 0,
        )
    head = _head(graph, options.head) if options.head else None
    if head is None:
        autogenerate.only_head(graph)
    draft = autogenerate.Draft(options.name, head=head)
    if not options.amend:
        _tell_of_upstream(ctx, graph)
    node: Revision | None = None
    if options.amend:
        node = to_amend(ctx, graph, head)
    if options.empty:
        made = autogenerate.make_empty_revision(ctx.database, draft)
    elif options.data is not None:
        made = autogenerate.make_data_revision(ctx.database, draft, options.data)
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
            if node is not None:
                return _amended(ctx, graph, node, options, answers)

            def make(by: ComparedWith) -> Generated:
                answers.count = by.rows
                return autogenerate.make_revision(
                    ctx.database,
                    draft,
                    answers,
                    with_sql=options.sql,
                    dry_run=options.dry_run,
                    refuse=by.refuse,
                    about=partial(_tell_of_untracked, ctx, graph),
                    kept=_kept(ctx),
                )

            made = compare(ctx, graph, options.against, make)
        except QuestionsLeft as err:
            return MakemigrationsResult(questions=err.questions).refused(err)
    return _written(ctx, options, made)


def _kept(ctx: Context) -> Path:
    """Return where it is kept which tables were compared and found the same."""
    return folder_of(ctx, "compared") / "tables.json"


def _written(ctx: Context, options: MakemigrationsOptions, made: Generated) -> MakemigrationsResult:
    paths = tuple(ctx.project.name_of(path) for path in made.paths)
    return MakemigrationsResult(
        revision=made.revisions[0] if made.revisions else None,
        path=paths[0] if paths else None,
        paths=paths,
        changes=made.changes,
        sql=tuple(made.sql.rstrip("\n").split("\n")) if made.sql else (),
        not_compared=made.not_compared,
        texts=made.texts,
        empty=options.empty or options.data is not None,
    )


def _tell_of_upstream(ctx: Context, graph: GraphView) -> None:
    """Say which revisions of the shared branch are not here: the new one would fork from them."""
    shared = ctx.revisions.shared
    if shared is None or not shared.publishes:
        return
    theirs = ctx.revisions.graph(shared.commit)
    ahead = [revision for revision in theirs.order() if revision not in graph]
    if ahead:
        ctx.console.warn(messages.upstream_ahead(shared.name, ahead))


def _tell_of_untracked(ctx: Context, graph: GraphView, tables: Collection[str]) -> None:
    """Say which revisions that git does not have yet change one of these tables."""
    if ctx.repository is None:
        return
    staged = {entry.path for entry in ctx.revisions.entries(INDEX)}
    new = [node.id for node in graph if node.path not in staged]
    found = ctx.revisions.tables(graph, new, ctx.revisions.effects(graph, new))
    for revision, touched in found.items():
        both = sorted(set(touched) & set(tables))
        if both:
            ctx.console.warn(messages.untracked(graph[revision].path, both))


def _head(graph: GraphView, name: str) -> str:
    """Return the one revision that a name stands for."""
    heads = graph.resolve(name)
    if len(heads) != 1:
        raise messages.not_one_head(name, heads)
    return heads[0]


def _amended(
    ctx: Context,
    graph: GraphView,
    node: Revision,
    options: MakemigrationsOptions,
    answers: GivenAnswers,
) -> MakemigrationsResult:
    from lback.db.autogenerate import make_revision

    def make(database: Database, draft: Draft, refuse: Refuse) -> Generated:
        return make_revision(
            database,
            draft,
            answers,
            with_sql=options.sql,
            dry_run=True,
            refuse=refuse,
            kept=_kept(ctx),
        )

    done = amend(ctx, graph, node, options.name, make)
    return replace(
        _written(ctx, options, replace(done.made, texts=())),
        path=done.path,
        paths=(done.path,),
        old_blob=done.old_blob,
        amended=True,
    )
