"""`lback blame`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from lback.cli.options import at_option, common
from lback.cli.running import for_env, run
from lback.cli.strict import Command
from lback.formats.style import Style, safe
from lback.formats.words import applied, counted, listing, who

if TYPE_CHECKING:
    from lback.app.blame import BlameResult, ByRow, ColumnRow, HelperRow, PartChangeRow, PartRow


@click.command("blame", cls=Command)
@click.argument("table")
@at_option
@click.option("--column", metavar="NAME", help="Show every change of one column.")
@click.option("--database", is_flag=True, help="Ask the database who applied the changes.")
@common
def command(table: str, at: str, column: str | None, database: bool) -> int:
    """Show who added each column of TABLE, and who changed it last.

    Example: `lback blame users`
    """
    from lback.app.blame import BlameOptions, blame

    options = BlameOptions(table, at, column, database)
    return run(lambda ctx: blame(ctx, options), for_env(used=database))


_INDENT = "    "
# Of a column that revisions change and none adds.
_OLDER = "no migration adds it: it is older than the first that names it"


def lines(result: BlameResult, style: Style) -> Iterator[str]:
    """Yield a line a column: commit, author, date, revision, name, type; then what is gone."""
    for note in result.unseen:
        yield style.yellow(f"note: {safe(note)}")
    for helper in result.helpers:
        yield style.yellow(f"note: {_helper(helper)}")
    others = [name for name in result.names if name != result.table]
    if others:
        yield f"{safe(result.table)} was also called {listing(others)}"
    if not result.exists:
        yield style.yellow(f"{safe(result.table)} no longer exists")
    rows = [*result.columns, *result.gone]
    if not rows:
        yield "no columns were read"
    widths = _Widths(rows)
    told = _story if result.column else _column
    for row in result.columns:
        yield from told(row, widths, style)
    if result.gone:
        yield style.dim("gone:")
        for row in result.gone:
            yield from told(row, widths, style)
    yield from _parts(result.parts, widths, style)
    if result.applied is not None:
        yield style.dim("on the database:")
        for stands in result.applied:
            yield f"{style.yellow(safe(stands.revision))}  {applied(stands) or 'not known'}"
    if result.doubts:
        yield style.yellow(
            f"{counted(len(result.doubts), 'place')} could not be read and may change it:"
        )
        for doubt in result.doubts[:5]:
            yield f"    {safe(doubt.path)}:{doubt.line}: {safe(doubt.reason)}"


class _Widths:
    """How wide each part of a line has to be."""

    def __init__(self, rows: Sequence[ColumnRow]) -> None:
        by = [by_row for row in rows for by_row in (row.added_by, row.changed_by, row.dropped_by)]
        by += [change for row in rows for change in row.changes]
        known = [by_row for by_row in by if by_row is not None]
        self.author = _widest([_author(by_row) for by_row in known])
        self.revision = _widest([by_row.revision for by_row in known] or ["?"])
        self.name = _widest([row.name for row in rows])
        # Commit, date and gaps take twenty-two columns.
        self.before = self.author + self.revision + 22
        self.used = self.before + self.name + 2


def _widest(texts: Sequence[str]) -> int:
    return max((len(safe(text)) for text in texts), default=0)


def _beside(
    by: ByRow | None, shown: str, widths: _Widths, style: Style, *, dim: bool = False
) -> Iterator[str]:
    """Yield who, and beside it what; what does not fit stands below, whole: no name is cut."""
    paint = style.dim if dim else str
    people, revision = _by(by, widths), safe(by.revision) if by else "?"
    shade = style.yellow if by else style.dim
    if widths.before + len(shown) <= style.width:
        yield f"{people} {shade(f'{revision:{widths.revision}}')}  {paint(shown)}".rstrip()
        return
    if len(people) + 1 + len(revision) <= style.width:
        yield f"{people} {shade(revision)}"
    else:
        yield people.rstrip()
        yield f"{_INDENT}{shade(revision)}"
    room = max(style.width - len(_INDENT), 20)
    for line in wrap(shown.strip(), room, break_long_words=False, break_on_hyphens=False):
        yield f"{_INDENT}{paint(line)}"


def _helper(helper: HelperRow) -> str:
    last = helper.commits[0]
    return (
        f"{safe(helper.path)}, which {listing(helper.revisions, 3)} "
        f"{'calls' if len(helper.revisions) == 1 else 'call'}, was edited later: {who(last)}"
    )


def _definition(row: ColumnRow) -> str:
    """Return what a column is now, as CREATE TABLE would say it."""
    parts = [row.type or "?"]
    if row.nullable is False:
        parts.append("not null")
    rest = {"default": row.default, "computed": row.computed, "identity": row.identity}
    parts += [f"{word} {value}" for word, value in rest.items() if value]
    return " ".join(safe(part) for part in parts)


def _column(row: ColumnRow, widths: _Widths, style: Style) -> Iterator[str]:
    maybe = "" if row.certain else " [maybe]"
    shown = f"{safe(row.name):{widths.name}}  {_definition(row)}{maybe}"
    yield from _beside(row.added_by, shown, widths, style)
    before = [name for name in row.names if name != row.name]
    if row.changed_by is not None:
        was = f" (was {listing(before)})" if before else ""
        yield from _beside(row.changed_by, f"  changed here{was}", widths, style, dim=True)
    if row.dropped_by is not None:
        yield from _beside(row.dropped_by, "  dropped here", widths, style, dim=True)
    yield from _edited(row.changed_by or row.added_by, widths, style)
    if row.added_by is None:
        yield from _beside(None, f"  {_OLDER}", widths, style, dim=True)


def _edited(by: ByRow | None, widths: _Widths, style: Style) -> Iterator[str]:
    """Yield the commit that made a statement say what it says, where another one brought it."""
    if by is not None and by.edited:
        known = by.edited_by is not None
        edit = replace(by, commit=by.edited_by, committed=known, co_authors=())
        yield from _beside(edit, "  edited in the file here", widths, style, dim=True)


def _story(row: ColumnRow, widths: _Widths, style: Style) -> Iterator[str]:
    """Yield every change of one column, the oldest first, and people beside the author."""
    yield f"{style.bold(safe(row.name))}  {_definition(row)}"
    if row.added_by is None:
        yield style.dim(f"{_INDENT}{_OLDER}")
    for change in row.changes:
        yield from _beside(change, safe(_change(change)), widths, style)
        yield from _edited(change, widths, style)
        if change.picked_by:
            yield style.dim(f"        committed by {safe(change.picked_by)}")
        if change.written:
            yield style.dim(f"        written by {who(change.written)}")


def _change(change: PartChangeRow) -> str:
    what = "" if change.object == "column" else f" {change.object} {change.name or ''}"
    to = f" to {change.to}" if change.to else ""
    detail = f" ({change.detail})" if change.detail else ""
    maybe = "" if change.certain else " [maybe]"
    return f"{change.word}{what.rstrip()}{to}{detail}{maybe}"


def _parts(parts: Sequence[PartRow], widths: _Widths, style: Style) -> Iterator[str]:
    """Yield a line for each key, index, trigger and type that is there, with its last change."""
    here = [part for part in parts if not part.gone]
    if here:
        yield style.dim("keys, indexes and types:")
    for part in here:
        last = part.changes[-1]
        word = "" if last.word == "added" else f"  {last.word} here"
        yield from _beside(last, safe(f"{_part(part)}{word}"), widths, style)


def _part(part: PartRow) -> str:
    """Return `index ix_mail (mail)`, or what an unnamed key is: `primary key (id)`."""
    made = part.changes[0].detail
    if part.name is None and made:
        return made
    on = f" ({', '.join(part.columns)})" if part.columns else ""
    return f"{part.object} {part.name or '(unnamed)'}{on}"


def _by(by: ByRow | None, widths: _Widths) -> str:
    """Return commit, author and date in their columns."""
    if by is None:
        return f"{'?':7} {'':{widths.author}} {'':10}"
    commit = by.commit
    sha, date = (commit.sha[:7], commit.date[:10]) if commit else ("-------", "")
    return f"{sha} {safe(_author(by)):{widths.author}} {date:10}"


def _author(by: ByRow) -> str:
    commit = by.commit
    if not commit:
        return "not committed" if by.committed is False else "not known"
    more = f" +{len(by.co_authors)}" if by.co_authors else ""
    return f"{commit.author}{more}"
