"""`lback explain`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command


@click.command("explain", cls=Command)
@click.argument("code")
@common
def command(code: str) -> int:
    """Explain what a finding means and how to fix it.

    Example: `lback explain LB101`
    """
    from lback.app.explain import explain

    return run(lambda ctx: explain(code))
