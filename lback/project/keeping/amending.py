"""Another text for the latest revision: undone where it ran, written anew, and run again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from lback.core.graph.revision import Revision
from lback.core.graph.view import GraphView
from lback.core.lines import lines_of
from lback.core.messages import makemigrations as messages
from lback.core.plans import Downgrade, Step, Upgrade, applied, plan_downgrade, plan_upgrade
from lback.core.source import WORKTREE
from lback.project.context import Context
from lback.project.file_changes import change_files
from lback.project.keeping.amend_notes import AmendNote, at_work
from lback.project.keeping.saved_rows import keeper_for, tell
from lback.project.run import Run, perform, refuse_skipped
from lback.vcs.committing import keep_blob
from lback.vcs.configuration import person

if TYPE_CHECKING:
    from lback.db.autogenerate import Draft, Generated
    from lback.db.events import Stamp
    from lback.db.performing import Refuse
    from lback.db.runner import Database

    Make = Callable[[Database, Draft, Refuse], Generated]


class Amended(NamedTuple):
    """What was written, where, and by which git has the text before."""

    made: Generated
    path: str
    old_blob: str


def to_amend(ctx: Context, graph: GraphView, head: str | None) -> Revision:
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


def amend(ctx: Context, graph: GraphView, node: Revision, name: str | None, make: Make) -> Amended:
    """Go down, compare with what is there then, write the file anew, and go up by it.

    Whatever goes wrong before the file is written, the database goes up by the old one. Where
    the process is killed, the next call knows which databases are to go up in the end.
    """
    from lback.db.autogenerate import Draft

    assert ctx.repository is not None
    below = ctx.revisions.graph_of(
        [entry for entry in ctx.revisions.entries() if entry.path != node.path], WORKTREE
    )
    parent = node.parents[0] if node.parents else None
    draft = Draft(
        name or node.doc,
        head=parent,
        splice=parent is not None and parent not in below.heads,
        rev_id=node.id,
        depends_on=node.depends_on,
        replaces=node.path,
    )
    with at_work(ctx):
        return _amended(ctx, graph, below, node, draft, name, make)


def _amended(
    ctx: Context,
    graph: GraphView,
    below: GraphView,
    node: Revision,
    draft: Draft,
    name: str | None,
    make: Make,
) -> Amended:
    assert ctx.repository is not None
    note = AmendNote(ctx, node.id)
    # What a run before that was cut off has replaced is the old text.
    old = note.old or keep_blob(ctx.repository, (ctx.project.root / node.path).read_bytes())
    note.old = old
    down = _go_down(ctx, graph, node, note)
    try:
        made = make(ctx.database_of(below), draft, partial(refuse_skipped, ctx, below))
        if len(made.texts) != 1:
            raise messages.nothing_left(node.id, node.path)
        path = ctx.project.name_of(made.paths[0]) if name else node.path
        text = made.texts[0].encode(made.encoding)
        change_files(ctx, {node.path: None, path: text} if path != node.path else {path: text})
    except BaseException:
        _go_up(ctx, node.id, down)
        note.remove()
        raise
    _go_up(ctx.fresh(), node.id, down)
    note.remove()
    return Amended(made, path, old)


def _go_down(ctx: Context, graph: GraphView, node: Revision, note: AmendNote) -> frozenset[str]:
    """Undo the revision where it ran; return the keys of those databases.

    Those are among them that one before has undone and not brought back.
    """

    def decide(stamp: Stamp) -> Sequence[Step]:
        if node.id not in applied(graph, stamp.revisions):
            return ()
        note.down.add(stamp.database.key)
        note.write()
        return plan_downgrade(graph, stamp.revisions, {node.id}).steps

    keeper = keeper_for(ctx, graph)
    line = lines_of(graph, (Downgrade(node.id),))[0]
    perform(ctx, ctx.database, Run(decide, line=line, keeper=keeper))
    tell(ctx, [keeper])
    return frozenset(note.down)


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
