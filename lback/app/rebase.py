"""The use case of `rebase`: local revisions onto the shared head, with their database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from lback.app.context import Context
from lback.app.cut_off import refuse_unsettled, watched
from lback.app.given_back import Parents, given_back, graph_that_ran, shared_parents
from lback.app.journal import change_files, recover
from lback.app.last_seen import remember
from lback.app.reading import Reader
from lback.app.taken_back import keep_parents
from lback.core.forks.moving import Move, plan_move
from lback.core.forks.rebasing import Rebase, Standing, plan_rebase, rebased, with_parents
from lback.core.forks.rewrite import reparent
from lback.core.graph import Graph
from lback.core.plans import applied, refuse_problems
from lback.core.result import Result, refused
from lback.core.revision import Revision
from lback.core.shell import command
from lback.errors import LbackError


@dataclass(frozen=True, slots=True)
class RebaseOptions:
    """What the command line asks of `rebase`; `database` False leaves every database alone."""

    onto: str | None = None
    plan: bool = False
    force: bool = False
    yes: bool = False
    stage: bool = True
    database: bool = True
    lock_timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """A plan with all that it stands on and all that it would write."""

    reader: Reader
    graph: Graph
    onto: str
    plan: Rebase
    contents: dict[str, bytes | None] = field(default_factory=dict)
    held: tuple[str, ...] = ()  # what moves, and cannot run on what it moves onto
    ran: dict[tuple[str, ...], Graph] = field(default_factory=dict)  # by a database's stamp

    def gives_back(self, revision: str) -> bool:
        """Tell whether a shared revision gets its own parents back."""
        return revision in self.plan.given_back

    @property
    def graph_after(self) -> Graph:
        """Return the graph as the files will say it."""
        return rebased(self.graph, self.plan)

    @property
    def texts(self) -> dict[str, bytes]:
        """Return the new text of each rewritten revision, by id."""
        paths = {one.path: one.revision for one in self.plan.rewrites}
        return {paths[path]: text for path, text in self.contents.items() if text is not None}


def rebase(ctx: Context, options: RebaseOptions) -> Result:
    """Move the local revisions onto the shared head, or say why they stay."""
    recover(ctx)
    ready = prepare(ctx, options)
    overlaps = _overlaps(ready)
    ready = replace(ready, held=_held(ready, overlaps))
    data = {**rebase_data(ready), "overlaps": overlaps}
    view: dict[str, Any] = {"plan": options.plan, "onto": ready.onto, "staged": False}
    if ready.plan.action == "refused":
        message = f"Nothing was moved: {ready.plan.reason}."
        return refused("rebase", data, message, ready.plan.hint)
    if ready.plan.action == "none":
        return Result("rebase", data, view=view)
    if options.plan:
        data["database"] = foresee(ctx, ready) if options.database else None
        return Result("rebase", data, view=view)
    data["database"] = perform(ctx, ready, options)
    view["staged"] = options.stage and stage(ctx, ready, data)
    return Result("rebase", data, view=view)


def _overlaps(ready: Ready) -> list[dict[str, Any]]:
    """Return what the sides overlap in: a rebase gives them an order, a conflict it cannot end."""
    from lback.app.merge import Joined, merge_data, plan_joins

    back = {one.revision: one.new for one in ready.plan.rewrites if ready.gives_back(one.revision)}
    graph = with_parents(ready.graph, back)
    joined = [Joined(join, None) for join in plan_joins(ready.reader, graph)]
    overlaps: list[dict[str, Any]] = merge_data(ready.reader, graph, joined)["overlaps"]
    return overlaps


def _held(ready: Ready, overlaps: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return which of the moved revisions are known to fail where they will stand."""
    clash = [one for one in overlaps if one["verdict"] == "conflict"]
    sides = {one[side]["revision"] for one in clash for side in ("left", "right")}
    return tuple(
        one.revision
        for one in ready.plan.rewrites
        if one.revision in sides and not ready.gives_back(one.revision)
    )


def prepare(ctx: Context, options: RebaseOptions, reader: Reader | None = None) -> Ready:
    """Read what is there and decide what would be rewritten; writes nothing."""
    reader = reader or Reader(ctx)
    graph = reader.graph()
    refuse_problems(graph)
    onto, commit = _target(reader, options.onto)
    theirs = reader.graph(commit)
    _refuse_behind(graph, theirs, onto)
    standing = _standing(reader, graph, theirs, shared_parents(reader, graph, theirs, onto))
    plan = plan_rebase(graph, standing, force=options.force)
    contents: dict[str, bytes | None] = {}
    if plan.action == "rebase":
        contents = _rewritten(reader, graph, plan, {one.id: one for one in theirs}, commit)
    return Ready(reader, graph, onto, plan, contents)


def _rewritten(
    reader: Reader, graph: Graph, plan: Rebase, theirs: Mapping[str, Revision], commit: str
) -> dict[str, bytes | None]:
    """Return the new text of each file, None for one that goes."""
    texts = reader.texts([graph[one.revision] for one in plan.rewrites])
    shared = reader.texts([theirs[one] for one in sorted(plan.given_back)], commit)
    contents: dict[str, bytes | None] = {}
    for one in plan.rewrites:
        text = texts[graph[one.revision].blob]
        try:
            if one.revision in plan.given_back:
                known = shared[theirs[one.revision].blob]
                contents[one.path] = given_back(text, known, one.old, one.new)
            else:
                contents[one.path] = reparent(text, one.old, one.new)
        except LbackError as err:
            raise LbackError(f"{one.path}: {err.message}", err.hint) from err
    contents.update({graph[one].path: None for one in plan.removes})
    return contents


def _target(reader: Reader, onto: str | None) -> tuple[str, str]:
    """Return the name of what is rebased onto, and its commit."""
    if reader.repository is None:
        raise LbackError(
            f"{reader.ctx.cwd} is not in a git repository, so that nothing here is shared.",
            "Join the heads with `lback merge`.",
        )
    if onto is not None:
        return onto, reader.repository.commit(onto)
    shared = reader.shared
    if shared is None:
        raise LbackError(
            "There is no shared branch to rebase onto: no remote, and no main or master.",
            "Name one with `--onto REF`, or in `[tool.lback] upstream`.",
        )
    return shared.name, shared.commit


def _refuse_behind(graph: Graph, theirs: Graph, onto: str) -> None:
    missing = sorted(theirs.missing_from(graph))
    if missing:
        count = "1 revision" if len(missing) == 1 else f"{len(missing)} revisions"
        raise LbackError(
            f"{onto} has {count} that this checkout lacks ({', '.join(missing[:3])}), so that "
            "nothing can stand on them here.",
            f"Run `git pull`, or {command('git merge', onto)}; then `lback rebase` again.",
        )


def _standing(reader: Reader, graph: Graph, theirs: Graph, parents: Parents) -> Standing:
    """Find out which revisions are local, pushed and published."""
    shared = theirs.ids
    local = [graph[one] for one in graph.order() if one not in shared]
    assert reader.repository is not None
    paths = reader.repository.pushed([one.path for one in local])
    merges = [one.id for one in local if one.is_merge]
    effects = reader.effects(graph, merges) if merges else {}
    idle = [one for one, does in effects.items() if not does.upgrade and not does.unknown]
    return Standing(
        shared,
        reader.published,
        frozenset(one.id for one in local if one.path in paths),
        frozenset(one for one in idle if not effects[one].downgrade),
        reader.ctx.project.settings.lback.heads,
        parents,
    )


def rebase_data(ready: Ready) -> dict[str, Any]:
    """Return the keys that the contract gives to rebase."""
    plan = ready.plan
    return {
        "heads": list(ready.graph.heads),
        "action": plan.action,
        "reason": plan.reason,
        "revision": None,
        "path": None,
        "rewrites": [
            {
                "revision": one.revision,
                "path": one.path,
                "from": list(one.old),
                "to": list(one.new),
                "published": ready.gives_back(one.revision),
            }
            for one in plan.rewrites
        ],
        "removes": [{"revision": one, "path": ready.graph[one].path} for one in plan.removes],
        "overlaps": [],
        "held": list(ready.held),
        "onto": ready.onto,
        "database": None,
    }


# Doing it


def foresee(ctx: Context, ready: Ready) -> dict[str, Any]:
    """Tell what the database would have to do; a database that does not answer is told so."""
    try:
        stamp = ctx.database.stamp()
        move = _decided(ready, stamp.revisions)
    except LbackError as err:
        return {"state": "unreachable", "message": err.message}
    return _moved(move)


def perform(ctx: Context, ready: Ready, options: RebaseOptions) -> dict[str, Any] | None:
    """Rewrite the files; a database that has run them goes down before and up after.

    The files change under the database's lock, once it is known to be where it has to
    be: whatever fails or dies, it never stands on a revision whose ancestors it lacks.
    """
    if not options.database:
        change_files(ctx, ready.contents)
        return None
    move = _asked(ctx, ready)
    _refuse_no_way_down(ready, move)
    if not _consents(ctx, ready, move, options):
        raise LbackError("Nothing was moved: you said no.")
    if move.down:
        _go_down(ctx, move, options)
    _go_up(ctx, ready, move, options)
    return _moved(move)


def _asked(ctx: Context, ready: Ready) -> Move:
    """Ask the database where it is; without an answer nothing may be moved."""
    try:
        stamp = ctx.database.stamp()
    except LbackError as err:
        raise LbackError(
            f"Whether the database has run what would move could not be asked: {err.message}",
            f"{err.hint or 'Start the database.'} Or, if no database has run them: "
            "`lback rebase --no-database`.",
        ) from err
    move = _decided(ready, stamp.revisions)
    if any(not _decided(ready, other.revisions).idle for other in stamp.others):
        raise LbackError(
            "This project has several databases, and one of them has run what would move.",
            "Join the heads with `lback merge` instead.",
        )
    return move


def _decided(ready: Ready, stamp: Sequence[str]) -> Move:
    """Choose the way of a database, by the graph that it has run what it has run by."""
    known = tuple(sorted(stamp))
    if known not in ready.ran:
        ready.ran[known] = graph_that_ran(ready.reader, ready.graph, ready.plan, stamp)
    old = ready.ran[known]
    changed = {one.id for one in old if old[one.id].parents != ready.graph[one.id].parents}
    touched = ready.plan.touched - changed
    return plan_move(old, ready.graph_after, touched, tuple(stamp), ready.held)


def _refuse_no_way_down(ready: Ready, move: Move) -> None:
    going = [step.revision for step in move.down]
    effects = ready.reader.effects(ready.graph, going)
    for one in going:
        does = effects[one]
        if not does.has_downgrade and (does.upgrade or does.unknowns("upgrade")):
            raise LbackError(
                f"The database has run {one}, and its downgrade() is {does.downgrade_gap}: it "
                "cannot be undone and run again above the shared head.",
                f"{_keep_hint(move)} Or join the heads with `lback merge`.",
            )


def _keep_hint(move: Move) -> str:
    first = " and ".join(command("lback migrate", one) for one in move.lacking)
    return f"Run {first} first: what has run its new ancestors already is not undone."


def _consents(ctx: Context, ready: Ready, move: Move, options: RebaseOptions) -> bool:
    """Ask before rows are lost; where none are at stake there is nothing to ask."""
    if options.yes or not move.down:
        return True
    from lback.app.losses import count_losses, may_lose

    going = [step.revision for step in move.down]
    losses = count_losses(ctx, going, ready.reader.effects(ready.graph, going))
    if not losses:
        return True
    again = f"The database undoes {', '.join(going)} and runs them again. {_keep_hint(move)}"
    return may_lose(ctx, losses, again)


def _go_down(ctx: Context, move: Move, options: RebaseOptions) -> None:
    """Undo what moves by the old files."""
    graph = ctx.database.graph
    turns = count()

    def decide(now: tuple[str, ...]) -> Sequence[Any]:
        if next(turns):
            return ()
        refuse_unsettled(ctx, graph, now)
        _refuse_moved(graph, now, move.before)
        return move.down

    timeout = ctx.lock_timeout(options.lock_timeout)
    with watched(ctx, graph) as listener:
        ctx.database.run(
            decide,
            on_event=listener,
            lock_timeout=timeout,
            command="downgrade",
            destination="base",
        )


def _go_up(ctx: Context, ready: Ready, move: Move, options: RebaseOptions) -> None:
    """Rewrite the files under the lock, then run again by the new ones."""
    from lback.db.runner import Database

    after = ready.graph_after
    database = Database(
        ctx.project.settings,
        after,
        ctx.project.root,
        x=ctx.options.x,
        folder=ctx.project.folder,
        sources=ready.texts,
        verbose=ctx.options.verbose,
    )

    turns = count()

    def decide(now: tuple[str, ...]) -> Sequence[Any]:
        first = not next(turns)
        refuse_unsettled(ctx, ready.graph, now)
        if first and not move.idle:
            _refuse_moved(ready.graph, now, move.between)
        elif tuple(sorted(now)) not in ready.ran or not _decided(ready, now).idle:
            _refuse_moved(ready.graph, now, move.before)
        if first and move.up:
            keep_parents(ctx, after, ready.plan.touched, move.between, move.up)
        change_files(ctx, ready.contents)
        return move.up if first else ()

    timeout = ctx.lock_timeout(options.lock_timeout)
    with watched(ctx, after) as listener:
        outcome = database.run(decide, on_event=listener, lock_timeout=timeout)
    remember(ctx, outcome.after)


def _refuse_moved(graph: Graph, now: tuple[str, ...], expected: tuple[str, ...]) -> None:
    if applied(graph, now) != applied(graph, expected):
        raise LbackError(
            "Somebody else moved the database meanwhile: it is at "
            f"{', '.join(now) or 'nothing'}, no file was changed.",
            "Run `lback rebase` again.",
        )


def _moved(move: Move) -> dict[str, Any]:
    return {
        "state": "untouched" if move.idle else "moved",
        "down": [step.revision for step in move.down],
        "up": [step.revision for step in move.up if hasattr(step, "revision")],
        "restamped": bool(move.up and not hasattr(move.up[0], "revision")),
    }


def stage(ctx: Context, ready: Ready, data: dict[str, Any]) -> bool:
    """Put into the index what was rewritten, unless a file had other changes or is not tracked."""
    if ctx.repository is None:
        return False
    from lback.app.reading import INDEX

    before = {entry.path: entry.blob for entry in ready.reader.entries(INDEX)}
    blobs = {one.path: one.blob for one in ready.graph}
    paths = [path for path in ready.contents if before.get(path) == blobs[path]]
    if paths:
        ctx.repository.stage(paths)
    data["staged"] = paths
    return bool(paths)
