"""The use case of `squash`: many revisions become one, proved before it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from lback.core.graph.view import GraphView
from lback.core.results import Result
from lback.core.squash import messages
from lback.core.squash.data import Answer, DataRow, data_rows
from lback.core.squash.plan import SquashPlan, plan_squash
from lback.project.checking.trails import refuse_broken
from lback.project.context import Context
from lback.project.file_changes import change_files, recover
from lback.project.squash.filling import SeedRow
from lback.project.squash.proving import Proof, Prover
from lback.project.squash.unsquash import opened
from lback.vcs import committing


@dataclass(frozen=True, slots=True)
class SquashOptions:
    """What the command line asks of `squash`; without `first` all below `to` is meant.

    `data` are answers, "keep", "drop" or "rows" for all and "REV=keep" for one; `freeze` are
    columns whose values are written down although each run makes others, as "table.column"; `on`
    are URLs of databases of other kinds, beside which it is proved as well.
    """

    to: str
    first: str | None = None
    data: tuple[str, ...] = ()
    accept_unknown: tuple[str, ...] = ()
    freeze: tuple[str, ...] = ()
    fold: bool = False
    on: tuple[str, ...] = ()
    plan: bool = False
    stage: bool = True
    revert: bool = False


@dataclass(frozen=True, kw_only=True)
class SquashResult(Result):
    """What was squashed or would be: the ids that `revision` replaces, and the files that go.

    `way` is "build" where the new file makes the schema from nothing, "fold" where it holds the
    old statements, and "revert" where the old files come back; those are `restores`. `seeds` are
    the tables whose rows stand in the new file.
    """

    command = "squash"

    revision: str
    path: str
    way: Literal["build", "fold", "revert"]
    replaces: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    restores: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    statements: tuple[DataRow, ...] = ()
    seeds: tuple[SeedRow, ...] = ()
    proof: tuple[Proof, ...] = ()
    staged: tuple[str, ...] = ()
    planned: bool = False


def squash(ctx: Context, options: SquashOptions) -> SquashResult:
    """Write one file for many, once it is proved; refuse where that does not come out the same."""
    recover(ctx)
    graph = ctx.revisions.graph()
    refuse_broken(ctx.revisions, graph)
    if options.revert:
        return _reverted(ctx, graph, options)
    first = _one(graph, options.first) if options.first is not None else None
    plan = plan_squash(graph, _one(graph, options.to), first)
    fold = options.fold or bool(plan.parents or plan.depends_on)
    _refuse_strangers(plan, options)
    effects = ctx.revisions.effects(graph, plan.members, upgrade_only=True)
    rows = data_rows(graph, plan.members, effects)
    if fold:
        if options.data or options.freeze:
            raise messages.folds_all(plan.members[0])
        rows = tuple(replace(row, answer="keep") for row in rows)
    path = graph[plan.revision].path
    removes = tuple(graph[name].path for name in plan.members if name != plan.revision)
    result = SquashResult(
        revision=plan.revision,
        path=path,
        way="fold" if fold else "build",
        replaces=plan.replaces,
        removes=removes,
        parents=plan.parents,
        statements=rows,
        planned=options.plan,
    )
    if options.plan:
        return result
    _refuse_uncommitted(ctx, graph, plan)
    if not fold:
        rows = _answered(ctx, rows, options)
    prover = Prover(ctx, graph, plan, options.on, options.freeze)
    proved = prover.folded() if fold else prover.built(rows)
    change_files(ctx, {**dict.fromkeys(removes), path: proved.text})
    staged: tuple[str, ...] = ()
    if options.stage and ctx.repository is not None:
        staged = (path, *removes)
        committing.stage(ctx.repository, staged)
    return replace(result, statements=rows, seeds=proved.rows, proof=proved.proofs, staged=staged)


def _reverted(ctx: Context, graph: GraphView, options: SquashOptions) -> SquashResult:
    """Bring the old files back; LbackError where somebody else may have the squash."""
    squash = _one(graph, options.to)
    node, shared = graph[squash], ctx.revisions.shared
    if not node.replaces:
        raise messages.no_squash(squash)
    if shared is not None and shared.publishes:
        theirs = ctx.revisions.graph(shared.commit)
        if squash in theirs and theirs[squash].replaces == node.replaces:
            raise messages.published(squash, shared.name)
    old = opened(ctx.revisions, graph, squash)
    contents = {old.graph[name].path: text for name, text in old.sources.items()}
    taken = [path for path in contents if path != node.path and (ctx.project.root / path).exists()]
    if taken:
        raise messages.in_the_way(taken[0])
    gone = () if node.path in contents else (node.path,)
    result = SquashResult(
        revision=squash,
        path=old.graph[squash].path,
        way="revert",
        replaces=node.replaces,
        removes=gone,
        restores=tuple(sorted(contents)),
        planned=options.plan,
    )
    if options.plan:
        return result
    change_files(ctx, {**dict.fromkeys(gone), **contents})
    staged: tuple[str, ...] = ()
    if options.stage and ctx.repository is not None:
        staged = (*gone, *sorted(contents))
        committing.stage(ctx.repository, staged)
    return replace(result, staged=staged)


def _one(graph: GraphView, name: str) -> str:
    ids = graph.resolve(name)
    if len(ids) != 1:
        raise messages.not_one(name)
    return ids[0]


def _refuse_strangers(plan: SquashPlan, options: SquashOptions) -> None:
    """Refuse an answer about a revision that is not meant."""
    for text in (*options.accept_unknown, *_answers(options.data)):
        if text and text not in plan.members:
            raise messages.not_a_member(text)


_ANSWERS: tuple[Answer, ...] = get_args(Answer)


def _answers(data: Sequence[str]) -> Mapping[str, Answer]:
    """Return the answers by revision; that for all others is under ""."""
    found: dict[str, Answer] = {}
    words: dict[str, Answer] = {answer: answer for answer in _ANSWERS}
    for text in data:
        name, _, word = text.rpartition("=")
        if word not in words:
            raise messages.bad_data_option(text)
        found[name] = words[word]
    return found


def _answered(ctx: Context, rows: Sequence[DataRow], options: SquashOptions) -> tuple[DataRow, ...]:
    """Return what is done to rows with an answer for each; LbackError where one is lacking."""
    given = _answers(options.data)
    accepted = {*options.accept_unknown, *given}
    unread = [row for row in rows if not row.known and row.revision not in accepted]
    if unread and not ctx.console.asks:
        raise messages.unknown_data(unread)
    answered = []
    for row in rows:
        # What could not be read is kept where that is said of its revision alone.
        unasked: Answer | None = "drop" if row.revision in options.accept_unknown else None
        answer = given.get(row.revision, given.get("") if row.known else unasked)
        if answer is None:
            answer = _asked(ctx, row)
        answered.append(replace(row, answer=answer))
    return tuple(answered)


def _asked(ctx: Context, row: DataRow) -> Answer:
    if not ctx.console.asks:
        raise messages.data_left(row)
    chosen = ctx.console.choose(messages.question(row), messages.CHOICES, None)
    return _ANSWERS[chosen]


def _refuse_uncommitted(ctx: Context, graph: GraphView, plan: SquashPlan) -> None:
    """Refuse to remove what git does not have: databases inside the range need it."""
    if ctx.repository is None:
        raise ctx.no_git or messages.needs_git()
    head = ctx.repository.head().commit
    committed = {entry.path for entry in ctx.revisions.entries(head)} if head is not None else set()
    paths = [graph[name].path for name in plan.members]
    changed = committing.uncommitted(ctx.repository, paths) if committed else frozenset(paths)
    lacking = [path for path in paths if path in changed or path not in committed]
    if lacking:
        raise messages.not_in_git(lacking)
