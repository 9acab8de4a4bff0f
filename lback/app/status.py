"""The use case of `status`: database, checkout and shared branch side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, cast, get_args

from lback.core.baseline import Baseline
from lback.core.checks.findings import doubted, from_graph
from lback.core.databases import DatabaseState, StatedDatabase
from lback.core.graph.view import GraphView
from lback.core.merging.skipped import NOTHING_SKIPPED, Skips
from lback.core.messages import half as half_messages
from lback.core.messages import listed as listed_messages
from lback.core.messages import migrate as migrate_messages
from lback.core.messages import skipped as skipped_messages
from lback.core.messages.branches import PULL, bring
from lback.core.messages.runs import on_one
from lback.core.plans import redundant
from lback.core.record.gaps import UnrecordedMove
from lback.core.results import Result, optional, text_only
from lback.core.revision_code import ChangedSince, OtherText
from lback.core.schema_diff import SchemaChange, changes
from lback.core.source import Commit
from lback.errors import LbackError, OtherDatabaseError, UsageError
from lback.project.applied import other_texts
from lback.project.checking.trails import trailed
from lback.project.checking.unstamped import unstamped
from lback.project.context import Context
from lback.project.copies.differing import drift_of
from lback.project.interrupted_step import refuse_interrupted
from lback.project.keeping.amend_notes import tell_of_cut_off
from lback.project.lost import RecordedRun, Runs, dead_end, find_lost, recorded_runs, with_lost
from lback.project.notes import remember_stamps
from lback.project.rebase_notes import (
    forget_hook_rebase,
    refuse_hook_rebase,
    refuse_undone_rebase,
)
from lback.project.record.ran import NOTHING_RAN, Ran, what_ran
from lback.project.run import half_of, key
from lback.project.skipped import late, skips
from lback.project.squash.unsquash import replacing, unsquashed
from lback.vcs.refs import pulls

if TYPE_CHECKING:
    from lback.core.record.operations import HalfRun
    from lback.db.performing import Asked
    from lback.db.view import View

State = Literal["empty", "current", "behind", "ahead", "diverged", "lost"]
_WORST_FIRST = ("unreachable", "lost", "diverged", "empty", "behind", "ahead", "current")


@dataclass(frozen=True)
class DatabaseStatus:
    """Where the database stands."""

    url: str
    current: tuple[str, ...]
    state: State


@dataclass(frozen=True)
class UnreachableDatabase:
    """A database that could not be asked, and why; `url` is None where even that is not known."""

    message: str
    hint: str | None
    url: str | None = None
    current: tuple[str, ...] = ()
    state: Literal["unreachable"] = "unreachable"


@dataclass(frozen=True, kw_only=True)
class OneOfDatabases(StatedDatabase):
    """One of the databases: what `status` says of `database`, `pending` and `lost` for it alone.

    `skipped` are revisions below its stamp that it has not run, `unknown` those of which it is
    not known whether it has.
    """

    current: tuple[str, ...] = ()
    state: DatabaseState
    pending: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    redundant: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    moved: UnrecordedMove | None = None
    """The move of the stamp since lback's last step here, where something else made one."""


@dataclass(frozen=True)
class CheckoutStatus:
    """Where this checkout stands; `ref` is None without git."""

    ref: str | None
    heads: tuple[str, ...]


@dataclass(frozen=True)
class UpstreamStatus:
    """Where the shared branch stands: how many revisions are only here and only there.

    `bring` is what gets those that are only there.
    """

    ref: str
    heads: tuple[str, ...]
    ahead: int
    behind: int
    bring: str = text_only(default=PULL)


@dataclass(frozen=True, kw_only=True)
class StatusResult(Result):
    """Database, checkout and shared branch side by side.

    Of several `databases`, `database` is the one that needs a person most, `pending` what any of
    them lacks, `lost` what any has that no file here defines. `places` says where in git lost
    revisions are, `docs` what pending ones are about; `fix` is the way out where a database would
    never run a revision.
    """

    command = "status"

    database: DatabaseStatus | UnreachableDatabase | None
    checkout: CheckoutStatus
    upstream: UpstreamStatus | None
    pending: tuple[str, ...]
    lost: tuple[str, ...]
    redundant: tuple[str, ...] = ()
    """Rows of the stamp that other rows of it stand on."""
    skipped: tuple[str, ...] = ()
    """Revisions below the stamp that a database has not run."""
    unknown: tuple[str, ...] = ()
    """Revisions below the stamp of which it is not known whether a database has run them."""
    half: tuple[str, ...] = ()
    """Revisions that were cut off half-way on a database, and are not settled."""
    edited: tuple[OtherText, ...] = ()
    """Applied local revisions of which it is not known which text has run, the latest first."""
    changed: tuple[ChangedSince, ...] = ()
    """Applied revisions whose files say something else than what ran, by a database's record."""
    databases: tuple[OneOfDatabases, ...] = ()
    drift: tuple[SchemaChange, ...] | None = optional()
    """Where the database is not what its stamp promises, where that was asked for."""
    summary: Mapping[str, int] | None = optional()
    """How many databases are in which state, where those that the project lists were asked."""
    places: Mapping[str, str] = text_only()
    docs: Mapping[str, str] = text_only()
    brought: Mapping[str, Commit] = text_only(default_factory=dict)
    fix: str = text_only()
    urgent: tuple[str, ...] = text_only(default=())
    """Why a database would never run a revision; `fix` is the way out of the first."""
    whole: bool = text_only(default=False)
    """Show all of it, however long."""


def status(ctx: Context, *, with_database: bool = True, drift: bool = False) -> StatusResult:
    """Return where things stand; with `drift` also where a database is not as promised."""
    tell_of_cut_off(ctx)
    graph = ctx.revisions.graph()
    answers, graph = _asked(ctx, graph) if with_database else ((), graph)
    rows, known = _rows(ctx, graph, answers)
    result = _side_by_side(ctx, graph, known, rows, answers)
    if not drift:
        return result
    promised, now = drift_of(ctx)
    return replace(result, drift=changes(promised.schema, now.schema))


def rows(ctx: Context, _options: object = None) -> tuple[OneOfDatabases, ...]:
    """Return where each database stands that env.py connects to, and nothing else."""
    tell_of_cut_off(ctx)
    graph = ctx.revisions.graph()
    answers, graph = _asked(ctx, graph)
    every, _ = _rows(ctx, graph, answers)
    return tuple(
        replace(row, state=answer.error.state)
        if answer.error is not None and row.state == "unreachable"
        else row
        for row, answer in zip(every, answers, strict=True)
    )


def status_of_all(
    ctx: Context,
    every: Sequence[OneOfDatabases],
    counts: Mapping[str, int],
    *,
    interrupted: bool = False,
) -> StatusResult:
    """Return where things stand with all listed databases; there may be fewer rows than counts."""
    graph = ctx.revisions.graph()
    lost = tuple(sorted({name for row in every for name in row.lost}))
    known = with_lost(graph, find_lost(ctx.revisions, graph, lost).values())
    result = replace(_side_by_side(ctx, graph, known, every, ()), summary=dict(counts))
    if not interrupted:
        return result
    wrong = counts.get("interrupted", 0) + counts.get("left", 0)
    why = listed_messages.not_all(wrong, sum(counts.values()), interrupted=True)
    return replace(result.refused(why), exit_code=130)


def _rows(
    ctx: Context, graph: GraphView, answers: Sequence[Asked[_Answer]]
) -> tuple[tuple[OneOfDatabases, ...], GraphView]:
    """Return a row for each answer, and the graph with those lost revisions that git still has."""
    # A file that cannot be read may be the one that defines it.
    current = {name for answer in answers if answer.stamp for name in answer.stamp.revisions}
    lost = () if graph.problems else tuple(sorted(name for name in current if name not in graph))
    known = with_lost(graph, find_lost(ctx.revisions, graph, lost, _runs(answers)).values())
    return tuple(_row(graph, known, answer) for answer in answers), known


def _side_by_side(
    ctx: Context,
    graph: GraphView,
    known: GraphView,
    rows: Sequence[OneOfDatabases],
    answers: Sequence[Asked[_Answer]],
) -> StatusResult:
    revisions = ctx.revisions
    lost = tuple(sorted({name for row in rows for name in row.lost}))
    rescued = find_lost(revisions, graph, lost, _runs(answers))
    lacking = {revision for row in rows for revision in row.pending}
    pending = tuple(revision for revision in graph.order() if revision in lacking)
    shared = _upstream(ctx, graph)
    wrong = tuple(_in_the_way_of_any(ctx, graph, answers, shared))
    if ctx.options.json and wrong:
        ctx.console.warn(wrong[0].message)
    skipped = _in_order(graph, (name for row in rows for name in row.skipped))
    unknown = _in_order(graph, (name for row in rows for name in row.unknown))
    return StatusResult(
        database=_worst(rows),
        checkout=_checkout(ctx, graph),
        upstream=shared,
        pending=pending,
        lost=lost,
        redundant=tuple(dict.fromkeys(name for row in rows for name in row.redundant)),
        skipped=skipped,
        unknown=unknown,
        half=tuple(
            dict.fromkeys(
                answer.value.half.step.revision
                for answer in answers
                if answer.value is not None
                and answer.value.half is not None
                and not answer.value.half.running
            )
        ),
        edited=_edited(ctx, graph, known, answers),
        changed=tuple(
            each for answer in answers if answer.value for each in answer.value.ran.changed
        ),
        databases=tuple(rows),
        findings=tuple(
            doubted(trailed(revisions, graph, from_graph(graph, ctx.project.settings.lback.heads)))
        ),
        places={revision: lost_revision.place for revision, lost_revision in rescued.items()},
        docs={revision: graph[revision].doc for revision in (*pending, *skipped, *unknown)},
        brought=_brought(ctx, graph, (*skipped, *unknown)),
        fix=wrong[0].hint or "" if wrong else "",
        urgent=tuple(err.message for err in wrong),
        whole=ctx.options.verbose,
    )


class _Answer(NamedTuple):
    """What a database is without a stamp, what it has not run below one, and its record."""

    baseline: Baseline | None = None
    skips: Skips = NOTHING_SKIPPED
    ran: Ran = NOTHING_RAN
    runs: Runs | None = None
    """What the record says of revisions that no file here defines."""
    dead_end: LbackError | None = None
    half: HalfRun | None = None
    unsettled: LbackError | None = None
    """What a kill, or a rebase that was taken back, has left here."""


def _unsettled(ctx: Context, graph: GraphView, view: View) -> LbackError | None:
    """Return what `migrate` would refuse for, and leave the notes of it where they are."""
    try:
        refuse_interrupted(ctx, graph, view.stamp, view.at_work, keep=True)
        refuse_undone_rebase(ctx, graph, view.stamp)
    except LbackError as err:
        return err
    return None


def _runs(answers: Sequence[Asked[_Answer]]) -> dict[str, RecordedRun]:
    """Return what all records say of revisions that no file here defines."""
    runs: dict[str, RecordedRun] = {}
    for answer in answers:
        runs |= (answer.value.runs if answer.value is not None else None) or {}
    return runs


def _lost(ctx: Context, graph: GraphView, view: View) -> tuple[Runs, LbackError | None]:
    """Return what the record says of revisions that are lost here, and the end of the road."""
    runs = recorded_runs(view, graph)
    lost = [name for name in view.stamp.revisions if name not in graph]
    if not lost or graph.problems:
        return runs, None
    known = find_lost(ctx.revisions, graph, lost, runs)
    gone = [name for name in lost if name not in known]
    return runs, dead_end(ctx.revisions, graph, view, gone, runs) if gone else None


def _in_order(graph: GraphView, names: Iterable[str]) -> tuple[str, ...]:
    some = set(names)
    return tuple(name for name in graph.order() if name in some) if some else ()


def _brought(ctx: Context, graph: GraphView, names: Sequence[str]) -> dict[str, Commit]:
    """Return the commits that brought revisions."""
    paths = {graph[name].path: name for name in names}
    return {paths[path]: commit for path, commit in ctx.revisions.commits(list(paths)).items()}


def _asked(ctx: Context, graph: GraphView) -> tuple[tuple[Asked[_Answer], ...], GraphView]:
    """Ask each database, and return the graph too: with old files where one stands in a squash."""
    answers = _answers(ctx, graph)
    current = [name for one in answers if one.stamp for name in one.stamp.revisions]
    if not replacing(graph, current):
        return answers, graph
    with suppress(LbackError):  # then it is lost
        graph = unsquashed(ctx.revisions, graph, current).graph
        answers = _answers(ctx, graph)
    return answers, graph


def _answers(ctx: Context, graph: GraphView) -> tuple[Asked[_Answer], ...]:
    """Ask each database where it is, what it is without a stamp, and what its record says.

    One that is not reached has why in its answer.
    """
    from lback.db.performing import Asked

    try:
        ctx.database = ctx.database_of(graph)
        answers = ctx.database.ask(
            lambda view: _Answer(
                unstamped(ctx, graph, view),
                skips(ctx, graph, view),
                what_ran(ctx, view, graph),
                *_lost(ctx, graph, view),
                half_of(graph, view),
                _unsettled(ctx, graph, view),
            )
        )
    except (UsageError, OtherDatabaseError):
        raise
    except LbackError as err:
        return (Asked(None, None, None, err),)
    for answer in answers:
        if isinstance(answer.error, OtherDatabaseError):
            raise answer.error
    named = [asked for asked in answers if asked.database is not None]
    remember_stamps(ctx, {str(o.database): o.stamp and o.stamp.revisions for o in named})
    return answers


def _row(graph: GraphView, known: GraphView, answer: Asked[_Answer]) -> OneOfDatabases:
    if answer.stamp is None:
        return OneOfDatabases.of(answer.database, answer.error, state="unreachable")
    current = answer.stamp.revisions
    found = answer.value.skips if answer.value is not None else NOTHING_SKIPPED
    at = state(graph, current)
    lost = (
        () if graph.problems else tuple(revision for revision in current if revision not in graph)
    )
    return OneOfDatabases.of(
        answer.database,
        answer.error,
        current=current,
        state="behind" if found.skipped and at == "current" else at,
        pending=_pending(graph, known, current),
        lost=lost,
        redundant=() if graph.problems else redundant(graph, current),
        skipped=found.skipped,
        unknown=found.unknown,
        moved=answer.value.ran.last_move if answer.value else None,
    )


def _worst(rows: Sequence[OneOfDatabases]) -> DatabaseStatus | UnreachableDatabase | None:
    """Return the database that needs a person most, the first of several such."""
    if not rows:
        return None
    worst = min(rows, key=lambda row: _WORST_FIRST.index(_standing(row)))
    standing = _standing(worst)
    if standing == "unreachable":
        return UnreachableDatabase(worst.message or "", worst.hint, worst.url)
    return DatabaseStatus(worst.url or "", worst.current, standing)


def _standing(row: OneOfDatabases) -> State | Literal["unreachable"]:
    """Return where a database stands; one that was not asked is out of reach."""
    known: tuple[str, ...] = get_args(State)
    return cast("State", row.state) if row.state in known else "unreachable"


def _in_the_way_of_any(
    ctx: Context,
    graph: GraphView,
    answers: Sequence[Asked[_Answer]],
    shared: UpstreamStatus | None,
) -> Iterator[LbackError]:
    """Yield what keeps a database from being brought up to date, one of each."""
    stamps = [answer.stamp for answer in answers if answer.stamp]
    current = any(stamp.revisions for stamp in stamps)
    if not stamps:
        return
    if not graph.heads and not graph.problems and not current and not (shared and shared.behind):
        yield migrate_messages.no_revisions(ctx.revisions.folders()[0])
        return
    way_out = False
    for answer in answers:
        if answer.stamp is None:
            continue
        try:
            for why in _in_the_way(answer):
                raise why
            refuse_hook_rebase(ctx, graph, answer.stamp)
            found = answer.value.skips if answer.value is not None else NOTHING_SKIPPED
            plan = late(ctx.revisions, graph, answer.stamp.revisions, found)
            if plan.refused:
                raise skipped_messages.cannot_run_late(found.skipped, plan)
            if found.ahead:
                raise skipped_messages.ran_already(found.ahead)
        except LbackError as err:
            way_out = way_out or bool(err.hint)
            yield LbackError(on_one(str(answer.database), err.message, len(answers)), err.hint)
    if not way_out:
        forget_hook_rebase(ctx, [key(answer.database) for answer in answers])


def _in_the_way(answer: Asked[_Answer]) -> Iterator[LbackError]:
    """Yield why a database cannot be gone on with, by its own answer."""
    if answer.error is not None:
        yield answer.error
    if answer.value is None:
        return
    if answer.value.half is not None:
        yield half_messages.refused(answer.value.half)
    if answer.value.dead_end is not None:
        yield answer.value.dead_end
    if answer.value.unsettled is not None:
        yield answer.value.unsettled
    if answer.value.baseline is not None:
        yield migrate_messages.unstamped(answer.value.baseline)


def state(graph: GraphView, current: Sequence[str]) -> State:
    """Return how a stamp stands to the heads of a graph: the contract's `state`.

    `ahead` cannot be told from one checkout alone: what is beyond it is lost.
    """
    if any(revision not in graph for revision in current):
        return "lost"
    if not current:
        return "empty"
    done = graph.ancestors(current)
    if done >= set(graph.order()):
        return "current"
    return "behind"


def _pending(graph: GraphView, known: GraphView, current: Sequence[str]) -> tuple[str, ...]:
    """Return what this checkout adds; `known` also holds lost revisions that git still has.

    Below a revision that is nowhere nobody knows what has been applied: nothing is claimed.
    """
    if any(name not in known for name in current):
        return ()
    done = known.ancestors(current)
    return tuple(revision for revision in graph.order() if revision not in done)


def _edited(
    ctx: Context, graph: GraphView, known: GraphView, answers: Iterable[Asked[_Answer]]
) -> tuple[OtherText, ...]:
    """Return which applied revisions may have been run from another text than their files'.

    Those that a record knows the text of are left out.
    """
    doubtful: set[str] = set()
    for answer in answers:
        stamp = answer.stamp.revisions if answer.stamp else ()
        done = known.ancestors(revision for revision in stamp if revision in known)
        doubtful |= done - (answer.value.ran.by.keys() if answer.value else set())
    order = () if graph.problems else reversed(graph.order())
    return other_texts(ctx.revisions, graph, [name for name in order if name in doubtful])


def _checkout(ctx: Context, graph: GraphView) -> CheckoutStatus:
    ref = ctx.repository.head().name if ctx.repository else None
    return CheckoutStatus(ref, tuple(graph.heads))


def _upstream(ctx: Context, graph: GraphView) -> UpstreamStatus | None:
    """Return the shared ref with the number of revisions that only one side has."""
    shared = ctx.revisions.shared
    if shared is None or ctx.repository is None:
        return None
    here = ctx.repository.head().ref
    if here == shared.ref:
        return None
    way = bring(shared.name, here, pulls=pulls(ctx.repository.git, here, shared.ref))
    theirs = ctx.revisions.graph(shared.commit)
    mine, other = set(graph.order()), set(theirs.order())
    return UpstreamStatus(
        shared.name, tuple(theirs.heads), len(mine - other), len(other - mine), way
    )
