"""`lback graph`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lback.cli.commands.show import DIRECTIONS, effect_lines
from lback.cli.options import at_option, common
from lback.cli.running import apart, for_env, from_here, options_of_run, run
from lback.cli.strict import Command
from lback.cli.terminal import Terminal
from lback.core.results import Result
from lback.core.rows import RevisionRow
from lback.files import write_to
from lback.formats.lanes import draw
from lback.formats.style import Style, safe
from lback.formats.words import listing, title

if TYPE_CHECKING:
    from lback.app.graph import GraphResult
    from lback.project.context import Context

_MOST = 12  # other branches in one picture


@click.command("graph", cls=Command)
@click.argument("tables", metavar="[TABLE]...", nargs=-1)
@at_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "mermaid", "dot", "html"]),
    help="The output format (default: text).",
)
@click.option("--effects", is_flag=True, help="Show what each revision does.")
@click.option("--schema", is_flag=True, help="Draw the tables that the revisions build.")
@click.option(
    "--against",
    metavar="REF",
    help="Draw what REF has beside it; with --schema the difference to REF.",
)
@click.option(
    "--siblings", is_flag=True, help="Draw the other branches beside it, the worst first."
)
@click.option("--database", is_flag=True, help="Ask the database which revisions are applied.")
@click.option("--output", "-o", metavar="FILE", help="Write the picture to FILE.")
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
@common
def command(
    tables: tuple[str, ...],
    at: str,
    form: str | None,
    effects: bool,
    schema: bool,
    against: str | None,
    siblings: bool,
    database: bool,
    output: str | None,
    opens: bool,
) -> int:
    """Show the revision graph, newest revision first, or draw it as a page.

    Example: `lback graph --format html -o graph.html`
    """
    options = options_of_run()
    apart({"--json": options.json, "--format": form})
    drawn = form if form in ("mermaid", "dot", "html") else None
    apart({"--effects": effects, f"--format {drawn}": drawn, "--schema": schema and not drawn})
    apart({"--schema": schema, "--siblings": siblings, "--against": against and not schema})
    apart({"--schema": schema, "--database": database, "--json": options.json and schema})
    apart({"--schema": schema, "--format dot": form == "dot"})
    page = form == "html"
    _only({"--open": opens, "--siblings": siblings, "--database": database}, page, "--format html")
    _only({"--against": against, "TABLE": tables}, page or schema, "--schema or --format html")
    _only({"--output": output}, drawn is not None, "--format html, mermaid or dot")
    if page or schema:
        from lback.app.picture import PictureOptions, picture

        what = PictureOptions(at, tables, schema, against, _MOST * siblings, database)
        use_case: Callable[[Context], Result] = lambda ctx: picture(ctx, what)  # noqa: E731
    else:
        from lback.app.graph import GraphOptions, graph

        asked = GraphOptions(at, effects)
        use_case = lambda ctx: graph(ctx, asked)  # noqa: E731
    form = "entities" if schema and form == "mermaid" else form or "text"
    keep = partial(_keep, form=form, output=output, opens=opens)
    return run(
        use_case,
        for_env(used=database),
        form,
        each=not (drawn or schema),
        show=keep if output or opens else None,
    )


def _keep(terminal: Terminal, result: Result, *, form: str, output: str | None, opens: bool) -> int:
    """Write a picture to a file, say where, and open it where that is wanted."""
    text = terminal.rendered(result, form)
    path = Path(from_here(terminal.options, output) if output else _anywhere())
    write_to(path, f"{text}\n".encode())
    opened = False
    if opens:
        import webbrowser

        opened = webbrowser.open(path.resolve().as_uri())
        if not opened:
            terminal.warn(f"no browser could be started; open {safe(str(path))}")
    terminal.print(f"wrote {safe(str(path))}{', open in the browser' if opened else ''}")
    terminal.beside(result)
    return result.exit_code


def _anywhere() -> str:
    """Return a new file for a page that is only looked at."""
    import tempfile

    handle, path = tempfile.mkstemp(prefix="lback-graph-", suffix=".html")
    os.close(handle)
    return path


def _only(given: Mapping[str, object], allowed: bool, where: str) -> None:
    named = [name for name, value in given.items() if value]
    if named and not allowed:
        raise click.UsageError(f"{' and '.join(named)} can only be used with {where}.")


def lines(result: GraphResult, style: Style) -> Iterator[str]:
    """Yield the graph as a drawing, or the tables that it builds."""
    page = getattr(result, "page", None)
    if page is not None:
        from lback.formats import entities

        yield from entities.lines(page.compared, style) if page.compared else ("no tables",)
        return
    if not result.revisions and not result.findings:
        yield "no revisions yet"
    elif result.revisions:
        yield from _text(result.revisions, style)


def _text(rows: Sequence[RevisionRow], style: Style) -> Iterator[str]:
    by_id = {row.revision: row for row in rows}
    parents = {row.revision: row.down_revisions for row in rows}

    def label(revision: str, _used: int) -> str:
        row = by_id[revision]
        return "\n".join([describe(row, style), *_effects(row, style)])

    colours = (style.cyan, style.green, style.red, style.yellow)

    def paint(_child: str, column: int, sign: str) -> str:
        return colours[column % len(colours)](sign) if style.colour and sign.strip() else sign

    for drawn in draw([row.revision for row in reversed(rows)], parents, label, paint):
        yield from drawn.split("\n")


def _effects(row: RevisionRow, style: Style) -> Iterator[str]:
    """Yield what a revision does, where `--effects` asked for it."""
    if row.effects is None:
        return
    for direction in DIRECTIONS:
        yield f"    {direction}()"
        for line in effect_lines(row.effects, direction, style):
            yield f"    {line}"


def describe(row: RevisionRow, style: Style) -> str:
    """Return one line about a revision: id, message, what it is, its tables."""
    kinds = {"head": row.is_head, "base": row.is_base, "merge": row.is_merge}
    notes = [*row.branch_labels, *(kind for kind, is_one in kinds.items() if is_one)]
    text = title(row.revision, row.doc, style)
    if notes:
        text += "  " + style.green(f"({', '.join(map(safe, notes))})")
    if row.depends_on:
        text += style.dim(f"  needs {listing(row.depends_on)}")
    if row.tables:
        text += style.dim(f"  [{listing(row.tables)}]")
    return text
