"""`lback show`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lback.cli.options import at_option, common
from lback.cli.running import for_env, run
from lback.cli.strict import Command
from lback.core.effects import Direction
from lback.core.rows import EffectsRow
from lback.formats.effects import effect_text, unknown_text
from lback.formats.style import Style, safe
from lback.formats.words import applied, listing, standing, title

if TYPE_CHECKING:
    from lback.app.show import ShowResult


@click.command("show", cls=Command)
@click.argument("revision")
@at_option
@click.option("--database", is_flag=True, help="Ask the database whether it is applied, by whom.")
@common
def command(revision: str, at: str, database: bool) -> int:
    """Show one revision: its file, its commit, what it does.

    Example: `lback show head`
    """
    from lback.app.show import ShowOptions, show

    options = ShowOptions(revision, at, database)
    return run(lambda ctx: show(ctx, options), for_env(used=database))


DIRECTIONS: tuple[Direction, ...] = ("upgrade", "downgrade")


def lines(result: ShowResult, style: Style) -> Iterator[str]:
    """Yield the revision's place first, then what it does, direction by direction."""
    yield title(result.revision, result.doc, style)
    yield f"file     {safe(result.path)}"
    published, brought = standing(result.published, result.commit, in_git=result.in_git)
    yield f"commit   {'; '.join(filter(None, (brought, published)))}"
    if result.standing is not None:
        yield f"database {applied(result.standing) or 'not known'}"
    yield f"parents  {listing(result.down_revisions, 20) or 'none, it is a base'}"
    yield f"children {listing(result.children, 20) or 'none, it is a head'}"
    if result.depends_on:
        yield f"needs    {listing(result.depends_on, 20)}"
    if result.replaces:
        yield f"replaces {listing(result.replaces, 20)}"
    if result.branch_labels:
        yield f"labels   {listing(result.branch_labels, 20)}"
    for direction in DIRECTIONS:
        yield ""
        yield style.bold(f"{direction}()")
        yield from effect_lines(result.effects, direction, style)


def effect_lines(effects: EffectsRow, direction: Direction, style: Style) -> Iterator[str]:
    """Yield what one direction does, by line of the file, and what could not be read."""
    done = effects.upgrade if direction == "upgrade" else effects.downgrade
    rows = [(revision.line, effect_text(revision)) for revision in done]
    rows += [
        (unknown_row.line, style.yellow(unknown_text(unknown_row)))
        for unknown_row in effects.unknown
        if unknown_row.direction == direction
    ]
    if not rows:
        yield "  nothing"
    for line, text in sorted(rows, key=lambda row: row[0]):
        yield f"  {style.dim(f'{line:>4}')}  {text}"
