"""`lback hook NAME …`: what the installed shims call; not for people."""

from __future__ import annotations

import sys

import click

from lback.cli.options import common
from lback.cli.running import run


@click.command("hook", hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@common
def command(name: str, arguments: tuple[str, ...]) -> int:
    """Do what one git hook does; exit 1 only when a finding should stop git.

    Example: `lback hook post-merge 0`
    """
    from lback.app.hook import hook

    given = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read()
    return run(lambda ctx: hook(ctx, name, arguments, given))
