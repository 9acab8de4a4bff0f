"""`lback hooks`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Group

NAMES = ("pre-commit", "post-merge", "post-checkout", "post-rewrite", "pre-push")


@click.group("hooks", cls=Group)
@common
def command() -> None:
    """Install, remove or inspect the git hooks.

    Example: `lback hooks install`
    """


@command.command("install")
@click.option(
    "--only", multiple=True, type=click.Choice(NAMES), help="Install this hook only; repeatable."
)
@click.option("--write", is_flag=True, help="Write the lines into the other hook manager's file.")
@click.option(
    "--force", is_flag=True, help="Replace a hook of lback that was edited by hand; keep a copy."
)
@common
def install(only: tuple[str, ...], write: bool, force: bool) -> int:
    """Install the git hooks; an existing hook is kept and still runs first.

    Example: `lback hooks install --only post-merge`
    """
    from lback.app.hooks import HooksOptions, hooks_install

    return run(lambda ctx: hooks_install(ctx, HooksOptions(only or NAMES, write, force)))


@command.command("uninstall")
@click.option("--force", is_flag=True, help="Remove a hook of lback that was edited by hand, too.")
@common
def uninstall(force: bool) -> int:
    """Remove the git hooks and put back what was there before.

    Example: `lback hooks uninstall`
    """
    from lback.app.hooks import HooksOptions, hooks_uninstall

    return run(lambda ctx: hooks_uninstall(ctx, HooksOptions(force=force)))


@command.command("status")
@common
def status() -> int:
    """Show which hooks are installed.

    Example: `lback hooks status`
    """
    from lback.app.hooks import hooks_status

    return run(hooks_status)
