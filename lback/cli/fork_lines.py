"""How forks were closed, as text: what `merge`, `rebase` and `resolve` tell alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lback.formats.style import Style, safe
from lback.formats.words import who

if TYPE_CHECKING:
    from lback.app.merge import MergeResult
    from lback.app.rebase import RebaseResult
    from lback.app.resolve import ResolveResult
    from lback.core.merging.overlap_rows import OverlapRow
    from lback.core.merging.results import DatabaseRow


def overlap_lines(overlaps: Sequence[OverlapRow], style: Style) -> Iterator[str]:
    """Yield each overlap in three lines: the verdict, the left side, the right side."""
    for overlap in overlaps:
        paint = style.red if overlap.verdict == "conflict" else style.yellow
        yield f"{paint(overlap.verdict)}: {safe(overlap.brief)}"
        for side in (overlap.left, overlap.right):
            yield (
                f"    {style.yellow(safe(side.revision))}  {safe(side.operation)}"
                f"  {style.dim(who(side.commit))}"
            )


def merge_lines(result: MergeResult | ResolveResult, style: Style) -> Iterator[str]:
    """Yield a line for each merge revision."""
    verb = "would write" if result.planned else "wrote and staged" if result.staged else "wrote"
    for merge in result.merges:
        heads = " and ".join(style.yellow(safe(head)) for head in merge.heads)
        yield f"{verb} {safe(merge.path or '')}, which merges {heads}"


def rebase_lines(result: RebaseResult | ResolveResult, style: Style) -> Iterator[str]:
    """Yield a line for each file, and what becomes of the database."""
    planned = result.planned
    move, give = ("would move", "would give") if planned else ("moved", "gave")
    for number in result.renumbered:
        yield f"{give} {safe(number.path)} the id {style.yellow(number.to)}: {safe(number.to_path)}"
    for row in result.rewrites:
        name = style.yellow(safe(row.revision))
        if row.published:
            yield f"{give} {name} its published parent {_names(row.to)} back"
        else:
            yield f"{move} {name} from {_names(row.from_)} onto {_names(row.to)}"
        yield style.dim(f"    {safe(row.path)}")
    for removed in result.removes:
        verb = "would remove" if planned else "removed"
        yield f"{verb} {safe(removed.path)}: the merge has nothing left to merge"
    yield from database_lines(result, planned=planned)


def database_lines(result: RebaseResult | ResolveResult, *, planned: bool) -> Iterator[str]:
    """Yield what becomes of each database."""
    for database in result.databases:
        several = len(result.databases) > 1
        who = safe(database.name or "") if several else "the database"
        yield from _database(database, who, planned=planned)


def next_step(result: RebaseResult | ResolveResult) -> str:
    """Say what to do after a rebase; what could not run where it stands now comes first."""
    commit = "commit" if result.staged else "`git add` and commit"
    if result.held:
        it_is = "it is" if len(result.held) == 1 else "they are"
        held = f"{_names(result.held)}, which cannot run as {it_is}"
        return f"edit {held}; then {commit} and `lback migrate`"
    moved = result.database is not None and result.database.state == "moved"
    return f"{commit} them" + ("" if moved else ", then `lback migrate`")


def _database(row: DatabaseRow, who: str, *, planned: bool) -> Iterator[str]:
    if row.state == "unreachable":
        yield f"{who} does not answer: {safe(row.message or '')}"
    elif row.restamped:
        yield f"{who} has run all of it; only its stamp changes"
    elif row.down:
        verb = "would undo" if planned else "has undone"
        yield f"{who} {verb} {', '.join(row.down)}, and then run {', '.join(row.up) or 'nothing'}"
    elif row.up:
        yield f"{who} has run {', '.join(row.up)}, which an earlier rebase was cut off before"


def _names(ids: Sequence[str]) -> str:
    return " and ".join(safe(revision) for revision in ids) or "the base"
