"""`lback merge`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import options_of_run, run
from lback.cli.strict import Command


@click.command("merge", cls=Command)
@click.option("--force", is_flag=True, help="Join heads that overlap or cannot be read, too.")
@click.option("--plan", is_flag=True, help="Only tell what would be done.")
@click.option("--prove", is_flag=True, help="First run both orders on a scratch database.")
@click.option("--no-stage", is_flag=True, help="Do not `git add` the new file.")
@common
def command(force: bool, plan: bool, prove: bool, no_stage: bool) -> int:
    """Join several heads by a merge revision, when both sides are known to commute.

    Example: `lback merge --plan`
    """
    from lback.app.merge import merge

    return run(
        lambda ctx: merge(ctx, force=force, plan=plan, stage=not no_stage, prove=prove),
        {"--no-stage": plan and no_stage, "-x": None if prove else options_of_run().x},
    )
