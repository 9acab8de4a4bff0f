"""`lback graph`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import apart, options_of_run, run
from lback.cli.strict import Command


@click.command("graph", cls=Command)
@click.option(
    "--at",
    default="worktree",
    metavar="REF",
    help="Read the migrations at a commit, a branch or `index`.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "mermaid", "dot"]),
    help="The output format (default: text).",
)
@click.option("--effects", is_flag=True, help="Show what each revision does.")
@common
def command(at: str, form: str | None, effects: bool) -> int:
    """Show the revision graph, newest revision first.

    Example: `lback graph --at origin/main --format mermaid`
    """
    options = options_of_run()
    apart({"--json": options.json, "--format": form})
    drawn = form if form in ("mermaid", "dot") else None
    apart({"--effects": effects, f"--format {drawn}": drawn})
    from lback.app.graph import graph

    return run(lambda ctx: graph(ctx, at, with_effects=effects), form=form or "text")
