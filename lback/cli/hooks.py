"""`lback hooks`."""

from __future__ import annotations

import click

from lback.cli.options import common
from lback.cli.running import run

NAMES = ("pre-commit", "post-merge", "post-checkout", "post-rewrite", "pre-push")


@click.group("hooks")
@common
def command() -> None:
    """Install, remove or inspect the git hooks.

    Example: `lback hooks install`
    """


@command.command("install")
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="Install just this hook.")
@click.option(
    "--write", is_flag=True, help="Also write the lines into another hook manager's file."
)
@common
def install(only: tuple[str, ...], write: bool) -> int:
    """Install the git hooks; an existing hook is kept and still runs first.

    Example: `lback hooks install --only post-merge`
    """
    from lback.app.hooks import install_hooks

    return run(lambda ctx: install_hooks(ctx, only or NAMES, write=write))


@command.command("uninstall")
@common
def uninstall() -> int:
    """Remove the git hooks and put back what was there before.

    Example: `lback hooks uninstall`
    """
    from lback.app.hooks import uninstall_hooks

    return run(uninstall_hooks)


@command.command("status")
@common
def status() -> int:
    """Show which hooks are installed.

    Example: `lback hooks status`
    """
    from lback.app.hooks import hooks_status

    return run(hooks_status)
