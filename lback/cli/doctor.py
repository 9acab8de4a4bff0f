"""`lback doctor`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command


@click.command("doctor", cls=Command)
@common
def command() -> int:
    """Show what lback found: configuration, git, database, hooks; and how to fix what is wrong.

    Example: `lback doctor`
    """
    from lback.app.doctor import doctor

    return run(doctor)
