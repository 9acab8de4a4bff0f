"""The use case of `makemigrations`: one migration for what the models changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from lback.core.drafting.asking import OpenQuestion
from lback.core.graph.revision import Revision
from lback.core.graph.view import GraphView
from lback.core.lines import lines_of
from lback.core.messages import branches as branch_messages
from lback.core.messages import makemigrations as messages
from lback.core.plans import Downgrade, Step, Upgrade, applied, plan_downgrade, plan_upgrade
from lback.core.results import Result, text_only
from lback.core.source import INDEX, WORKTREE
from lback.project.checking.trails import refuse_broken
from lback.project.console import Console
from lback.project.context import Context
from lback.project.copies.templates import copy_at_head
from lback.project.file_changes import change_files, recover
from lback.project.keeping.saved_rows import keeper_for, tell
from lback.project.run import Run, perform, refuse_skipped
from lback.vcs.committing import keep_blob
from lback.vcs.configuration import person

if TYPE_CHECKING:
    from lback.db.autogenerate import Generated
    from lback.db.events import Stamp
    from lback.db.questions import GivenAnswers
    from lback.db.view import View

    Count = Callable[[str, str | None, str | None], int | None]


Against = Literal["database", "migrations"]


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
    against: Against = "database"


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
    if options.fetch:
        _fetch(ctx)
    graph = ctx.revisions.graph()
    refuse_broken(ctx.revisions, graph)
    from lback.db import autogenerate
    from lback.db.questions import GivenAnswers, QuestionsLeft

    if options.check:
        with _compared(ctx, graph, options) as (refuse, _):
            changes = autogenerate.differences(ctx.database, refuse)
        return MakemigrationsResult(
            changes=changes,
            status="findings" if changes else "ok",
            exit_code=1 if changes else 0,
        )
    head = _head(graph, options.head) if options.head else None
    draft = autogenerate.Draft(options.name, head=head)
    if not options.amend:
        _tell_of_upstream(ctx, graph)
    node: Revision | None = None
    if options.amend:
        node = _to_amend(ctx, graph, head)
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
                return _amend(ctx, graph, node, options, answers)
            with _compared(ctx, graph, options) as (refuse, answers.count):
                made = autogenerate.make_revision(
                    ctx.database,
                    draft,
                    answers,
                    with_sql=options.sql,
                    dry_run=options.dry_run,
                    refuse=refuse,
                    about=partial(_tell_of_untracked, ctx, graph),
                )
        except QuestionsLeft as err:
            return MakemigrationsResult(questions=err.questions).refused(err)
    return _written(ctx, options, made)


@contextmanager
def _compared(
    ctx: Context, graph: GraphView, options: MakemigrationsOptions
) -> Iterator[tuple[Callable[[View], None], Count | None]]:
    """Choose what the models are compared with; yield what refuses it, and what counts rows."""
    if options.against == "database":
        yield partial(refuse_skipped, ctx, graph), None
        return
    from lback.db.templates.rows_there import led_to

    with copy_at_head(ctx, graph) as url, led_to(url) as led:
        yield led.refuse, led.rows


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


def _fetch(ctx: Context) -> None:
    from lback.vcs.fetching import fetch_all

    if ctx.repository is None:
        raise ctx.no_git or branch_messages.no_branches(ctx.cwd)
    ctx.console.note(branch_messages.FETCHING)
    fetch_all(ctx.repository, ctx.console.detail)


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


# -- another text for the latest revision ----------------------------------------------


def _to_amend(ctx: Context, graph: GraphView, head: str | None) -> Revision:
    """Return the latest revision; LbackError where others have it, or it cannot be undone."""
    if ctx.repository is None:
        raise ctx.no_git or messages.amend_needs_git()
    if head is None and len(graph.heads) != 1:
        raise messages.nothing_to_amend(graph.heads)
    node = graph[head or graph.heads[0]]
    if node.id not in graph.heads or node.is_merge or node.labels:
        raise messages.not_amendable(node.id, messages.NOT_LATEST)
    if graph.dependents(node.id):
        raise messages.not_amendable(node.id, messages.NEEDED)
    if ctx.revisions.published_among(graph, [node.id]):
        raise messages.not_amendable(node.id, messages.PUBLISHED)
    if ctx.repository.pushed([node.path]):
        raise messages.not_amendable(node.id, messages.PUSHED)
    commit = ctx.revisions.commits([node.path]).get(node.path)
    me = person(ctx.repository.git)
    if commit is not None and (me is None or f"<{commit.email}>" not in me):
        raise messages.not_amendable(node.id, messages.by_another(commit.author))
    does = ctx.revisions.effects(graph, [node.id])[node.id]
    if not does.has_downgrade and (does.upgrade or does.unknowns("upgrade")):
        raise messages.not_amendable(node.id, messages.no_way_down(does.downgrade_gap))
    return node


def _amend(
    ctx: Context,
    graph: GraphView,
    node: Revision,
    options: MakemigrationsOptions,
    answers: GivenAnswers,
) -> MakemigrationsResult:
    """Go down, compare with what is there then, write the file anew, and go up by it.

    Whatever goes wrong before the file is written, the database goes up by the old one.
    """
    from lback.db.autogenerate import Draft, make_revision

    assert ctx.repository is not None
    below = ctx.revisions.graph_of(
        [entry for entry in ctx.revisions.entries() if entry.path != node.path], WORKTREE
    )
    parent = node.parents[0] if node.parents else None
    draft = Draft(
        options.name or node.doc,
        head=parent,
        splice=parent is not None and parent not in below.heads,
        rev_id=node.id,
        depends_on=node.depends_on,
        replaces=node.path,
    )
    down = _go_down(ctx, graph, node)
    try:
        made = make_revision(
            ctx.database_of(below),
            draft,
            answers,
            with_sql=options.sql,
            dry_run=True,
            refuse=partial(refuse_skipped, ctx, below),
        )
        if len(made.texts) != 1:
            raise messages.nothing_left(node.id, node.path)
        old = keep_blob(ctx.repository, (ctx.project.root / node.path).read_bytes())
        path = ctx.project.name_of(made.paths[0]) if options.name else node.path
        text = made.texts[0].encode(made.encoding)
        change_files(ctx, {node.path: None, path: text} if path != node.path else {path: text})
    except BaseException:
        _go_up(ctx, node.id, down)
        raise
    _go_up(ctx.fresh(), node.id, down)
    return replace(
        _written(ctx, options, replace(made, texts=())),
        path=path,
        paths=(path,),
        old_blob=old,
        amended=True,
    )


def _go_down(ctx: Context, graph: GraphView, node: Revision) -> frozenset[str]:
    """Undo the revision where it ran; return the keys of those databases."""
    went: set[str] = set()

    def decide(stamp: Stamp) -> Sequence[Step]:
        if node.id not in applied(graph, stamp.revisions):
            return ()
        went.add(stamp.database.key)
        return plan_downgrade(graph, stamp.revisions, {node.id}).steps

    keeper = keeper_for(ctx, graph)
    line = lines_of(graph, (Downgrade(node.id),))[0]
    perform(ctx, ctx.database, Run(decide, line=line, keeper=keeper))
    tell(ctx, [keeper])
    return frozenset(went)


def _go_up(ctx: Context, revision: str, down: frozenset[str]) -> None:
    """Run the revision where it was undone; rows that were kept come back."""
    if not down:
        return
    graph = ctx.revisions.graph()

    def decide(stamp: Stamp) -> Sequence[Step]:
        if stamp.database.key not in down:
            return ()
        return plan_upgrade(graph, stamp.revisions, [revision])

    keeper = keeper_for(ctx, graph, keeps=False)
    line = lines_of(graph, (Upgrade(revision),))[0]
    perform(ctx, ctx.database_of(graph), Run(decide, line=line, keeper=keeper))
    tell(ctx, [keeper])
