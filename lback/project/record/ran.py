"""What has run on a database, by its record and beside the files of this checkout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lback.core.graph.revision import Header, Revision
from lback.core.graph.view import GraphView
from lback.core.header import read_header
from lback.core.record.gaps import UnrecordedMove, gaps, reliable, shown_time
from lback.core.record.steps import RecordedStep
from lback.core.revision_code import ChangedSince, changed_part, code_of, upward
from lback.project.context import Context

if TYPE_CHECKING:
    from lback.db.view import View


@dataclass(frozen=True, slots=True)
class Ran:
    """What one database's record says; nothing where there is none, or none is wanted.

    `steps` are all, oldest first. `by` has the upgrade by which each revision ran whose text is
    known; `moves` are those of the stamp that the record did not see.
    """

    steps: tuple[RecordedStep, ...] = ()
    by: Mapping[str, RecordedStep] = field(default_factory=dict)
    moves: tuple[UnrecordedMove, ...] = ()
    changed: tuple[ChangedSince, ...] = ()
    """Revisions whose upgrade() was another when it ran."""

    @property
    def last_move(self) -> UnrecordedMove | None:
        """Return the move since the last step, if there was one."""
        return self.moves[-1] if self.moves and self.moves[-1].until is None else None


NOTHING_RAN = Ran()


def texts_that_ran(
    ctx: Context, view: View, graph: GraphView, revisions: Iterable[str]
) -> dict[str, bytes]:
    """Return the text that each revision was run from; unknown ones are left out."""
    if not ctx.project.settings.lback.ledger:
        return {}
    wanted = tuple(revisions)
    steps = view.record.steps() if wanted else ()
    return view.texts(sorted(reliable(steps, view.stamp.revisions, graph, wanted)))


def what_ran(ctx: Context, view: View, graph: GraphView) -> Ran:
    """Read the record of a database, and compare it with the files."""
    if not ctx.project.settings.lback.ledger:
        return NOTHING_RAN
    steps = view.record.steps()
    by = _known(steps, view, graph)
    return Ran(steps, by, gaps(steps, view.stamp.revisions), _changed(ctx, view, graph, by))


def ran_by(ctx: Context, view: View, graph: GraphView) -> Mapping[str, RecordedStep]:
    """Return for each applied revision that the record knows of the step that applied it."""
    if not ctx.project.settings.lback.ledger:
        return {}
    return _known(view.record.steps(), view, graph)


def _known(
    steps: Sequence[RecordedStep], view: View, graph: GraphView
) -> Mapping[str, RecordedStep]:
    now = view.stamp.revisions
    applied = graph.ancestors([name for name in now if name in graph]) if steps else ()
    known = reliable(steps, now, graph, applied)
    by = {step.revision: step for step in steps if step.outcome == "done"}
    return {revision: step for revision, step in by.items() if revision in known}


def edited_since_they_ran(
    ctx: Context, view: View, graph: GraphView, revisions: Iterable[str]
) -> tuple[ChangedSince, ...]:
    """Return which of some revisions have other code, in either direction, than what ran."""
    by = ran_by(ctx, view, graph)
    wanted = {name: by[name] for name in revisions if name in by}
    return _changed(ctx, view, graph, wanted, whole=True)


def _changed(
    ctx: Context,
    view: View,
    graph: GraphView,
    by: Mapping[str, RecordedStep],
    *,
    whole: bool = False,
) -> tuple[ChangedSince, ...]:
    other = [revision for revision, step in by.items() if step.blob != graph[revision].blob]
    texts = view.texts(other)
    nodes = [graph[revision] for revision in other if revision in texts]
    present = ctx.revisions.texts(nodes)
    changed, url = [], str(view.stamp.database)
    for node in nodes:
        if not whole and node.replaces and not _is_squash(texts[node.id], node):
            continue  # what ran is the last of those that were squashed into the file
        then, now = code_of(texts[node.id]), code_of(present[node.blob])
        if not whole:
            then, now = upward(then), upward(now)
        if then != now:
            step = by[node.id]
            part, at = changed_part(then, now), shown_time(step.started_at)
            changed.append(ChangedSince(node.id, node.path, part, step.who, at, url))
    return tuple(changed)


def _is_squash(text: bytes, node: Revision) -> bool:
    """Tell whether what ran was a squash of the same revisions."""
    header = read_header(text, node.path)
    return isinstance(header, Header) and set(header.replaces) == set(node.replaces)
